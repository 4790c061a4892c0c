"""Pictures of single clips, the animal in the middle: for looking at clusters."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.crops import egocentric_crop, usual_lengths
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.progress import Progress, StepDone
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.vlm.pictures import eight_bit
from napari_behaviorvlm.workflows.behavior.results import pictures_of

UP = -np.pi / 2
"""Heading at which a crop is not turned."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClipPictures(StepDone):
    """Pictures of a clip that were cut out just now.

    Parameters
    ----------
    clip : int
    frames : tuple of int
        Which frames they show.
    crops : ndarray of uint8, shape (frames, size, size) or (frames, size, size, 3)
    """

    clip: int
    frames: tuple[int, ...]
    crops: NDArray[Any]


def typical_clips(clips: Clips, cluster: int, most: int) -> list[int]:
    """Clips of a cluster that are surest to belong to it, from all animals in turn.

    Parameters
    ----------
    clips : Clips
    cluster : int
    most : int
        Clips at most.
    """
    rows = np.flatnonzero(clips.cluster == cluster)
    rows = rows[np.argsort(-clips.confidence[rows], kind="stable")]
    turn = np.zeros(len(rows), np.int64)
    for animal in np.unique(clips.animal[rows]):
        mine = clips.animal[rows] == animal
        turn[mine] = np.arange(int(mine.sum()))
    return [int(row) for row in rows[np.argsort(turn, kind="stable")][:most]]


def shown_frames(clips: Clips, row: int, *, rate: float, seconds: float) -> tuple[int, ...]:
    """Frames of a clip at so many per second, of its middle where it is longer than so long."""
    start, end = int(clips.start[row]), int(clips.end[row])
    half = round(seconds * clips.fps / 2)
    middle = (start + end) // 2
    start, end = max(start, middle - half), min(end, middle + half)
    count = max(round((end - start + 1) / clips.fps * rate), 1)
    return tuple(int(frame) for frame in np.linspace(start, end, count + 2)[1:-1].round())


def clip_pictures(
    folder: BehaviorFolder, recording: Recording, bodies: BodyTracks, clips: Clips,
    frames: Mapping[int, Sequence[int]], *, size: int, head_up: bool,
) -> Generator[Progress, None, None]:  # fmt: skip
    """Cut animals out of a recording's video.

    Parameters
    ----------
    folder : BehaviorFolder
    recording : Recording
    bodies : BodyTracks
        In px of the video.
    clips : Clips
    frames : mapping of int to sequence of int
        Frames to show by row of the clip table; the video is read forward once.
    size : int
        Side of a picture, px.
    head_up : bool
        Whether pictures are turned so that the head is up.

    Yields
    ------
    ClipPictures
        In the order of the clips' first frames.

    Raises
    ------
    VideoError
        If the video cannot be read.
    """
    lengths = usual_lengths(bodies)
    heading = bodies.heading
    order = sorted(frames, key=lambda row: (min(frames[row]), row))
    with pictures_of(folder, recording) as read:
        for done, row in enumerate(order):
            animal = int(clips.animal[row])
            crops = []
            for frame in frames[row]:
                at = frame - bodies.first_frame
                turned = float(heading[at, animal]) if head_up else UP
                crops.append(egocentric_crop(
                    eight_bit(read(frame)), bodies.centre[at, animal], turned,
                    float(lengths[animal]), size,
                ))  # fmt: skip
            yield ClipPictures(
                done + 1, len(order), "pictures of clips", clip=row, frames=tuple(frames[row]),
                crops=np.stack(crops),
            )  # fmt: skip
