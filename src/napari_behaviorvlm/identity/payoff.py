"""What looking at a flagged point is worth: expected errors removed per second of a person's time.

A mistake rarely comes alone: successive frames in which a keypoint is doubted for the same reason
are mostly one mistake, and one correction is carried along the track with one more key. So a point
of a run is worth its doubt times the run. Once a person looked at one of the run and left it as it
is, the rest of the run is no longer taken for one mistake: each point counts for itself.

Seconds are those of the keystroke-level model (Card, Moran and Newell, 1980) and an assumption:
nobody was timed.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LOOK_SECONDS = 1.91
"""Making up one's mind (1.35 s), going there and accepting (two keys, 0.28 s each)."""

VIEW_SECONDS = 1.30
"""One click (pointing 1.10 s, button 0.20 s): where one view is named as wrong."""

POINT_SECONDS = 2.60
"""Two clicks: where the whole point is in doubt; the other views follow from two."""

CARRY_SECONDS = 1.63
"""Looking whether the offer to carry the correction along is right, and one key."""

REACH = 25
"""Frames to each side over which a run counts, so that an edit never moves more points."""

_BLOCK = 10_000


def payoffs(
    doubt: FloatArray,
    cause: NDArray[np.int32],
    settled: NDArray[np.bool_],
    frames: NDArray[np.int64],
    rows: slice | None = None,
) -> FloatArray:
    """Compute expected errors removed per second for the points of some rows.

    Parameters
    ----------
    doubt : ndarray, shape (F, K)
        Chance that something is wrong with a point, 0..1.
    cause : ndarray of int32, shape (F, K)
        Weightiest reason and named view, as `PointStates.cause`; 0 where nothing is flagged.
    settled : ndarray of bool, shape (F, K)
        Points that a person settled.
    frames : ndarray of int64, shape (F,)
        Frame numbers; only successive ones make a run.
    rows : slice, optional
        With explicit ends; all by default. The cost grows with these rows only.

    Returns
    -------
    ndarray, shape (rows, K)
        Errors per second.
    """
    rows = rows or slice(0, len(frames))
    result = np.empty((rows.stop - rows.start, doubt.shape[1]))
    for first in range(rows.start, rows.stop, _BLOCK):
        block = slice(first, min(first + _BLOCK, rows.stop))
        around = slice(max(0, block.start - REACH), min(len(frames), block.stop + REACH))
        run = _run_at_stake(cause[around], settled[around], frames[around])
        run = run[block.start - around.start :][: block.stop - block.start]
        result[block.start - rows.start : block.stop - rows.start] = _rate(
            doubt[block], cause[block], run
        )
    return result


def _rate(
    doubt: FloatArray, cause: NDArray[np.int32], run: NDArray[np.int64]
) -> FloatArray:  # fmt: skip
    named = (cause & 0xFFFF) > 0
    mend = np.where(named, VIEW_SECONDS, POINT_SECONDS) + np.where(run > 1, CARRY_SECONDS, 0.0)
    rate: FloatArray = doubt * run / (LOOK_SECONDS + doubt * mend)
    return rate


def _run_at_stake(
    cause: NDArray[np.int32], settled: NDArray[np.bool_], frames: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Points that one correction mends; exact `REACH` rows from the ends and farther in."""
    n_rows = len(frames)
    row = np.arange(n_rows)[:, None]
    goes_on = np.zeros(cause.shape, bool)
    goes_on[1:] = (cause[1:] == cause[:-1]) & (cause[1:] != 0)
    goes_on[1:] &= (np.diff(frames) == 1)[:, None]
    start = np.maximum.accumulate(np.where(goes_on, 0, row), axis=0)
    ends = np.ones(cause.shape, bool)
    ends[:-1] = ~goes_on[1:]
    end = np.minimum.accumulate(np.where(ends, row, n_rows)[::-1], axis=0)[::-1]
    low, high = np.maximum(start, row - REACH), np.minimum(end, row + REACH)
    looked_at = np.zeros((n_rows + 1, cause.shape[1]), np.int64)
    looked_at[1:] = np.cumsum(settled & (cause != 0), axis=0)
    column = np.arange(cause.shape[1])[None]
    known = looked_at[high + 1, column] > looked_at[low, column]
    run: NDArray[np.int64] = np.where(known, 1, high - low + 1)
    return run
