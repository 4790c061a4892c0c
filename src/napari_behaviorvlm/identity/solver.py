"""Naming the unnamed points of a run of frames.

Twice: first every frame offers its best namings by anatomy alone and the cheapest path through them
is found; then the points of a tracklet vote together with the names they got, every frame is
searched again with these votes, and the path is found anew. What the second path costs more if a
keypoint is given another point is kept: the margin.
"""

from dataclasses import dataclass, field

import numpy as np

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.anatomy import Anatomy
from napari_behaviorvlm.identity.continuity import carry_names
from napari_behaviorvlm.identity.energy import (
    EnergySettings,
    FloatArray,
    IntArray,
    PointSets,
    support_cost,
)
from napari_behaviorvlm.identity.fusion import FusedPoints
from napari_behaviorvlm.identity.search import SearchSettings, search
from napari_behaviorvlm.identity.tracklets import TrackletSettings, link
from napari_behaviorvlm.identity.trellis import (
    MotionSettings,
    Paths,
    best_paths,
    keypoint_margins,
    naming_probabilities,
    transition_tables,
)

CARRIED = 1.0
"""Margin of names that were carried along a tracklet against the anatomy."""


@dataclass(frozen=True)
class SolverSettings:
    """How points are named.

    Parameters
    ----------
    energy : EnergySettings
    first, second : SearchSettings
        Effort without and with votes.
    most : int
        Points of a frame that are considered, best supported first.
    vote : float
        Weight of the tracklets' votes.
    vote_prior : float
        How many frames of evenly spread votes a tracklet starts with.
    """

    energy: EnergySettings = field(default_factory=EnergySettings)
    first: SearchSettings = field(default_factory=SearchSettings)
    second: SearchSettings = field(default_factory=lambda: SearchSettings(64, 16, 8))
    most: int = 28
    vote: float = 2.5
    vote_prior: float = 2.0


@dataclass(frozen=True, eq=False)
class Naming:
    """Names of the points of F frames.

    Parameters
    ----------
    row : ndarray of int64, shape (F, K)
        Row of each keypoint's point in the table of fused points, -1 for hidden.
    margin : ndarray, shape (F, K)
        Cost of giving the keypoint another point; inf where there is none to give.
    alternative : ndarray of int64, shape (F, K)
        Row of that other point, -1 for hidden, -2 for none.
    cost : ndarray, shape (F,)
        Of the naming of the frame.
    purity : ndarray, shape (F, K)
        Share of its tracklet's votes that agree with the name; NaN for hidden keypoints.
    """

    row: IntArray
    margin: FloatArray
    alternative: IntArray
    cost: FloatArray
    purity: FloatArray


def pad_points(
    points: FusedPoints, n_frames: int, n_keypoints: int, settings: SolverSettings,
    extra: FloatArray | None = None,
) -> PointSets:  # fmt: skip
    """Arrange fused points by frame, best supported first, with the cost of weak support.

    Parameters
    ----------
    points : FusedPoints
        Sorted by frame.
    n_frames, n_keypoints : int
    settings : SolverSettings
    extra : ndarray, shape (n, K), optional
        Further cost of each name for each point (votes of others, impossible places).

    Returns
    -------
    PointSets
    """
    order = np.lexsort((points.residual, -points.n_views, points.frame))
    counts = np.bincount(points.frame, minlength=n_frames)
    most = int(min(settings.most, max(counts.max(initial=0), 1)))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = order[rank < most]
    cell = (points.frame[kept], rank[rank < most])
    xyz = np.full((n_frames, most, 3), np.nan)
    row = np.full((n_frames, most), -1)
    unary = np.zeros((n_frames, n_keypoints, most))
    xyz[cell] = points.xyz[kept]
    row[cell] = kept
    unary[cell[0], :, cell[1]] = support_cost(points.n_views[kept], settings.energy)[:, None]
    if extra is not None:
        unary[cell[0], :, cell[1]] += extra[kept]
    return PointSets(xyz, unary, row)


