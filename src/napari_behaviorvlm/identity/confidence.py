"""How likely a name is right, from what the solver knows of its own answer.

A logistic model over the margin to the next best naming, the number of views, the agreement of the
tracklet's votes, the cost of the frame and the keypoint's own share of it, jumps in time, gaps
beside it, how well the dots of a pair meet, and votes. Its coefficients were fitted on
simulated sessions (not those of the tests) with and without a simulated model;
``benchmarks/calibration.py`` prints them anew.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

COEFFICIENTS = np.array(
    [4.29, -0.19, 0.35, -1.44, -0.21, 1.24, -0.06, -0.33, -1.09, 0.12, -0.15, -0.78, -0.7]
)
"""Of the columns of `features`; the first is the constant."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks for and against names, one row each.

    Parameters
    ----------
    margin : ndarray, shape (n,)
        In units of log likelihood; may be inf.
    n_views : ndarray of int64, shape (n,)
    purity : ndarray, shape (n,)
        Share of the tracklet's votes for this name.
    excess : ndarray, shape (n,)
        Cost of the frame above the typical one.
    share : ndarray, shape (n,)
        What the keypoint costs its pose by anatomy.
    unsteady : ndarray, shape (n,)
        As from `napari_behaviorvlm.identity.steadiness.unsteadiness`.
    gaps : ndarray, shape (n,)
        In how many of the frames before and after it has no name, 0 to 2.
    residual : ndarray, shape (n,)
        Reprojection residual, in units of the dots' noise.
    heard : ndarray, shape (n,)
        What votes said for the name, log likelihood ratio against the next best name.
    """

    margin: FloatArray
    n_views: NDArray[np.int64]
    purity: FloatArray
    excess: FloatArray
    share: FloatArray
    unsteady: FloatArray
    gaps: FloatArray
    residual: FloatArray
    heard: FloatArray


def features(evidence: Evidence) -> FloatArray:
    """Columns of the logistic model, shape (n, 13)."""
    capped = np.minimum(evidence.margin, 12.0)
    pair = evidence.n_views == 2
    jumps = np.minimum(evidence.unsteady, 8.0)
    return np.stack(
        [
            np.ones(len(capped)), np.minimum(capped, 4.0), np.maximum(capped - 4.0, 0.0),
            pair, evidence.n_views == 3, np.nan_to_num(evidence.purity, nan=0.5),
            np.clip(evidence.excess, 0, 40), jumps * pair, np.minimum(jumps, 3.0) * ~pair,
            np.clip(evidence.heard, -4, 4), np.clip(evidence.share, -10, 15),
            np.minimum(evidence.residual, 6.0) * pair, evidence.gaps,
        ],
        axis=1,
    )  # fmt: skip


def naming_confidence(evidence: Evidence) -> FloatArray:
    """Probability that each name is right.

    Returns
    -------
    ndarray, shape (n,)
    """
    logit = features(evidence) @ COEFFICIENTS
    probability: FloatArray = 1 / (1 + np.exp(-logit))
    return probability
