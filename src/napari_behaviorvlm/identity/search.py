"""Search for the best namings of single frames: beam search, mirrored variants, full cost.

Keypoints are named one after the other, those that hang most firmly together first, keeping the
best partial namings; all frames of a batch go in step. Distances alone cannot tell a naming from
its mirror image, so the mirrored variants of what survives are added before the full cost decides.
"""

from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.anatomy import Anatomy
from napari_behaviorvlm.identity.energy import (
    EnergySettings,
    FloatArray,
    IntArray,
    PointSets,
    energy,
    pair_costs,
)


@dataclass(frozen=True)
class SearchSettings:
    """Effort of the search.

    Parameters
    ----------
    width : int
        Partial namings kept.
    survivors : int
        Complete namings of the beam for which the full cost is computed.
    mirrored : int
        Those of them, the best by distances, whose mirrored variants are considered.
    keep : int
        Namings returned for each frame.
    batch : int
        Frames searched at once (bounds the memory).
    """

    width: int = 128
    survivors: int = 24
    mirrored: int = 12
    keep: int = 24
    batch: int = 32


def naming_order(anatomy: Anatomy) -> IntArray:
    """Keypoints in the order in which they are named: firmest ties to those before it first."""
    stiffness = anatomy.distance_sd.copy()
    stiffness[~np.isfinite(anatomy.distance)] = 10 * anatomy.scale
    np.fill_diagonal(stiffness, np.inf)
    first, second = np.unravel_index(int(stiffness.argmin()), stiffness.shape)
    order = [int(first), int(second)]
    while len(order) < len(anatomy):
        ties = np.sort(stiffness[:, order], axis=1)[:, :3].mean(1)
        ties[order] = np.inf
        order.append(int(ties.argmin()))
    return np.array(order[: len(anatomy)])


def search(
    points: PointSets, skeleton: Skeleton, anatomy: Anatomy, settings: SearchSettings,
    *, weights: EnergySettings, hints: IntArray | None = None,
) -> tuple[IntArray, FloatArray]:  # fmt: skip
    """Best namings of every frame on its own.

    Parameters
    ----------
    points : PointSets
        Of F frames.
    skeleton : Skeleton
    anatomy : Anatomy
    settings : SearchSettings
    weights : EnergySettings
    hints : ndarray of int64, shape (F, H, K), optional
        Namings to consider as well, -1 = hidden.

    Returns
    -------
    states : ndarray of int64, shape (F, keep, K)
        Position of each keypoint's point, -1 for hidden; distinct, best first.
    cost : ndarray, shape (F, keep)
        Inf where a frame has fewer namings.
    """
    states, costs = [], []
    for start in range(0, len(points), settings.batch):
        part = slice(start, start + settings.batch)
        some = points.select(part)
        found = _beam(some, anatomy, settings, weights)
        found = np.concatenate([found, *_mirrored(found[:, : settings.mirrored], skeleton)], axis=1)
        if hints is not None:
            found = np.concatenate([found, hints[part]], axis=1)
        kept = keep_best(found, energy(some, found, anatomy, weights), settings.keep)
        states.append(kept[0])
        costs.append(kept[1])
    return np.concatenate(states), np.concatenate(costs)


def _beam(
    points: PointSets, anatomy: Anatomy, settings: SearchSettings, weights: EnergySettings
) -> IntArray:
    n_frames, most = points.xyz.shape[:2]
    count = len(anatomy)
    pairs = pair_costs(points.xyz, anatomy, weights)
    unary = np.full((n_frames, count, most + 1), weights.hidden, np.float32)
    unary[:, :, :-1] = np.where(np.isfinite(points.xyz[:, None, :, 0]), points.unary, np.inf)
    frame = np.arange(n_frames)[:, None]
    # "Hidden" is point ``most`` here, so that it indexes the last row of the pair costs.
    states = np.full((n_frames, 1, count), most)
    cost = np.zeros((n_frames, 1), np.float32)
    done: list[int] = []
    for keypoint in naming_order(anatomy):
        options = cost[:, :, None] + unary[:, None, keypoint]
        for other in done:
            options = options + pairs[keypoint, other][frame, :, states[:, :, other]]
            _forbid(options, states[:, :, other], most)
        flat = options.reshape(n_frames, -1)
        width = min(settings.width, flat.shape[1])
        if len(done) == count - 1:
            width = min(settings.survivors, width)
        best = np.argpartition(flat, width - 1, axis=1)[:, :width]
        cost = np.take_along_axis(flat, best, 1)
        states = states[frame, best // (most + 1)].copy()
        states[:, :, keypoint] = best % (most + 1)
        done.append(int(keypoint))
    states = states[frame, np.argsort(cost, axis=1, kind="stable")]
    states[~np.isfinite(np.sort(cost, axis=1))] = most
    return np.where(states == most, -1, states)


def _forbid(options: FloatArray, taken: IntArray, hidden: int) -> None:
    """Make points that a naming already uses impossible; "hidden" may be used again."""
    frame, row = np.nonzero(taken != hidden)
    options[frame, row, taken[frame, row]] = np.inf


def _mirrored(states: IntArray, skeleton: Skeleton) -> list[IntArray]:
    """Namings with one symmetric pair exchanged, and with all of them exchanged."""
    pairs = skeleton.symmetric_indices
    if not pairs:
        return []
    variants = []
    everything = states.copy()
    for left, right in pairs:
        single = states.copy()
        single[..., [left, right]] = states[..., [right, left]]
        everything[..., [left, right]] = states[..., [right, left]]
        variants.append(single)
    return [*variants, everything] if len(pairs) > 1 else variants


def keep_best(states: IntArray, cost: FloatArray, keep: int) -> tuple[IntArray, FloatArray]:
    """Distinct namings of each frame in ascending order of cost, at most ``keep``.

    Parameters
    ----------
    states : ndarray of int64, shape (F, B, K)
    cost : ndarray, shape (F, B)
    keep : int

    Returns
    -------
    states : ndarray of int64, shape (F, keep, K)
    cost : ndarray, shape (F, keep)
    """
    powers = np.random.default_rng(0).integers(1, 2**62, states.shape[2], dtype=np.uint64) | 1
    key = ((states + 1).astype(np.uint64) * powers).sum(-1)
    order = np.lexsort((cost, key), axis=-1)
    frame = np.arange(len(states))[:, None]
    in_order = key[frame, order]
    repeated = np.zeros(key.shape, bool)
    repeated[:, 1:] = in_order[:, 1:] == in_order[:, :-1]
    cost = cost.copy()
    cost[frame, order] = np.where(repeated, np.inf, cost[frame, order])
    best = np.argsort(cost, axis=1, kind="stable")[:, :keep]
    return states[frame, best], cost[frame, best]
