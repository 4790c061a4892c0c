"""What an animal looks like in its crop: a coarse picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Picture = NDArray[np.uint8]

COARSE = 10
"""Side of the coarse picture, px."""


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
    """

    def __init__(self, size: int) -> None:
        self._weight = surroundings(size)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return tuple(f"look_{i}" for i in range(COARSE * COARSE // 2))

    def __call__(self, contrast: Picture) -> FloatArray:
        """Describe how much a crop differs from the empty scene, (size, size), 0 = not at all.

        Left and right halves are averaged: an animal that lies on its left side looks the same as
        one that lies on its right.
        """
        shown = contrast.astype(np.float32) * self._weight
        small = cv2.resize(shown, (COARSE, COARSE), interpolation=cv2.INTER_AREA) / 255
        half = (small + small[:, ::-1])[:, : COARSE // 2] / 2
        return np.asarray(half.ravel(), np.float32)
