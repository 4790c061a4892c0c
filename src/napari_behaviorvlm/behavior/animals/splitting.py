"""Bodies as ellipses: shape of one outline, and several animals in one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_STEPS = 6
_INERTIA_PLACE, _INERTIA_TURN = 0.1, 0.6
"""How much an ellipse keeps of the expected place and shape while it touches another."""
_SLACK = (0.7, 1.3)
"""How far an ellipse may depart from the animal's usual size while it touches another."""


@dataclass(frozen=True, eq=False)
class Ellipse:
    """Second moments of an outline.

    Parameters
    ----------
    centre : ndarray, shape (2,)
        Mean of its pixels.
    axes : ndarray, shape (2, 2)
        Unit vectors along and across (a quarter turn on), as rows; the sign along is arbitrary.
    spread : ndarray, shape (2,)
        Standard deviation along and across, working px.
    """

    centre: FloatArray
    axes: FloatArray
    spread: FloatArray

    @property
    def covariance(self) -> FloatArray:
        """Of the pixels, shape (2, 2)."""
        return np.asarray(self.axes.T @ np.diag(self.spread**2) @ self.axes)


def ellipse_of(points: FloatArray) -> Ellipse:
    """Ellipse with the moments of these pixels, shape (n, 2), n at least 1."""
    centre = points.mean(axis=0)
    offset = points - centre
    return _ellipse(centre, offset.T @ offset / len(points) + np.eye(2) / 12)


def _ellipse(centre: FloatArray, covariance: FloatArray) -> Ellipse:
    values, vectors = np.linalg.eigh(covariance)
    x, y = vectors[:, 1]
    axes = np.array([[x, y], [-y, x]])
    return Ellipse(centre, axes, np.sqrt(np.maximum(values[::-1], 0.05)))


def split(points: FloatArray, guesses: list[Ellipse]) -> tuple[list[Ellipse], NDArray[np.int64]]:
    """Share the pixels of one outline among several animals.

    A mixture of ellipses of nearly known size, fitted by expectation-maximisation from where the
    animals are expected.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Pixels of the outline.
    guesses : list of Ellipse
        Where the animals are expected, with their usual sizes.

    Returns
    -------
    ellipses : list of Ellipse
        In the order of the guesses.
    owner : ndarray, shape (n,)
        Position of each pixel's animal in the guesses.
    """
    ellipses = guesses
    usual = [guess.spread for guess in guesses]
    distances = _distances(points, ellipses)
    for _ in range(_STEPS):
        weight = np.exp(-0.5 * (distances - distances.min(axis=0)))
        weight /= weight.sum(axis=0)
        fitted = [
            _fit(points, share, guess, size)
            for share, guess, size in zip(weight, guesses, usual, strict=True)
        ]
        moved = max(
            float(np.abs(new.centre - old.centre).max())
            for new, old in zip(fitted, ellipses, strict=True)
        )
        ellipses = fitted
        distances = _distances(points, ellipses)
        if moved < 0.1:
            break
    return ellipses, np.asarray(distances.argmin(axis=0))


def _distances(points: FloatArray, ellipses: list[Ellipse]) -> FloatArray:
    """-2 log density up to a constant, shape (animals, n)."""
    rows = []
    for ellipse in ellipses:
        along = (points - ellipse.centre) @ ellipse.axes.T / ellipse.spread
        rows.append((along**2).sum(axis=1) + 2 * np.log(ellipse.spread).sum())
    return np.stack(rows)


def _fit(points: FloatArray, weight: FloatArray, guess: Ellipse, usual: FloatArray) -> Ellipse:
    total = float(weight.sum())
    if total < 5:
        return guess
    centre = weight @ points / total
    offset = points - centre
    moments = (offset * weight[:, None]).T @ offset / total
    found = _ellipse(
        centre + _INERTIA_PLACE * (guess.centre - centre),
        moments + _INERTIA_TURN * (guess.covariance - moments),
    )
    centre = found.centre
    spread = np.clip(found.spread, _SLACK[0] * usual, _SLACK[1] * usual)
    return Ellipse(centre, found.axes, spread)


def spread_out(points: FloatArray, known: list[Ellipse], count: int) -> list[FloatArray]:
    """Places for `count` animals of which nothing is known, far from each other and the known."""
    places: list[FloatArray] = []
    taken = [ellipse.centre for ellipse in known]
    if not taken:
        ellipse = ellipse_of(points)
        along = (points - ellipse.centre) @ ellipse.axes[0]
        ends = np.quantile(along, (np.arange(count) + 0.5) / count)
        return [ellipse.centre + end * ellipse.axes[0] for end in ends]
    for _ in range(count):
        gaps = np.min([np.linalg.norm(points - place, axis=1) for place in taken], axis=0)
        places.append(points[int(gaps.argmax())])
        taken.append(places[-1])
    return places
