"""Dots in short gaps of a track, found where the motion says they are.

A keypoint that only two cameras see is easily lost: a chance pair of other dots may have used one
of its two. Between two frames in which it is named its place is known well enough to look again
among the dots that no named point uses. First near the line between the two places; then as far off
as this keypoint moves in this recording (a paw in swing), where the dots must meet as closely as
those of sure points do, and the pose must be one of this animal. Nothing is made up: what is found
are dots of two views that meet where the animal was about to be.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.identity.energy import EnergySettings, added_cost
from napari_behaviorvlm.identity.fusion import FusedPoints, dot_noise, ideal_candidates
from napari_behaviorvlm.identity.gap_pairs import Cells, best_pairs, each_dot_once, used_dots
from napari_behaviorvlm.identity.learning import Learned
from napari_behaviorvlm.identity.pace import steps, usual
from napari_behaviorvlm.identity.solver import Naming
from napari_behaviorvlm.identity.steadiness import misfit, unsteadiness
from napari_behaviorvlm.identity.views import IdealViews

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class RecoverySettings:
    """How far to look.

    Parameters
    ----------
    gap : int
        Frames between the two named ones at most.
    reach, stride : float
        Near the line: distance from the expected place, and between the two named ones per frame,
        at most, relative to the gate of the tracking. The first grows with the root of the frames
        to the nearer named one.
    swing, long_stride : float
        Further off: the same, times what 5 % of this keypoint's misfits and 1 % of its steps
        exceed. The first grows with the frames.
    pixels : float
        Reprojection residual of a pair at most, ideal px.
    noise : float
        The same further off, times the noise of the dots.
    surprise : float
        What a pair further off may cost by anatomy, in units of log likelihood.
    margin : float
        Of the names of recovered points, in units of log likelihood.
    rounds : int
        A point that was found shortens the gap for the next round.
    jump : float
        Unsteadiness from which on a pair is replaced if a steady one is found.
    """

    gap: int = 16
    reach: float = 0.5
    stride: float = 0.6
    swing: float = 2.0
    long_stride: float = 1.5
    pixels: float = 1.2
    noise: float = 2.0
    surprise: float = 20.0
    margin: float = 8.0
    rounds: int = 3
    jump: float = 2.0


@dataclass(frozen=True, eq=False)
class _Limits:
    """What a pair must keep to.

    Parameters
    ----------
    reach, stride : ndarray, shape (K,)
        Distance from the expected place, and between the named places per frame.
    growth : float
        Power of the frames to the nearer named one with which the reach grows.
    pixels, surprise : float
    """

    reach: FloatArray
    stride: FloatArray
    growth: float
    pixels: float
    surprise: float


def recover(  # noqa: PLR0917
    views: IdealViews, candidates: CandidateTable, times: IntArray, points: FusedPoints,
    naming: Naming, learned: Learned, kind: IntArray, weights: EnergySettings,
    settings: RecoverySettings,
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
    learned : Learned
        Of the recording.
    kind : ndarray of int64, shape (K,)
        Which keypoints move alike, as from `napari_behaviorvlm.identity.pace.kinds`.
    weights : EnergySettings
        Of the anatomy.
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
    near = _near(learned.tracking.gate, len(kind), settings)
    for limits in (near, _further(row, points, times, kind, settings)):
        for _ in range(settings.rounds):
            cells = _expected(row, points, times, limits, settings.gap)
            if not len(cells.frame):
                break
            free = np.where(used_dots(row, points, ideal.shape)[..., None], np.nan, ideal)
            found, which = best_pairs(views, free, cells, learned, limits.pixels)
            kept = np.arange(len(which))
            # Near the line motion alone decides.
            if limits.surprise < np.inf:
                poses, keypoint = points.poses(row[found.frame]), cells.keypoint[which]
                added = added_cost(poses, keypoint, found.xyz, learned.anatomy, weights)
                kept = np.flatnonzero(added <= limits.surprise)
            kept = kept[each_dot_once(found.select(kept))]
            if not len(kept):
                break
            found, which = found.select(kept), which[kept]
            row[cells.frame[which], cells.keypoint[which]] = len(points) + np.arange(len(which))
            margin[cells.frame[which], cells.keypoint[which]] = settings.margin
            points = FusedPoints.concatenate([points, found], ideal.shape[1])
    _restore(row, naming.row, jumping, points)
    return points, Naming(row, margin, naming.alternative, naming.cost, naming.purity)


def _near(gate: float, n_keypoints: int, settings: RecoverySettings) -> _Limits:
    """Near the line motion alone tells."""
    reach, stride = (
        np.full(n_keypoints, part * gate) for part in (settings.reach, settings.stride)
    )
    return _Limits(reach, stride, 0.5, settings.pixels, np.inf)


def _further(
    row: IntArray, points: FusedPoints, times: IntArray, kind: IntArray,
    settings: RecoverySettings,
) -> _Limits:  # fmt: skip
    """As far as each keypoint moves; nowhere for those of which that is not known."""
    xyz, firm = points.poses(row), points.views(row) >= 3
    reach = settings.swing * usual(misfit(xyz, times), firm, kind, 0.95)
    walked = np.pad(firm[1:] & firm[:-1], ((1, 0), (0, 0)))
    stride = settings.long_stride * usual(steps(xyz, times), walked, kind, 0.99)
    pixels = min(settings.pixels, settings.noise * dot_noise(points.select(row[firm])))
    return _Limits(np.nan_to_num(reach), np.nan_to_num(stride), 1.0, pixels, settings.surprise)


def _jumping(
    row: IntArray, points: FusedPoints, times: IntArray, settings: RecoverySettings
) -> BoolArray:
    """Pairs that leave the track for a frame, shape (F, K)."""
    n_views = points.views(row)
    # By the usual misfit of the whole animal: of a paw in swing each pair is worth a second look.
    far = unsteadiness(points.poses(row), times, n_views) > settings.jump
    return np.asarray((n_views == 2) & far)


def _restore(row: IntArray, before: IntArray, jumping: BoolArray, points: FusedPoints) -> None:
    """Give pairs back that nothing steadier was found for, unless their dots are used now."""
    for frame, keypoint in np.argwhere(jumping & (row < 0)):
        old = before[frame, keypoint]
        others = points.number[row[frame][row[frame] >= 0]]
        if not ((others == points.number[old]) & (points.number[old] > 0)).any():
            row[frame, keypoint] = old


def _expected(
    row: IntArray, points: FusedPoints, times: IntArray, limits: _Limits, gap: int
) -> Cells:
    """Hidden keypoints between two near frames in which they are named."""
    frames = np.arange(len(row))
    named = row >= 0
    before = np.maximum.accumulate(np.where(named, frames[:, None], -1), axis=0)
    after = np.minimum.accumulate(np.where(named, frames[:, None], len(row))[::-1], axis=0)[::-1]
    inside = ~named & (before >= 0) & (after < len(row)) & (limits.reach > 0)
    frame, keypoint = np.nonzero(inside)
    first, last = before[frame, keypoint], after[frame, keypoint]
    short = times[last] - times[first] <= gap + 1
    frame, keypoint, first, last = (part[short] for part in (frame, keypoint, first, last))
    start, end = points.xyz[row[first, keypoint]], points.xyz[row[last, keypoint]]
    since, until = times[frame] - times[first], times[last] - times[frame]
    share = since / np.maximum(since + until, 1)
    reach = limits.reach[keypoint] * np.minimum(since, until) ** limits.growth
    # Ends that are further apart than the animal moves are not ends of one track.
    moved = np.linalg.norm(end - start, axis=1) <= limits.stride[keypoint] * (since + until)
    place = start + share[:, None] * (end - start)
    return Cells(frame[moved], keypoint[moved], place[moved], reach[moved])
