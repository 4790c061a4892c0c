"""Whether confidence keeps its word: of labels that are 90 % sure, nine of ten should be right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

EDGES = (0.0, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
"""Limits of the bins: narrow where most labels are."""

_Z = 1.96


@dataclass(frozen=True, eq=False)
class Reliability:
    """Labels by what their confidence said.

    Parameters
    ----------
    low, high : ndarray, shape (B,)
        Limits of the bins that hold labels; the last bin includes its upper limit.
    said : ndarray, shape (B,)
        Mean confidence in each.
    right, count : ndarray of int64, shape (B,)
        Right labels, and all.
    """

    low: FloatArray
    high: FloatArray
    said: FloatArray
    right: NDArray[np.int64]
    count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.low)

    @property
    def share(self) -> FloatArray:
        """Share of right labels in each bin."""
        share: FloatArray = self.right / self.count
        return share

    @property
    def interval(self) -> tuple[FloatArray, FloatArray]:
        """95 % interval of each share, by chance alone (Wilson, 1927, score interval)."""
        n, share = self.count, self.share
        middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)

    @property
    def gap(self) -> float:
        """Mean distance of share and confidence, weighted by labels (expected calibration error).

        NaN without labels.
        """
        if not len(self):
            return float("nan")
        return float(np.average(np.abs(self.share - self.said), weights=self.count))


def reliability(confidence: ArrayLike, right: ArrayLike) -> Reliability:
    """Sort labels into bins of confidence.

    Parameters
    ----------
    confidence : array_like, shape (n,)
        0..1; labels whose confidence is unknown (NaN) are left out.
    right : array_like of bool, shape (n,)
    """
    said = np.asarray(confidence, float).ravel()
    good = np.asarray(right, bool).ravel()
    known = np.isfinite(said)
    said, good = said[known], good[known]
    bins = np.clip(np.searchsorted(EDGES, said, side="right") - 1, 0, len(EDGES) - 2)
    count = np.bincount(bins, minlength=len(EDGES) - 1)
    rights = np.bincount(bins[good], minlength=len(count))
    total = np.bincount(bins, said, len(count))
    full = count > 0
    return Reliability(
        np.array(EDGES[:-1])[full], np.array(EDGES[1:])[full], total[full] / count[full],
        rights[full], count[full],
    )  # fmt: skip
