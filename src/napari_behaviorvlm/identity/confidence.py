"""How likely a name is right, from what the solver knows of its own answer.

A logistic model over the margin to the next best naming, the number of views, the agreement of the
tracklet's votes, the cost of the frame, jumps in time and votes. Its coefficients were fitted on
simulated sessions (not those of the tests) with and without a simulated model;
``benchmarks/calibration.py`` prints them anew.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

COEFFICIENTS = np.array([2.37, 0.0, 0.46, -1.88, 0.0, 0.77, -0.1, -0.26, -0.89, 0.14])
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
    unsteady : ndarray, shape (n,)
        As from `napari_behaviorvlm.identity.steadiness.unsteadiness`.
    heard : ndarray, shape (n,)
        What votes said for the name, log likelihood ratio against the next best name.
    """

    margin: FloatArray
    n_views: NDArray[np.int64]
    purity: FloatArray
    excess: FloatArray
    unsteady: FloatArray
    heard: FloatArray


def features(evidence: Evidence) -> FloatArray:
    """Columns of the logistic model, shape (n, 10)."""
    capped = np.minimum(evidence.margin, 12.0)
    pair = evidence.n_views == 2
    jumps = np.minimum(evidence.unsteady, 8.0)
    return np.stack(
        [
            np.ones(len(capped)), np.minimum(capped, 4.0), np.maximum(capped - 4.0, 0.0),
            pair, evidence.n_views == 3, np.nan_to_num(evidence.purity, nan=0.5),
            np.clip(evidence.excess, 0, 40), jumps * pair, np.minimum(jumps, 3.0) * ~pair,
            np.clip(evidence.heard, -4, 4),
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
