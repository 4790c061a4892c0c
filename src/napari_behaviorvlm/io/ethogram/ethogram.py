"""What an animal does when: one recording as exports take it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.io.video.origin import Origin

FloatArray = NDArray[np.float64]

UNTRACKED_LABEL = "untracked"
"""What frames are called in which an animal is not followed, where a format has to name them."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames of one animal.

    Parameters
    ----------
    animal : str
    start_frame, end_frame : int
        First and last frame; both belong to it.
    """

    animal: str
    start_frame: int
    end_frame: int


@dataclass(frozen=True, eq=False)
class FramePiece:
    """What is known frame by frame, for a stretch of frames of all animals.

    Parameters
    ----------
    rows : slice
        Which frames.
    cluster : ndarray of int64, shape (frames, animals)
        -1 where the animal is not followed.
    embedded : ndarray of float32, shape (frames, animals, dimensions)
        Place in the space that clusters were found in; NaN where it is not followed.
    centre : ndarray, shape (frames, animals, 2)
        Middle of the body, px; NaN where it is not followed.
    heading : ndarray, shape (frames, animals)
        From rear to head in radians, 0 to the right, growing clockwise on screen.
    """

    rows: slice
    cluster: NDArray[np.int64]
    embedded: NDArray[np.float32]
    centre: FloatArray
    heading: FloatArray


@dataclass(frozen=True, eq=False)
class Ethogram:
    """Bouts of one recording.

    A frame of an animal is in a bout, or *unlabelled* (followed, but nobody said what it does), or
    *untracked* (not followed); formats keep the last two apart wherever they can.

    Parameters
    ----------
    recording : str
        Name.
    bouts : tuple of Bout
        By animal, then by start.
    animals : tuple of str
        All animals of the recording, also those without a bout.
    fps : float
        Frames per second.
    n_frames : int
        Length of the recording.
    video : Path or None
        File or folder of images.
    size : (int, int) or None
        Width and height of the video, px.
    untracked : tuple of Stretch
        Where animals are not followed, by animal, then by start.
    definitions : mapping of str to str
        What the lab means by a label, where it said so.
    times : ndarray, shape (n_frames,), optional
        Seconds since the first frame, where the frame rate varies.
    origin : Origin, optional
        When the video was recorded, where its file is there.
    pieces : callable, optional
        Hands out what is known frame by frame, in order.
    """

    recording: str
    bouts: tuple[Bout, ...]
    animals: tuple[str, ...]
    fps: float
    n_frames: int
    video: Path | None = None
    size: tuple[int, int] | None = None
    untracked: tuple[Stretch, ...] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)
    times: FloatArray | None = None
    origin: Origin | None = None
    pieces: Callable[[], Iterator[FramePiece]] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in use, in alphabetical order."""
        return tuple(sorted({bout.label for bout in self.bouts}))

    def begins(self, frame: int) -> float:
        """Seconds at which a frame begins; that after the last one is when the recording ends."""
        if self.times is None:
            return frame / self.fps
        if frame < len(self.times):
            return float(self.times[frame])
        return float(self.times[-1]) + 1 / self.fps

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return self.begins(self.n_frames)

    def of(self, animal: str) -> tuple[Bout, ...]:
        """Bouts of an animal, by start."""
        return tuple(bout for bout in self.bouts if bout.animal == animal)


def untracked_label(ethograms: Sequence[Ethogram]) -> str:
    """Name for untracked frames that is no behaviour's name."""
    taken = {label for one in ethograms for label in one.labels}
    name = UNTRACKED_LABEL
    while name in taken:
        name = f"{name} (not followed)"
    return name


Writer = Callable[[Sequence[Ethogram], Path, Path], tuple[str, ...]]
"""Makes one file of recordings; returns what a user should know, one sentence each.

It is given the recordings, where to write, and where the file will be when it is complete.
"""
