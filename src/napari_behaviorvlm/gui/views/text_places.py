"""Where writing goes so that it covers neither dots nor other writing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_ANGLES = np.deg2rad([-40, 40, -140, 140, 0, 180, -90, 90])
_GAPS = (0.0, 11.0, 24.0)
_PASSES = 5
_DOT = 5.0
_MOVED = 0.15
"""Cost of one ring further out: less than half covering something."""


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
    anchors: FloatArray, sizes: FloatArray, radii: FloatArray, obstacles: FloatArray
) -> TextPlaces:
    """Place words around their anchors, each beside those before it.

    Every word takes the place among 24 around its anchor that covers least: obstacles, and words
    that come before it in the list. Done for all words at once, a few times over, until each has
    taken notice of those before it.

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
    count = len(anchors)
    if not count:
        return TextPlaces(np.zeros((0, 2)), np.zeros(0, np.bool_), np.zeros((0, 2, 2)))
    shifts, ring = _choices(sizes, radii)
    middle, half = anchors[:, None] + shifts, sizes / 2
    fixed = _MOVED * ring + 0.01 * np.arange(len(_ANGLES) * len(_GAPS)) / 24
    fixed = fixed + _covered_dots(middle, half, obstacles)
    before = np.tri(count, k=-1, dtype=np.bool_)
    chosen = fixed.argmin(axis=1)
    for _ in range(_PASSES):
        taken = middle[np.arange(count), chosen]
        cost = fixed + _covered_words(middle, half, taken, before)
        following = cost.argmin(axis=1)
        if (following == chosen).all():
            break
        chosen = following
    shift = shifts[np.arange(count), chosen]
    return TextPlaces(shift, ring[chosen] > 0, _leader(shift, half, radii))


def _choices(sizes: FloatArray, radii: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Middles relative to the anchor, shape (n, 24, 2), and how many rings out, shape (24,)."""
    toward = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
    ring = np.repeat(np.arange(len(_GAPS)), len(_ANGLES)).astype(np.float64)
    toward = np.tile(toward, (len(_GAPS), 1))
    away = radii[:, None] + np.array(_GAPS)[ring.astype(np.intp)]
    # The word begins where its side meets the circle, so add half its size in that direction.
    lean = np.clip(toward / 0.77, -1, 1)
    shifts: FloatArray = away[..., None] * toward + lean * sizes[:, None] / 2 * 0.92
    return shifts, ring


def _covered_dots(middle: FloatArray, half: FloatArray, dots: FloatArray) -> FloatArray:
    if not len(dots):
        return np.zeros(middle.shape[:2])
    away = np.abs(middle[:, :, None] - dots)
    reach = half[:, None, None] + _DOT
    covered: FloatArray = (away < reach).all(axis=-1).sum(axis=2) * 0.6
    return covered


def _covered_words(
    middle: FloatArray, half: FloatArray, taken: FloatArray, before: NDArray[np.bool_]
) -> FloatArray:
    reach = (half[:, None] + half)[:, None]
    over = np.clip(reach - np.abs(middle[:, :, None] - taken), 0, None)
    area = 4 * half.prod(axis=1)
    share = over.prod(axis=-1) / np.minimum(area[:, None], area)[:, None]
    cost: FloatArray = ((over.min(axis=-1) > 0.5) * (0.5 + 2 * share) * before[:, None]).sum(axis=2)
    return cost


def _leader(shift: FloatArray, half: FloatArray, radii: FloatArray) -> FloatArray:
    """From the anchor's circle to the nearest point of the word."""
    nearest = np.sign(shift) * np.clip(np.abs(shift) - 0.7 * half, 0, None)
    length = np.maximum(np.linalg.norm(shift, axis=1, keepdims=True), 1e-9)
    return np.stack([shift / length * (radii[:, None] - 2), nearest], axis=1)
