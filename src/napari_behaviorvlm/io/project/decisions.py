"""People's decisions as columns, for reading millions of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Decisions:
    """Decided cells, one row each, by frame.

    Parameters
    ----------
    frame : ndarray of int64, shape (n,)
    camera, keypoint : ndarray of int64, shape (n,)
        Positions on the axes of the rig and the skeleton.
    xy : ndarray, shape (n, 2)
        Pixels; NaN where the status carries no position.
    candidate : ndarray of int16, shape (n,)
    status, source : ndarray of uint8, shape (n,)
    confidence : ndarray of float32, shape (n,)
        NaN where unknown.
    """

    frame: NDArray[np.int64]
    camera: NDArray[np.int64]
    keypoint: NDArray[np.int64]
    xy: NDArray[np.float64]
    candidate: NDArray[np.int16]
    status: NDArray[np.uint8]
    source: NDArray[np.uint8]
    confidence: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[object]]) -> Self:
        """Make columns of rows (frame, camera, keypoint, x, y, candidate, status, ...)."""
        # None becomes NaN; doubles hold every frame number exactly.
        table = np.array(rows, dtype=np.float64).reshape(-1, 9)
        return cls(
            table[:, 0].astype(np.int64), table[:, 1].astype(np.int64),
            table[:, 2].astype(np.int64), table[:, 3:5], table[:, 5].astype(np.int16),
            table[:, 6].astype(np.uint8), table[:, 7].astype(np.uint8),
            table[:, 8].astype(np.float32),
        )  # fmt: skip

    def select(self, rows: NDArray[np.bool_]) -> "Decisions":
        """Return the rows of a mask."""
        return Decisions(*(values[rows] for values in vars(self).values()))

    @property
    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Index of (F, C, K) arrays."""
        return self.frame, self.camera, self.keypoint