def solve(
    points: FusedPoints, times: IntArray, skeleton: Skeleton, anatomy: Anatomy,
    *, tracking: TrackletSettings, motion: MotionSettings, settings: SolverSettings,
    extra: FloatArray | None = None,
) -> Naming:  # fmt: skip
    """Name the points of successive frames.

    Parameters
    ----------
    points : FusedPoints
        Sorted by frame; ``frame`` counts positions in ``times``.
    times : ndarray of int64, shape (F,)
        Frame numbers.
    skeleton : Skeleton
    anatomy : Anatomy
    tracking : TrackletSettings
    motion : MotionSettings
    settings : SolverSettings
    extra : ndarray, shape (n, K), optional
        As in `pad_points`.

    Returns
    -------
    Naming
    """
    sets = pad_points(points, len(times), len(skeleton), settings, extra)
    track_of = link(points, times, tracking)
    track = np.where(sets.row >= 0, np.append(track_of, -1)[sets.row], -1)
    tables = transition_tables(sets, track, times, motion)
    states, cost = search(sets, skeleton, anatomy, settings.first, weights=settings.energy)
    paths = best_paths(states, cost, tables)
    share = naming_probabilities(states, paths, sets.xyz.shape[1])
    votes = _tracklet_votes(share, track)
    voted = PointSets(sets.xyz, sets.unary + _vote_cost(votes, track, settings), sets.row)
    hints = np.concatenate([states, _neighbours(states, paths.best, track)], axis=1)
    states, cost = search(
        voted, skeleton, anatomy, settings.second, weights=settings.energy, hints=hints
    )
    paths = best_paths(states, cost, tables)
    return _naming(sets, track, votes, states=states, cost=cost, paths=paths)


def _naming(
    sets: PointSets, track: IntArray, votes: FloatArray, *,
    states: IntArray, cost: FloatArray, paths: Paths,
) -> Naming:  # fmt: skip
    frame = np.arange(len(states))
    chosen = carry_names(states[frame, paths.best], track)
    margin, other = keypoint_margins(states, paths)
    # What was carried through was no naming's choice: it is worth a look.
    margin = np.where(chosen == states[frame, paths.best], margin, CARRIED)
    padded = np.concatenate([sets.row, np.full((len(sets), 2), -1)], axis=1)
    row = np.where(chosen >= 0, padded[frame[:, None], chosen], -1)
    alternative = np.where(other >= 0, padded[frame[:, None], other], other)
    own = track[frame[:, None], np.maximum(chosen, 0)]
    total = np.maximum(votes.sum(1), 1e-9)
    purity = votes[own, np.arange(chosen.shape[1])] / total[own]
    purity = np.where(chosen >= 0, purity, np.nan)
    return Naming(row, margin, alternative, cost[frame, paths.best], purity)


def _tracklet_votes(share: FloatArray, track: IntArray) -> FloatArray:
    """Votes of each tracklet for each keypoint and, last, for none; shape (T + 1, K + 1)."""
    n_tracks = int(track.max(initial=-1)) + 2
    votes = np.zeros((n_tracks, share.shape[2] + 1))
    there = track >= 0
    none = np.maximum(1 - share.sum(-1), 0)
    np.add.at(votes, track[there], np.concatenate([share, none[..., None]], -1)[there])
    return votes


def _vote_cost(votes: FloatArray, track: IntArray, settings: SolverSettings) -> FloatArray:
    """Cost of each name for each point by its tracklet's votes, shape (F, K, M)."""
    names = votes.shape[1]
    smoothed = votes + settings.vote_prior / names
    probability = smoothed / smoothed.sum(1, keepdims=True)
    cost = -settings.vote * np.log(names * probability)[:, :-1]
    cost[-1] = 0
    by_point: FloatArray = cost[track].transpose(0, 2, 1)
    return by_point


def _neighbours(states: IntArray, best: IntArray, track: IntArray) -> IntArray:
    """Carry over the best namings of the frames before and after by the tracklets."""
    frame = np.arange(len(states))
    chosen = states[frame, best]
    named = np.where(chosen >= 0, track[frame[:, None], np.maximum(chosen, 0)], -1)
    carried = []
    for shift in (-1, 1):
        source = np.clip(frame + shift, 0, len(frame) - 1)
        wanted = named[source]
        match = (wanted[:, :, None] == track[:, None]) & (wanted[:, :, None] >= 0)
        carried.append(np.where(match.any(2), match.argmax(2), -1))
    return np.stack(carried, axis=1)
