"""People's decisions as columns, for reading millions of them at once."""

import sqlite3
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_ROW = np.dtype([("frame", "i8"), ("rest", "i8"), ("x", "f8"), ("y", "f8"), ("confidence", "f8")])
# Infinity stands for NULL, which cannot be put into an array of numbers.
_QUERY = """
    SELECT frame,
           (candidate << 40) | (camera << 28) | (keypoint << 16) | (status << 8) | source,
           ifnull(x, 9e999), ifnull(y, 9e999), ifnull(confidence, 9e999)
    FROM label WHERE created >= ? AND author IS NOT ? ORDER BY frame
"""


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
    def read(
        cls, connection: sqlite3.Connection, *, since: str = "", without: str | None = None
    ) -> Self:  # fmt: skip
        """Read the table of labels, row after row into one array.

        Cameras and keypoints are the numbers that stand in the file. Small integers come packed
        in one column: the time goes into the values that SQLite hands over one by one.
        """
        table = np.fromiter(connection.execute(_QUERY, (since, without)), _ROW)
        xy = np.column_stack([table["x"], table["y"]])
        xy[np.isinf(xy)] = np.nan
        confidence = table["confidence"].astype(np.float32)
        confidence[np.isinf(confidence)] = np.nan
        rest = table["rest"]
        return cls(
            table["frame"], (rest >> 28) & 0xFFF, (rest >> 16) & 0xFFF, xy,
            (rest >> 40).astype(np.int16), ((rest >> 8) & 0xFF).astype(np.uint8),
            (rest & 0xFF).astype(np.uint8), confidence,
        )  # fmt: skip

    def select(self, rows: NDArray[np.bool_]) -> "Decisions":
        """Return the rows of a mask."""
        return Decisions(*(values[rows] for values in vars(self).values()))

    @property
    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Index of (F, C, K) arrays."""
        return self.frame, self.camera, self.keypoint
