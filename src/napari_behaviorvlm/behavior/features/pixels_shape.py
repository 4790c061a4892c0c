"""Shape of an animal's outline in its own frame of reference."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

SLICES = 6
"""Stretches from rear to head in which the outline's width is measured."""

SHAPE_NAMES = (
    "area", "length", "width", "roundness", "lopsided", "curved", "ahead", "behind",
    *(f"width_{i}" for i in range(SLICES)), *(f"aside_{i}" for i in range(SLICES)),
)  # fmt: skip


def shapes(masks: BoolArray, body: float) -> FloatArray:
    """Measure outlines in egocentric crops (head up).

    Parameters
    ----------
    masks : ndarray of bool, shape (n, size, size)
        Where the animal is.
    body : float
        Its usual length, px of the crop.

    Returns
    -------
    ndarray of float32, shape (n, features)
        Columns as `SHAPE_NAMES`, in body lengths (areas in their square); NaN where a mask is
        empty.
    """
    n, size, _ = masks.shape
    filled = masks.astype(np.float32)
    # Forward and to the right of the body's middle, in body lengths.
    step = (np.arange(size, dtype=np.float32) - (size - 1) / 2) / np.float32(body)
    forward, right = -step, step
    by_row, by_column = filled.sum(axis=2), filled.sum(axis=1)
    area = by_row.sum(axis=1)
    safe = np.maximum(area, 1.0)
    along = by_row @ forward / safe
    across = by_column @ right / safe
    spread_along = by_row @ forward**2 / safe - along**2
    spread_across = by_column @ right**2 / safe - across**2
    first = filled @ right  # of every row: sum of places to the right
    shear = (first * forward).sum(axis=1) / safe - along * across
    length, width = (
        4 * np.sqrt(np.maximum(spread_along, 0)),
        4 * np.sqrt(np.maximum(spread_across, 0)),
    )
    third = by_row @ forward**3 / safe - 3 * along * spread_along - along**3
    # Nothing is shorter than a pixel, though the spread of a single row is 0.
    pixel = 1 / body
    spread = np.maximum(spread_along, pixel**2 / 12)
    lopsided = third / spread**1.5
    columns = [
        area / body**2, length, width, width / np.maximum(length, pixel), lopsided,
        shear / spread, *_ends(by_row, forward),
        *_profile(by_row, first, forward, body),
    ]  # fmt: skip
    values = np.stack(columns, axis=1).astype(np.float32)
    values[area < 1] = np.nan
    return values.reshape(n, len(SHAPE_NAMES))


def _ends(by_row: FloatArray, forward: FloatArray) -> list[FloatArray]:
    """How far the outline goes ahead and behind."""
    some = by_row > 0
    ahead = np.where(some, forward, -np.inf).max(axis=1)
    behind = np.where(some, forward, np.inf).min(axis=1)
    return [np.where(np.isfinite(end), end, 0) for end in (ahead, behind)]


def _profile(
    by_row: FloatArray, first: FloatArray, forward: FloatArray, body: float
) -> list[FloatArray]:
    """Width and place of the middle line in stretches from the rear to the head."""
    edges = np.linspace(-0.6, 0.6, SLICES + 1)
    widths, middles = [], []
    for low, high in pairwise(edges):
        inside = (forward >= low) & (forward < high)
        amount = by_row[:, inside].sum(axis=1)
        widths.append(amount / body / max(int(inside.sum()), 1))
        middles.append(first[:, inside].sum(axis=1) / np.maximum(amount, 1.0))
    return [*widths, *middles]
