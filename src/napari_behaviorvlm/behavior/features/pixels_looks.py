"""What an animal looks like in its crop: a coarse picture, or gradients."""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Picture = NDArray[np.uint8]

Looks = Literal["coarse", "gradients"]

COARSE = 10
"""Side of the coarse picture, px."""
CELLS, ORIENTATIONS = 4, 6


def surroundings(size: int) -> FloatArray:
    """Weight of every pixel of a crop: the animal counts, what it walks on does not."""
    step = (np.arange(size, dtype=np.float32) - (size - 1) / 2) / (size / 2)
    across, along = np.meshgrid(step, step)
    away = np.sqrt((along / 0.75) ** 2 + (across / 0.5) ** 2)
    return np.asarray(np.clip(2.0 - 2.0 * away, 0, 1), np.float32)


class LooksOf:
    """Describes crops.

    Parameters
    ----------
    size : int
        Side of the crops, px.
    kind : {"coarse", "gradients"}
        A reduced picture, or histograms of oriented gradients (Dalal and Triggs 2005).
    """

    def __init__(self, size: int, kind: Looks = "coarse") -> None:
        self.kind = kind
        self._weight = surroundings(size)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the numbers."""
        count = COARSE * COARSE if self.kind == "coarse" else CELLS * CELLS * ORIENTATIONS
        return tuple(f"look_{i}" for i in range(count))

    def __call__(self, contrast: Picture) -> FloatArray:
        """Describe how much a crop differs from the empty scene, (size, size), 0 = not at all."""
        shown = contrast.astype(np.float32) * self._weight
        if self.kind == "coarse":
            small = cv2.resize(shown, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
            return np.asarray(small.ravel() / 255, np.float32)
        return oriented_gradients(shown)


def oriented_gradients(picture: FloatArray) -> FloatArray:
    """Gradient's strength by cell and orientation, as shares of the whole, shape (96,)."""
    right = cv2.Sobel(picture, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    strength = np.hypot(right, down)
    bins = np.floor(np.mod(np.arctan2(down, right), np.pi) * (ORIENTATIONS / np.pi))
    found = [
        cv2.resize(strength * (bins == one), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        for one in range(ORIENTATIONS)
    ]
    counts = np.stack(found).astype(np.float32).ravel()
    return np.asarray(np.sqrt(counts / (counts.sum() + 1.0)), np.float32)
