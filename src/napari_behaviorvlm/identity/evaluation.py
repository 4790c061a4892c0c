"""Scoring of poses against the truth, as every table of this project counts.

A keypoint of a frame counts where the truth is known and at least two cameras saw its dot. Coverage
is the share of these for which a position is reported; errors are those of the reported ones; an
identity is wrong if the position is more than ``wrong`` away from the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """How good poses are.

    Parameters
    ----------
    mean, median : float
        Error of the reported positions, in the unit of the calibration.
    within : float
        Share of the reported positions within ``wrong`` of the truth.
    coverage : float
        Reported positions per keypoint that could be known.
    identities : float
        Share of the keypoints that could be known which are reported within ``wrong``.
    count : int
        Keypoints that could be known.
    """

    mean: float
    median: float
    within: float
    coverage: float
    identities: float
    count: int


@dataclass(frozen=True)
class DoubtScore:
    """How well doubt finds the wrong answers.

    Parameters
    ----------
    auroc : float
        Chance that a wrong answer is doubted more than a right one; NaN without wrong answers.
    found : tuple of float
        Share of the wrong answers among the most doubtful 1, 5 and 10 %.
    wrong : int
        Wrong answers.
    brier : float
        Mean squared difference between confidence and being right.
    """

    auroc: float
    found: tuple[float, float, float]
    wrong: int
    brier: float


def evaluate(
    points: FloatArray, truth: FloatArray, seen: NDArray[np.bool_], wrong: float = 5.0
) -> Score:
    """Score reported positions.

    Parameters
    ----------
    points : ndarray, shape (F, K, 3)
        Reported, NaN where there is none (``Poses.points``).
    truth : ndarray, shape (F, K, 3)
        NaN where unknown.
    seen : ndarray of bool, shape (F, K)
        Whether at least two cameras saw the dot.
    wrong : float
        Error from which on an identity is wrong, in the unit of the calibration.

    Returns
    -------
    Score
    """
    countable = seen & np.isfinite(truth[..., 0])
    error = np.linalg.norm(points - truth, axis=-1)
    reported = error[countable & np.isfinite(error)]
    count = int(countable.sum())
    right = int((reported <= wrong).sum())
    if not len(reported):
        return Score(np.nan, np.nan, np.nan, 0.0, 0.0, count)
    return Score(
        float(reported.mean()), float(np.median(reported)), right / len(reported),
        len(reported) / count, right / count, count,
    )  # fmt: skip


def evaluate_keypoints(
    points: FloatArray, truth: FloatArray, seen: NDArray[np.bool_], names: Sequence[str],
    wrong: float = 5.0,
) -> dict[str, Score]:  # fmt: skip
    """Score each keypoint; parameters as for `evaluate`.

    Returns
    -------
    dict of str to Score
    """
    return {
        name: evaluate(points[:, [k]], truth[:, [k]], seen[:, [k]], wrong)
        for k, name in enumerate(names)
    }


def evaluate_doubt(
    confidence: FloatArray, points: FloatArray, truth: FloatArray, wrong: float = 5.0
) -> DoubtScore:
    """Score confidences.

    Parameters
    ----------
    confidence : ndarray, shape (F, K)
        ``Poses.confidence``.
    points, truth : ndarray, shape (F, K, 3)
    wrong : float

    Returns
    -------
    DoubtScore
    """
    error = np.linalg.norm(points - truth, axis=-1)
    known = np.isfinite(error)
    doubt, bad = 1 - confidence[known].astype(np.float64), error[known] > wrong
    n_bad = int(bad.sum())
    brier = float(np.mean((1 - doubt - ~bad) ** 2)) if len(bad) else np.nan
    if not n_bad or n_bad == len(bad):
        return DoubtScore(np.nan, (np.nan, np.nan, np.nan), n_bad, brier)
    order = np.argsort(-doubt, kind="stable")
    one, five, ten = (
        float(bad[order[: int(np.ceil(share * len(bad)))]].sum() / n_bad)
        for share in (0.01, 0.05, 0.1)
    )
    return DoubtScore(_auroc(doubt, bad), (one, five, ten), n_bad, brier)


def _auroc(score: FloatArray, positive: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic (Mann-Whitney; ties count half)."""
    from scipy.stats import rankdata

    rank = rankdata(score)
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    total = float(rank[positive].sum()) - n_positive * (n_positive + 1) / 2
    return total / (n_positive * n_negative)
