"""Following one dot of one view through the frames."""

from collections.abc import Iterator

import numpy as np

from napari_behaviorvlm.gui.models.label_cells import FloatArray, Labelled, dots

STILL = 4.0
"""Distance a dot may be off its expected place, px, when nothing moves."""

_PER_SPEED = 1.0
"""How much farther it may be off for each pixel that dots move from frame to frame."""

_CLEARLY = 0.6
"""The nearest dot is only then taken if it is nearer than this part of the second one's distance.
"""

_FARTHEST = 60.0
"""No dot moves farther from one frame to the next, px."""


def follow(  # noqa: PLR0917 - a dot, a direction and how far
    session: Labelled, frame: int, camera: int, number: int, step: int, limit: int
) -> Iterator[tuple[int, int]]:
    """Go with a dot from frame to frame until it is lost or cannot be told from another.

    A dot goes on as the dot nearest to where its motion leads, if that lies within a gate set by
    the speed of the dots around it, is clearly the nearest, and has no other dot that is nearer to
    it from the frame before.

    Parameters
    ----------
    session : Labelled
    frame, camera, number : int
        Where it starts, and the dot.
    step : int
        1 forwards, -1 backwards.
    limit : int
        Frames at most.

    Yields
    ------
    frame, number : int
        Not including the start.
    """
    numbers, positions = dots(session, frame, camera)
    at = int(np.flatnonzero(numbers == number)[0]) if number in numbers else -1
    motion: FloatArray | None = None
    for other in range(frame + step, frame + step * (limit + 1), step):
        if at < 0 or not 0 <= other < len(session.labels.frames):
            return
        new_numbers, new = dots(session, other, camera)
        here = positions[at]
        at = _next(positions, at, motion, new)
        if at >= 0:
            yield other, int(new_numbers[at])
            motion = new[at] - here
        positions = new


def _next(old: FloatArray, at: int, motion: FloatArray | None, new: FloatArray) -> int:
    """Place among the new dots of the one that goes on from ``old[at]``, -1 for none."""
    if not len(new):
        return -1
    common, speed = _common_motion(old, new)
    expected = old + common
    if motion is not None:
        expected[at] = old[at] + motion
    distance = np.linalg.norm(new - expected[at], axis=1)
    order = np.argsort(distance)
    best = int(order[0])
    gate = min(STILL + _PER_SPEED * speed, _FARTHEST)
    if distance[best] > gate:
        return -1
    if len(order) > 1 and distance[best] > _CLEARLY * distance[order[1]]:
        return -1
    back = np.linalg.norm(expected - new[best], axis=1)
    return best if int(np.argmin(back)) == at else -1


def _common_motion(old: FloatArray, new: FloatArray) -> tuple[FloatArray, float]:
    """Motion that most dots share, and how fast dots move, px a frame."""
    between = np.linalg.norm(new[None] - old[:, None], axis=-1)
    there = between.argmin(axis=1)
    mutual = between.argmin(axis=0)[there] == np.arange(len(old))
    steps = (new[there] - old)[mutual]
    lengths: FloatArray = np.linalg.norm(steps, axis=1)
    steps = steps[lengths <= _FARTHEST]
    if not len(steps):
        return np.zeros(2), 0.0
    common: FloatArray = np.median(steps, axis=0)
    return common, float(np.median(np.linalg.norm(steps, axis=1)))
