"""What exports and reports say of a recording, collected from a behaviour folder."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.captions.vocabulary import read_vocabulary
from napari_behaviorvlm.core.bout_changes import HUMAN
from napari_behaviorvlm.core.bouts import UNTRACKED, Bout, Clips
from napari_behaviorvlm.core.errors import TableError, VideoError
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.ethogram import Ethogram, FramePiece, Stretch
from napari_behaviorvlm.io.video import Origin, origin_of
from napari_behaviorvlm.workflows.behavior.segmentation.embedding import embedded_pieces
from napari_behaviorvlm.workflows.behavior.segmentation.places import opened
from napari_behaviorvlm.workflows.behavior.segmenting import has_clips, read_bodies, read_clips

WRONG_RATE = 0.02

Level = Literal["events", "clips"]
Only = Literal["accepted", "all"]


@dataclass(frozen=True)
class Scope:
    """What is wanted of a recording.

    Parameters
    ----------
    level : {"events", "clips"}
        Named events, or the clips that they were made from.
    only : {"accepted", "all"}
        Everything, or what people made or said is right.
    timed : bool
        Whether the video is looked at for its times and its origin.
    framewise : bool
        Whether what is known frame by frame is wanted.
    started : datetime, optional
        When the recordings began, if somebody says so.
    """

    level: Level = "events"
    only: Only = "all"
    timed: bool = False
    framewise: bool = False
    started: datetime | None = None


def ethogram_of(
    folder: BehaviorFolder, recording: Recording, scope: Scope | None = None
) -> Ethogram:  # fmt: skip
    """Collect what exports need of a recording.

    Raises
    ------
    TableError
        If it was not segmented yet, or is wanted frame by frame and its clusters are gone.
    """
    scope = scope or Scope()
    if not has_clips(folder, recording):
        raise TableError(
            f"{recording.name} has no clips yet: run `behaviorvlm behavior segment "
            f"{shlex.quote(str(folder.folder))}` first."
        )
    clips = read_clips(folder, recording)
    bouts = _clip_bouts(folder, recording, clips) if scope.level == "clips" else (
        folder.store.bouts(recording.name)
    )  # fmt: skip
    if scope.only == "accepted":
        bouts = [bout for bout in bouts if bout.source == HUMAN]
    made = Ethogram(
        recording.name, tuple(bouts), clips.animals, clips.fps, clips.n_frames, recording.video,
        recording.size, tuple(_untracked(clips)), _definitions(folder),
    )  # fmt: skip
    if scope.timed:
        times = None if recording.video is None else _times(folder, recording, clips)
        made = replace(made, origin=_origin(recording, scope.started), times=times)
    if scope.framewise:
        made = replace(made, pieces=lambda: _pieces(folder, recording, clips))
    return made


def _clip_bouts(folder: BehaviorFolder, recording: Recording, clips: Clips) -> list[Bout]:
    """Clips under the names that their captions give them."""
    captions = folder.store.captions(recording.name)
    named = []
    for row, bout in enumerate(clips.bouts()):
        said = captions.get(row)
        named.append(bout if said is None else replace(
            bout, label=folder.store.name_of(said.label), description=said.description,
            source=said.source,
        ))  # fmt: skip
    return named


def _untracked(clips: Clips) -> Iterator[Stretch]:
    gone = clips.per_frame() == UNTRACKED
    for at, animal in enumerate(clips.animals):
        for start, end in stretches(gone[:, at]):
            yield Stretch(animal, start, end)


def stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last position of every run of true values, shape (n,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(stop) - 1) for start, stop in edges.reshape(-1, 2)]


def _definitions(folder: BehaviorFolder) -> dict[str, str]:
    if not folder.vocabulary.is_file():
        return {}
    return {word.name: word.definition for word in read_vocabulary(folder.vocabulary).words}


def _origin(recording: Recording, started: datetime | None) -> Origin | None:
    found = None if recording.video is None else origin_of(recording.video)
    if started is None:
        return found
    return Origin(started, stated=True, sound=found is not None and found.sound)


def _times(
    folder: BehaviorFolder, recording: Recording, clips: Clips
) -> NDArray[np.float64] | None:  # fmt: skip
    """Seconds of every frame since the first, where the rate varies by more than half a frame."""
    try:
        with opened(folder, recording) as reader:
            times, fps = reader.times, reader.fps
    except VideoError:
        return None
    if times is None or fps is None or len(times) != clips.n_frames:
        return None
    if abs(fps / clips.fps - 1) > WRONG_RATE:  # somebody said that the file is wrong
        return None
    times = np.asarray(times - times[0], float)
    steady = np.arange(len(times)) / clips.fps
    return times if np.abs(times - steady).max(initial=0.0) > 0.5 / clips.fps else None


def _pieces(
    folder: BehaviorFolder, recording: Recording, clips: Clips
) -> Iterator[FramePiece]:  # fmt: skip
    bodies = read_bodies(folder, recording)
    cluster = clips.per_frame(clips.cluster)
    heading = np.where(bodies.tracked, bodies.heading, np.nan)
    for rows, embedded in embedded_pieces(folder, recording):
        yield FramePiece(rows, cluster[rows], embedded, bodies.centre[rows], heading[rows])
