"""How well clusters, clips or events agree with a person's annotation.

Clusters have no names: they are matched to the annotated classes first, one to one by the
Hungarian method (as in Xie, Girshick and Farhadi 2016) or many to one (an over-segmentation is
not wrong because it has more clusters than there are behaviours). Frames without an annotation
(negative) count in no measure; annotated frames without a prediction count as missed.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Matching = Literal["one-to-one", "many-to-one"]


def contingency(truth: IntArray, found: IntArray) -> IntArray:
    """Count frames per (annotated class, cluster).

    Parameters
    ----------
    truth, found : ndarray of int, same shape
        Class and cluster of every frame; negative = none.

    Returns
    -------
    ndarray of int64, shape (classes, clusters + 1)
        The last column counts annotated frames without a cluster.
    """
    truth, found = np.ravel(truth), np.ravel(found)
    known = truth >= 0
    truth, found = truth[known], found[known]
    classes, clusters = int(truth.max(initial=-1)) + 1, int(found.max(initial=-1)) + 1
    found = np.where(found < 0, clusters, found)
    counts = np.bincount(truth * (clusters + 1) + found, minlength=classes * (clusters + 1))
    return np.asarray(counts, np.int64).reshape(classes, clusters + 1)


def match_clusters(
    truth: IntArray, found: IntArray, matching: Matching = "one-to-one"
) -> dict[int, int]:
    """Name clusters after annotated classes.

    Parameters
    ----------
    truth, found : ndarray of int, same shape
        Class and cluster of every frame; negative = none.
    matching : {"one-to-one", "many-to-one"}
        One to one maximises the frames in agreement; many to one gives every cluster the class it
        meets most.

    Returns
    -------
    dict of int to int
        Class of every matched cluster.
    """
    counts = contingency(truth, found)[:, :-1]
    if not counts.size:
        return {}
    if matching == "many-to-one":
        seen = np.flatnonzero(counts.sum(axis=0))
        return {int(cluster): int(counts[:, cluster].argmax()) for cluster in seen}
    from scipy.optimize import linear_sum_assignment

    classes, clusters = linear_sum_assignment(counts, maximize=True)
    pairs = zip(clusters, classes, strict=True)
    return {int(k): int(c) for k, c in pairs if counts[c, k]}


def apply_matching(found: IntArray, classes: dict[int, int]) -> IntArray:
    """Replace clusters by their classes; -1 where a cluster has none."""
    size = max(int(np.max(found, initial=-1)), *classes, -1) + 1
    table = np.full(size + 1, -1, np.int64)
    for cluster, name in classes.items():
        table[cluster] = name
    return table[np.where(np.asarray(found) < 0, size, found)]


def accuracy(truth: IntArray, found: IntArray, matching: Matching = "one-to-one") -> float:
    """Share of annotated frames that agree after matching (ACC of the clustering literature)."""
    named = apply_matching(found, match_clusters(truth, found, matching))
    known = np.asarray(truth) >= 0
    return float((named == truth)[known].mean()) if known.any() else float("nan")


def macro_f1(truth: IntArray, found: IntArray, matching: Matching = "one-to-one") -> float:
    """Mean over annotated classes of the frame-wise F1 after matching.

    Parameters
    ----------
    truth, found : ndarray of int, same shape
        Class and cluster of every frame; negative = none.
    matching : {"one-to-one", "many-to-one"}
        How clusters get their class.

    Returns
    -------
    float
        0..1; nan where nothing is annotated. A class that no cluster matched counts 0.
    """
    scores = class_f1(truth, apply_matching(found, match_clusters(truth, found, matching)))
    return float(np.mean(list(scores.values()))) if scores else float("nan")


def class_f1(truth: IntArray, named: IntArray) -> dict[int, float]:
    """Frame-wise F1 of every annotated class, for predictions that speak of classes already."""
    known = np.asarray(truth) >= 0
    truth, named = np.asarray(truth)[known], np.asarray(named)[known]
    scores = {}
    for name in np.unique(truth):
        hits = np.sum((truth == name) & (named == name))
        scores[int(name)] = float(2 * hits / (np.sum(truth == name) + np.sum(named == name)))
    return scores


@dataclass(frozen=True, slots=True)
class BoundaryScore:
    """Agreement of the moments at which behaviour changes."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean; 0 where nothing was hit."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both > 0 else 0.0


