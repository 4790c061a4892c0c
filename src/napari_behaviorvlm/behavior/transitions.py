"""What follows what."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.bouts import Bout

IntArray = NDArray[np.int64]

PAUSE = 1.0
"""Seconds between two bouts of an animal after which one does not count as following the other."""


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
        near = (start[1:] - end[:-1] - 1 <= pause) & (code[1:] >= 0) & (code[:-1] >= 0)
        np.add.at(counts, (code[:-1][near], code[1:][near]), 1)
    return counts
