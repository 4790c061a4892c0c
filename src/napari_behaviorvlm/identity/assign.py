"""From named 3D points back to labels in every view, and to final 3D positions."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.geometry.triangulation import (
    Triangulation,
    TriangulationSettings,
    triangulate,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class AssignSettings:
    """How named points become labels.

    Parameters
    ----------
    gate_px : float
        Largest distance between a candidate and the projection of the point it supports.
    occlusion_px : float
        A view is called occluded only if no unused candidate lies within this distance of the
        projection; nearer ones leave the cell unlabelled, for they might be the dot.
    occlusion_views : int
        Views a point must have for its absence in another to mean anything.
    """

    gate_px: float = 3.0
    occlusion_px: float = 8.0
    occlusion_views: int = 3


def candidate_positions(candidates: CandidateTable, frames: IntArray, n_cameras: int) -> FloatArray:
    """Pixels of the candidates of some frames, padded with NaN.

    Returns
    -------
    ndarray, shape (F, C, N, 2)
        Candidate number ``n`` stands in row ``n - 1``.
    """
    low, high = np.searchsorted(candidates.frame, [frames[0], frames[-1] + 1])
    part = candidates.select(slice(int(low), int(high)))
    part = part.select(np.isin(part.frame, frames))
    most = int(part.number.max(initial=1))
    padded = np.full((len(frames), n_cameras, most, 2), np.nan)
    padded[np.searchsorted(frames, part.frame), part.camera, part.number - 1] = part.xy
    return padded


def make_labels(
    rig: Rig, frames: IntArray, xy: FloatArray, *, number: NDArray[np.int16],
    confidence: FloatArray, settings: AssignSettings,
) -> tuple[Labels, Poses]:  # fmt: skip
    """Labels and poses of named points.

    Parameters
    ----------
    rig : Rig
    frames : ndarray of int64, shape (F,)
    xy : ndarray, shape (F, C, N, 2)
        Pixels of all candidates, as from `candidate_positions`.
    number : ndarray of int16, shape (F, C, K)
        Candidate that each keypoint has in each view, 0 for none.
    confidence : ndarray, shape (F, K)
        Probability that the name is right; NaN for hidden keypoints.
    settings : AssignSettings

    Returns
    -------
    labels : Labels
        ``OUT_OF_VIEW`` where the point projects outside the picture; ``OCCLUDED`` (a proposal, like
        everything here) where a point that enough other views support should be seen and no
        unused candidate is near; else ``UNLABELLED``.
    poses : Poses
    """
    n_frames, n_cameras, n_keypoints = number.shape
    number = _complete(rig, xy, number, settings)
    by_point = _flat(_positions(xy, number))
    triangulation = triangulate(rig, by_point, settings=TriangulationSettings(settings.gate_px))
    keep = _unflat(triangulation.inliers, n_frames)
    labels = Labels.empty(frames, n_cameras, n_keypoints)
    labels.candidate[:] = np.where(keep, number, 0)
    labels.xy[:] = np.where(keep[..., None], _positions(xy, number), np.nan)
    labels.status[keep] = Status.PROPOSED
    solid = np.isfinite(triangulation.points[:, 0]).reshape(n_frames, n_keypoints)
    _mark_unseen(rig, labels, xy, triangulation, settings)
    claimed = labels.status != Status.UNLABELLED
    labels.source[claimed] = Source.GEOMETRIC
    sure = np.where(solid, confidence, np.nan)[:, None]
    labels.confidence[:] = np.where(claimed, sure, np.nan)
    return labels, make_poses(frames, triangulation, sure[:, 0])


def make_poses(frames: IntArray, triangulation: Triangulation, confidence: FloatArray) -> Poses:
    """Arrange triangulated points (frames times keypoints) by frame.

    Parameters
    ----------
    frames : ndarray of int64, shape (F,)
    triangulation : Triangulation
        Of F times K points.
    confidence : ndarray, shape (F, K)

    Returns
    -------
    Poses
    """
    n_frames, n_keypoints = confidence.shape
    per_point = (n_frames, n_keypoints)
    return Poses(
        frames,
        triangulation.points.reshape(*per_point, 3),
        triangulation.error.reshape(per_point),
        _unflat(triangulation.view_error, n_frames),
        _unflat(triangulation.leave_one_out, n_frames),
        triangulation.n_views.reshape(per_point),
        triangulation.covariance.reshape(*per_point, 3, 3),
        confidence.astype(np.float32),
    )


def _positions(xy: FloatArray, number: NDArray[np.int16]) -> FloatArray:
    """Pixels of candidate numbers, shape (F, C, K, 2); NaN for 0."""
    picked = np.take_along_axis(xy, np.maximum(number - 1, 0)[..., None].astype(np.int64), axis=2)
    return np.where(number[..., None] > 0, picked, np.nan)


def _flat(by_view: FloatArray) -> FloatArray:
    """(F, C, K, ...) to (F * K, C, ...)."""
    moved = np.moveaxis(by_view, 2, 1)
    return moved.reshape(-1, *moved.shape[2:])


def _unflat(by_point: NDArray[Scalar], n_frames: int) -> NDArray[Scalar]:
    """(F * K, C) to (F, C, K)."""
    return np.moveaxis(by_point.reshape(n_frames, -1, by_point.shape[1]), 2, 1)


def _used(number: NDArray[np.int16], most: int) -> NDArray[np.bool_]:
    """Whether each candidate has a name, shape (F, C, N)."""
    used = np.zeros((*number.shape[:2], most + 1), bool)
    np.put_along_axis(used, number.astype(np.int64), True, axis=2)
    return used[:, :, 1:]


def _distances(
    rig: Rig, xy: FloatArray, points: FloatArray, used: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Projections (F, C, K, 2) of points and their distances to unused candidates (F, C, K, N)."""
    n_frames = len(xy)
    projected = project_rig(rig, points.reshape(-1, 3))
    projected = np.moveaxis(projected.reshape(n_frames, -1, len(rig), 2), 2, 1)
    distance = np.linalg.norm(projected[:, :, :, None] - xy[:, :, None], axis=-1)
    distance[np.isnan(distance)] = np.inf
    return projected, np.where(used[:, :, None], np.inf, distance)


