"""Where a keypoint lies in the other views, given where a person saw it in one or several.

From several views: the triangulated point with its covariance, projected; the dot within the
resulting ellipse is weighed against its neighbours and against "not seen". From one view: every dot
of every other view that lies on the epipolar line makes a point; the point that most views support
is taken if it leads clearly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.geometry.epipolar import triangulate_pair
from napari_behaviorvlm.geometry.projection import project_jacobian, project_rig
from napari_behaviorvlm.geometry.triangulation import TriangulationSettings, triangulate

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NOISE = 1.2
"""Distance of a dot's centre from the projection of its point, in each direction, px."""

_GATE = 3.0
"""Standard deviations within which a dot is taken for the keypoint."""

_TOUCHES = 3.0
"""A dot supports a point within this distance, px."""

_LEAST_SUPPORT = 3
"""Further views that must meet in a point that one view proposes."""

_LEAD = 1
"""By how many views it must be ahead of the next."""


@dataclass(frozen=True)
class Guess:
    """Where a keypoint is in a view.

    Parameters
    ----------
    camera : int
    number : int
        The dot, 0 for none.
    x, y : float
        The dot's position or that of the reprojection, px.
    sureness : float
        Probability, 0..1.
    """

    camera: int
    number: int
    x: float
    y: float
    sureness: float


def guess_views(
    rig: Rig, xy: FloatArray, table: CandidateTable, free: BoolArray
) -> list[list[Guess]]:
    """Guess where keypoints are in the views in which nobody saw them yet.

    Parameters
    ----------
    rig : Rig
    xy : ndarray, shape (N, C, 2)
        Keypoints where they were seen, NaN elsewhere; each in one view or more.
    table : CandidateTable
        Dots of the frame, n rows.
    free : ndarray of bool, shape (N, n)
        Dots that may be the keypoint.

    Returns
    -------
    list of list of Guess
        For each keypoint. From several views, one for each other view that the point projects into
        (none where the views do not meet); from one view, only those with a dot.
    """
    seen = np.isfinite(xy[..., 0])
    guesses: list[list[Guess]] = [[] for _ in xy]
    for camera in range(len(rig)):
        alone = np.flatnonzero(seen[:, camera] & (seen.sum(axis=1) == 1))
        if len(alone):
            found = _from_one_view(rig, camera, xy[alone, camera], table, free[alone])
            for at, guess in zip(alone, found, strict=True):
                guesses[at] = guess
    several = np.flatnonzero(seen.sum(axis=1) > 1)
    if len(several):
        found = _from_several_views(rig, xy[several], table, free[several])
        for at, guess in zip(several, found, strict=True):
            guesses[at] = guess
    return guesses


# Several views --------------------------------------------------------------------------------


def _from_several_views(
    rig: Rig, xy: FloatArray, table: CandidateTable, free: BoolArray
) -> list[list[Guess]]:
    settings = TriangulationSettings(threshold=4 * NOISE, pixel_sigma=NOISE, leave_one_out=False)
    found = triangulate(rig, xy, settings=settings)
    covariance = found.covariance.astype(np.float64)
    guesses: list[list[Guess]] = [[] for _ in xy]
    for camera in range(len(rig)):
        expected, jacobian = project_jacobian(rig.cameras[camera], found.points)
        spread = jacobian @ covariance @ np.swapaxes(jacobian, 1, 2) + NOISE**2 * np.eye(2)
        for at in np.flatnonzero(np.isnan(xy[:, camera, 0]) & np.isfinite(expected[:, 0])):
            rows = np.flatnonzero((table.camera == camera) & free[at])
            guesses[at].append(_in_view(camera, expected[at], spread[at], table, rows))
    return guesses


