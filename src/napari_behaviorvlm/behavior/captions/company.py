"""How animals stand and move towards each other, frame by frame."""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.captions.recorded import Recorded

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FOLLOWING_REACH = 4.0
"""Body lengths between two animals of which one follows the other."""
FOLLOWING_PACE = 0.7
"""Body lengths per second that both have at least."""
TRAIL_SECONDS = 1.2
"""How far back the way of the one in front is looked at."""
ON_THE_TRAIL = 0.5
"""Body lengths from that way within which the one behind is on it."""
TOUCHING_GAP = 1.15
"""Bodies touch where their axes are nearer than so many mean widths."""


def follows(recorded: Recorded, rows: slice, animal: int, other: int) -> BoolArray:
    """Where an animal moves behind another: straight for it, or on the way that it came.

    Returns
    -------
    ndarray of bool, shape (frames,)
    """
    centre, heading = recorded.situation.centre[rows], recorded.situation.heading[rows]
    way = (centre[:, other] - centre[:, animal]) / recorded.length
    distance = np.linalg.norm(way, axis=-1)
    way = way / np.maximum(distance, 1e-9)[:, None]
    own, others = recorded.velocity[rows, animal], recorded.velocity[rows, other]
    with np.errstate(invalid="ignore"):
        pace = np.minimum(np.linalg.norm(own, axis=-1), np.linalg.norm(others, axis=-1))
        both = (pace > FOLLOWING_PACE) & (distance < FOLLOWING_REACH)
        ahead = (heading[:, animal] * way).sum(axis=-1)
        fleeing = (heading[:, other] * way).sum(axis=-1) > 0.2
        straight = (ahead > 0.5) & fleeing & ((own * others).sum(axis=-1) > 0)
        trailing = (ahead > -0.2) & on_trail(recorded, rows, animal, other)
    return np.asarray(both & (straight | trailing))


def on_trail(recorded: Recorded, rows: slice, animal: int, other: int) -> BoolArray:
    """Where an animal is where the other was some tenths of a second before, and is no more."""
    fps, centre = recorded.situation.fps, recorded.situation.centre / recorded.length
    here = centre[rows, animal]
    found = np.zeros(len(here), bool)
    for lag in np.unique(np.round(np.arange(0.2, TRAIL_SECONDS + 1e-9, 0.1) * fps).astype(int)):
        start = rows.start - lag
        past = centre[max(start, 0) : max(rows.stop - lag, 0), other]
        past = np.concatenate([np.full((len(here) - len(past), 2), np.nan), past])
        with np.errstate(invalid="ignore"):
            near = np.linalg.norm(here - past, axis=-1) < ON_THE_TRAIL
            left = np.linalg.norm(centre[rows, other] - past, axis=-1) > 2 * ON_THE_TRAIL
        found |= near & left
    return found


def touches(recorded: Recorded, rows: slice, animal: int, other: int) -> BoolArray:
    """Where two bodies touch, shape (frames,)."""
    gap = axis_gap(recorded.ends[rows, animal], recorded.ends[rows, other])
    width = (recorded.width[rows, animal] + recorded.width[rows, other]) / 2
    centre = recorded.situation.centre[rows]
    distance = np.linalg.norm(centre[:, animal] - centre[:, other], axis=-1) / recorded.length
    shared = recorded.touching[rows, animal] & recorded.touching[rows, other]
    with np.errstate(invalid="ignore"):
        return np.asarray((gap < TOUCHING_GAP * width) | (shared & (distance < 1.5)))


def axis_gap(one: FloatArray, other: FloatArray) -> FloatArray:
    """Least distance between two bodies' axes, shape (frames,); ends are (frames, 2, 2)."""
    gaps = [
        _to_segment(point, axis)
        for ends, axis in ((one, other), (other, one)) for point in (ends[:, 0], ends[:, 1])
    ]  # fmt: skip
    least = np.fmin.reduce(gaps)
    return np.asarray(np.where(_cross(one, other), 0.0, least))


def _to_segment(point: FloatArray, axis: FloatArray) -> FloatArray:
    along = axis[:, 1] - axis[:, 0]
    size = np.maximum((along**2).sum(axis=-1), 1e-12)
    share = np.clip(((point - axis[:, 0]) * along).sum(axis=-1) / size, 0, 1)
    return np.asarray(np.linalg.norm(point - axis[:, 0] - share[:, None] * along, axis=-1))


def _cross(one: FloatArray, other: FloatArray) -> BoolArray:
    def side(axis: FloatArray, point: FloatArray) -> FloatArray:
        along, off = axis[:, 1] - axis[:, 0], point - axis[:, 0]
        return np.asarray(np.sign(along[:, 0] * off[:, 1] - along[:, 1] * off[:, 0]))

    parted = [side(axis, ends[:, 0]) * side(axis, ends[:, 1]) < 0
              for axis, ends in ((one, other), (other, one))]  # fmt: skip
    return np.asarray(parted[0] & parted[1])
