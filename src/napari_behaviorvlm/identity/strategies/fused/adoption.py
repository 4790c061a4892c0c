"""Keypoints that geometry left hidden, found by words: two words about two views make a point.

A keypoint stays hidden where a chance pair has used one of its dots, or where its point costs more
than hiding it. If a model names free dots of two views the same and their rays meet, that is
evidence that anatomy alone did not have.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.energy import added_cost, support_cost
from napari_behaviorvlm.identity.fusion import FusedPoints, ideal_candidates
from napari_behaviorvlm.identity.solver import Naming
from napari_behaviorvlm.identity.strategies.fused.inquiry import Words
from napari_behaviorvlm.identity.views import solve_points
from napari_behaviorvlm.identity.windows import Recording, Window

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class AdoptionSettings:
    """What makes a point of two words.

    Parameters
    ----------
    pixels : float
        Reprojection residual of the two dots at most.
    joining : float
        Residual up to which free dots of other views join, ideal px.
    most, most_supported : float
        Cost by anatomy at most, in units of log likelihood: that of hiding it, and what two words
        that agree about where are worth. More where three views or more meet: that is no chance,
        and what it costs is a posture that was not seen before.
    """

    pixels: float = 1.2
    joining: float = 2.5
    most: float = 20.0
    most_supported: float = 32.0


@dataclass(frozen=True, eq=False)
class _Found:
    frame: int
    keypoint: int
    xyz: FloatArray
    number: NDArray[np.int16]
    residual: float
    spare: float


def adopt(recording: Recording, window: Window, words: Words, settings: AdoptionSettings) -> Window:
    """Name points of dots that were named the same in two views.

    Parameters
    ----------
    recording : Recording
    window : Window
        As solved.
    words : Words
        All that was said.

    settings : AdoptionSettings

    Returns
    -------
    Window
        With the points found behind the others, and what can be followed from them.
    """
    told = np.intersect1d(words.frame, window.context)
    if not len(told):
        return window
    ideal = ideal_candidates(recording.views, recording.candidates, told)
    found: list[_Found] = []
    for frame, dots in zip(told, ideal, strict=True):
        at = int(np.searchsorted(window.context, frame))
        found += _of_frame(recording, window, words, at, dots, settings)
    if not found:
        return window
    points, naming = window.points, window.naming
    row, margin = naming.row.copy(), naming.margin.copy()
    for offset, one in enumerate(found):
        row[one.frame, one.keypoint] = len(points) + offset
        margin[one.frame, one.keypoint] = one.spare / 4
    fresh = FusedPoints(
        np.array([one.frame for one in found]), np.stack([one.xyz for one in found]),
        np.stack([one.number for one in found]), np.array([one.residual for one in found]),
    )  # fmt: skip
    heard = window.heard.padded(len(points) + len(found))
    heard.frame[len(points) :] = window.context[fresh.frame]
    points = FusedPoints.concatenate([points, fresh], len(recording.views.rig))
    naming = Naming(row, margin, naming.alternative, naming.cost, naming.purity)
    points, naming = recording.recover(window.context, points, naming)
    return replace(window, points=points, naming=naming, heard=heard.padded(len(points)))


def _of_frame(  # noqa: PLR0917
    recording: Recording, window: Window, words: Words, at: int, dots: FloatArray,
    settings: AdoptionSettings,
) -> Iterator[_Found]:  # fmt: skip
    """Points of one frame; ``dots`` (C, N, 2)."""
    row = window.naming.row[at].copy()
    named = window.points.number[row[row >= 0]]
    free = dots.copy()
    member, camera = np.nonzero(named)
    free[camera, named[member, camera] - 1] = np.nan
    pose = window.points.poses(row)
    said = words.frame == window.context[at]
    for keypoint in np.unique(words.keypoint[said]):
        if row[keypoint] >= 0:
            continue
        here = said & (words.keypoint == keypoint)
        pair = _pair(recording, free, words.camera[here], words.number[here], settings)
        if pair is None:
            continue
        xyz, number, residual = pair
        if _outside(recording, xyz):
            continue
        costs = _costs(recording, pose, xyz, int((number > 0).sum()))
        partner = _partner(recording, int(keypoint))
        # A model that exchanges sides does so in all views: its word does not decide the side.
        turned = partner is not None and row[partner] < 0 and costs[partner] < costs[keypoint]
        most = settings.most_supported if (number > 0).sum() > 2 else settings.most
        if costs[keypoint] <= most and not turned:
            row[keypoint] = 0
            pose[keypoint] = xyz
            used = np.flatnonzero(number)
            free[used, number[used] - 1] = np.nan
            yield _Found(at, int(keypoint), xyz, number, residual, float(most - costs[keypoint]))


def _pair(
    recording: Recording, free: FloatArray, camera: IntArray, number: IntArray,
    settings: AdoptionSettings,
) -> tuple[FloatArray, NDArray[np.int16], float] | None:  # fmt: skip
    """Best two named dots whose rays meet, with the free dots of other views that join them."""
    views, n_cameras = recording.views, len(free)
    best = None
    dots = sorted(set(zip(camera.tolist(), number.tolist(), strict=True)))
    for one, two in combinations(dots, 2):
        if one[0] == two[0]:
            continue
        xy = np.full((1, n_cameras, 2), np.nan)
        for c, n in (one, two):
            xy[0, c] = free[c, n - 1]
        used = np.isin(np.arange(n_cameras), (one[0], two[0]))[None]
        if np.isnan(xy[used]).any():
            continue
        xyz = solve_points(views.projection, xy, used)
        off = np.linalg.norm(views.project(xyz)[0] - xy, axis=-1)[used]
        residual = float(np.sqrt((off**2).mean()))
        if residual <= settings.pixels and (best is None or residual < best[0]):
            best = (residual, xyz, xy, used)
    if best is None:
        return None
    _, xyz, xy, used = best
    away = np.linalg.norm(free - views.project(xyz)[0][0][:, None], axis=-1)
    away = np.where(np.isfinite(away), away, np.inf)
    nearest = away.argmin(1)
    joins = used[0] | (away.min(1) <= settings.joining)
    chosen = np.where(joins[:, None], free[np.arange(n_cameras), nearest], np.nan)
    chosen[used[0]] = xy[0, used[0]]
    number_of = np.zeros(n_cameras, np.int16)
    for c in np.flatnonzero(joins):
        number_of[c] = int(np.flatnonzero((free[c] == chosen[c]).all(1))[0]) + 1
    xyz = solve_points(views.projection, chosen[None], joins[None])
    off = np.linalg.norm(views.project(xyz)[0][0] - chosen, axis=-1)[joins]
    return xyz[0], number_of, float(np.sqrt((off**2).mean()))


def _outside(recording: Recording, xyz: FloatArray) -> bool:
    """Whether a place is above or below where the animal ever was: an image in the floor, say."""
    number = np.zeros((1, len(recording.views.rig)), np.int16)
    point = FusedPoints(np.zeros(1, np.int64), xyz[None], number, np.zeros(1))
    return bool((recording.outside_cost(point) > 0).any())


def _costs(recording: Recording, pose: FloatArray, xyz: FloatArray, n_views: int) -> FloatArray:
    """Cost of a point as each keypoint that has none, beside the named ones; shape (K,)."""
    weights, count = recording.settings.solver.energy, len(pose)
    poses, places = np.tile(pose, (count, 1, 1)), np.tile(xyz, (count, 1))
    added = added_cost(poses, np.arange(count), places, recording.learned.anatomy, weights)
    return added + support_cost(np.array([n_views]), weights)


def _partner(recording: Recording, keypoint: int) -> int | None:
    for pair in recording.skeleton.symmetric_indices:
        if keypoint in pair:
            return int(pair[0] if pair[1] == keypoint else pair[1])
    return None