def boundaries(labels: IntArray) -> IntArray:
    """First frames of every new label in a sequence, the very first frame not counted."""
    return np.asarray(np.flatnonzero(np.diff(labels)) + 1, np.int64)


def boundary_score(truth: IntArray, found: IntArray, tolerance: float) -> BoundaryScore:
    """Match boundaries one to one within a tolerance.

    Parameters
    ----------
    truth, found : ndarray of int, shape (n,) and (m,)
        Frames of the boundaries of one animal.
    tolerance : float
        Greatest distance of a hit, in frames (inclusive).

    Returns
    -------
    BoundaryScore
        1 and 1 where neither has any.
    """
    hits = _hits(np.sort(truth), np.sort(found), tolerance)
    return BoundaryScore(
        precision=hits / len(found) if len(found) else float(not len(truth)),
        recall=hits / len(truth) if len(truth) else float(not len(found)),
    )


def _hits(truth: IntArray, found: IntArray, tolerance: float) -> int:
    """Most pairs within the tolerance; on a line, pairing the earliest free ones is the best."""
    i = j = hits = 0
    while i < len(truth) and j < len(found):
        if abs(int(truth[i]) - int(found[j])) <= tolerance:
            i, j, hits = i + 1, j + 1, hits + 1
        elif truth[i] < found[j]:
            i += 1
        else:
            j += 1
    return hits


def boundary_f1(truth: IntArray, found: IntArray, tolerance: float) -> float:
    """Boundary F1 over all animals.

    Parameters
    ----------
    truth, found : ndarray of int, shape (frames,) or (frames, animals)
        Labels per frame; hits are counted per animal and summed.
    tolerance : float
        Frames.

    Returns
    -------
    float
        0..1.
    """
    truth, found = (np.reshape(labels, (len(labels), -1)) for labels in (truth, found))
    pairs = [(boundaries(a), boundaries(b)) for a, b in zip(truth.T, found.T, strict=True)]
    hits = sum(_hits(a, b, tolerance) for a, b in pairs)
    total = sum(len(a) + len(b) for a, b in pairs)
    return 2 * hits / total if total else 1.0


def normalized_mutual_information(truth: IntArray, found: IntArray) -> float:
    """Return the mutual information over the mean entropy (Strehl and Ghosh 2002)."""
    counts = contingency(truth, found).astype(float)
    joint = counts / max(counts.sum(), 1)
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    filled = joint > 0
    information = np.sum(joint[filled] * np.log(joint[filled] / np.outer(rows, columns)[filled]))
    mean = (_entropy(rows) + _entropy(columns)) / 2
    return float(np.clip(information / mean, 0, 1)) if mean > 0 else 1.0


def _entropy(shares: FloatArray) -> float:
    shares = shares[shares > 0]
    return float(-np.sum(shares * np.log(shares)))


def adjusted_rand(truth: IntArray, found: IntArray) -> float:
    """Return the Rand index adjusted for chance (Hubert and Arabie 1985)."""
    counts = contingency(truth, found).astype(float)
    together, rows, columns = (
        np.sum(part * (part - 1)) / 2 for part in (counts, counts.sum(axis=1), counts.sum(axis=0))
    )
    n = counts.sum()
    expected = rows * columns / (n * (n - 1) / 2) if n > 1 else 0.0
    best = (rows + columns) / 2
    return float((together - expected) / (best - expected)) if best != expected else 1.0
