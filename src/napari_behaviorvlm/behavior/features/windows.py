"""From numbers of every frame to numbers of the moments around them."""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.motion import window_statistics

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


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
