"""Detected dots before they have a name."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Detections:
    """The dots of one picture (or of one frame and camera of a recording).

    Row ``i`` is the candidate that a person sees as number ``i + 1``.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Sub-pixel centres in pixels of the original frame.
    intensity : ndarray, shape (n,)
        Peak height above the background, in grey levels.
    size : ndarray, shape (n,)
        Gaussian sigma in pixels.
    """

    xy: NDArray[np.float64]
    intensity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    size: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __len__(self) -> int:
        return len(self.xy)


@dataclass(frozen=True, eq=False)
class CandidateTable:
    """Candidates of a run of frames in all cameras, one row each.

    Rows are sorted by frame, then camera, then number; a number is positive and comes once in a
    frame and camera. Our detector counts from 1 without gaps; imported tables keep the numbers
    that they came with, so look candidates up by ``number``, not by their place.

    Parameters
    ----------
    frame : ndarray of int64, shape (n,)
        Frame numbers of the recording.
    camera : ndarray of int16, shape (n,)
        Positions on the rig's camera axis.
    number : ndarray of int32, shape (n,)
        What a person reads beside the dot.
    xy : ndarray, shape (n, 2)
        Pixels of the original frame.
    intensity, size : ndarray, shape (n,)
        Peak height (grey levels) and sigma (px); NaN where unknown (imported candidates).
    """

    frame: NDArray[np.int64]
    camera: NDArray[np.int16]
    number: NDArray[np.int32]
    xy: NDArray[np.float64]
    intensity: NDArray[np.float64]
    size: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame)

    def rows(self, frame: int) -> slice:
        """Rows of one frame (O(log n))."""
        start, stop = np.searchsorted(self.frame, [frame, frame + 1])
        return slice(int(start), int(stop))

    def select(self, rows: "slice | NDArray[np.bool_] | NDArray[np.intp]") -> "CandidateTable":
        """Return the table of some rows (a slice, a mask or positions in ascending order)."""
        return CandidateTable(
            self.frame[rows], self.camera[rows], self.number[rows],
            self.xy[rows], self.intensity[rows], self.size[rows],
        )  # fmt: skip

    def of(self, frame: int, camera: int) -> Detections:
        """Candidates of one frame and camera, in the order of their numbers."""
        rows = self.rows(frame)
        keep = self.camera[rows] == camera
        return Detections(self.xy[rows][keep], self.intensity[rows][keep], self.size[rows][keep])

    @classmethod
    def empty(cls) -> "CandidateTable":
        """Return a table without rows."""
        return cls(
            np.zeros(0, np.int64), np.zeros(0, np.int16), np.zeros(0, np.int32),
            np.zeros((0, 2)), np.zeros(0), np.zeros(0),
        )  # fmt: skip

    @classmethod
    def concatenate(cls, tables: "list[CandidateTable]") -> "CandidateTable":
        """Join tables whose frames do not overlap, sorting rows by frame, camera and number."""
        if not tables:
            return cls.empty()
        joined = cls(
            np.concatenate([t.frame for t in tables]), np.concatenate([t.camera for t in tables]),
            np.concatenate([t.number for t in tables]), np.concatenate([t.xy for t in tables]),
            np.concatenate([t.intensity for t in tables]), np.concatenate([t.size for t in tables]),
        )  # fmt: skip
        return joined.select(np.lexsort((joined.number, joined.camera, joined.frame)))
