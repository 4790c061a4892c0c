"""Bouts of one animal, laid out so that what a timeline shows of them is found at once.

Finding costs O(log n) and drawing O(pixels), however long the recording is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.bouts import Bout

IntArray = NDArray[np.int64]

NOTHING = -1
"""Stands where there is no bout."""


@dataclass(frozen=True, eq=False)
class BoutRow:
    """Bouts of one animal by their start.

    Parameters
    ----------
    bouts : tuple of Bout
    start, end : ndarray of int64, shape (bouts,)
        First and last frames.
    reach : ndarray of int64, shape (bouts,)
        Latest end of a bout and of all before it: bouts may overlap.
    """

    bouts: tuple[Bout, ...]
    start: IntArray
    end: IntArray
    reach: IntArray

    @classmethod
    def of(cls, bouts: Iterable[Bout]) -> "BoutRow":
        """Lay bouts out; of two that start together the longer one comes first."""
        ordered = tuple(sorted(bouts, key=lambda bout: (bout.start_frame, -bout.end_frame)))
        start = np.array([bout.start_frame for bout in ordered], np.int64)
        end = np.array([bout.end_frame for bout in ordered], np.int64)
        return cls(ordered, start, end, np.maximum.accumulate(end) if len(end) else end)

    def __len__(self) -> int:
        return len(self.bouts)

    def seen(self, first: float, last: float) -> slice:
        """Rows between which all bouts lie that reach into frames ``first`` to ``last``."""
        low = int(np.searchsorted(self.reach, first, "left"))
        return slice(low, max(low, int(np.searchsorted(self.start, last, "right"))))

    def at(self, frame: float) -> int:
        """Row of the bout that a frame is in, the one that started last; `NOTHING` if none."""
        row = int(np.searchsorted(self.start, frame, "right")) - 1
        while row >= 0 and self.reach[row] >= frame:
            if self.end[row] >= frame:
                return row
            row -= 1
        return NOTHING

    def columns(self, first: float, last: float, n_columns: int) -> IntArray:
        """Rows of the bouts under the middles of equal columns, shape (n_columns,).

        Where bouts overlap it is one of them.

        Parameters
        ----------
        first, last : float
            Edges of the outer columns, in frames.
        n_columns : int
        """
        middles = first + (np.arange(n_columns) + 0.5) * (last - first) / n_columns
        return self.rows_at(np.floor(middles + 0.5))

    def rows_at(self, frames: NDArray[Any]) -> IntArray:
        """Rows of the bouts at many frames, shape (frames,); `NOTHING` where there is none.

        Where bouts overlap it is one of them.
        """
        rows = np.searchsorted(self.start, frames, "right") - 1
        inside = rows >= 0
        inside[inside] = self.end[rows[inside]] >= frames[inside]
        for column in np.flatnonzero(~inside & (rows >= 0)):
            if self.reach[rows[column]] >= frames[column]:  # below a shorter bout
                rows[column] = self.at(float(frames[column]))
                inside[column] = rows[column] >= 0
        return np.where(inside, rows, NOTHING)

    def next_start(self, frame: int, step: int) -> int | None:
        """Start of the next bout after a frame (step 1) or of the one before it (step -1)."""
        if step > 0:
            row = int(np.searchsorted(self.start, frame, "right"))
        else:
            row = int(np.searchsorted(self.start, frame, "left")) - 1
        return int(self.start[row]) if 0 <= row < len(self) else None

    def replaced(self, first: int, last: int, bouts: Sequence[Bout]) -> "BoutRow":
        """Put others in the place of all bouts that reach into frames ``first`` to ``last``."""
        seen = self.seen(first, last)
        stay = [
            bout for bout in self.bouts[seen]
            if bout.end_frame < first or bout.start_frame > last
        ]  # fmt: skip
        middle = BoutRow.of([*stay, *bouts])
        start, end = (
            np.concatenate([ours[: seen.start], new, ours[seen.stop :]])
            for ours, new in ((self.start, middle.start), (self.end, middle.end))
        )
        if len(start) > 1 and (np.diff(start) < 0).any():
            return BoutRow.of([*self.bouts[: seen.start], *middle.bouts, *self.bouts[seen.stop :]])
        return BoutRow(
            self.bouts[: seen.start] + middle.bouts + self.bouts[seen.stop :],
            start, end, np.maximum.accumulate(end) if len(end) else end,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Stretches:
    """Where something is so in a recording, as stretches of frames.

    Parameters
    ----------
    start, end : ndarray of int64, shape (stretches,)
        First and last frames, in order and apart.
    """

    start: IntArray
    end: IntArray

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> "Stretches":
        """Stretches in which a mask is set."""
        padded = np.concatenate([[False], mask, [False]])
        edges = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
        return cls(edges[:, 0], edges[:, 1] - 1)

    def __len__(self) -> int:
        return len(self.start)

    def at(self, frame: int) -> bool:
        """Whether a frame lies in one."""
        row = int(np.searchsorted(self.start, frame, "right")) - 1
        return row >= 0 and int(self.end[row]) >= frame

    def end_of(self, frame: int) -> int:
        """Last frame of the stretch that a frame lies in."""
        return int(self.end[int(np.searchsorted(self.start, frame, "right")) - 1])

    def runs(self, first: float, last: float, most: int) -> list[tuple[int, int]]:
        """Stretches between two frames; of more than ``most`` those that fill columns.

        Parameters
        ----------
        first, last : float
            Edges, in frames.
        most : int
            Also the number of columns.
        """
        low = int(np.searchsorted(self.end, first, "left"))
        high = max(low, int(np.searchsorted(self.start, last, "right")))
        if high - low <= most:
            return list(zip(self.start[low:high].tolist(), self.end[low:high].tolist(),
                            strict=True))  # fmt: skip
        edges = np.linspace(first, last, most + 1)
        left, right = np.ceil(edges[:-1]).astype(int), np.floor(edges[1:]).astype(int)
        rows = np.searchsorted(self.start, left, "right") - 1
        full = (rows >= 0) & (self.end[np.maximum(rows, 0)] >= right)
        columns = Stretches.of(full)
        return [(int(left[a]), int(right[b]))
                for a, b in zip(columns.start, columns.end, strict=True)]  # fmt: skip
