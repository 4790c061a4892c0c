"""Dots in short gaps of a track, found where the motion says they are.

A keypoint that only two cameras see is easily lost: a chance pair of other dots may have used one
of its two. Between two frames in which it is named its place is known well enough to look again
among the dots that no named point uses. Nothing is made up: what is found are dots of two views at
least, that meet where the animal was about to be.
"""

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.identity.fusion import FusedPoints, ideal_candidates
from napari_behaviorvlm.identity.solver import Naming
from napari_behaviorvlm.identity.steadiness import unsteadiness
from napari_behaviorvlm.identity.views import IdealViews, solve_points

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEAREST = 2
"""Free dots looked at in each view, those nearest to where the keypoint should be."""


@dataclass(frozen=True)
class RecoverySettings:
    """How far to look.

    Parameters
    ----------
    gap : int
        Frames between the two named ones at most.
    reach : float
        Distance from the expected place at most, relative to the gate of the tracking; it grows
        with the root of the frames to the nearer named one.
    pixels : float
        Reprojection residual of a pair at most.
    margin : float
        Of the names of recovered points, in units of log likelihood.
    rounds : int
        A point that was found shortens the gap for the next round.
    jump : float
        Unsteadiness from which on a pair is replaced if a steady one is found.
    """

    gap: int = 16
    reach: float = 0.5
    pixels: float = 1.2
    margin: float = 8.0
    rounds: int = 3
    jump: float = 2.0


@dataclass(frozen=True, eq=False)
class _Cells:
    """Hidden keypoints that should be seen: frame position, keypoint, place (n, 3), reach (n,)."""

    frame: IntArray
    keypoint: IntArray
    place: FloatArray
    reach: FloatArray


def recover(  # noqa: PLR0917
    views: IdealViews, candidates: CandidateTable, times: IntArray, points: FusedPoints,
    naming: Naming, gate: float, settings: RecoverySettings,
) -> tuple[FusedPoints, Naming]:  # fmt: skip
    """Look again for keypoints in short gaps.

    Parameters
    ----------
    views : IdealViews
    candidates : CandidateTable
    times : ndarray of int64, shape (F,)
        Frame numbers.
    points : FusedPoints
    naming : Naming
        Of the points.
    gate : float
        Largest step of a dot from frame to frame.
    settings : RecoverySettings

    Returns
    -------
    FusedPoints
        With the points that were found behind the others (no longer sorted by frame).
    Naming
        With their names.
    """
    if not len(points) or not settings.rounds:
        return points, naming
    ideal = ideal_candidates(views, candidates, times)
    row, margin = naming.row.copy(), naming.margin.copy()
    jumping = _jumping(row, points, times, settings)
    row[jumping] = -1
    for _ in range(settings.rounds):
        cells = _expected(row, points, times, gate, settings)
        if not len(cells.frame):
            break
        free = np.where(_used(row, points, ideal.shape)[..., None], np.nan, ideal)
        found, which = _pairs(views, free, cells, settings)
        found, which = _once(found, which)
        if not len(which):
            break
        row[cells.frame[which], cells.keypoint[which]] = len(points) + np.arange(len(which))
        margin[cells.frame[which], cells.keypoint[which]] = settings.margin
        points = FusedPoints.concatenate([points, found], ideal.shape[1])
    _restore(row, naming.row, jumping, points)
    return points, Naming(row, margin, naming.alternative, naming.cost, naming.purity)


def _jumping(
    row: IntArray, points: FusedPoints, times: IntArray, settings: RecoverySettings
) -> NDArray[np.bool_]:
    """Pairs that leave the track for a frame, shape (F, K)."""
    named = row >= 0
    xyz = np.where(named[..., None], points.xyz[np.maximum(row, 0)], np.nan)
    n_views = np.where(named, points.n_views[np.maximum(row, 0)], 0)
    far = unsteadiness(xyz, times, n_views) > settings.jump
    return np.asarray(named & (n_views == 2) & far)


