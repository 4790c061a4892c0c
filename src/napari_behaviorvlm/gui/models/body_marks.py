"""What is drawn over the video of animals that are followed: where they are and what they do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.body_tracks import BodyTracks

FloatArray = NDArray[np.float64]

TRAIL_SECONDS = 1.0
"""Of the way that an animal has come, drawn behind it."""

_TRAIL_POINTS = 12
_ARROW = 0.35
_CORNERS = 28


@dataclass(frozen=True)
class BodyMarks:
    """Marks of one animal in one frame, in pixels of the frame.

    Parameters
    ----------
    animal : int
    centre : ndarray, shape (2,)
    lines : ndarray, shape (n, 2, 2)
        Body axis with an arrow at the head; empty where head and rear are not known.
    outline : ndarray, shape (n, 2, 2)
        Ellipse around the body, broken where place and shape are a guess.
    trail : ndarray, shape (n, 2, 2)
        The way it came.
    radius : float
        About half the body's length.
    touching : bool
        Place and shape are a guess.
    """

    animal: int
    centre: FloatArray
    lines: FloatArray
    outline: FloatArray
    trail: FloatArray
    radius: float
    touching: bool


def body_marks(bodies: BodyTracks, frame: int) -> list[BodyMarks]:
    """Make the marks of all animals of a frame; every frame costs the same."""
    row = frame - bodies.first_frame
    if not 0 <= row < len(bodies):
        return []
    found = []
    for animal in range(len(bodies.animals)):
        centre = bodies.centre[row, animal]
        if not np.isfinite(centre).all():
            continue
        head, rear = bodies.head[row, animal], bodies.rear[row, animal]
        length = float(np.linalg.norm(head - rear))
        radius = length / 2 if np.isfinite(length) else 10.0
        found.append(BodyMarks(
            animal, centre, _arrow(head, rear), _outline(bodies, row, animal),
            _trail(bodies, row, animal), radius, bool(bodies.touching[row, animal]),
        ))  # fmt: skip
    return found


def _arrow(head: FloatArray, rear: FloatArray) -> FloatArray:
    """Line from rear to head with two short ones that make it an arrow."""
    ahead = head - rear
    if not np.isfinite(ahead).all() or not ahead.any():
        return np.zeros((0, 2, 2))
    back, aside = -_ARROW * ahead, _ARROW * 0.6 * np.array([-ahead[1], ahead[0]])
    return np.array([[rear, head], [head + back + aside, head], [head + back - aside, head]])


def _outline(bodies: BodyTracks, row: int, animal: int) -> FloatArray:
    """Ellipse a little larger than the body."""
    head, rear = bodies.head[row, animal], bodies.rear[row, animal]
    ahead, width = (head - rear) / 2, float(bodies.width[row, animal])
    length = float(np.linalg.norm(ahead))
    if not (np.isfinite(length) and np.isfinite(width)) or length == 0 or width <= 0:
        return np.zeros((0, 2, 2))
    aside = np.array([-ahead[1], ahead[0]]) / length * width / 2
    turn = np.linspace(0, 2 * np.pi, _CORNERS + 1)[:, None]
    way = (head + rear) / 2 + 1.15 * (np.cos(turn) * ahead + np.sin(turn) * aside)
    lines = np.stack([way[:-1], way[1:]], axis=1)
    return lines[::2] if bodies.touching[row, animal] else lines


def _trail(bodies: BodyTracks, row: int, animal: int) -> FloatArray:
    frames = round(TRAIL_SECONDS * bodies.fps)
    step = max(frames // _TRAIL_POINTS, 1)
    rows = np.arange(row, max(row - frames, -1), -step)[::-1]
    way = bodies.centre[rows, animal]
    ends = np.stack([way[:-1], way[1:]], axis=1)
    return np.asarray(ends[np.isfinite(ends).all(axis=(1, 2))])


def nearest_animal(
    marks: list[BodyMarks], xy: tuple[float, float], slack: float
) -> int | None:  # fmt: skip
    """Animal that a place belongs to, None if none is that near (pixels of the frame)."""
    away = [
        (float(np.linalg.norm(mark.centre - xy)), mark.animal)
        for mark in marks
        if np.linalg.norm(mark.centre - xy) <= mark.radius + slack
    ]
    return min(away)[1] if away else None
