"""How far a keypoint lies from where the frames before and after put it.

A pair of dots that only seems to be one jumps away from the track and back; points of three and
more views show how much the animal itself does that in this recording.
"""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.pace import usual

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


def unsteadiness(
    xyz: FloatArray, times: IntArray, n_views: IntArray, kind: IntArray | None = None
) -> FloatArray:
    """Misfit beyond the usual one of points of the same kind seen by three and more cameras.

    Parameters
    ----------
    xyz, times
        As for `misfit`.
    n_views : ndarray of int64, shape (F, K)
    kind : ndarray of int64, shape (K,), optional
        Which keypoints move alike, as from `napari_behaviorvlm.identity.pace.kinds`; all, if it is
        not given, and where too few of a kind are known.

    Returns
    -------
    ndarray, shape (F, K)
        0 for the usual and where it cannot be told; 1 for twice the usual, and so on.
    """
    off = misfit(xyz, times)
    firm = n_views >= 3
    known = usual(off, firm, np.zeros(xyz.shape[1], np.int64), USUAL)
    if kind is not None:
        of_kind = usual(off, firm, kind, USUAL)
        known = np.where(np.isfinite(of_kind), of_kind, known)
    known = np.maximum(known, 1e-9)
    beyond: FloatArray = np.maximum(np.nan_to_num(off / known, nan=0.0) - 1, 0)
    return beyond
