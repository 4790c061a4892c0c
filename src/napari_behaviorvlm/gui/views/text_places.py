"""Where writing goes so that it covers neither dots nor other writing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

_ANGLES = np.deg2rad([-40, 40, -140, 140, 0, 180, -90, 90])
_AROUND = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1).astype(np.float32)
# Where the middle of a word lies relative to the point at which it begins, in half sizes.
_LEAN = np.clip(_AROUND / 0.77, -1, 1) * np.float32(0.92)
_GAPS = (0.0, 11.0, 24.0)
_PASSES = 6
_DOT = 5.0
_OVERLAP = 1.0
"""Words may touch by this many screen pixels."""

_MOVED = 0.35
"""Cost of one ring further out; covering something costs 1."""


@dataclass(frozen=True, eq=False)
class TextPlaces:
    """Where words were placed.

    Parameters
    ----------
    shift : ndarray, shape (n, 2)
        Middle of each word relative to its anchor, screen pixels.
    leaders : ndarray of bool, shape (n,)
        Words so far off that a line should lead to them.
    leader_ends : ndarray, shape (n, 2, 2)
        Ends of that line relative to the anchor.
    """

    shift: FloatArray
    leaders: NDArray[np.bool_]
    leader_ends: FloatArray


def place_texts(
    anchors: NDArray[np.float64],
    sizes: NDArray[np.float32],
    radii: NDArray[np.float64],
    obstacles: NDArray[np.float64],
) -> TextPlaces:
    """Place words around their anchors, each beside those before it.

    Every word takes the place around its anchor that covers least: dots, and words that come
    before it in the list. Most find one beside their dot; only for the others places further out
    are tried. All words are placed at once, a few times over, until each has taken notice of those
    before it.

    Parameters
    ----------
    anchors : ndarray, shape (n, 2)
        Screen pixels.
    sizes : ndarray, shape (n, 2)
        Width and height of the words.
    radii : ndarray, shape (n,)
        Distance from the anchor that must stay free.
    obstacles : ndarray, shape (m, 2)
        Dots that should not be covered.
    """
    words = _Words(anchors, sizes, radii, obstacles)
    everything = np.arange(len(anchors))
    words.settle(everything, _GAPS[:1])
    crowded = everything[words.cost >= 1]
    if len(crowded):
        words.settle(crowded, _GAPS)
    return TextPlaces(words.shift, words.ring > 0, words.leader_ends())


class _Words:
    """Words on their way to their places."""

    def __init__(self, anchors, sizes, radii, obstacles) -> None:  # type: ignore[no-untyped-def]
        self._anchors = np.asarray(anchors, np.float32)
        self._half = np.asarray(sizes, np.float32) / 2
        self._radii = np.asarray(radii, np.float32)
        self._dots = np.asarray(obstacles, np.float32).reshape(-1, 2)
        count = len(self._anchors)
        self.shift = np.zeros((count, 2), np.float32)
        self.ring = np.zeros(count, np.intp)
        self.cost = np.zeros(count, np.float32)

    def settle(self, rows: NDArray[np.intp], gaps: tuple[float, ...]) -> None:
        """Let some words look for a better place."""
        ring = np.repeat(np.arange(len(gaps)), len(_AROUND))
        around, lean = np.tile(_AROUND, (len(gaps), 1)), np.tile(_LEAN, (len(gaps), 1))
        away = self._radii[rows, None] + np.array(gaps, np.float32)[ring]
        shifts = away[..., None] * around + lean * self._half[rows, None]
        middle = self._anchors[rows, None] + shifts
        fixed = _MOVED * ring + 0.01 * np.arange(len(ring), dtype=np.float32)
        fixed = fixed + _covered(middle, self._half[rows], self._dots, np.float32(_DOT))
        before = np.arange(len(self._anchors)) < rows[:, None]
        at, chosen = np.arange(len(rows)), fixed.argmin(axis=1)
        for _ in range(_PASSES):
            self.shift[rows] = shifts[at, chosen]
            taken = self._anchors + self.shift
            covered = _covered(middle, self._half[rows], taken, self._half - _OVERLAP, before)
            cost = fixed + covered
            following = cost.argmin(axis=1)
            if (following == chosen).all():
                break
            chosen = following
        self.shift[rows], self.ring[rows] = shifts[at, chosen], ring[chosen]
        self.cost[rows] = cost[at, chosen]

    def leader_ends(self) -> FloatArray:
        """From each anchor's circle to the nearest point of the word."""
        nearest = np.sign(self.shift) * np.clip(np.abs(self.shift) - 0.7 * self._half, 0, None)
        length = np.maximum(np.linalg.norm(self.shift, axis=1, keepdims=True), 1e-9)
        return np.stack([self.shift / length * (self._radii[:, None] - 2), nearest], axis=1)


def _covered(
    middle: FloatArray, half: FloatArray, others: FloatArray, reach: NDArray[np.float32],
    counts: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:  # fmt: skip
    """Count what each word would cover at each place, shape (n, places)."""
    over = np.ones((*middle.shape[:2], len(others)), np.bool_)
    for axis in range(2):
        wide = half[:, axis, None] + (reach[:, axis] if np.ndim(reach) else reach)
        away = middle[..., axis, None] - others[:, axis]
        over &= np.abs(away, out=away) < wide[:, None]
    if counts is not None:
        over &= counts[:, None]
    number: NDArray[np.float32] = np.count_nonzero(over, axis=2).astype(np.float32)
    return number
