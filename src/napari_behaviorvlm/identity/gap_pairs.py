"""Pairs of free dots that meet near a place where a keypoint is expected."""

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.fusion import FusedPoints
from napari_behaviorvlm.identity.learning import Learned, before_mirror
from napari_behaviorvlm.identity.views import IdealViews, solve_points

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEAREST = 2
"""Free dots looked at in each view, those nearest to where the keypoint should be."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Keypoints that are looked for.

    Parameters
    ----------
    frame, keypoint : ndarray of int64, shape (n,)
        Positions.
    place : ndarray, shape (n, 3)
        Where each should be.
    reach : ndarray, shape (n,)
        How far from there at most.
    """

    frame: IntArray
    keypoint: IntArray
    place: FloatArray
    reach: FloatArray


def best_pairs(
    views: IdealViews, free: FloatArray, cells: Cells, learned: Learned, pixels: float
) -> tuple[FusedPoints, IntArray]:
    """Find the best pair of free dots for each cell.

    Parameters
    ----------
    views : IdealViews
    free : ndarray, shape (F, C, N, 2)
        Ideal pixels of the dots that nothing uses, else NaN.
    cells : Cells
    learned : Learned
        Points behind its mirror are none.
    pixels : float
        Reprojection residual at most.

    Returns
    -------
    points : FusedPoints
        Best first.
    which : ndarray of int64
        The cell of each.
    """
    place, depth = views.project(cells.place)
    radius = cells.reach[:, None] * views.focal / np.maximum(depth, 1e-9) + pixels
    away = np.linalg.norm(free[cells.frame] - place[:, :, None], axis=-1)
    away = np.where(away <= radius[..., None], away, np.inf)
    order = np.argsort(away, axis=-1)[..., :NEAREST]
    near = np.isfinite(np.take_along_axis(away, order, axis=-1))
    n_cameras, kept = free.shape[1], order.shape[-1]
    cameras = np.arange(n_cameras)
    best = np.full(len(cells.frame), np.inf)
    xyz = np.full((len(best), 3), np.nan)
    residual = np.zeros(len(best))
    number = np.zeros((len(best), n_cameras), np.int16)
    for a, b in combinations(range(n_cameras), 2):
        for i, j in product(range(kept), repeat=2):
            at = np.flatnonzero(near[:, a, i] & near[:, b, j])
            if not len(at):
                continue
            used = np.isin(cameras, (a, b)) & np.ones((len(at), 1), bool)
            xy = np.zeros((len(at), n_cameras, 2))
            xy[:, a] = free[cells.frame[at], a, order[at, a, i]]
            xy[:, b] = free[cells.frame[at], b, order[at, b, j]]
            there = solve_points(views.projection, xy, used)
            off = np.linalg.norm(views.project(there)[0] - xy, axis=-1)[:, [a, b]]
            error = np.sqrt((off**2).mean(1))
            distance = np.linalg.norm(there - cells.place[at], axis=1) / cells.reach[at]
            cost = distance**2 + (error / pixels) ** 2
            fits = (distance <= 1) & (error <= pixels)
            fits &= before_mirror(there, learned.mirror, learned.anatomy)
            wins = fits & (cost < best[at])
            here = at[wins]
            best[here], residual[here], xyz[here] = cost[wins], error[wins], there[wins]
            number[here] = 0
            number[here, a] = order[here, a, i] + 1
            number[here, b] = order[here, b, j] + 1
    which = np.flatnonzero(np.isfinite(best))
    which = which[np.argsort(best[which], kind="stable")]
    return FusedPoints(cells.frame[which], xyz[which], number[which], residual[which]), which


def each_dot_once(points: FusedPoints) -> IntArray:
    """Rows to keep so that each dot serves one point, the first of ``points`` that wants it."""
    taken: set[tuple[int, int, int]] = set()
    kept = []
    for at in range(len(points)):
        dots = {
            (int(points.frame[at]), camera, int(number))
            for camera, number in enumerate(points.number[at].tolist()) if number
        }  # fmt: skip
        if not dots & taken:
            taken |= dots
            kept.append(at)
    return np.array(kept, np.int64)


def used_dots(row: IntArray, points: FusedPoints, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Dots of named points.

    Parameters
    ----------
    row : ndarray of int64, shape (F, K)
        Rows of the points, negative for hidden.
    points : FusedPoints
    shape : (F, C, N, ...)

    Returns
    -------
    ndarray of bool, shape (F, C, N)
    """
    used = np.zeros((shape[0], shape[1], shape[2] + 1), bool)
    frame, keypoint = np.nonzero(row >= 0)
    number = points.number[row[frame, keypoint]]
    member, camera = np.nonzero(number)
    used[frame[member], camera, number[member, camera]] = True
    return used[:, :, 1:]
