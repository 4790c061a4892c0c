"""k-means, Gaussian mixture, HDBSCAN, and UMAP before a mixture: the alternatives to DEC.

scikit-learn adds up over threads in no fixed order, so everything here runs on one thread: the
same input gives the same output.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.embedding.base import Assignment, check_values
from napari_behaviorvlm.behavior.embedding.soft import student_memberships
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.progress import Progress

Float32Array = NDArray[np.float32]
Embed = Callable[[Float32Array], Float32Array]
Memberships = Callable[[Float32Array], Float32Array]

ENOUGH = 20_000
"""Moments from which k-means finds its centres; more would change them by less than the seed."""


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as problem:
        raise TableError(
            "Clustering needs scikit-learn, which is not installed; install "
            '"napari-behaviorvlm[behavior]".'
        ) from problem
    with threadpool_limits(limits=1):
        yield


def _thinned(values: Float32Array, most: int) -> Float32Array:
    """Every n-th row, at most so many."""
    return values[:: max(1, -(-len(values) // most))]


def kmeans_centres(values: Float32Array, n_clusters: int, seed: int) -> Float32Array:
    """Return centres of the best of several k-means runs, shape (clusters, features)."""
    with _one_thread():
        from sklearn.cluster import KMeans

        sample = _thinned(values, max(ENOUGH, n_clusters))
        runs = 20 if len(sample) <= 5000 else 8
        found = KMeans(n_clusters, n_init=runs, random_state=seed).fit(sample)
    return np.asarray(found.cluster_centers_, np.float32)


@dataclass(frozen=True, eq=False)
class FittedByRule:
    """A clustering given by an embedding and a rule for memberships.

    Parameters
    ----------
    n_clusters : int
        Columns of the memberships.
    embed : callable
        From features to the space that was clustered.
    rule : callable
        From that space to memberships.
    history : dict of str to list of float
        Final figures of the fit.
    """

    n_clusters: int
    embed: Embed
    rule: Memberships
    history: dict[str, list[float]] = field(default_factory=dict)

    def assign(self, values: Float32Array) -> Assignment:
        """Assign moments, shape (moments, features)."""
        with _one_thread():
            embedded = np.asarray(self.embed(np.asarray(values, np.float32)), np.float32)
            return Assignment(np.asarray(self.rule(embedded), np.float32), embedded)


def _as_it_is(values: Float32Array) -> Float32Array:
    return values


@dataclass(frozen=True)
class KMeansClusters:
    """k-means on the features; memberships by a Student-t kernel scaled to the clusters' width.

    Parameters
    ----------
    seed : int
        Of the starts.
    """

    seed: int = 0
    name = "kmeans"

    def fit(self, values: Float32Array, n_clusters: int) -> Generator[Progress, None, FittedByRule]:
        """Fit to moments; see `Clusterer.fit`."""
        values = check_values(values, n_clusters)
        yield Progress(0, 1, "k-means")
        centres = kmeans_centres(values, n_clusters, self.seed)
        nearest = ((values - centres[_nearest(values, centres)]) ** 2).sum(axis=1)
        width = np.float32(np.sqrt(max(float(nearest.mean()) / values.shape[1], 1e-12)))

        def rule(points: Float32Array) -> Float32Array:
            return student_memberships(points / width, centres / width)

        yield Progress(1, 1, "k-means")
        return FittedByRule(n_clusters, _as_it_is, rule, {"inertia": [float(nearest.sum())]})


def _nearest(values: Float32Array, centres: Float32Array) -> NDArray[np.intp]:
    return np.asarray(student_memberships(values, centres).argmax(axis=1), np.intp)


@dataclass(frozen=True)
class MixtureClusters:
    """Gaussian mixture on principal components.

    Parameters
    ----------
    seed : int
        Of the start.
    explained : float
        Share of variance the components keep; a full covariance of all features would need more
        data than a recording has.
    """

    seed: int = 0
    explained: float = 0.9
    name = "mixture"

    def fit(self, values: Float32Array, n_clusters: int) -> Generator[Progress, None, FittedByRule]:
        """Fit to moments; see `Clusterer.fit`."""
        values = check_values(values, n_clusters)
        yield Progress(0, 2, "Principal components")
        with _one_thread():
            from sklearn.decomposition import PCA

            components = PCA(self.explained, svd_solver="full").fit(_thinned(values, ENOUGH))
            reduced = components.transform(values)
        yield Progress(1, 2, "Gaussian mixture")
        mixture = _mixture(reduced, n_clusters, self.seed)
        yield Progress(2, 2, "Gaussian mixture")
        history = {"log_likelihood": [float(mixture.lower_bound_)]}
        return FittedByRule(n_clusters, components.transform, mixture.predict_proba, history)


def _mixture(values: Float32Array, n_clusters: int, seed: int) -> Any:
    with _one_thread():
        from sklearn.mixture import GaussianMixture

        return GaussianMixture(
            n_clusters, covariance_type="full", reg_covar=1e-3, max_iter=200, random_state=seed
        ).fit(values.astype(np.float64))


@dataclass(frozen=True)
class DensityClusters:
    """HDBSCAN: the data say how many clusters there are.

    Moments that HDBSCAN calls noise get the cluster of their neighbours, with a low membership:
    every tracked frame belongs to a clip.

    Parameters
    ----------
    smallest : int, optional
        Least size of a cluster; by default moments / (5 * clusters asked for).
    neighbours : int
        Neighbours that vote for a new moment.
    """

    smallest: int | None = None
    neighbours: int = 15
    name = "hdbscan"

    def fit(self, values: Float32Array, n_clusters: int) -> Generator[Progress, None, FittedByRule]:
        """Fit to moments; see `Clusterer.fit`. The number of clusters is a hint only."""
        values = _thinned(check_values(values, n_clusters), ENOUGH)
        yield Progress(0, 1, "HDBSCAN")
        smallest = self.smallest or max(5, len(values) // (5 * n_clusters))
        with _one_thread():
            from sklearn.cluster import HDBSCAN

            found = HDBSCAN(min_cluster_size=smallest, min_samples=5, copy=True).fit(values)
        inside = found.labels_ >= 0
        if not inside.any():
            raise TableError(
                "HDBSCAN finds no cluster in these features; ask for smaller clusters or choose "
                "another method (dec, kmeans, gmm)."
            )
        rule = _vote(values[inside], found.labels_[inside], self.neighbours)
        yield Progress(1, 1, "HDBSCAN")
        history = {"noise": [float(1 - inside.mean())]}
        return FittedByRule(int(found.labels_.max()) + 1, _as_it_is, rule, history)


def _vote(values: Float32Array, labels: NDArray[np.int64], neighbours: int) -> Memberships:
    with _one_thread():
        from sklearn.neighbors import KNeighborsClassifier

        voters = KNeighborsClassifier(min(neighbours, len(values)), weights="distance")
        voters.fit(values, labels)
    return lambda points: np.asarray(voters.predict_proba(points), np.float32)


@dataclass(frozen=True)
class UmapClusters:
    """UMAP to ten dimensions, then a Gaussian mixture: the strongest on digits, and the slowest.

    Parameters
    ----------
    seed : int
        Of both.
    dimensions, neighbours : int
        Of UMAP.
    """

    seed: int = 0
    dimensions: int = 10
    neighbours: int = 15
    name = "umap"

    def fit(self, values: Float32Array, n_clusters: int) -> Generator[Progress, None, FittedByRule]:
        """Fit to moments; see `Clusterer.fit`.

        Raises
        ------
        TableError
            Also if umap-learn is not installed.
        """
        values = check_values(values, n_clusters)
        try:
            from umap import UMAP
        except ImportError as problem:
            raise TableError(
                "The method umap+gmm needs umap-learn, which is not installed: pip install "
                "umap-learn, or choose another method (dec, kmeans, gmm, hdbscan)."
            ) from problem
        yield Progress(0, 2, "UMAP")
        reducer = UMAP(
            n_components=self.dimensions, n_neighbors=self.neighbours, min_dist=0.0,
            random_state=self.seed, n_jobs=1,
        ).fit(values)  # fmt: skip
        yield Progress(1, 2, "Gaussian mixture")
        mixture = _mixture(np.asarray(reducer.embedding_), n_clusters, self.seed)
        yield Progress(2, 2, "Gaussian mixture")
        history = {"log_likelihood": [float(mixture.lower_bound_)]}
        return FittedByRule(n_clusters, reducer.transform, mixture.predict_proba, history)
