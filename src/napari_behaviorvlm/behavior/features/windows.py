"""From numbers of every frame to numbers of the moments around them."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.motion import window_statistics

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_SIDED = re.compile(r"(^|_)(aside|turn|turning|bend|curved)(_\d+)?$")
"""Names of numbers whose sign tells left from right."""


def mirrored(statistics: FloatArray, names: Sequence[str]) -> FloatArray:
    """Make moments equal that differ by left and right alone: whoever turns left, turns.

    Parameters
    ----------
    statistics : ndarray, shape (..., 2 * features)
        Means, then standard deviations.
    names : sequence of str
        Of the features.

    Returns
    -------
    ndarray, same shape
    """
    places = [at for at, name in enumerate(names) if _SIDED.search(name)]
    statistics[..., places] = np.abs(statistics[..., places])
    return statistics


def windowed(values: NDArray[np.floating], present: BoolArray, reach: int) -> FloatArray:
    """Mean and spread over the window around each frame, where some numbers may be missing.

    Parameters
    ----------
    values : ndarray, shape (frames, animals, features)
        NaN = missing.
    present : ndarray of bool, shape (frames, animals)
        Frames that count.
    reach : int
        Frames to each side.

    Returns
    -------
    ndarray, shape (frames, animals, 2 * features)
        Means, then standard deviations; NaN where the frame does not count or its own number is
        missing.
    """
    found = np.full((*values.shape[:2], 2 * values.shape[2]), np.nan)
    whole = present & np.isfinite(values).all(axis=-1)
    if whole.any():
        filled = np.where(whole[..., None], values, 0.0).astype(np.float64)
        found[whole] = window_statistics(filled, whole, reach)[whole]
    return found
