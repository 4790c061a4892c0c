"""The order of a rig's cameras, where too many are mixed up to hold on to any of them.

Every order is tried; the one is taken in which every two cameras agree, clearly best of all.
"""

from itertools import combinations, permutations

import numpy as np
from numpy.typing import ArrayLike

from napari_behaviorvlm.core.camera import FloatArray, Rig
from napari_behaviorvlm.geometry.epipolar import epipolar_distance

MOST_CAMERAS = 7
"""Rigs up to this size are tried (5040 orders)."""

MOST_POINTS = 150
"""Points by which orders are compared."""

CLEARLY = 2.0
"""The next best order must leave so many times the residual."""

FEWEST = 4
"""Points that two cameras must share to be compared."""


def best_order(rig: Rig, xy: ArrayLike, limit: float = 8.0) -> tuple[str, ...] | None:
    """Find the order of the calibrations in which all cameras agree.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (N, C, 2)
        Labels, pixels of the original frames in the rig's camera order; NaN where there is none.
    limit : float
        Median epipolar distance up to which two cameras agree, px.

    Returns
    -------
    tuple of str or None
        For each camera, the one whose calibration fits its labels; None where no order lets every
        pair agree, where none is clearly the best, or where the rig has more than
        `MOST_CAMERAS` cameras.
    """
    count = len(rig)
    if not 3 <= count <= MOST_CAMERAS:
        return None
    labels = np.asarray(xy, dtype=np.float64)
    views = np.isfinite(labels).all(axis=2).sum(axis=1)
    # Points in many views first: a solver leaves out what a wrong calibration contradicts.
    labels = labels[np.argsort(-views, kind="stable")[:MOST_POINTS]]
    orders = np.array(list(permutations(range(count))))
    worst, total = np.zeros(len(orders)), np.zeros(len(orders))
    for a, b in combinations(range(count), 2):
        table = _distances(rig, labels[:, [a, b]], (a, b))
        here = table[orders[:, a], orders[:, b]]
        worst, total = np.maximum(worst, here), total + here
    total[worst > limit] = np.inf
    best, second = np.argsort(total, kind="stable")[:2]
    # Cameras that stand alike nearly fit in each other's place: the right order stands out.
    if not CLEARLY * total[best] < total[second]:
        return None
    return tuple(rig.names[at] for at in orders[best])


def _distances(rig: Rig, labels: FloatArray, pair: tuple[int, int]) -> FloatArray:
    """Median epipolar distance of two cameras' labels (N, 2, 2) at every pair of places, px.

    Infinite where the pictures have another size than the place says; 0 with too few in common.
    """
    table = np.zeros((len(rig), len(rig)))
    both = labels[np.isfinite(labels).all(axis=(1, 2))]
    if len(both) < FEWEST:
        return table
    sizes = [camera.size for camera in rig]
    for places in permutations(range(len(rig)), 2):
        alike = all(
            None in {sizes[at], sizes[place]} or sizes[at] == sizes[place]
            for at, place in zip(pair, places, strict=True)
        )
        first, second = (rig.names[place] for place in places)
        away = epipolar_distance(rig, both[:, 0], first, both[:, 1], second)
        median = np.median(np.where(np.isfinite(away), away, np.inf))
        table[places] = median if alike else np.inf
    return table
