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


def from_several_views(rig: Rig, xy: FloatArray, table: CandidateTable) -> list[Guess]:
    """Guess the other views from two or more.

    Parameters
    ----------
    rig : Rig
    xy : ndarray, shape (C, 2)
        The keypoint where it was seen, NaN elsewhere.
    table : CandidateTable
        Dots of the frame that may be it.

    Returns
    -------
    list of Guess
        One for each other view that the point projects into; none where the views do not meet.
    """
    settings = TriangulationSettings(threshold=4 * NOISE, pixel_sigma=NOISE, leave_one_out=False)
    found = triangulate(rig, xy[None], settings=settings)
    if np.isnan(found.points).any():
        return []
    return [
        guess for camera in np.flatnonzero(np.isnan(xy[:, 0])).tolist()
        if (guess := _in_view(rig, camera, found.points[0], found.covariance[0], table)) is not None
    ]  # fmt: skip


def _in_view(
    rig: Rig, camera: int, point: FloatArray, covariance: NDArray[np.float32],
    table: CandidateTable,
) -> Guess | None:  # fmt: skip
    expected, jacobian = project_jacobian(rig.cameras[camera], point)
    if np.isnan(expected).any():
        return None
    spread = jacobian @ covariance.astype(np.float64) @ jacobian.T + NOISE**2 * np.eye(2)
    mine = table.camera == camera
    away = table.xy[mine] - expected
    squared = np.einsum("ni,ij,nj->n", away, np.linalg.inv(spread), away)
    # Posterior over the dots and "none of them", which weighs as much as a dot on the gate.
    weights = np.exp(-squared / 2)
    hidden = np.exp(-(_GATE**2) / 2)
    total = weights.sum() + hidden
    if len(squared) and squared.min() <= _GATE**2:
        best = int(np.argmin(squared))
        x, y = table.xy[mine][best].tolist()
        return Guess(camera, int(table.number[mine][best]), x, y, float(weights[best] / total))
    x, y = expected.tolist()
    return Guess(camera, 0, x, y, float(hidden / total))


def from_one_view(rig: Rig, xy: FloatArray, table: CandidateTable) -> list[Guess]:
    """Guess the other views from one, where dots of several others meet on its line of sight.

    Parameters, and each guess, as in `from_several_views`; only views with a dot are guessed.
    """
    seen = int(np.flatnonzero(np.isfinite(xy[:, 0]))[0])
    points = _points_on_line(rig, seen, xy[seen], table)
    if not len(points):
        return []
    support, distance = _support(rig, seen, points, table)
    count = (support >= 0).sum(axis=1)
    best = int(np.lexsort((distance, -count))[0])
    # A rival is a point that mostly rests on other dots.
    shared = ((support == support[best]) & (support[best] >= 0)).sum(axis=1)
    rivals = count[shared < count[best] / 2]
    rival = int(rivals.max(initial=0))
    if count[best] < _LEAST_SUPPORT or count[best] - rival < _LEAD:
        return []
    sureness = 1 - 0.5 ** (count[best] - rival + 1)
    return [
        Guess(int(c), int(table.number[at]), *table.xy[at].tolist(), sureness)
        for c, at in enumerate(support[best].tolist()) if at >= 0
    ]  # fmt: skip


def _points_on_line(rig: Rig, seen: int, xy: FloatArray, table: CandidateTable) -> FloatArray:
    points = []
    for camera in range(len(rig)):
        mine = table.camera == camera
        if camera == seen or not mine.any():
            continue
        found, distance = triangulate_pair(
            rig, rig.names[seen], xy[None], rig.names[camera], table.xy[mine]
        )
        points.append(found[0][distance[0] <= _TOUCHES])
    return np.concatenate(points) if points else np.zeros((0, 3))


def _support(
    rig: Rig, seen: int, points: FloatArray, table: CandidateTable
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
        away = np.where(np.isnan(away), np.inf, away)
        nearest = away.min(axis=1)
        near = nearest <= _TOUCHES
        support[near, camera] = rows[away.argmin(axis=1)[near]]
        total[near] += nearest[near]
    return support, total / np.maximum((support >= 0).sum(axis=1), 1)