def _complete(
    rig: Rig, xy: FloatArray, number: NDArray[np.int16], settings: AssignSettings
) -> NDArray[np.int16]:
    """Give named points the unused candidates that lie on their projections."""
    flat = _flat(_positions(xy, number))
    quick = TriangulationSettings(settings.gate_px, leave_one_out=False)
    points = triangulate(rig, flat, settings=quick).points.reshape(len(xy), -1, 3)
    _, distance = _distances(rig, xy, points, _used(number, xy.shape[2]))
    distance = np.where(number[..., None] > 0, np.inf, distance)
    nearest = distance.argmin(3)
    mutual = distance.argmin(2)
    is_mutual = np.take_along_axis(mutual, nearest, axis=2) == np.arange(number.shape[2])
    added = is_mutual & (distance.min(3) < settings.gate_px)
    return np.where(added, nearest + 1, number).astype(np.int16)


def _mark_unseen(
    rig: Rig, labels: Labels, xy: FloatArray, triangulation: Triangulation,
    settings: AssignSettings,
) -> None:  # fmt: skip
    """Set ``OUT_OF_VIEW`` and ``OCCLUDED`` where the point is known but has no candidate."""
    n_frames = len(xy)
    points = triangulation.points.reshape(n_frames, -1, 3)
    used = _used(labels.candidate, xy.shape[2])
    projected, distance = _distances(rig, xy, points, used)
    empty = (labels.status == Status.UNLABELLED) & np.isfinite(points[:, None, :, 0])
    for index, camera in enumerate(rig):
        if camera.size is None:
            continue
        with np.errstate(invalid="ignore"):
            inside = (projected[:, index] >= -0.5) & (
                projected[:, index] <= np.array(camera.size) - 0.5
            )
        outside = empty[:, index] & ~inside.all(-1)
        labels.status[:, index][outside] = Status.OUT_OF_VIEW
    firm = (triangulation.n_views.reshape(n_frames, -1) >= settings.occlusion_views)[:, None]
    alone = distance.min(3, initial=np.inf) > settings.occlusion_px
    dark = empty & firm & alone & (labels.status == Status.UNLABELLED)
    labels.status[dark] = Status.OCCLUDED
