"""Tables of candidates from detections."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.core.candidates import CandidateTable, Detections


def table_from(
    frames: ArrayLike, cameras: ArrayLike, detections: Sequence[Detections]
) -> CandidateTable:
    """Join the detections of many pictures, in any order, to one table.

    Parameters
    ----------
    frames, cameras : array_like of int, shape (n,)
        Frame number and position on the rig's camera axis of each picture; each pair once.
    detections : sequence of Detections, length n
        Row i of a picture becomes number i + 1.
    """
    counts = np.array([len(found) for found in detections], dtype=np.intp)
    if not counts.sum():
        return CandidateTable.empty()
    table = CandidateTable(
        np.repeat(np.asarray(frames, dtype=np.int64), counts),
        np.repeat(np.asarray(cameras, dtype=np.int16), counts),
        np.concatenate([np.arange(1, count + 1) for count in counts]).astype(np.int32),
        np.concatenate([found.xy for found in detections]),
        np.concatenate([_known(found.intensity, len(found)) for found in detections]),
        np.concatenate([_known(found.size, len(found)) for found in detections]),
    )
    return CandidateTable.concatenate([table])


def _known(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Values, or as many NaN where none are known."""
    return values if len(values) == count else np.full(count, np.nan)
