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
    firmness : float
        Power of the inverse spread in the weight of a pair; 0 weighs all pairs alike.
    tilt : float
        Cost of an animal upside down. Its mirror image in the floor, named with left and right
        exchanged, is otherwise a perfect animal.
    """

    distance: float = 5.0
    vector: float = 4.0
    outlier: float = 0.02
    hidden: float = 12.0
    support: tuple[float, ...] = (2.5, 0.7, 0.0)
    up_weight: float = 0.5
    firmness: float = 1.0
    tilt: float = 15.0


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
    """Half of squared standardised residuals, cut off at ``-log(outlier)`` (truncated quadratic).

    Close to the negative log of a normal density mixed with outliers, without its exponentials.
    """
    cost: FloatArray = np.minimum(0.5 * square, -np.log(outlier))
    return cost


def support_cost(n_views: IntArray, settings: EnergySettings) -> FloatArray:
    """Cost of a point by its number of views (from 2), any shape."""
    table = np.array(settings.support)
    cost: FloatArray = table[np.clip(n_views - 2, 0, len(table) - 1)]
    return cost


def pair_weights(spread: FloatArray, settings: EnergySettings) -> FloatArray:
    """Share of each pair in the cost of its keypoints, summing to about 1 over a keypoint's pairs.

    Firm pairs weigh more: when a tail curls, its distances to all of the trunk change together and
    are one surprise, not nine.

    Parameters
    ----------
    spread : ndarray, shape (K, K)
        Standard deviations of the pairs.
    settings : EnergySettings

    Returns
    -------
    ndarray, shape (K, K)
    """
    count = len(spread)
    if count < 2:
        return np.zeros((count, count))
    firmness = np.where(np.isfinite(spread), 1 / spread, 0) ** settings.firmness
    np.fill_diagonal(firmness, 0)
    total = np.maximum(firmness.sum(1), 1e-12)
    weights: FloatArray = firmness / np.sqrt(total[:, None] * total[None])
    return weights


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
    weight = settings.distance * pair_weights(anatomy.distance_sd, settings)
    for a in range(count):
        for b in range(a):
            if np.isfinite(anatomy.distance[a, b]):
                z = (distance - anatomy.distance[a, b]) / anatomy.distance_sd[a, b]
                cost = weight[a, b] * bounded(z * z, settings.outlier)
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
    cost: FloatArray = total + pose_cost(poses, anatomy, settings).reshape(n_frames, width)
    return cost


def pose_cost(poses: FloatArray, anatomy: Anatomy, settings: EnergySettings) -> FloatArray:
    """Cost of poses by anatomy alone: pairs of keypoints and the tilt.

    Parameters
    ----------
    poses : ndarray, shape (n, K, 3)
        World coordinates; NaN where a keypoint is hidden, which costs nothing here.
    anatomy : Anatomy
    settings : EnergySettings

    Returns
    -------
    ndarray, shape (n,)
    """
    # Single precision: 1e-4 of a body length is far below any spread.
    poses = (poses - _middle(poses)).astype(np.float32)
    upper = np.triu_indices(poses.shape[1], 1)
    offsets = poses[:, upper[1]] - poses[:, upper[0]]
    distance = np.sqrt(np.einsum("npi,npi->np", offsets, offsets))
    model = (anatomy.distance, anatomy.distance_sd, anatomy.vector, anatomy.vector_sd)
    mean, spread, vector, vector_spread = (part[upper].astype(np.float32) for part in model)
    weight = settings.distance * pair_weights(anatomy.distance_sd, settings)[upper]
    pairs = weight.astype(np.float32) * bounded(((distance - mean) / spread) ** 2, settings.outlier)
    rotation = body_rotation(poses, anatomy, settings)
    z = (offsets @ rotation.astype(np.float32) - vector) / vector_spread
    square = np.einsum("npi,npi->np", z, z) / 3
    weight = settings.vector * pair_weights(anatomy.vector_sd.mean(-1), settings)[upper]
    pairs += weight.astype(np.float32) * bounded(square, settings.outlier)
    cost: FloatArray = _tilt_cost(rotation, anatomy, settings) + np.nansum(pairs, axis=1)
    return cost


def added_cost(
    poses: FloatArray, keypoint: IntArray, xyz: FloatArray, anatomy: Anatomy,
    settings: EnergySettings,
) -> FloatArray:  # fmt: skip
    """Tell what one keypoint more costs by anatomy.

    Parameters
    ----------
    poses : ndarray, shape (n, K, 3)
        World coordinates; NaN where a keypoint is hidden.
    keypoint : ndarray of int64, shape (n,)
        The hidden one that is given a place.
    xyz : ndarray, shape (n, 3)
        The place.
    anatomy : Anatomy
    settings : EnergySettings

    Returns
    -------
    ndarray, shape (n,)
        Without the price of leaving it hidden.
    """
    given = poses.copy()
    given[np.arange(len(poses)), keypoint] = xyz
    return pose_cost(given, anatomy, settings) - pose_cost(poses, anatomy, settings)


def share_of_cost(poses: FloatArray, anatomy: Anatomy, settings: EnergySettings) -> FloatArray:
    """Tell what each keypoint costs its pose by anatomy: the cost with it minus that without.

    Parameters
    ----------
    poses : ndarray, shape (n, K, 3)
        World coordinates; NaN where a keypoint is hidden.
    anatomy : Anatomy
    settings : EnergySettings

    Returns
    -------
    ndarray, shape (n, K)
        0 for hidden keypoints.
    """
    whole = pose_cost(poses, anatomy, settings)
    cost = np.zeros(poses.shape[:2])
    for keypoint in range(poses.shape[1]):
        without = poses.copy()
        without[:, keypoint] = np.nan
        cost[:, keypoint] = whole - pose_cost(without, anatomy, settings)
    return np.where(np.isfinite(poses[..., 0]), cost, 0.0)


def _tilt_cost(rotation: FloatArray, anatomy: Anatomy, settings: EnergySettings) -> FloatArray:
    """Cost of lying upside down: nothing up to a right angle, ``settings.tilt`` for 180 degrees."""
    if anatomy.up is None:
        return np.zeros(len(rotation))
    upright = np.einsum("i,nij,j->n", anatomy.up[0], rotation, anatomy.up[1])
    cost: FloatArray = settings.tilt * np.clip(-upright, 0, 1)
    return cost


def _middle(poses: FloatArray) -> FloatArray:
    there = np.isfinite(poses[..., 0])
    middle: FloatArray = poses[there].mean(0) if there.any() else np.zeros(3)
    return middle


def body_rotation(poses: FloatArray, anatomy: Anatomy, settings: EnergySettings) -> FloatArray:
    """Body-to-world rotation of poses (n, K, 3), leaning on the vertical where it is known."""
    weight = (anatomy.scale / anatomy.shape_sd) ** 2
    weight = weight / weight.mean()
    up_weight = settings.up_weight * anatomy.scale**2
    rotation, _ = align(poses, anatomy.shape, weight, anatomy.up, up_weight)
    return rotation
