"""Bundle adjustment: new poses of several cameras that were moved at once, from labels.

Poses of the moved cameras and all points are estimated together (Triggs et al., 2000, "Bundle
adjustment: a modern synthesis"), with a robust loss, for some labels are wrong. The cameras that
agree keep their poses: they hold the frame of reference and the scale. Intrinsics stay as they are.
Each moved camera starts from its resection against the points that are known by then.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares
from scipy.sparse import coo_matrix, csr_matrix

from napari_behaviorvlm.core.camera import Camera, FloatArray, Rig
from napari_behaviorvlm.geometry.mending import (
    FEWEST,
    SCALE,
    MovedCamera,
    compare_poses,
    points_of_others,
    resected,
)
from napari_behaviorvlm.geometry.projection import project
from napari_behaviorvlm.geometry.triangulation import TriangulationSettings, triangulate

MOST_POINTS = 300
"""Points that are adjusted; more would not change the poses by what their noise is."""

_UNSEEN = 1e3
_SETTINGS = TriangulationSettings(leave_one_out=False)


def estimate_poses(rig: Rig, xy: ArrayLike, names: Sequence[str]) -> tuple[MovedCamera, ...] | None:
    """Estimate where several cameras stand, together.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (N, C, 2)
        Labels, pixels of the original frames in the rig's camera order; NaN where there is none.
        Every third point is kept back to judge the result.
    names : sequence of str
        The moved cameras; at least two others must remain, which are taken to be right.

    Returns
    -------
    tuple of MovedCamera or None
        In the order of ``names``; None where fewer than two cameras remain, or where too few
        labels are in common to start from.
    """
    labels = np.asarray(xy, dtype=np.float64)
    if len(rig) - len(set(names)) < 2:
        return None
    kept_back = np.arange(len(labels)) % 3 == 0
    started = _resected_in_turn(rig, labels[~kept_back], names)
    if started is None:
        return None
    moved = [rig.index(name) for name in names]
    mended = adjusted(started, labels[~kept_back], moved)
    # A second time without the labels that turned out to be wrong: they pull, if only a little.
    mended = adjusted(mended, agreeing(mended, labels[~kept_back]), moved)
    found = []
    for name in names:
        own = labels[kept_back, rig.index(name)]
        points = points_of_others(mended, labels[kept_back], name)
        usable = np.isfinite(points).all(axis=1) & np.isfinite(own).all(axis=1)
        if not usable.any():
            return None
        found.append(compare_poses(rig[name], mended[name], points[usable], own[usable]))
    return tuple(found)


def _resected_in_turn(rig: Rig, labels: FloatArray, names: Sequence[str]) -> Rig | None:
    """Place the cameras one after the other, first those that share most with what is known."""
    known, waiting = [name for name in rig.names if name not in names], list(names)
    while waiting:
        points = _points(rig, labels, known)
        shared = {
            name: np.isfinite(points).all(axis=1)
            & np.isfinite(labels[:, rig.index(name)]).all(axis=1)
            for name in waiting
        }
        name = max(waiting, key=lambda one: int(shared[one].sum()))
        if shared[name].sum() < FEWEST:
            return None
        rows = np.flatnonzero(shared[name])[:: max(1, int(shared[name].sum()) // MOST_POINTS)]
        camera = resected(rig[name], points[rows], labels[rows, rig.index(name)])
        rig = replaced(rig, [camera])
        known.append(name)
        waiting.remove(name)
    return rig


def replaced(rig: Rig, cameras: Sequence[Camera]) -> Rig:
    """Return the rig with some cameras exchanged for others of the same names."""
    new = {camera.name: camera for camera in cameras}
    return Rig(tuple(new.get(camera.name, camera) for camera in rig), dict(rig.metadata))


def _points(rig: Rig, labels: FloatArray, names: Sequence[str]) -> FloatArray:
    among = [rig.index(name) for name in names]
    return triangulate(rig.subset(names), labels[:, among], settings=_SETTINGS).points


def points_of(
    rig: Rig, labels: FloatArray, settings: TriangulationSettings | None = None
) -> FloatArray:  # fmt: skip
    """Points (N, 3) that labels (N, C, 2) of all cameras give; NaN where they do not meet."""
    return triangulate(rig, labels, settings=settings or _SETTINGS).points


def agreeing(
    rig: Rig, labels: FloatArray, settings: TriangulationSettings | None = None
) -> FloatArray:  # fmt: skip
    """Labels that agree with those of other cameras; NaN for the rest."""
    agree = triangulate(rig, labels, settings=settings or _SETTINGS).inliers
    return np.where(agree[..., None], labels, np.nan)


def adjusted(
    rig: Rig, labels: FloatArray, moved: list[int], start: FloatArray | None = None, *,
    rounds: int = 50,
) -> Rig:  # fmt: skip
    """Minimise the residuals of all labels over the moved cameras' poses and the points.

    Parameters
    ----------
    rig : Rig
        Poses to start from.
    labels : ndarray, shape (N, C, 2)
        Pixels; NaN where there is none.
    moved : list of int
        Cameras whose poses are unknown; the others are held.
    start : ndarray, shape (N, 3), optional
        Points to start from; triangulated by default.
    rounds : int
        Evaluations at most.
    """
    start = points_of(rig, labels) if start is None else start
    seen: NDArray[np.bool_] = np.asarray(np.isfinite(labels).all(axis=2))
    concerned = np.flatnonzero(np.isfinite(start).all(axis=1) & seen[:, moved].any(axis=1))
    concerned = concerned[:: max(1, -(-len(concerned) // MOST_POINTS))]
    start, labels, seen = start[concerned], labels[concerned], seen[concerned]
    # Turns of a camera and shifts of it or of a point then have effects of a similar size.
    size = float(np.median([np.linalg.norm(camera.translation) for camera in rig])) or 1.0

    def placed(values: FloatArray) -> list[Camera]:
        poses = values[: 6 * len(moved)].reshape(-1, 6)
        cameras = list(rig)
        for at, pose in zip(moved, poses, strict=True):
            cameras[at] = replace(cameras[at], rotation=pose[:3], translation=size * pose[3:])
        return cameras

    def residuals(values: FloatArray) -> FloatArray:
        points = size * values[6 * len(moved) :].reshape(-1, 3)
        off = [
            project(camera, points[seen[:, at]]) - labels[seen[:, at], at]
            for at, camera in enumerate(placed(values))
        ]
        flat: FloatArray = np.nan_to_num(np.concatenate(off).ravel(), nan=_UNSEEN)
        return flat

    poses = [np.r_[rig.cameras[at].rotation, rig.cameras[at].translation / size] for at in moved]
    first = np.concatenate([*poses, start.ravel() / size])
    found = least_squares(
        residuals, first, jac_sparsity=_pattern(seen, moved), x_scale="jac",
        loss="soft_l1", f_scale=SCALE, max_nfev=rounds,
    )  # fmt: skip
    return Rig(tuple(placed(found.x)), dict(rig.metadata))


def _pattern(seen: NDArray[np.bool_], moved: list[int]) -> csr_matrix:
    """Which residual depends on which unknown: its own point, and its camera if that moves."""
    point = np.concatenate([np.flatnonzero(seen[:, at]) for at in range(seen.shape[1])])
    camera = np.repeat(np.arange(seen.shape[1]), seen.sum(axis=0))
    row = np.arange(len(point))
    rows = [np.repeat(row, 3)]
    columns = [(6 * len(moved) + 3 * point[:, None] + np.arange(3)).ravel()]
    for order, at in enumerate(moved):
        mine = row[camera == at]
        rows.append(np.repeat(mine, 6))
        columns.append(np.tile(6 * order + np.arange(6), len(mine)))
    both = np.concatenate(rows), np.concatenate(columns)
    shape = len(row), 6 * len(moved) + 3 * len(seen)
    return coo_matrix((np.ones(len(both[0]), np.int8), both), shape).tocsr()[np.repeat(row, 2)]
