"""A dot that keeps being followed keeps its name.

Anatomy learned from a few seeds can find a posture unheard of (a tail curled under the body) and
call a keypoint hidden although its dot is followed without a break from where it was named to where
it is named again. Tracklets are only linked where that is unambiguous, so that the name may be
carried through.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


def carry_names(chosen: IntArray, track: IntArray) -> IntArray:
    """Name what a tracklet shows between two frames in which it has the same name.

    Parameters
    ----------
    chosen : ndarray of int64, shape (F, K)
        Position of each keypoint's point in its frame, -1 for hidden.
    track : ndarray of int64, shape (F, M)
        Tracklet of each point, -1 for none.

    Returns
    -------
    ndarray of int64, shape (F, K)
        With hidden keypoints filled in; points that carry another name stay with it.
    """
    filled = chosen.copy()
    frames = np.arange(len(chosen))
    for keypoint in range(chosen.shape[1]):
        own = chosen[:, keypoint]
        named = np.flatnonzero(own >= 0)
        of_track = np.where(own >= 0, track[frames, np.maximum(own, 0)], -1)
        for before, after in pairwise(named.tolist()):
            if after - before > 1 and of_track[before] == of_track[after] >= 0:
                inside = slice(before + 1, after)
                _carry(filled, track, inside, keypoint, int(of_track[before]))
    return filled


def _carry(filled: IntArray, track: IntArray, inside: slice, keypoint: int, followed: int) -> None:
    """Give a keypoint the points of a tracklet in a run of frames, unless others have them."""
    shown = track[inside] == followed
    position = np.where(shown.any(1), shown.argmax(1), -1)
    taken = (filled[inside] == position[:, None]) & (position >= 0)[:, None]
    if not taken.any():
        filled[inside, keypoint] = position
