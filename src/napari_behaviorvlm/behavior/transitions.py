"""What follows what."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.bouts import Bout

IntArray = NDArray[np.int64]

PAUSE = 1.0
"""Seconds between two bouts of an animal after which one does not count as following the other."""


def following_pairs(start: IntArray, end: IntArray, pause: float) -> tuple[IntArray, IntArray]:
    """Positions of bouts and of those that follow them.

    Parameters
    ----------
    start, end : ndarray of int, shape (bouts,)
        First and last frames of one animal's bouts, by start.
    pause : float
        Frames between two bouts at most.
    """
    before = np.flatnonzero(start[1:] - end[:-1] - 1 <= pause)
    return before, before + 1


def transition_counts(
    rows: Iterable[Sequence[Bout]], labels: Sequence[str], pause: float
) -> IntArray:  # fmt: skip
    """Count which label follows which.

    Parameters
    ----------
    rows : iterable of sequence of Bout
        Bouts of one animal of one recording each, by start.
    labels : sequence of str
        Others count as an interruption.
    pause : float
        Frames between two bouts at most.

    Returns
    -------
    ndarray of int64, shape (labels, labels)
        How often the column's label follows the row's.
    """
    codes = {label: at for at, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    for row in rows:
        code = np.array([codes.get(bout.label, -1) for bout in row], np.int64)
        start = np.array([bout.start_frame for bout in row], np.int64)
        end = np.array([bout.end_frame for bout in row], np.int64)
        before, after = following_pairs(start, end, pause)
        known = (code[before] >= 0) & (code[after] >= 0)
        np.add.at(counts, (code[before][known], code[after][known]), 1)
    return counts
