"""Points in order of a value, kept in order while a few of them change."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
KeyArray = NDArray[np.complex128]


def sort_keys(value: FloatArray, point: NDArray[np.intp]) -> KeyArray:
    """Keys that sort by value, then by point: numpy orders complex numbers in just this way.

    Parameters
    ----------
    value : ndarray, shape (n,)
        No NaN.
    point : ndarray of int, shape (n,)
        Below 2**53, so that it is exact as a float.
    """
    keys = np.empty(len(point), np.complex128)
    keys.real, keys.imag = value, point
    return keys


class SortedPoints:
    """Points in ascending order of a value, ties in order of the point.

    A change costs a search for each point that changes and one copy of the array.

    Parameters
    ----------
    value : ndarray, shape (n,)
        No NaN.
    point : ndarray of int, shape (n,)
        Ascending, each once.
    """

    def __init__(self, value: FloatArray, point: NDArray[np.intp]) -> None:
        self._keys = sort_keys(value, point)[np.argsort(value, kind="stable")]

    def __len__(self) -> int:
        return len(self._keys)

    def point(self, index: int) -> int:
        """Return the point at a position."""
        return int(self._keys.imag[index])

    def points(self, start: int = 0, stop: int | None = None) -> NDArray[np.intp]:
        """Return the points at some positions."""
        return self._keys.imag[start:stop].astype(np.intp)

    def place(self, key: complex) -> tuple[int, bool]:
        """Return the position of a key, or where it would stand, and whether it is there."""
        at = int(np.searchsorted(self._keys, key))
        return at, at < len(self._keys) and bool(self._keys[at] == key)

    def exchange(self, old: KeyArray, new: KeyArray) -> None:
        """Take keys out and put others in.

        Parameters
        ----------
        old : ndarray of complex128
            All of them are there.
        new : ndarray of complex128
            In any order; none of them is there once the old ones are out.
        """
        keys = np.delete(self._keys, np.searchsorted(self._keys, old)) if len(old) else self._keys
        if len(new):
            new = np.sort(new)
            keys = np.insert(keys, np.searchsorted(keys, new), new)
        self._keys = keys
