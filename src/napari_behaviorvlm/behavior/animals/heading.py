"""Which end of an animal is its head, so that it never flips from frame to frame."""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.measuring import COLUMNS
from napari_behaviorvlm.behavior.features.motion import smooth

FloatArray = NDArray[np.float64]

_PRIOR = np.array([-2.5, 0.8, -0.5, 0.0])
"""Weight of tail, skewness, width and brightness where nothing is learned: the tail is behind, the
head is the narrow end."""
_PRIOR_SPREAD = np.array([1.0, 1.0, 1.0, 1.0])
_FAST = 1.0
"""Body lengths per second from which an animal surely goes ahead."""
_SLOW = 0.3
"""Body lengths per second below which movement tells nothing: animals step back slowly."""
_PER_FRAME = 0.35
"""Weight of a frame's evidence: neighbouring frames look alike and err alike."""
_HEAP_LOOKS, _HEAP_MOVES = 0.05, 0.8
"""What looks and movement are worth while an animal touches another."""
_HEAP_STIFFNESS = 0.5
"""Share of the cost of turning round there: the outline may be one that was taken for another."""
_STIFFNESS = 12.0
"""Cost of turning round within a frame."""


def headings(table: FloatArray, fps: float, length: float) -> FloatArray:
    """Tell the head's direction of all animals.

    A dynamic programme (Viterbi 1967) over the two directions of every frame's axis: where the
    tail is, the shape and the movement speak for a direction, turning round within a frame against
    it. How much shape and brightness say is learned from the recording itself: animals that move
    fast go ahead.

    Parameters
    ----------
    table : ndarray, shape (frames, animals, columns)
        See `measuring.COLUMNS`; NaN where an animal is not seen.
    fps : float
        Frames per second.
    length : float
        Of a body, working px.

    Returns
    -------
    ndarray, shape (frames, animals)
        1 where the head is ahead on the axis, -1 where it is behind; NaN where not seen.
    """
    speed = _ahead(table, fps, length)
    weights = _learned(table, speed)
    signs = np.full(table.shape[:2], np.nan)
    for animal in range(table.shape[1]):
        rows = np.flatnonzero(np.isfinite(table[:, animal, 0]))
        if len(rows):
            seen = table[rows, animal]
            evidence = _evidence(seen, speed[rows, animal], weights)
            signs[rows, animal] = _best_path(seen, evidence, np.diff(rows))
    return signs


def _column(table: FloatArray, name: str) -> FloatArray:
    return np.asarray(table[..., COLUMNS.index(name)])


def _axis(table: FloatArray) -> FloatArray:
    return np.stack([_column(table, "along_x"), _column(table, "along_y")], axis=-1)


def _signs(table: FloatArray) -> FloatArray:
    first = COLUMNS.index("tail")
    return np.asarray(table[..., first : first + 4])


def _ahead(table: FloatArray, fps: float, length: float) -> FloatArray:
    """Speed along the axis in body lengths per second."""
    place = smooth(table[..., :2], max(1.0, 0.04 * fps))
    step = np.full_like(place, np.nan)
    step[1:-1] = (place[2:] - place[:-2]) / 2
    speed = (step * _axis(table)).sum(axis=-1) * fps / length
    return np.where(np.isfinite(speed), speed, 0.0)


def _learned(table: FloatArray, speed: FloatArray) -> FloatArray:
    """Weights of the four signs by logistic regression towards the prior on fast frames."""
    alone = (np.abs(speed) > _FAST) & (_column(table, "touching") == 0)
    x = _signs(table)[alone] * np.sign(speed[alone])[:, None]
    # Frames in a row are one observation, not thirty.
    share = 0.1
    weights = _PRIOR.copy()
    for _ in range(20 if len(x) else 0):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = share * x.T @ (1 - chance) - (weights - _PRIOR) / _PRIOR_SPREAD**2
        bend = share * (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(_PRIOR_SPREAD**-2.0)
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def _evidence(seen: FloatArray, speed: FloatArray, weights: FloatArray) -> FloatArray:
    """Half the log odds that the head is ahead, shape (frames,)."""
    looks = np.clip(_signs(seen) @ weights, -3, 3)
    moves = np.sign(speed) * np.clip(np.abs(speed) - _SLOW, 0, 2)
    touching = _column(seen, "touching") > 0
    # In a heap, whose tail it is that shows beside a head is a guess that stays wrong for long.
    looks = np.where(touching, _HEAP_LOOKS, 1.0) * looks
    moves = np.where(touching, _HEAP_MOVES, 1.0) * moves
    return np.asarray(_PER_FRAME * (looks + 1.5 * moves) / 2)


def roundness(seen: FloatArray) -> FloatArray:
    """How much an outline has a direction, 0.05 (a disc) to 1."""
    ratio = _column(seen, "spread_along") / _column(seen, "spread_across")
    return np.asarray(np.clip((ratio - 1.1) / 0.4, 0.05, 1.0))


def _best_path(seen: FloatArray, evidence: FloatArray, gaps: NDArray[np.int64]) -> FloatArray:
    axis = _axis(seen)
    together = (axis[1:] * axis[:-1]).sum(axis=1)
    firm = roundness(seen)
    heap = _column(seen, "touching") > 0
    stiff = _STIFFNESS * np.minimum(firm[1:], firm[:-1]) / np.sqrt(gaps)
    stiff[heap[1:] | heap[:-1]] *= _HEAP_STIFFNESS
    keep, turn = stiff * (1 - together), stiff * (1 + together)
    ahead, behind = -evidence[0], evidence[0]
    came = np.zeros((len(seen), 2), np.int8)
    for row in range(1, len(seen)):
        stay, change, point = keep[row - 1], turn[row - 1], evidence[row]
        to_ahead = (ahead + stay, behind + change)
        to_behind = (ahead + change, behind + stay)
        came[row] = to_ahead[1] < to_ahead[0], to_behind[1] < to_behind[0]
        ahead, behind = min(to_ahead) - point, min(to_behind) + point
        if row % 1024 == 0:
            ahead, behind = ahead - min(ahead, behind), behind - min(ahead, behind)
    state = int(behind < ahead)
    path = np.empty(len(seen))
    for row in range(len(seen) - 1, -1, -1):
        path[row] = 1 - 2 * state
        state = int(came[row, state])
    return path
