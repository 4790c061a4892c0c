"""Lines of text beside animals that may stand close together: none is written over another."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def apart(lines: ArrayLike, height: float) -> NDArray[np.float64]:
    """Move lines down until none covers another.

    Parameters
    ----------
    lines : array_like, shape (n, 3)
        Left end, right end and middle height of each, screen pixels with y down.
    height : float
        Of a line, screen pixels.

    Returns
    -------
    ndarray, shape (n,)
        Middle height of each. Lines higher up are placed first; those that are free stay.
    """
    wanted = np.asarray(lines, float).reshape(-1, 3)
    placed: list[int] = []
    heights = wanted[:, 2].copy()
    for one in np.argsort(wanted[:, 2], kind="stable"):
        left, right, _ = wanted[one]
        beside = sorted(
            heights[other] for other in placed
            if wanted[other, 0] < right and left < wanted[other, 1]
        )  # fmt: skip
        for y in beside:
            if abs(heights[one] - y) < height:
                heights[one] = y + height
        placed.append(int(one))
    return heights
