"""What a behaviour report is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.label_looks import LabelLook, LabelLooks
from napari_behaviorvlm.io.ethogram import Ethogram
from napari_behaviorvlm.workflows.behavior.segmenting import Clusters

MOMENTS = 6000
"""In the map of the embedding, of all recordings together."""


@dataclass(frozen=True, eq=False)
class Told:
    """One recording.

    Parameters
    ----------
    ethogram : Ethogram
        Its events.
    clips : Clips
        That they were made from.
    clusters : Clusters
        Of its frames.
    """

    ethogram: Ethogram
    clips: Clips
    clusters: Clusters


@dataclass(frozen=True, eq=False)
class Moments:
    """Places of a sample of moments in the embedding.

    Parameters
    ----------
    places : ndarray of float32, shape (moments, 2)
    label : ndarray of object, shape (moments,)
        What stands there; None where nothing does.
    cluster : ndarray of int64, shape (moments,)
    what : ndarray of object, shape (moments,)
        Animal and time, in words.
    """

    places: NDArray[np.float32]
    label: NDArray[np.object_]
    cluster: NDArray[np.int64]
    what: NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class ReportContents:
    """Everything that stands in a report.

    Parameters
    ----------
    title : str
    recordings : sequence of Told
    models : sequence of str
        Models that were asked for words.
    facts : sequence of (str, str)
        Rows of the table on how it was made.
    """

    title: str
    recordings: Sequence[Told]
    models: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    _looks: LabelLooks = field(default_factory=LabelLooks)

    def __post_init__(self) -> None:
        self._looks.prepare(self.labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in use, those with most frames first."""
        frames: dict[str, int] = {}
        for told in self.recordings:
            for bout in told.ethogram.bouts:
                frames[bout.label] = frames.get(bout.label, 0) + bout.n_frames
        return tuple(sorted(frames, key=lambda label: (-frames[label], label)))

    def look(self, label: str) -> LabelLook:
        """Colour and pattern of a label."""
        return self._looks.of(label)

    @property
    def history(self) -> Mapping[str, Sequence[float]]:
        """Curves of the fit; clusters are shared by all recordings."""
        return self.recordings[0].clusters.history if self.recordings else {}

    def moments(self) -> Moments:
        """Sample of moments of all recordings, and what they are called."""
        each = max(1, MOMENTS // max(len(self.recordings), 1))
        parts = [_moments(told, each) for told in self.recordings]
        return Moments(*(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("places", "label", "cluster", "what")
        ))  # fmt: skip


def _moments(told: Told, most: int) -> Moments:
    found, one = told.clusters, told.ethogram
    step = max(1, -(-len(found.scatter) // most))
    frames, animals = found.scatter_frame[::step], found.scatter_animal[::step]
    labels = np.full((one.n_frames, len(one.animals)), None, object)
    for at, animal in enumerate(one.animals):
        for bout in one.of(animal):
            labels[bout.start_frame : bout.end_frame + 1, at] = bout.label
    what = [
        f"{one.animals[animal]}, {one.recording}, {frame / one.fps:.1f} s"
        for frame, animal in zip(frames, animals, strict=True)
    ]
    return Moments(
        found.scatter[::step], labels[frames, animals], found.labels[frames, animals],
        np.array(what, object),
    )  # fmt: skip
