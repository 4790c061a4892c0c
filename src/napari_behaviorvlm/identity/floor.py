"""The floor from the feet, and reflections in it where they are too few to be found by themselves.

`mirror` finds a glossy floor by its reflections alone, which takes many of them. Where it does not,
the feet tell roughly where the floor is: in every pose the lowest keypoint is near it. Points below
that plane whose mirror image is a point of the same frame are then explained as reflections; if
that explains most of what lies below, the plane is taken for a mirror.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.fusion import FusedPoints
from napari_behaviorvlm.identity.mirror import Mirror, pairs_of_points

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FloorSettings:
    """What counts as a floor.

    Parameters
    ----------
    min_poses : int
        Fewest poses.
    spread : float
        Distance from the plane from which on a foot does not count, as a share of the body's scale
        (Tukey's biweight; Beaton and Tukey, 1974).
    rounds : int
        Of reweighting.
    near : float
        Distance of a point from a mirror image that it explains, share of the scale; feet are dots
        on fur, some millimetres above the floor, and the image is off by twice that.
    below : float
        Depth below the plane from which on a point needs explaining, share of the scale.
    min_pairs : int
        Fewest points that must be explained.
    share : float
        Share of the points below that must be explained.
    """

    min_poses: int = 8
    spread: float = 0.3
    rounds: int = 10
    near: float = 0.3
    below: float = 0.15
    min_pairs: int = 6
    share: float = 0.5


def find_floor(
    poses: FloatArray, vertical: FloatArray, scale: float, settings: FloorSettings | None = None
) -> Mirror | None:
    """Fit a plane to the feet.

    Parameters
    ----------
    poses : ndarray, shape (n, K, 3)
        World coordinates, NaN where a keypoint is missing.
    vertical : ndarray, shape (3,)
        Roughly upwards, from the floor to the animal.
    scale : float
        Size of the animal.
    settings : FloorSettings, optional

    Returns
    -------
    Mirror or None
        The plane, with the number of feet on it; None with too few.
    """
    settings = settings or FloorSettings()
    normal = vertical / np.linalg.norm(vertical)
    height = np.where(np.isfinite(poses[..., 0]), poses @ normal, np.inf)
    some = np.isfinite(height).any(axis=1)
    # Two of them: an animal stands on more than one foot, and one would not fix the slant.
    lowest = np.argsort(height[some], axis=1)[:, :2]
    feet = np.take_along_axis(poses[some], lowest[..., None], axis=1).reshape(-1, 3)
    feet = feet[np.isfinite(feet).all(axis=1)]
    if len(feet) < 2 * settings.min_poses:
        return None
    away = feet @ normal
    away = away - np.median(away)
    for _ in range(settings.rounds):
        weight = np.clip(1 - (away / (settings.spread * scale)) ** 2, 0, None) ** 2
        if np.count_nonzero(weight) < 2 * settings.min_poses:
            return None
        centre = (weight[:, None] * feet).sum(axis=0) / weight.sum()
        spans = (feet - centre) * np.sqrt(weight)[:, None]
        _, sizes, axes = np.linalg.svd(spans, full_matrices=False)
        if sizes[1] > 0.1 * scale * np.sqrt(weight.sum()):
            normal = axes[2] * np.sign(axes[2] @ normal)
        away = (feet - centre) @ normal
    on_it = int(np.count_nonzero(np.abs(away) < settings.spread * scale))
    return Mirror(normal, float(centre @ normal), on_it)


def reflecting_floor(
    points: FusedPoints, floor: Mirror, scale: float, settings: FloorSettings | None = None
) -> Mirror | None:
    """Tell whether points below the floor are reflections of points above it.

    Parameters
    ----------
    points : FusedPoints
        Of some frames, sorted by frame.
    floor : Mirror
        From `find_floor`.
    scale : float
        Size of the animal.
    settings : FloorSettings, optional

    Returns
    -------
    Mirror or None
        The plane halfway between points and reflections; None if too little is explained by it.
    """
    settings = settings or FloorSettings()
    height = floor.height(points.xyz)
    low = height < -settings.below * scale
    first, second = pairs_of_points(points)
    one, other = np.concatenate([first, second]), np.concatenate([second, first])
    apart = low[one] & (height[other] > 0)
    one, other = one[apart], other[apart]
    image = points.xyz[other] - 2 * height[other, None] * floor.normal
    close = np.linalg.norm(image - points.xyz[one], axis=1) < settings.near * scale
    explained = np.unique(one[close])
    if len(explained) < max(settings.min_pairs, settings.share * low.sum()):
        return None
    middle = (points.xyz[one[close]] + points.xyz[other[close]]) / 2
    return Mirror(floor.normal, float(np.median(middle @ floor.normal)), len(explained))
