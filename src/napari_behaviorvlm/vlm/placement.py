"""Places for numbers: near their dots, over no dot, over no other number, leaders not crossing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_DIRECTIONS = 16
_DISTANCES = (4.0, 12.0, 22.0, 36.0, 54.0, 78.0, 110.0)
_NEAR = 2 * _DIRECTIONS
"""Options that are looked at first."""

_SWEEPS = 3
_HARD = 1000.0


@dataclass(frozen=True)
class Places:
    """Where the numbers stand.

    Parameters
    ----------
    center : ndarray, shape (n, 2)
        Of each label, picture px.
    clear : ndarray of bool, shape (n,)
        False where a label had to lie over something.
    """

    center: FloatArray
    clear: NDArray[np.bool_]


def place_labels(
    dots: FloatArray, sizes: FloatArray, picture: tuple[int, int], radius: float
) -> Places:
    """Place one label per dot.

    Parameters
    ----------
    dots : ndarray, shape (n, 2)
        Picture px.
    sizes : ndarray, shape (n, 2)
        Width and height of each label.
    picture : (int, int)
        Width and height.
    radius : float
        Of the rings around the dots, which stay free.

    Returns
    -------
    Places
        The same for the same input. Crowded dots choose first; then each label moves to its best
        place in turn, a few times.
    """
    n = len(dots)
    center = np.full((n, 2), np.nan)
    cost = np.zeros(n)
    if n == 0:
        return Places(center, np.zeros(0, bool))
    apart = np.linalg.norm(dots[:, None] - dots, axis=-1)
    nearest = np.sort(apart, axis=1)[:, 1:4].sum(1)
    order = np.argsort(nearest, kind="stable")
    for _ in range(_SWEEPS):
        before = center.copy()
        for i in order:
            options, far = _options(dots[i], sizes[i], radius)
            for part in (slice(0, _NEAR), slice(_NEAR, None)):
                costs = far[part] + _cost(options[part], i, dots, sizes, center, picture, radius)
                best = int(costs.argmin())
                if part.start == 0 or costs[best] < cost[i]:
                    place, cost[i] = options[part][best], costs[best]
                if cost[i] < far[_NEAR]:  # farther places cost more in any case
                    break
            center[i] = place
        if np.array_equal(before, center):
            break
    return Places(center, cost < _HARD)


def _options(
    dot: FloatArray, size: FloatArray, radius: float
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Centres to choose from, shape (m, 2), and what their distance costs."""
    angles = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS - np.pi / 4
    way = np.stack([np.cos(angles), np.sin(angles)], -1)
    # How far the label's border is from its centre in each direction.
    reach = np.min(size / 2 / np.maximum(np.abs(way), 1e-9), axis=1)
    distance = radius + np.array(_DISTANCES)[:, None] + reach
    options = dot + distance[..., None] * way
    far = np.repeat(np.arange(len(_DISTANCES), dtype=float) * 3, _DIRECTIONS)
    return options.reshape(-1, 2), far + np.tile(np.arange(_DIRECTIONS) * 0.01, len(_DISTANCES))


def _cost(  # noqa: PLR0917
    options: FloatArray, i: int, dots: FloatArray, sizes: FloatArray, center: FloatArray,
    picture: tuple[int, int], radius: float,
) -> FloatArray:  # fmt: skip
    half = sizes[i] / 2
    outside = (options - half < 1) | (options + half > np.array(picture) - 2)
    cost: FloatArray = _HARD * outside.any(1).astype(float)
    over = (np.abs(options[:, None] - dots) < half + radius + 2).all(-1)
    over[:, i] = False
    cost += _HARD * over.sum(1)
    placed = np.isfinite(center[:, 0])
    placed[i] = False
    others = np.flatnonzero(placed)
    if len(others):
        cost += _cost_of_labels(options, dots[i], half, dots[others], center[others], sizes[others])
    elsewhere = np.delete(dots, i, 0)
    # A leader through another ring points to the wrong dot; so does a label nearer to another dot.
    through = _distance(elsewhere, dots[i], options[:, None]) < radius + 2
    own = np.linalg.norm(options - dots[i], axis=1)
    nearer = np.linalg.norm(options[:, None] - elsewhere, axis=-1) < own[:, None]
    cost += 30 * through.sum(1) + 4 * nearer.sum(1)
    return cost


def _cost_of_labels(  # noqa: PLR0917
    options: FloatArray, dot: FloatArray, half: FloatArray, dots: FloatArray, center: FloatArray,
    sizes: FloatArray,
) -> FloatArray:  # fmt: skip
    """Cost of overlaps and crossings with the labels that stand already, shape (m,)."""
    here = options[:, None]
    overlap = (np.abs(here - center) < half + sizes / 2 + 3).all(-1)
    crossing = _cross(dot, here, dots, center)
    under = _distance(center, dot, here) < sizes.min(-1) * 0.7
    over = _distance(here, dots, center) < half.min() * 1.4
    cost: FloatArray = (_HARD * overlap + 40 * crossing + 15 * under + 15 * over).sum(1)
    return cost


def _cross(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> NDArray[np.bool_]:
    """Whether segments a-b and c-d cross, broadcast over the first axes."""
    crossing: NDArray[np.bool_] = (_side(a, b, c) * _side(a, b, d) < 0) & (
        _side(c, d, a) * _side(c, d, b) < 0
    )
    return crossing


def _side(a: FloatArray, b: FloatArray, p: FloatArray) -> FloatArray:
    along, to = b - a, p - a
    area: FloatArray = along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]
    return area


def _distance(points: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """Distance of points from segments a-b, broadcast over the first axes."""
    along = b - a
    length = np.maximum((along**2).sum(-1), 1e-12)
    share = np.clip(((points - a) * along).sum(-1) / length, 0, 1)
    away: FloatArray = np.linalg.norm(points - a - share[..., None] * along, axis=-1)
    return away
