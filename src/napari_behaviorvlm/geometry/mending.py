"""Mending a rig that was disturbed after its calibration: a moved camera, a camera out of step.

Both are found from labels that several cameras share. A moved camera's pose is estimated anew
against the points of the other cameras (resection: bundle adjustment of one camera, the points
held by the others), with a robust loss, for some labels are wrong. A camera out of step sees the
points of other frames: of all shifts the one is taken whose frames fit best, and only if it fits
clearly better than none on labels that were not used to choose it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from napari_behaviorvlm.core.camera import Camera, FloatArray, Rig
from napari_behaviorvlm.geometry.projection import project
from napari_behaviorvlm.geometry.triangulation import TriangulationSettings, triangulate

FEWEST = 12
"""Labels that a camera must share with points of the others."""

SCALE = 2.0
"""Residual in px from which on the robust loss weighs a label less."""

BETTER = 0.6
"""A mend must bring the residual down to this share of what it was."""


@dataclass(frozen=True)
class MovedCamera:
    """A new pose of a camera.

    Parameters
    ----------
    camera : Camera
        As it should be; intrinsics and distortion are as they were.
    before, after : float
        Median distance of its labels from the points of the other cameras, px, over labels that
        were not used for the estimate.
    angle : float
        Degrees by which it was turned.
    distance : float
        By which it was moved, in the unit of the calibration.
    """

    camera: Camera
    before: float
    after: float
    angle: float
    distance: float

    @property
    def worth_it(self) -> bool:
        """Whether the new pose fits clearly better."""
        return self.after < BETTER * self.before


@dataclass(frozen=True)
class FrameOffset:
    """A camera out of step.

    Parameters
    ----------
    name : str
    offset : int
        Its frame ``f + offset`` shows what the others show in frame ``f``.
    before, after : float
        As for `MovedCamera`.
    """

    name: str
    offset: int
    before: float
    after: float

    @property
    def worth_it(self) -> bool:
        """Whether another step fits clearly better."""
        return self.offset != 0 and self.after < BETTER * self.before


def points_of_others(rig: Rig, xy: ArrayLike, name: str) -> FloatArray:
    """Points that all cameras but one agree on.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (N, C, 2)
        Labels, pixels of the original frames in the rig's camera order; NaN where there is none.
    name : str
        Camera left out.

    Returns
    -------
    ndarray, shape (N, 3)
        NaN where fewer than two others agree.
    """
    others = [index for index, other in enumerate(rig.names) if other != name]
    labels = np.asarray(xy, float)[:, others]
    settings = TriangulationSettings(leave_one_out=False)
    subset = rig.subset(rig.names[index] for index in others)
    return triangulate(subset, labels, settings=settings).points


def estimate_pose(rig: Rig, xy: ArrayLike, name: str) -> MovedCamera | None:
    """Estimate where a camera stands, from labels and the points of the other cameras.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (N, C, 2)
        As for `points_of_others`.
    name : str

    Returns
    -------
    MovedCamera or None
        None with too few labels in common.
    """
    labels = np.asarray(xy, float)[:, rig.index(name)]
    points = points_of_others(rig, xy, name)
    usable = np.flatnonzero(np.isfinite(points).all(1) & np.isfinite(labels).all(1))
    if len(usable) < FEWEST:
        return None
    used, kept_back = usable[np.arange(len(usable)) % 3 > 0], usable[::3]
    moved = resected(rig[name], points[used], labels[used])
    return compare_poses(rig[name], moved, points[kept_back], labels[kept_back])


def compare_poses(old: Camera, new: Camera, points: FloatArray, labels: FloatArray) -> MovedCamera:
    """Say how far a camera was moved and what that mends, on labels that were not used for it.

    Parameters
    ----------
    old, new : Camera
        The same camera in two poses.
    points : ndarray, shape (N, 3)
        World coordinates, from other cameras.
    labels : ndarray, shape (N, 2)
        Their labels in this camera, px.
    """
    turn = new.rotation_matrix @ old.rotation_matrix.T
    angle = np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
    distance = np.linalg.norm(np.asarray(new.center) - np.asarray(old.center))
    before, after = (_median_residual(camera, points, labels) for camera in (old, new))
    return MovedCamera(new, before, after, float(angle), float(distance))


def resected(camera: Camera, points: FloatArray, labels: FloatArray) -> Camera:
    """Estimate a camera's pose from labels of known points, with a robust loss.

    Parameters
    ----------
    camera : Camera
        The pose to start from.
    points : ndarray, shape (N, 3)
        World coordinates.
    labels : ndarray, shape (N, 2)
        Pixels of the original frames.
    """
    from scipy.optimize import least_squares

    size = float(np.linalg.norm(camera.translation)) or 1.0  # turns and shifts of similar effect

    def placed(pose: FloatArray) -> Camera:
        return replace(camera, rotation=pose[:3], translation=pose[3:] * size)

    def residuals(pose: FloatArray) -> FloatArray:
        off: FloatArray = (project(placed(pose), points) - labels).ravel()
        return np.nan_to_num(off, nan=1e3)

    start = np.concatenate([camera.rotation, np.asarray(camera.translation) / size])
    found = least_squares(residuals, start, loss="soft_l1", f_scale=SCALE, x_scale="jac")
    return placed(found.x)


def _median_residual(camera: Camera, points: FloatArray, labels: FloatArray) -> float:
    off = np.linalg.norm(project(camera, points) - labels, axis=1)
    return float(np.median(np.where(np.isfinite(off), off, np.inf)))


def find_offset(rig: Rig, xy: ArrayLike, name: str, most: int = 5) -> FrameOffset | None:
    """Find out by how many frames a camera is out of step.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (F, C, K, 2)
        Labels of successive frames; NaN where there is none.
    name : str
    most : int
        Largest offset that is tried, in either direction.

    Returns
    -------
    FrameOffset or None
        None with too few labels in common, or without motion to tell by.
    """
    labels = np.asarray(xy, float)
    n_frames, n_cameras, n_keypoints, _ = labels.shape
    flat = labels.transpose(0, 2, 1, 3).reshape(-1, n_cameras, 2)
    points = points_of_others(rig, flat, name).reshape(n_frames, n_keypoints, 3)
    own, camera = labels[:, rig.index(name)], rig[name]
    projected = project(camera, points.reshape(-1, 3)).reshape(n_frames, n_keypoints, 2)
    errors = {shift: _shifted_error(projected, own, shift) for shift in range(-most, most + 1)}
    chosen = min(errors, key=lambda shift: (errors[shift][0], abs(shift)))
    if not np.isfinite(errors[chosen][0]) or not np.isfinite(errors[0][1]):
        return None
    return FrameOffset(name, chosen, errors[0][1], errors[chosen][1])


def _shifted_error(projected: FloatArray, own: FloatArray, shift: int) -> tuple[float, float]:
    """Median residual with the camera's frames shifted, in odd and in even frames."""
    count = len(own)
    here = np.arange(max(0, -shift), min(count, count - shift))
    off = np.linalg.norm(projected[here] - own[here + shift], axis=-1)
    halves = []
    for parity in (1, 0):
        part = off[here % 2 == parity]
        part = part[np.isfinite(part)]
        halves.append(float(np.median(part)) if len(part) >= FEWEST else float("inf"))
    return halves[0], halves[1]
