"""Where every animal's keypoints are in every frame: what behaviour is computed from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import TableError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tracks:
    """Keypoints of several animals over a stretch of frames.

    Parameters
    ----------
    animals : tuple of str
        Names, in the order of the animal axis.
    keypoints : tuple of str
        Names, in the order of the keypoint axis.
    fps : float
        Frames per second.
    positions : ndarray, shape (frames, animals, keypoints, 2 or 3)
        Pixels (x right, y down), or x, y, z in the calibration's unit with z up. NaN = missing.
    first_frame : int
        Frame number of the first row: long recordings come in pieces.

    Raises
    ------
    TableError
        If shapes and names disagree or the frame rate is not positive.
    """

    animals: tuple[str, ...]
    keypoints: tuple[str, ...]
    fps: float
    positions: FloatArray
    first_frame: int = 0

    def __post_init__(self) -> None:
        shape = self.positions.shape
        expected = (len(self.animals), len(self.keypoints))
        if len(shape) != 4 or shape[1:3] != expected or shape[3] not in {2, 3}:
            raise TableError(
                f"Tracks of {expected[0]} animals with {expected[1]} keypoints cannot have "
                f"positions of shape {shape}: (frames, animals, keypoints, 2 or 3) is needed."
            )
        if not self.fps > 0:
            raise TableError(f"Tracks with a frame rate of {self.fps} per second are impossible.")

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def stop_frame(self) -> int:
        """Frame number after the last row."""
        return self.first_frame + len(self)

    def rows(self, start: int, stop: int) -> Self:
        """Frames ``start`` to ``stop`` (exclusive), counted in rows of this table."""
        part = self.positions[start:stop]
        return replace(self, positions=part, first_frame=self.first_frame + start)

    def pieces(self, frames: int) -> Iterator[Self]:
        """Hand out stretches of at most `frames` frames, in order."""
        for start in range(0, len(self), frames):
            yield self.rows(start, start + frames)
