"""Which side of the body a keypoint of a left-right pair lies on.

Where left and right are exchanged in all views, every error is small: the points are sound, only
their names are wrong. What gives the exchange away is the body itself. The pair and two landmarks
of the body's middle (keypoints without a side, and middles of other pairs, which an exchange does
not move) span a volume with a sign, ``(left - right) . ((c - m) x (d - m))`` with m the pair's
middle. The seed frames tell the right sign. Volumes over all such landmarks are averaged, the
steady ones counting more.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.skeleton import Skeleton

FloatArray = NDArray[np.float64]

_SAMPLE = 2000
_ROUNDS = 3
_FEWEST_FRAMES = 20
_MOST_VOLUMES = 8
_FLAT = 0.05
"""Volumes flatter than this in the seeds say nothing about sides."""

CLEAR = 0.35
"""A pair is judged exchanged below ``-CLEAR``, where 1 is usual and -1 its mirror image."""

_MOST_UNCLEAR = 0.15
"""Pairs that stand between -CLEAR and CLEAR in more frames than this share are not judged."""


@dataclass(frozen=True, eq=False)
class Sides:
    """How much each volume says about each pair.

    Parameters
    ----------
    weights : ndarray, shape (P, V)
        For every left-right pair and every volume in the order of `_Body.chosen`; a row of zeros
        for a pair that cannot be judged.
    """

    weights: FloatArray

    @classmethod
    def learn(cls, seeds: FloatArray, points: FloatArray, skeleton: Skeleton) -> "Sides":
        """Learn signs from the seed frames, and steadiness from the session.

        Parameters
        ----------
        seeds : ndarray, shape (S, K, 3)
            Keypoints of the seed frames.
        points : ndarray, shape (F, K, 3)
            Of the session, of which a sample is read; exchanged pairs in it do no harm.
        skeleton : Skeleton
        """
        sample = points[:: max(1, len(points) // _SAMPLE)]
        known, session = _Body(seeds, skeleton), _Body(sample, skeleton)
        weights = np.zeros((len(session.pairs), len(session.chosen)))
        for pair in range(len(weights)):
            weights[pair] = _weigh(known.volumes(pair), session.volumes(pair))
        return cls(weights)

    def scores(self, points: FloatArray, skeleton: Skeleton) -> FloatArray:
        """Judge every pair.

        Parameters
        ----------
        points : ndarray, shape (F, K, 3)
        skeleton : Skeleton

        Returns
        -------
        ndarray, shape (F, P)
            About 1 where left is left, about -1 where the pair is exchanged; NaN where it cannot
            be judged. Pairs in the order of ``skeleton.symmetric``.
        """
        body = _Body(points, skeleton)
        found = np.full((len(points), len(self.weights)), np.nan)
        for pair, weights in enumerate(self.weights):
            which = np.flatnonzero(weights)
            if len(which):
                volumes = np.stack([body.volume(pair, volume) for volume in which.tolist()])
                found[:, pair] = _score(volumes, weights[which])
        return found


def _weigh(seeds: FloatArray, session: FloatArray) -> FloatArray:
    """Weights (V,) of one pair's volumes (V, S) and (V, F): those that part left from right."""
    none = np.zeros(len(seeds))
    low = np.where(np.isfinite(seeds), seeds, np.inf).min(1, initial=np.inf)
    high = np.where(np.isfinite(seeds), seeds, -np.inf).max(1, initial=-np.inf)
    known = np.isfinite(seeds).any(1)
    sign = np.where(known & ((low > _FLAT) | (high < -_FLAT)), np.sign(high), 0.0)
    weights = sign / (np.abs(sign).sum() or 1.0)
    for _ in range(_ROUNDS):
        score = _score(session, weights)
        told = np.isfinite(score) & (np.abs(score) > 0)
        if told.sum() < _FEWEST_FRAMES:
            return none
        # Exchanged frames are turned over, so that they count for the same side.
        usual, spread = _center_and_spread(session[:, told] * np.sign(score[told]))
        weights = np.where(usual * sign > 0, usual / (spread**2 + _FLAT**2), 0.0)
        weights[np.argsort(-np.abs(weights))[_MOST_VOLUMES:]] = 0.0
        weights /= np.abs(weights * usual).sum() or 1.0
    score = _score(session, weights)
    unclear = np.abs(score[np.isfinite(score)]) < CLEAR
    return weights if len(unclear) and unclear.mean() <= _MOST_UNCLEAR else none


