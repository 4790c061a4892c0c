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
class Columns:
    """What is known of features beforehand.

    Parameters
    ----------
    floor : ndarray, shape (features,)
        Least width that is behaviour and not noise, in the feature's own unit: a posture that
        hardly changes must not be blown up to count as much as one that does.
    weight : ndarray, shape (features,)
        How much a feature counts once it is scaled; 0 leaves it out of the clustering.
    """

    floor: Float32Array
    weight: Float32Array

    @classmethod
    def of_groups(
        cls, groups: tuple[str, ...], floors: dict[str, float], shares: dict[str, float]
    ) -> Self:
        """Let every group of features count by its share, however many columns it has.

        Parameters
        ----------
        groups : tuple of str
            Group of every feature.
        floors, shares : dict of str to float
            Least width and share of the total variance of every group.
        """
        present = sorted(set(groups))
        size = {name: groups.count(name) for name in present}
        total = sum(shares[name] for name in present) or 1.0
        weight = [np.sqrt(len(groups) * shares[g] / (total * size[g])) for g in groups]
        return cls(
            np.array([floors[name] for name in groups], np.float32), np.array(weight, np.float32)
        )


@dataclass(frozen=True, eq=False)
class Standardizer:
    """Centre, width and weight of every feature, one for all animals.

    Parameters
    ----------
    mean, width : ndarray of float32, shape (features,)
        A constant feature has width infinity and becomes 0.
    weight : ndarray of float32, shape (features,)
        Factor after scaling.
    """

    mean: Float32Array
    width: Float32Array
    weight: Float32Array

    @classmethod
    def measure(cls, sample: NDArray[np.floating], columns: Columns | None = None) -> Self:
        """Measure on a sample of moments.

        Parameters
        ----------
        sample : ndarray, shape (moments, features)
            Moments of all animals.
        columns : Columns, optional
            Least widths and weights; without them every feature counts alike.

        Raises
        ------
        TableError
            If the sample is empty.
        """
        if not len(sample):
            raise TableError("No animal is followed in any frame: there is nothing to cluster.")
        width = np.std(sample, axis=0, dtype=float)
        width = np.where(width > 1e-6, width, np.inf)
        weight = np.ones(len(width)) if columns is None else columns.weight
        if columns is not None:
            width = np.maximum(width, columns.floor)
        mean = np.mean(sample, axis=0, dtype=float).astype(np.float32)
        return cls(mean, width.astype(np.float32), np.asarray(weight, np.float32))

    def __call__(self, values: NDArray[np.floating]) -> Float32Array:
        """Scale moments, shape (..., features)."""
        scaled = (values - self.mean) / self.width
        return np.asarray(np.clip(scaled, -FARTHEST, FARTHEST) * self.weight, np.float32)
