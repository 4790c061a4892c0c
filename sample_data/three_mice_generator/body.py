"""The outline of a mouse from above: spine, width, head, ears, tail."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

KEYPOINTS = ("nose", "ear_L", "ear_R", "neck", "centre", "tail_base", "tail_tip")

STATIONS = np.linspace(0.0, 1.0, 41)
"""From the tail base (0) to the nose (1)."""

_WIDTH_AT = np.array([0.0, 0.06, 0.2, 0.38, 0.55, 0.68, 0.76, 0.84, 0.93, 0.98, 1.0])
_WIDTH = np.array([0.05, 0.11, 0.185, 0.205, 0.17, 0.125, 0.118, 0.105, 0.055, 0.03, 0.012])
"""Half the body's width along the spine, body lengths."""

NECK, EARS, CENTRE = 0.70, 0.765, 0.42
TAIL_LINKS, TAIL_LENGTH = 14, 0.85


@dataclass(frozen=True)
class Body:
    """A posed mouse, in px.

    Parameters
    ----------
    spine : ndarray, shape (stations, 2)
    half : ndarray, shape (stations,)
        Half the width at each station.
    ears : ndarray, shape (2, 2)
        Left, right.
    tail : ndarray, shape (links, 2)
        From the body on.
    lift : float
        0..1 how far the front is off the floor.
    """

    spine: FloatArray
    half: FloatArray
    ears: FloatArray
    tail: FloatArray
    lift: float

    @property
    def keypoints(self) -> FloatArray:
        """Pixels of `KEYPOINTS`, shape (7, 2)."""

        def at(share: float) -> FloatArray:
            return np.array([np.interp(share, STATIONS, self.spine[:, axis]) for axis in (0, 1)])

        return np.array([at(1.0), *self.ears, at(NECK), at(CENTRE), at(0.0), self.tail[-1]])


class Tail:
    """Drags behind the body: each link follows the one before it."""

    def __init__(self, base: FloatArray, back: FloatArray, px: float) -> None:
        self._step = TAIL_LENGTH * px / TAIL_LINKS
        self.links = base + np.outer(np.arange(TAIL_LINKS + 1) * self._step, back)

    def drag(self, base: FloatArray, back: FloatArray) -> FloatArray:
        """Move on with the body; returns the links, the body's first."""
        links = self.links
        links[0] = base
        links[1] = base + self._step * (0.75 * back + 0.25 * _unit(links[1] - base))
        for at in range(1, len(links)):
            links[at] = links[at - 1] + self._step * _unit(links[at] - links[at - 1])
        return links.copy()


class Poser:
    """Turns poses of one mouse into bodies, frame by frame.

    Parameters
    ----------
    px : float
        Pixels per body length.
    corner : ndarray, shape (2,)
        Where the floor begins, px.
    """

    def __init__(self, px: float, corner: FloatArray) -> None:
        self._px, self._corner = px, corner
        self._tail: Tail | None = None
        self._gait: deque[float] = deque(maxlen=3)

    def pose(
        self, place: FloatArray, angle: float, length: float, bend: float, nod: float, lift: float
    ) -> Body:  # fmt: skip
        """Pose the body; arguments as in `behaving.Behaving`, of one frame."""
        share = STATIONS - CENTRE
        curve = bend * share + nod * np.clip((STATIONS - NECK) / (1 - NECK), 0, 1)
        steps = np.diff(STATIONS) * length * self._px
        way = angle + 0.5 * (curve[1:] + curve[:-1])
        moves = np.stack([np.cos(way), np.sin(way)], axis=1) * steps[:, None]
        spine = np.vstack([[0.0, 0.0], np.cumsum(moves, axis=0)])
        middle = np.array([np.interp(CENTRE, STATIONS, spine[:, axis]) for axis in (0, 1)])
        spine += self._corner + place * self._px - middle
        # A shorter body is a rounder one.
        half = np.interp(STATIONS, _WIDTH_AT, _WIDTH) * self._px * (1 + 0.35 * (1 - min(length, 1)))
        base, back = spine[0], _unit(spine[0] - spine[2])
        if self._tail is None:
            self._tail = Tail(base, back, self._px)
        tail = self._tail.drag(base, back)
        return Body(spine, half, self._ears(spine), tail, lift)

    def _ears(self, spine: FloatArray) -> FloatArray:
        at = round(EARS * (len(STATIONS) - 1))
        along = _unit(spine[at + 1] - spine[at - 1])
        # y points down: the left side lies at (along.y, -along.x).
        side = np.array([along[1], -along[0]]) * 0.098 * self._px
        return np.array([spine[at] + side, spine[at] - side])


def _unit(vector: FloatArray) -> FloatArray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
