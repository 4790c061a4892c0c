"""What this animal looks like in the frames that a person labelled; above all its bones."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.skeleton import Skeleton

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BoneReference:
    """Lengths of the skeleton's edges in the seed frames.

    Parameters
    ----------
    low, high : ndarray, shape (E,)
        Shortest and longest seen, in the calibration's unit, in the order of ``skeleton.edges``;
        NaN for a bone that no seed frame shows.
    count : ndarray of int64, shape (E,)
        Seed frames that show the bone.
    points : ndarray, shape (S, K, 3)
        What it was measured from, in world coordinates: tells left from right, too.
    """

    low: FloatArray
    high: FloatArray
    count: NDArray[np.int64]
    points: FloatArray = field(default_factory=lambda: np.zeros((0, 0, 3)))

    @classmethod
    def from_points(cls, points: FloatArray, skeleton: Skeleton) -> "BoneReference":
        """Measure bones.

        Parameters
        ----------
        points : ndarray, shape (S, K, 3)
            Keypoints of the seed frames in world coordinates; NaN where unknown.
        skeleton : Skeleton
        """
        lengths = bone_lengths(points, skeleton)
        known = np.isfinite(lengths)
        count = known.sum(0)
        low = np.where(known, lengths, np.inf).min(0, initial=np.inf)
        high = np.where(known, lengths, -np.inf).max(0, initial=-np.inf)
        return cls(np.where(count, low, np.nan), np.where(count, high, np.nan), count, points)


def bone_lengths(points: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Distances between the ends of every edge.

    Parameters
    ----------
    points : ndarray, shape (F, K, 3)
        World coordinates; NaN where unknown.
    skeleton : Skeleton

    Returns
    -------
    ndarray, shape (F, E)
        In the unit of ``points``; NaN where an end is unknown.
    """
    ends = np.array(skeleton.edge_indices, dtype=np.intp).reshape(-1, 2)
    lengths = np.empty((len(points), len(ends)))
    for edge, (a, b) in enumerate(ends):
        step = points[:, a] - points[:, b]
        lengths[:, edge] = np.sqrt(np.einsum("fi,fi->f", step, step))
    return lengths
