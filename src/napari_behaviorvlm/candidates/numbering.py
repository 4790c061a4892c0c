"""Numbers that a person or a model can find again in the picture."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.candidates import Detections

ROW_HEIGHT = 32.0  # px, about the height of a number drawn beside a dot


def reading_order(xy: NDArray[np.float64], row_height: float = ROW_HEIGHT) -> NDArray[np.intp]:
    """Order of points as text is read: rows from the top, each from left to right.

    Rows are not fixed bands, in which a dot on an edge would change its row with every jitter: all
    points start as one row, and rows taller than ``row_height`` are split where their vertical gap
    is widest. So the order keeps as long as the widest gaps do.

    Parameters
    ----------
    xy : ndarray, shape (n, 2)
        Pixels.
    row_height : float
        Pixels.

    Returns
    -------
    ndarray of int, shape (n,)
        Positions in ``xy`` of the points in reading order; it depends on the points alone, not on
        their order in ``xy``.
    """
    points = xy.tolist()
    by_height = sorted(range(len(points)), key=lambda index: (points[index][1], points[index][0]))
    order: list[int] = []
    waiting = [by_height]
    while waiting:
        row = waiting.pop()
        if len(row) > 1 and points[row[-1]][1] - points[row[0]][1] > row_height:
            gaps = [points[below][1] - points[above][1] for above, below in pairwise(row)]
            split = 1 + gaps.index(max(gaps))
            waiting += [row[split:], row[:split]]
        else:
            order += sorted(row, key=lambda index: (points[index][0], points[index][1]))
    return np.array(order, dtype=np.intp)


def number(detections: Detections) -> Detections:
    """Put the dots of one picture into `reading_order`: row i is number i + 1.

    Numbers belong to one view and frame; they do not follow dots through time.
    """
    order = reading_order(detections.xy)
    return Detections(
        detections.xy[order],
        detections.intensity[order] if len(detections.intensity) else detections.intensity,
        detections.size[order] if len(detections.size) else detections.size,
    )
