"""What a behaviour report is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.label_looks import LabelLook, LabelLooks
from napari_behaviorvlm.io.ethogram import Ethogram


@dataclass(frozen=True, eq=False)
class Told:
    """One recording.

    Parameters
    ----------
    ethogram : Ethogram
        Its events.
    clips : Clips
        That they were made from.
    """

    ethogram: Ethogram
    clips: Clips


@dataclass(frozen=True, eq=False)
class ReportContents:
    """Everything that stands in a report.

    Parameters
    ----------
    title : str
    recordings : sequence of Told
    models : sequence of str
        Models that were asked for words.
    """

    title: str
    recordings: Sequence[Told]
    models: Sequence[str] = ()
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