def _center_and_spread(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median and robust standard deviation of each row's known values."""
    ordered = np.sort(values, axis=1)  # NaN last
    count = np.isfinite(ordered).sum(1)
    row = np.arange(len(values))
    low, usual, high = (
        ordered[row, (share * np.maximum(count - 1, 0)).astype(np.intp)]
        for share in (0.1, 0.5, 0.9)
    )
    enough = count >= _FEWEST_FRAMES
    return np.where(enough, usual, 0.0), np.where(enough, (high - low) / 2.56, 1.0)


def _score(volumes: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted mean (F,) of volumes (V, F), in units of what is usual."""
    known = np.isfinite(volumes)
    total = weights @ np.where(known, volumes, 0.0)
    # What is missing is taken to say the same as the rest.
    share = np.abs(weights) @ known
    whole = np.abs(weights).sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        score: FloatArray = np.where(share > 0.25 * whole, total * whole / share, np.nan)
    return score


class _Body:
    """Coordinates of landmarks and pairs, frames along the last axis: arithmetic is then fastest.

    Parameters
    ----------
    points : ndarray, shape (F, K, 3)
    skeleton : Skeleton
    """

    def __init__(self, points: FloatArray, skeleton: Skeleton) -> None:
        by_axis = np.ascontiguousarray(points.transpose(1, 2, 0))
        self.pairs = skeleton.symmetric_indices
        sided = {keypoint for pair in self.pairs for keypoint in pair}
        self._across = [_unit(by_axis[left] - by_axis[right]) for left, right in self.pairs]
        self._landmarks = [(by_axis[left] + by_axis[right]) / 2 for left, right in self.pairs]
        self._landmarks += [by_axis[at] for at in range(len(skeleton)) if at not in sided]
        self.chosen = list(combinations(range(len(self._landmarks)), 2))
        self._towards: dict[tuple[int, int], FloatArray] = {}

    def volume(self, pair: int, number: int) -> FloatArray:
        """Sine-like volume (F,) of a pair with two landmarks, -1 to 1; NaN with its own middle."""
        c, d = (self._unit_towards(pair, landmark) for landmark in self.chosen[number])
        x, y, z = self._across[pair]
        volume: FloatArray = (
            x * (c[1] * d[2] - c[2] * d[1])
            + y * (c[2] * d[0] - c[0] * d[2])
            + z * (c[0] * d[1] - c[1] * d[0])
        )
        return volume

    def volumes(self, pair: int) -> FloatArray:
        """All volumes of a pair, shape (V, F)."""
        frames = self._across[pair].shape[1]
        found = [self.volume(pair, number) for number in range(len(self.chosen))]
        return np.array(found).reshape(-1, frames)

    def _unit_towards(self, pair: int, landmark: int) -> FloatArray:
        """Direction (3, F) from a pair's middle to a landmark."""
        if (pair, landmark) not in self._towards:
            step = self._landmarks[landmark] - self._landmarks[pair]
            self._towards[pair, landmark] = _unit(step)
        return self._towards[pair, landmark]


def _unit(vectors: FloatArray) -> FloatArray:
    x, y, z = vectors
    with np.errstate(invalid="ignore", divide="ignore"):
        unit: FloatArray = vectors / np.sqrt(x * x + y * y + z * z)
    return unit
