"""What the animal looks like in 3D, learned from a few poses.

Distances between all pairs of keypoints, and the *vectors* between them in the frame of the body,
each with a spread. A distance does not know left from right; a vector in the body's frame does, so
that a mirrored naming costs as much as a misplaced point. The body's frame is the proper rotation
(never a reflection) that brings the mean pose nearest to the points, so nothing here depends on the
names of the keypoints or on which of them the skeleton has.

Three poses say little about a spread: every variance is shrunk towards a prior that grows with the
distance and the size of the body. The same function fits the model again on the confident frames of
the recording, where the data soon outweigh the prior.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class AnatomySettings:
    """Prior of the spreads.

    Parameters
    ----------
    relative_spread : float
        Prior standard deviation of a distance, as a share of the distance.
    body_spread : float
        The same, as a share of the body's scale; added.
    prior_count : float
        How many poses the prior is worth.
    floor : float
        Smallest standard deviation, as a share of the body's scale.
    """

    relative_spread: float = 0.10
    body_spread: float = 0.05
    prior_count: float = 3.0
    floor: float = 0.01


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Pairwise model of a pose.

    Parameters
    ----------
    distance, distance_sd : ndarray, shape (K, K)
        Between keypoints, in the unit of the calibration; NaN distance where a pair was never seen.
    shape : ndarray, shape (K, 3)
        Mean pose in the body's frame; NaN for keypoints never seen.
    shape_sd : ndarray, shape (K,)
        Spread of a keypoint about its place in the body's frame.
    vector, vector_sd : ndarray, shape (K, K, 3)
        From keypoint row to keypoint column in the body's frame.
    scale : float
        Size of the body: root mean square distance of the keypoints from their centre.
    up : ndarray, shape (2, 3), or None
        The direction of the world that keeps still in the body's frame (for an animal on a floor:
        the vertical), first in the world, then in the body's frame; None where there is none.
    n_poses : int
        Number of poses it was learned from.
    """

    distance: FloatArray
    distance_sd: FloatArray
    shape: FloatArray
    shape_sd: FloatArray
    vector: FloatArray
    vector_sd: FloatArray
    scale: float
    up: FloatArray | None
    n_poses: int

    def __len__(self) -> int:
        return len(self.shape)


def fit_anatomy(
    poses: FloatArray,
    settings: AnatomySettings | None = None,
    vertical: FloatArray | None = None,
) -> Anatomy:
    """Learn the model from poses whose keypoints are known.

    Parameters
    ----------
    poses : ndarray, shape (n, K, 3)
        World coordinates, NaN where a keypoint is missing.
    settings : AnatomySettings, optional
    vertical : ndarray, shape (3,), optional
        A direction of the world that might keep still in the body's frame (of either sign). Three
        poses cannot tell it from others, and an animal's mirror image in the floor differs from
        the animal in nothing else.

    Returns
    -------
    Anatomy
    """
    settings = settings or AnatomySettings()
    offsets = poses[:, None, :, :] - poses[:, :, None, :]
    distances = np.linalg.norm(offsets, axis=-1)
    distance, scatter, count = _moments(distances)
    shape = _mean_shape(poses)
    centre = np.nanmean(shape, axis=0)
    scale = float(np.sqrt(np.nanmean(((shape - centre) ** 2).sum(-1))))
    rotation, origin = align(poses, shape, np.ones(len(shape)))
    vector, vector_scatter, _ = _moments(np.einsum("nji,nkmj->nkmi", rotation, offsets))
    prior = settings.relative_spread * distance + settings.body_spread * scale
    placed = np.einsum("nji,nkj->nki", rotation, poses - origin[:, None])
    square = ((placed - shape) ** 2).mean(-1)
    seen = np.isfinite(square)
    place_sd = np.sqrt(np.where(seen, square, 0).sum(0) / np.maximum(seen.sum(0), 1))
    return Anatomy(
        distance,
        _shrunk(scatter, count, prior, scale, settings),
        shape,
        np.hypot(place_sd, 0.1 * scale),
        vector,
        # A direction is less certain than a distance: segments turn.
        _shrunk(vector_scatter, count[..., None], 2 * prior[..., None], scale, settings),
        scale,
        _still_direction(rotation, vertical),
        len(poses),
    )


