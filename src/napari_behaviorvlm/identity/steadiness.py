"""How far a keypoint lies from where the frames before and after put it.

A pair of dots that only seems to be one jumps away from the track and back; points of three and
more views show how much the animal itself does that in this recording.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SPAN = 6
"""Frames between the frame before and the one after at most: further apart they tell nothing."""

USUAL = 0.9
"""Share of the firm points that count as usual."""


def misfit(xyz: FloatArray, times: IntArray) -> FloatArray:
    """Distance of named points from the line between the named ones before and after.

    Parameters
    ----------
    xyz : ndarray, shape (F, K, 3)
        NaN where a keypoint is hidden.
    times : ndarray of int64, shape (F,)
        Frame numbers.

    Returns
    -------
    ndarray, shape (F, K)
        In the unit of ``xyz``; NaN where it cannot be told.
    """
    found = np.full(xyz.shape[:2], np.nan)
    for keypoint in range(xyz.shape[1]):
        rows = np.flatnonzero(np.isfinite(xyz[:, keypoint, 0]))
        before, here, after = rows[:-2], rows[1:-1], rows[2:]
        near = times[after] - times[before] <= SPAN
        before, here, after = before[near], here[near], after[near]
        share = (times[here] - times[before]) / np.maximum(times[after] - times[before], 1)
        start, end = xyz[before, keypoint], xyz[after, keypoint]
        off = xyz[here, keypoint] - start - share[:, None] * (end - start)
        found[here, keypoint] = np.linalg.norm(off, axis=1)
    return found


def unsteadiness(xyz: FloatArray, times: IntArray, n_views: IntArray) -> FloatArray:
    """Misfit beyond the usual one of points seen by three and more cameras.

    Parameters
    ----------
    xyz, times
        As for `misfit`.
    n_views : ndarray of int64, shape (F, K)

    Returns
    -------
    ndarray, shape (F, K)
        0 for the usual and where it cannot be told; 1 for twice the usual, and so on.
    """
    off = misfit(xyz, times)
    firm = off[(n_views >= 3) & np.isfinite(off)]
    if len(firm) < 20:
        return np.zeros(off.shape)
    usual = max(float(np.quantile(firm, USUAL)), 1e-9)
    beyond: FloatArray = np.maximum(np.nan_to_num(off / usual, nan=0.0) - 1, 0)
    return beyond
