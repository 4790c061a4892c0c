"""An even sample of a stream of unknown length, in bounded memory."""

import numpy as np
from numpy.typing import NDArray


class Thinned:
    """Keep every row until there are too many, then every second, every fourth, ...

    The sample depends on the rows alone, not on how they were cut into pieces, and is spread
    evenly over them.

    Parameters
    ----------
    most : int
        Rows kept at most; at least half as many are kept of a longer stream.
    """

    def __init__(self, most: int) -> None:
        self.most = max(2, most)
        self.stride = 1
        self.seen = 0
        self._kept: list[NDArray[np.floating]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: NDArray[np.floating]) -> None:
        """Take in the next rows, shape (n, ...)."""
        start = -self.seen % self.stride
        self.seen += len(rows)
        if start < len(rows):
            self._kept.append(rows[start :: self.stride].copy())
            self._count += len(self._kept[-1])
        while self._count > self.most:
            self._kept = [self.rows[::2].copy()]
            self._count = len(self._kept[0])
            self.stride *= 2

    @property
    def rows(self) -> NDArray[np.floating]:
        """The sample so far, shape (n, ...), in order."""
        if len(self._kept) > 1:
            self._kept = [np.concatenate(self._kept)]
        return self._kept[0]
