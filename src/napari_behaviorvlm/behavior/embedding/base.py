"""The interface that every way of clustering offers.

Fitting works on a sample that fits into memory and yields its progress; the fitted model then
assigns moments of any number, batch by batch. Values come in scaled already
(`napari_behaviorvlm.behavior.features.joined`), those of all animals together: clusters mean the
same for every animal.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.progress import Progress

Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
Result = TypeVar("Result")

PER_ANIMAL = 10
"""Clusters per animal by default: an over-segmentation that captions and merging bring together."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """Moments and their clusters.

    Parameters
    ----------
    memberships : ndarray of float32, shape (moments, clusters)
        Soft assignment; rows sum to 1.
    embedded : ndarray of float32, shape (moments, dimensions)
        Where the moments lie in the space in which they were clustered.
    """

    memberships: Float32Array
    embedded: Float32Array

    @property
    def labels(self) -> IntArray:
        """Cluster of each moment, shape (moments,)."""
        return np.asarray(self.memberships.argmax(axis=1), np.int64)


class FittedClusters(Protocol):
    """A clustering that can be applied to further moments.

    Attributes
    ----------
    n_clusters : int
        Columns of the memberships.
    history : dict of str to list of float
        Curves that show how fitting went, per epoch ("reconstruction", "kl", "changed").
    """

    @property
    def n_clusters(self) -> int:
        """Columns of the memberships."""

    @property
    def history(self) -> dict[str, list[float]]:
        """Curves of the fit, one value per epoch."""

    def assign(self, values: Float32Array) -> Assignment:
        """Assign moments, shape (moments, features)."""


class Clusterer(Protocol):
    """A way of clustering."""

    @property
    def name(self) -> str:
        """Name for reports and the command line."""

    def fit(
        self, values: Float32Array, n_clusters: int
    ) -> Generator[Progress, None, FittedClusters]:
        """Fit to moments, shape (moments, features); yields progress and returns the model."""


def check_values(values: Float32Array, n_clusters: int) -> Float32Array:
    """Return moments as contiguous float32 if they can be clustered.

    Parameters
    ----------
    values : ndarray, shape (moments, features)
        Scaled features.
    n_clusters : int
        Clusters wanted.

    Raises
    ------
    TableError
        If there are fewer moments than clusters, no clusters are wanted, or values are missing.
    """
    if values.ndim != 2 or not values.shape[1]:
        raise TableError(f"Features of shape {values.shape} cannot be clustered; give a table.")
    if n_clusters < 1:
        raise TableError(f"{n_clusters} clusters were asked for; at least 1 is needed.")
    if len(values) < n_clusters:
        raise TableError(
            f"{len(values)} moments cannot make {n_clusters} clusters; ask for fewer clusters or "
            "give a longer recording."
        )
    if not np.isfinite(values).all():
        raise TableError("The features hold missing values; leave untracked frames out.")
    return np.ascontiguousarray(values, np.float32)


def finish(steps: Generator[Progress, None, Result]) -> Result:
    """Run a computation to its end and return its result, progress unseen."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: Result = stop.value
            return result
