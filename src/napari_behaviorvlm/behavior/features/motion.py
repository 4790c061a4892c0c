"""Gaps, smoothing and rates of change along time, with missing values.

Every function here looks only a bounded number of frames around it, so that a recording computed
piece by piece (with that many frames of overlap) gives the same numbers as one computed whole.
The first axis is time everywhere.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def fill_gaps(values: FloatArray, longest: int) -> FloatArray:
    """Interpolate linearly over short gaps.

    Parameters
    ----------
    values : ndarray, shape (frames, ...)
        NaN = missing.
    longest : int
        Greatest number of missing frames that is bridged. Longer gaps, and those at the start and
        the end, stay missing.

    Returns
    -------
    ndarray, same shape
    """
    flat = values.reshape(len(values), -1)
    if not len(flat) or longest < 1:
        return values.copy()
    valid = np.isfinite(flat)
    at = np.arange(len(flat))[:, None]
    before = np.maximum.accumulate(np.where(valid, at, -1), axis=0)
    after = np.minimum.accumulate(np.where(valid, at, len(flat))[::-1], axis=0)[::-1]
    rows, columns = np.nonzero(
        ~valid & (before >= 0) & (after < len(flat)) & (after - before - 1 <= longest)
    )
    left, right = before[rows, columns], after[rows, columns]
    share = (rows - left) / np.maximum(right - left, 1)
    filled = flat.copy()
    filled[rows, columns] = (1 - share) * flat[left, columns] + share * flat[right, columns]
    return filled.reshape(values.shape)


def smooth(values: FloatArray, sigma: float) -> FloatArray:
    """Gaussian mean over the present neighbours; what is missing stays missing.

    Parameters
    ----------
    values : ndarray, shape (frames, ...)
        NaN = missing.
    sigma : float
        Width in frames; the kernel ends at `smoothing_reach`.

    Returns
    -------
    ndarray, same shape
    """
    reach = smoothing_reach(sigma)
    if reach == 0:
        return values.copy()
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    valid = np.isfinite(values)
    known = np.where(valid, values, 0.0)
    total, weight = np.zeros_like(known), np.zeros_like(known)
    for offset, height in zip(offsets, kernel, strict=True):
        into, out = _shifted(len(values), int(offset))
        total[into] += height * known[out]
        weight[into] += height * valid[out]
    return np.where(valid, total / np.maximum(weight, 1e-12), np.nan)


def smoothing_reach(sigma: float) -> int:
    """Frames that the smoothing kernel reaches to each side."""
    return int(np.ceil(2.5 * sigma)) if sigma > 0 else 0


def _shifted(n: int, offset: int) -> tuple[slice, slice]:
    """Rows that have a neighbour `offset` frames later, and those neighbours."""
    offset = min(max(offset, -n), n)
    return slice(max(0, -offset), n - max(0, offset)), slice(max(0, offset), n - max(0, -offset))


def rate(values: FloatArray, fps: float) -> FloatArray:
    """Change per second: central difference, one-sided where only one neighbour is there.

    Parameters
    ----------
    values : ndarray, shape (frames, ...)
        NaN = missing.
    fps : float
        Frames per second.

    Returns
    -------
    ndarray, same shape
        NaN where the value or both neighbours are missing.
    """
    nothing = np.full((1, *values.shape[1:]), np.nan)
    steps = np.diff(np.concatenate([nothing, values, nothing]), axis=0) * fps
    back, ahead = steps[:-1], steps[1:]
    counted = np.isfinite(back).astype(int) + np.isfinite(ahead)
    total = np.where(np.isfinite(back), back, 0) + np.where(np.isfinite(ahead), ahead, 0)
    return np.where(counted > 0, total / np.maximum(counted, 1), np.nan)


def window_statistics(values: FloatArray, present: BoolArray, reach: int) -> FloatArray:
    """Mean and spread of every feature over the window around each frame.

    Parameters
    ----------
    values : ndarray, shape (frames, animals, features)
        Finite where present.
    present : ndarray of bool, shape (frames, animals)
        Frames that count; windows average only over them.
    reach : int
        Frames to each side.

    Returns
    -------
    ndarray, shape (frames, animals, 2 * features)
        Means, then standard deviations; 0 where nothing in the window is present.
    """
    mask = present[..., None]
    known = np.where(mask, values, 0.0)
    count = np.maximum(_box(mask.astype(float), reach), 1.0)
    mean = _box(known, reach) / count
    # One addition after the other, not differences of running sums: those would make the numbers
    # depend on where a recording was cut into pieces.
    variance = _box(known**2, reach) / count - mean**2
    spread = np.sqrt(np.maximum(variance, 0.0))
    return np.concatenate([mean, spread], axis=-1)


def _box(values: FloatArray, reach: int) -> FloatArray:
    total = np.zeros_like(values)
    for offset in range(-reach, reach + 1):
        into, out = _shifted(len(values), offset)
        if into.stop > into.start:
            total[into] += values[out]
    return total
