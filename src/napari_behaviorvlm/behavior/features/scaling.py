"""Bringing features to a common scale before clustering."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import TableError

Float32Array = NDArray[np.float32]

FARTHEST = 4.0
"""Standard deviations beyond which a value is cut off: one tracking error must not be a cluster."""


@dataclass(frozen=True, eq=False)
class Standardizer:
    """Centre and width of every feature, one for all animals.

    Parameters
    ----------
    mean, width : ndarray of float32, shape (features,)
        A constant feature has width infinity and becomes 0.
    """

    mean: Float32Array
    width: Float32Array

    @classmethod
    def measure(cls, sample: NDArray[np.floating]) -> Self:
        """Measure on a sample of moments, shape (moments, features).

        Raises
        ------
        TableError
            If the sample is empty.
        """
        if not len(sample):
            raise TableError("No animal is followed in any frame: there is nothing to cluster.")
        width = np.std(sample, axis=0, dtype=float)
        return cls(
            np.mean(sample, axis=0, dtype=float).astype(np.float32),
            np.where(width > 1e-6, width, np.inf).astype(np.float32),
        )

    def __call__(self, values: NDArray[np.floating]) -> Float32Array:
        """Scale moments, shape (..., features)."""
        scaled = (values - self.mean) / self.width
        return np.asarray(np.clip(scaled, -FARTHEST, FARTHEST), np.float32)
