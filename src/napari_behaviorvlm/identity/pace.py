"""How each keypoint moves in this recording: what is usual for a paw is not for the back."""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.skeleton import Skeleton

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

FEWEST = 20
"""Firm values from which on something counts as known."""


def kinds(skeleton: Skeleton) -> IntArray:
    """Keypoints that move alike, left and right, get the same number; shape (K,)."""
    kind = np.arange(len(skeleton))
    for one, other in skeleton.symmetric_indices:
        kind[[one, other]] = min(one, other)
    return kind


def usual(values: FloatArray, firm: BoolArray, kind: IntArray, share: float) -> FloatArray:
    """Quantile of what firm points of each kind do.

    Parameters
    ----------
    values : ndarray, shape (F, K)
        NaN where unknown.
    firm : ndarray of bool, shape (F, K)
        Points to go by.
    kind : ndarray of int64, shape (K,)
        As from `kinds`.
    share : float
        The quantile.

    Returns
    -------
    ndarray, shape (K,)
        NaN for kinds with fewer than `FEWEST` values.
    """
    counts = firm & np.isfinite(values)
    found = np.full(len(kind), np.nan)
    for one in np.unique(kind):
        of_kind = kind == one
        known = values[:, of_kind][counts[:, of_kind]]
        if len(known) >= FEWEST:
            found[of_kind] = np.quantile(known, share)
    return found


def steps(xyz: FloatArray, times: IntArray) -> FloatArray:
    """Distance moved since the frame before, per frame; shape (F, K).

    Parameters
    ----------
    xyz : ndarray, shape (F, K, 3)
        NaN where a keypoint is hidden.
    times : ndarray of int64, shape (F,)
        Frame numbers, ascending.

    Returns
    -------
    ndarray, shape (F, K)
        In the unit of ``xyz``; NaN where it cannot be told, as in the first frame.
    """
    found = np.full(xyz.shape[:2], np.nan)
    found[1:] = np.linalg.norm(np.diff(xyz, axis=0), axis=-1) / np.diff(times)[:, None]
    return found
