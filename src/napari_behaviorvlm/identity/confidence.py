"""How likely a name is right, from what the solver knows of its own answer.

A logistic model over the margin to the next best naming, the number of views, the agreement of the
tracklet's votes and the cost of the frame. Its coefficients were fitted on simulated sessions (not
those of the tests); ``benchmarks/identity.py --calibrate`` prints them anew.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

COEFFICIENTS = np.array([1.69, 0.0, 0.48, -1.91, -0.37, 0.44, -0.11])
"""Of the columns of `features`; the first is the constant."""


def features(
    margin: FloatArray, n_views: NDArray[np.int64], purity: FloatArray, excess: FloatArray
) -> FloatArray:
    """Columns of the logistic model.

    Parameters
    ----------
    margin : ndarray, shape (n,)
        In units of log likelihood; may be inf.
    n_views : ndarray of int64, shape (n,)
    purity : ndarray, shape (n,)
        Share of the tracklet's votes for this name.
    excess : ndarray, shape (n,)
        Cost of the frame above the typical one.

    Returns
    -------
    ndarray, shape (n, 7)
    """
    capped = np.minimum(margin, 12.0)
    return np.stack(
        [
            np.ones(len(margin)), np.minimum(capped, 4.0), np.maximum(capped - 4.0, 0.0),
            n_views == 2, n_views == 3, np.nan_to_num(purity, nan=0.5), np.clip(excess, 0, 40),
        ],
        axis=1,
    )  # fmt: skip


def naming_confidence(
    margin: FloatArray, n_views: NDArray[np.int64], purity: FloatArray, excess: FloatArray
) -> FloatArray:
    """Probability that each name is right; the parameters are those of `features`.

    Returns
    -------
    ndarray, shape (n,)
    """
    logit = features(margin, n_views, purity, excess) @ COEFFICIENTS
    probability: FloatArray = 1 / (1 + np.exp(-logit))
    return probability
