"""What every reader of poses hands over."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PoseTable:
    """Poses as a file has them.

    Parameters
    ----------
    animals, keypoints : tuple of str
        Names.
    positions : ndarray, shape (frames, animals, keypoints, 2 or 3)
        From frame 0 on.
    """

    animals: tuple[str, ...]
    keypoints: tuple[str, ...]
    positions: FloatArray
