"""Soft assignment to centres, in plain arrays."""

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]


def squared_distances(points: Float32Array, centres: Float32Array) -> Float32Array:
    """Squared Euclidean distances, shape (points, centres)."""
    norms = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)
    return np.asarray(np.maximum(norms - 2 * points @ centres.T, 0), np.float32)


def student_memberships(points: Float32Array, centres: Float32Array) -> Float32Array:
    """Student-t kernel with one degree of freedom, rows normalised.

    Parameters
    ----------
    points : ndarray, shape (moments, dimensions)
        Embedded moments.
    centres : ndarray, shape (clusters, dimensions)
        Centres of the clusters.

    Returns
    -------
    ndarray of float32, shape (moments, clusters)

    References
    ----------
    Xie, Girshick, Farhadi (2016): Unsupervised deep embedding for clustering analysis, eq. 1, after
    van der Maaten and Hinton (2008).
    """
    kernel = 1 / (1 + squared_distances(points, centres))
    return np.asarray(kernel / kernel.sum(axis=1, keepdims=True), np.float32)
