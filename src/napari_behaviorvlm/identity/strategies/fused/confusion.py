"""What a model's word is worth: who it takes for whom, learned from answers that can be checked.

Every answered question about a point that is known otherwise (a seed or corrected label, or a point
of which geometry is sure) is counted. The counts lie over a prior that expects most words to be
right and the rest to go to the partner of the other side and to neighbours in the same region:
a model that exchanges left and right is thereby soon believed no longer about sides, and still
about everything else (Dawid & Skene 1979, with known truth).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.skeleton import Skeleton

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class ConfusionPrior:
    """What is believed before a model was heard.

    Parameters
    ----------
    right : float
        Share of words that are right.
    partner, region : float
        Share of the rest that goes to the partner of the other side, and to the other keypoints of
        the region together; what remains goes to everything.
    strength : float
        Answers that the prior counts for, per keypoint.
    """

    right: float = 0.8
    partner: float = 0.5
    region: float = 0.3
    strength: float = 8.0


class Confusion:
    """Counts of what a model said about points that are known.

    Parameters
    ----------
    skeleton : Skeleton
    prior : ConfusionPrior, optional
    """

    def __init__(self, skeleton: Skeleton, prior: ConfusionPrior | None = None) -> None:
        prior = prior or ConfusionPrior()
        self._pairs = skeleton.symmetric_indices
        self._counts = prior.strength * _believed(skeleton, prior)

    def learn(self, is_: IntArray, said: IntArray, weight: FloatArray | None = None) -> None:
        """Count answers.

        Parameters
        ----------
        is_, said : ndarray of int64, shape (n,)
            Keypoint that a dot is, or ``K`` for none of them, and keypoint that the model took it
            for.
        weight : ndarray, shape (n,), optional
            What each answer counts. Words about the same keypoint of the same frame are one
            experience, in however many views: a model's mistakes are the same in all of them.
        """
        np.add.at(self._counts, (is_, said), 1.0 if weight is None else weight)

    @property
    def probability(self) -> FloatArray:
        """P(said | is), shape (K + 1, K); the last row is for dots that are no keypoint."""
        shares: FloatArray = self._counts / self._counts.sum(1, keepdims=True)
        return shares

    def weights(self, said: IntArray, side: FloatArray | float = 1.0) -> FloatArray:
        """Weigh what words speak for and against.

        Parameters
        ----------
        said : ndarray of int64, shape (n,)
            Keypoint that the model took a dot for.
        side : ndarray, shape (n,), optional
            How much each word counts about sides: a model that exchanges left and right does so
            in all views of a frame, so that these words share one vote.

        Returns
        -------
        ndarray, shape (n, K)
            Log likelihood ratio of the dot being each keypoint against its being none.
        """
        whole, of_pair = self._ratios(self.probability), self._ratios(self._without_sides())
        share = np.broadcast_to(side, said.shape)[:, None]
        weights: FloatArray = of_pair[:, said].T + share * (whole - of_pair)[:, said].T
        return weights

    @staticmethod
    def _ratios(probability: FloatArray) -> FloatArray:
        logarithm = np.log(probability)
        ratios: FloatArray = logarithm[:-1] - logarithm[-1]
        return ratios

    def _without_sides(self) -> FloatArray:
        """P(said | is) where "left paw" only means "a paw of this pair", shape (K + 1, K)."""
        probability = self.probability
        for left, right in self._pairs:
            either = probability[:, [left, right]].sum(1)
            probability[:, left] = probability[:, right] = either
            probability[[left, right]] = probability[[left, right]].mean(0)
        return probability


def _believed(skeleton: Skeleton, prior: ConfusionPrior) -> FloatArray:
    """P(said | is) before anything was heard, shape (K + 1, K)."""
    count = len(skeleton)
    share = np.zeros((count + 1, count))
    rest = np.full(count, 1 - prior.right)
    share[np.arange(count), np.arange(count)] = prior.right
    for left, right in skeleton.symmetric_indices:
        for one, other in ((left, right), (right, left)):
            share[one, other] += prior.partner * (1 - prior.right)
            rest[one] -= prior.partner * (1 - prior.right)
    for names in skeleton.regions.values():
        members = [skeleton.index(name) for name in names]
        for one in members:
            others = [other for other in members if other != one]
            share[one, others] += prior.region * (1 - prior.right) / max(len(others), 1)
            rest[one] -= prior.region * (1 - prior.right) if others else 0.0
    share[:-1] += rest[:, None] / count
    share[-1] = 1 / count
    return share