def _restore(
    row: IntArray, before: IntArray, jumping: NDArray[np.bool_], points: FusedPoints
) -> None:
    """Give pairs back that nothing steadier was found for, unless their dots are used now."""
    for frame, keypoint in np.argwhere(jumping & (row < 0)):
        old = before[frame, keypoint]
        others = points.number[row[frame][row[frame] >= 0]]
        if not ((others == points.number[old]) & (points.number[old] > 0)).any():
            row[frame, keypoint] = old


def _expected(
    row: IntArray, points: FusedPoints, times: IntArray, gate: float, settings: RecoverySettings
) -> _Cells:
    """Hidden keypoints between two near frames in which they are named."""
    frames = np.arange(len(row))
    named = row >= 0
    before = np.maximum.accumulate(np.where(named, frames[:, None], -1), axis=0)
    after = np.minimum.accumulate(np.where(named, frames[:, None], len(row))[::-1], axis=0)[::-1]
    inside = ~named & (before >= 0) & (after < len(row))
    frame, keypoint = np.nonzero(inside)
    first, last = before[frame, keypoint], after[frame, keypoint]
    short = times[last] - times[first] <= settings.gap + 1
    frame, keypoint, first, last = (part[short] for part in (frame, keypoint, first, last))
    start, end = points.xyz[row[first, keypoint]], points.xyz[row[last, keypoint]]
    since, until = times[frame] - times[first], times[last] - times[frame]
    share = since / np.maximum(since + until, 1)
    reach = settings.reach * gate * np.sqrt(np.minimum(since, until))
    # Ends that are further apart than the animal moves are not ends of one track.
    moved = np.linalg.norm(end - start, axis=1) <= 0.6 * gate * (since + until)
    place = start + share[:, None] * (end - start)
    return _Cells(frame[moved], keypoint[moved], place[moved], reach[moved])


def _used(row: IntArray, points: FusedPoints, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Dots of named points, shape (F, C, N)."""
    used = np.zeros((shape[0], shape[1], shape[2] + 1), bool)
    frame, keypoint = np.nonzero(row >= 0)
    number = points.number[row[frame, keypoint]]
    member, camera = np.nonzero(number)
    used[frame[member], camera, number[member, camera]] = True
    return used[:, :, 1:]


def _pairs(
    views: IdealViews, free: FloatArray, cells: _Cells, settings: RecoverySettings
) -> tuple[FusedPoints, IntArray]:
    """Best pair of free dots for each cell; returns points and the cells they belong to."""
    place, depth = views.project(cells.place)
    radius = cells.reach[:, None] * views.focal / np.maximum(depth, 1e-9) + settings.pixels
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
            cost = distance**2 + (error / settings.pixels) ** 2
            wins = (distance <= 1) & (error <= settings.pixels) & (cost < best[at])
            here = at[wins]
            best[here], residual[here], xyz[here] = cost[wins], error[wins], there[wins]
            number[here] = 0
            number[here, a] = order[here, a, i] + 1
            number[here, b] = order[here, b, j] + 1
    which = np.flatnonzero(np.isfinite(best))
    which = which[np.argsort(best[which], kind="stable")]
    found = FusedPoints(cells.frame[which], xyz[which], number[which], residual[which])
    return found, which


def _once(found: FusedPoints, which: IntArray) -> tuple[FusedPoints, IntArray]:
    """Let each dot serve one keypoint, the one it fits best; ``found`` comes best first."""
    taken: set[tuple[int, int, int]] = set()
    kept = []
    for at in range(len(which)):
        dots = {
            (int(found.frame[at]), camera, int(number))
            for camera, number in enumerate(found.number[at].tolist()) if number
        }  # fmt: skip
        if not dots & taken:
            taken |= dots
            kept.append(at)
    return found.select(np.array(kept, np.int64)), which[kept]
