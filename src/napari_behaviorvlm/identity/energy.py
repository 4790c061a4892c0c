"""What a naming of unnamed 3D points costs.

A naming gives each keypoint one of the points of its frame, or none. Costs are negative log
likelihood ratios, bounded where a real animal may break the rule: pairs of keypoints at the wrong
distance, pairs whose vector in the body's frame is wrong (mirrored namings), points with little
support, whatever votes the caller adds, and a price for leaving a keypoint hidden.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.anatomy import Anatomy, align

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class EnergySettings:
    """Weights of the terms.

    Parameters
    ----------
    distance, vector : float
        Weight of all pairs of a keypoint together (divided by the number of its partners).
    outlier : float
        Share of pairs that break the anatomy; bounds the cost of a pair at ``-log(outlier)``.
    hidden : float
        Price of a keypoint without a point.
    support : tuple of float
        Cost of a point seen by 2, 3, 4 and more views.
    up_weight : float
        How firmly the animal keeps upright, in units of body variance.
    """

    distance: float = 5.0
    vector: float = 4.0
    outlier: float = 0.02
    hidden: float = 8.0
    support: tuple[float, ...] = (2.5, 0.7, 0.0)
    up_weight: float = 0.5


@dataclass(frozen=True, eq=False)
class PointSets:
    """Unnamed points of some frames, padded to one array.

    Parameters
    ----------
    xyz : ndarray, shape (F, M, 3)
        NaN where a frame has fewer points.
    unary : ndarray, shape (F, K, M)
        Cost of giving a keypoint a point, votes and support included.
    row : ndarray of int64, shape (F, M)
        Row of each point in the caller's table, -1 for padding.
    """

    xyz: FloatArray
    unary: FloatArray
    row: IntArray

    def __len__(self) -> int:
        return len(self.xyz)

    def select(self, frames: "slice | BoolArray | IntArray") -> "PointSets":
        """Return some of the frames."""
        return PointSets(self.xyz[frames], self.unary[frames], self.row[frames])


def bounded(square: FloatArray, outlier: float) -> FloatArray:
    """Negative log of a normal density mixed with outliers, for squared standardised residuals."""
    cost: FloatArray = -np.log((1 - outlier) * np.exp(-0.5 * square) + outlier)
    return cost


def support_cost(n_views: IntArray, settings: EnergySettings) -> FloatArray:
    """Cost of a point by its number of views (from 2), any shape."""
    table = np.array(settings.support)
    cost: FloatArray = table[np.clip(n_views - 2, 0, len(table) - 1)]
    return cost


def pair_costs(xyz: FloatArray, anatomy: Anatomy, settings: EnergySettings) -> FloatArray:
    """Cost of naming two points of a frame as two keypoints, from their distance.

    Parameters
    ----------
    xyz : ndarray, shape (F, M, 3)
    anatomy : Anatomy
    settings : EnergySettings

    Returns
    -------
    ndarray of float32, shape (K, K, F, M + 1, M + 1)
        The last row and column stand for "hidden" and are 0. Only ``[a, b]`` with a > b is filled.
    """
    n_frames, most = xyz.shape[:2]
    count = len(anatomy)
    distance = np.linalg.norm(xyz[:, :, None] - xyz[:, None], axis=-1)
    costs = np.zeros((count, count, n_frames, most + 1, most + 1), np.float32)
    weight = settings.distance / (count - 1) if count > 1 else 0.0
    for a in range(count):
        for b in range(a):
            if np.isfinite(anatomy.distance[a, b]):
                z = (distance - anatomy.distance[a, b]) / anatomy.distance_sd[a, b]
                cost = weight * bounded(z * z, settings.outlier)
                costs[a, b, :, :-1, :-1] = np.nan_to_num(cost)
                costs[b, a] = costs[a, b]
    return costs


def poses_of(points: PointSets, states: IntArray) -> FloatArray:
    """World coordinates of namings.

    Parameters
    ----------
    points : PointSets
    states : ndarray of int64, shape (F, B, K)
        Position of each keypoint's point in its frame, -1 for hidden.

    Returns
    -------
    ndarray, shape (F, B, K, 3)
    """
    frame = np.arange(len(states))[:, None, None]
    xyz = points.xyz[frame, np.maximum(states, 0)]
    return np.where((states >= 0)[..., None], xyz, np.nan)


def energy(
    points: PointSets, states: IntArray, anatomy: Anatomy, settings: EnergySettings
) -> FloatArray:
    """Cost of complete namings.

    Parameters
    ----------
    points : PointSets
    states : ndarray of int64, shape (F, B, K)
        As in `poses_of`.
    anatomy : Anatomy
    settings : EnergySettings

    Returns
    -------
    ndarray, shape (F, B)
    """
    n_frames, width, count = states.shape
    named = states >= 0
    frame = np.arange(n_frames)[:, None, None]
    unary = points.unary[frame, np.arange(count), np.maximum(states, 0)]
    total = np.where(named, unary, settings.hidden).sum(-1)
    poses = poses_of(points, states).reshape(-1, count, 3)
    upper = np.triu_indices(count, 1)
    offsets = poses[:, upper[1]] - poses[:, upper[0]]
    distance = np.linalg.norm(offsets, axis=-1)
    z = (distance - anatomy.distance[upper]) / anatomy.distance_sd[upper]
    pairs = settings.distance * np.nan_to_num(bounded(z * z, settings.outlier))
    rotation = body_rotation(poses, anatomy, settings)
    local = offsets @ rotation
    z3 = (local - anatomy.vector[upper]) / anatomy.vector_sd[upper]
    square = (z3**2).sum(-1) / 3
    pairs += settings.vector * np.nan_to_num(bounded(square, settings.outlier))
    per_pose: FloatArray = pairs.sum(-1).reshape(n_frames, width) / max(count - 1, 1)
    return total + per_pose


def body_rotation(poses: FloatArray, anatomy: Anatomy, settings: EnergySettings) -> FloatArray:
    """Body-to-world rotation of poses (n, K, 3), leaning on the vertical where it is known."""
    weight = (anatomy.scale / anatomy.shape_sd) ** 2
    weight = weight / weight.mean()
    up_weight = settings.up_weight * anatomy.scale**2
    rotation, _ = align(poses, anatomy.shape, weight, anatomy.up, up_weight)
    return rotation