def _moments(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Robust mean, sum of squares about it and count over the first axis, ignoring NaN."""
    there = np.isfinite(values)
    count = there.sum(0).astype(np.float64)
    filled = np.where(there, values, 0)
    mean = filled.sum(0) / np.where(count > 0, count, np.nan)
    if len(values) < 20:
        return mean, np.where(there, (values - mean) ** 2, 0).sum(0), count
    # Self-training: a few of the poses are named wrongly, a median does not follow them.
    middle = _median(values, there)
    deviation = np.abs(values - middle)
    spread = 1.4826 * _median(deviation, there)
    near = there & (deviation <= 5 * np.maximum(spread, 1e-9))
    square = np.where(near, deviation**2, 0).sum(0)
    return np.where(count > 0, middle, np.nan), square * count / np.maximum(near.sum(0), 1), count


def _median(values: FloatArray, there: BoolArray) -> FloatArray:
    """Median over the first axis where there is a value; 0 where there never is."""
    empty = ~there.any(0)
    filled = np.where(there, values, np.nan)
    filled[:, empty] = 0
    median: FloatArray = np.nanmedian(filled, axis=0)
    return median


def _shrunk(
    scatter: FloatArray, count: FloatArray, prior: FloatArray, scale: float,
    settings: AnatomySettings,
) -> FloatArray:  # fmt: skip
    free = np.maximum(count - 1, 0)
    variance = (scatter + settings.prior_count * prior**2) / (free + settings.prior_count)
    # The mean of n poses is itself uncertain.
    variance = variance * (1 + 1 / np.maximum(count, 1))
    return np.maximum(np.sqrt(variance), settings.floor * scale)


def _mean_shape(poses: FloatArray, rounds: int = 8) -> FloatArray:
    """Mean pose by generalised Procrustes analysis (Gower 1975), rotations only."""
    complete = np.isfinite(poses[..., 0]).sum(1)
    shape = poses[int(complete.argmax())].copy()
    shape -= np.nanmean(shape, axis=0)
    for _ in range(rounds):
        rotation, centre = align(poses, shape, np.ones(len(shape)))
        placed = np.einsum("nji,nkj->nki", rotation, poses - centre[:, None])
        # Medians withstand the wrongly named poses of a self-trained round.
        middle = np.nanmedian if len(poses) >= 20 else np.nanmean
        seen = np.isfinite(placed[..., 0]).any(0)
        shape = np.full_like(shape, np.nan)
        shape[seen] = middle(placed[:, seen], axis=0)
    centred: FloatArray = shape - np.nanmean(shape, axis=0)
    return centred


def align(
    poses: FloatArray, shape: FloatArray, weight: FloatArray, up: FloatArray | None = None,
    up_weight: float = 0.0,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Place the body's frame in each pose (weighted Procrustes without reflection; Kabsch 1976).

    Parameters
    ----------
    poses : ndarray, shape (n, K, 3)
        World coordinates, NaN where a keypoint is missing.
    shape : ndarray, shape (K, 3)
        Pose in the body's frame, NaN where unknown.
    weight : ndarray, shape (K,)
    up : ndarray, shape (2, 3), optional
        A direction in the world and in the body's frame that should agree, as in `Anatomy`.
    up_weight : float
        Its weight, in units of weight times length squared.

    Returns
    -------
    rotation : ndarray, shape (n, 3, 3)
        Body to world.
    centre : ndarray, shape (n, 3)
        World coordinates of the body frame's origin.
    """
    there = np.isfinite(poses[..., 0]) & np.isfinite(shape[:, 0])
    w = there * weight
    total = np.maximum(w.sum(1), 1e-12)[:, None]
    x = np.where(there[..., None], poses, 0)
    y = np.where(np.isfinite(shape), shape, 0)
    x_mean = np.einsum("nk,nki->ni", w, x) / total
    y_mean = w @ y / total
    covariance = np.einsum("nk,nki,nkj->nij", w, x - x_mean[:, None], y[None] - y_mean[:, None])
    if up is not None:
        covariance = covariance + up_weight * np.outer(up[0], up[1])
    u, _, vt = np.linalg.svd(covariance)
    u[..., :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    rotation = u @ vt
    centre: FloatArray = x_mean - np.einsum("nij,nj->ni", rotation, y_mean)
    return rotation, centre


def _still_direction(rotation: FloatArray, vertical: FloatArray | None) -> FloatArray | None:
    """Direction of the world on which the body frames agree, in the world and in the body."""
    if vertical is not None:
        inside = vertical @ rotation.mean(0)
        agreement = float(np.linalg.norm(inside))
        if agreement > 0.6:
            return np.stack([vertical, inside / agreement])
    if len(rotation) < 20:
        return None
    u, s, vt = np.linalg.svd(rotation.mean(0))
    if s[0] < 0.5 or s[1] > 0.8 * s[0]:
        return None
    return np.stack([u[:, 0], vt[0]])