def _in_view(
    camera: int, expected: FloatArray, spread: FloatArray, table: CandidateTable,
    rows: NDArray[np.intp],
) -> Guess:  # fmt: skip
    """Weigh the dots in some rows against each other and against "not seen"."""
    away = table.xy[rows] - expected
    squared = np.einsum("ni,ij,nj->n", away, np.linalg.inv(spread), away)
    # "None of them" weighs as much as a dot on the gate.
    weights, hidden = np.exp(-squared / 2), float(np.exp(-(_GATE**2) / 2))
    total = float(weights.sum()) + hidden
    if len(squared) and squared.min() <= _GATE**2:
        best = int(np.argmin(squared))
        x, y = table.xy[rows[best]].tolist()
        return Guess(camera, int(table.number[rows[best]]), x, y, float(weights[best]) / total)
    x, y = expected.tolist()
    return Guess(camera, 0, x, y, hidden / total)


# One view -------------------------------------------------------------------------------------


def _from_one_view(
    rig: Rig, seen: int, xy: FloatArray, table: CandidateTable, free: BoolArray
) -> list[list[Guess]]:
    """Guess from one view, where dots of several others meet on its lines of sight."""
    owner, points = _points_on_lines(rig, seen, xy, table, free)
    support, distance = _support(rig, seen, points, table, free[owner])
    return [
        _leading(support[mine], distance[mine], table) if mine.any() else []
        for mine in (owner == at for at in range(len(xy)))
    ]


def _points_on_lines(
    rig: Rig, seen: int, xy: FloatArray, table: CandidateTable, free: BoolArray
) -> tuple[NDArray[np.intp], FloatArray]:
    """Points that a dot of another view makes with a line of sight, and whose line it is."""
    owners, points = [np.zeros(0, np.intp)], [np.zeros((0, 3))]
    for camera in range(len(rig)):
        rows = np.flatnonzero(table.camera == camera)
        if camera == seen or not len(rows):
            continue
        found, distance = triangulate_pair(
            rig, rig.names[seen], xy, rig.names[camera], table.xy[rows]
        )
        owner, dot = np.nonzero((distance <= _TOUCHES) & free[:, rows])
        owners.append(owner)
        points.append(found[owner, dot])
    return np.concatenate(owners), np.concatenate(points)


def _support(
    rig: Rig, seen: int, points: FloatArray, table: CandidateTable, free: BoolArray
) -> tuple[NDArray[np.intp], FloatArray]:
    """Rows of the dots that support each point by view, -1 for none, and their mean distance."""
    expected = project_rig(rig, points)
    support = np.full(expected.shape[:2], -1)
    total = np.zeros(len(points))
    for camera in range(len(rig)):
        rows = np.flatnonzero(table.camera == camera)
        if camera == seen or not len(rows):
            continue
        away = np.linalg.norm(expected[:, camera, None] - table.xy[rows], axis=-1)
        away = np.where(np.isnan(away) | ~free[:, rows], np.inf, away)
        nearest = away.min(axis=1)
        near = nearest <= _TOUCHES
        support[near, camera] = rows[away.argmin(axis=1)[near]]
        total[near] += nearest[near]
    return support, total / np.maximum((support >= 0).sum(axis=1), 1)


def _leading(support: NDArray[np.intp], distance: FloatArray, table: CandidateTable) -> list[Guess]:
    """Dots of the point that most views support, if it leads the next one."""
    count = (support >= 0).sum(axis=1)
    best = int(np.lexsort((distance, -count))[0])
    # A rival is a point that mostly rests on other dots.
    shared = ((support == support[best]) & (support[best] >= 0)).sum(axis=1)
    lead = int(count[best] - count[shared < count[best] / 2].max(initial=0))
    if count[best] < _LEAST_SUPPORT or lead < _LEAD:
        return []
    return [
        Guess(camera, int(table.number[row]), float(table.xy[row, 0]), float(table.xy[row, 1]),
              1 - 0.5 ** (lead + 1))
        for camera, row in enumerate(support[best].tolist()) if row >= 0
    ]  # fmt: skip
