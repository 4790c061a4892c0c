"""Format ``sleap``: frame-spanning events of sleap-io (SLP format 2.6 and newer).

Ranges are inclusive, as ours. What people made or accepted becomes user events, everything else
predicted ones with their confidence as score. Animals are tracks of their video.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_behaviorvlm.core.bout_changes import HUMAN
from napari_behaviorvlm.core.bouts import UNTRACKED, Bout
from napari_behaviorvlm.core.label_looks import LabelLooks
from napari_behaviorvlm.io.ethogram.ethogram import Ethogram, untracked_label


def write(ethograms: Sequence[Ethogram], path: Path, _place: Path) -> tuple[str, ...]:
    """Write all recordings.

    Parameters
    ----------
    ethograms : sequence of Ethogram
    path : Path
    """
    import sleap_io as sio

    types = _types(ethograms)
    gone = untracked_label(ethograms)
    labels = sio.Labels(event_types=list(types.values()))
    for one in ethograms:
        video = _video(one)
        animals = dict.fromkeys([*one.animals, *(bout.animal for bout in one.bouts)])
        tracks = {animal: sio.Track(animal) for animal in animals}
        labels.videos.append(video)
        labels.tracks.extend(tracks.values())
        labels.events += [
            _event(bout, types[bout.label], video, tracks[bout.animal]) for bout in one.bouts
        ]
        labels.events += [
            sio.PredictedEvent(types[gone], video, at.start_frame, at.end_frame,
                               tracks[at.animal], source="tracking")
            for at in one.untracked
        ]  # fmt: skip
    sio.save_slp(labels, str(path), verbose=False)
    return ()


def _types(ethograms: Sequence[Ethogram]) -> dict[str, Any]:
    import sleap_io as sio

    names = sorted({label for one in ethograms for label in one.labels})
    definitions = {label: text for one in ethograms for label, text in one.definitions.items()}
    looks = LabelLooks()
    looks.prepare(names)
    types = {
        name: sio.EventType(name, definitions.get(name, ""), {"color": looks.of(name).colour})
        for name in names
    }
    if any(one.untracked for one in ethograms):
        gone = untracked_label(ethograms)
        types[gone] = sio.EventType(gone, "The animal is not followed.", {"kind": "tracking"})
    return types


def _event(bout: Bout, kind: Any, video: Any, track: Any) -> Any:
    import sleap_io as sio

    more = {"description": bout.description} if bout.description else {}
    if bout.cluster != UNTRACKED:
        more["cluster"] = str(bout.cluster)
    place = (kind, video, bout.start_frame, bout.end_frame, track)
    if bout.source == HUMAN:
        return sio.UserEvent(*place, source=bout.source, metadata=more)
    return sio.PredictedEvent(
        *place, source=bout.source, metadata=more, score=float(bout.confidence)
    )


def _video(ethogram: Ethogram) -> Any:
    import sleap_io as sio

    path = ethogram.recording if ethogram.video is None else ethogram.video.absolute().as_posix()
    facts: dict[str, Any] = {"filename": path, "fps": ethogram.fps}
    if ethogram.size is not None:
        width, height = ethogram.size
        facts["shape"] = (ethogram.n_frames, height, width, 1)
    return sio.Video(filename=path, backend_metadata=facts, open_backend=False)
