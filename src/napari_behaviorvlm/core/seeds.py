"""Human labels of the seed frames, as a table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SeedTable:
    """What a person said about some frames, one row per frame, camera and keypoint.

    Parameters
    ----------
    frame : ndarray of int64, shape (n,)
    camera, keypoint : ndarray of int16, shape (n,)
        Positions on the rig's camera axis and on the skeleton's keypoint axis.
    xy : ndarray, shape (n, 2)
        Pixels of the original frame; NaN where the person said that the point is occluded.
    """

    frame: NDArray[np.int64]
    camera: NDArray[np.int16]
    keypoint: NDArray[np.int16]
    xy: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def frames(self) -> NDArray[np.int64]:
        """Frame numbers that have a label, ascending."""
        return np.unique(self.frame)
