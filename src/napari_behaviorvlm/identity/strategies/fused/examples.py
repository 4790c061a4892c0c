"""Frames that a person corrected, as examples for questions near them.

Only there: an example changes every question that shows it, and an answer that was paid for is
found again only by the same question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.strategies.paper_views import Solved

IntArray = NDArray[np.int64]

REACH = 100
"""Frames that a corrected frame is an example for, on either side."""

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Decided:
    """What a person decided about cells outside of the seed frames, one row each.

    Parameters
    ----------
    frame, camera, keypoint : ndarray of int64, shape (n,)
    number : ndarray of int64, shape (n,)
        Of the candidate, 0 for hidden.
    corrected : ndarray of bool, shape (n,)
        Whether something else was proposed; frames that were merely accepted teach nothing new.
    """

    frame: IntArray
    camera: IntArray
    keypoint: IntArray
    number: IntArray
    corrected: NDArray[np.bool_]

    def cells(self) -> dict[tuple[int, int, int], int]:
        """Keypoint of every dot that a person named, by frame, camera and number."""
        rows = zip(*(column.tolist() for column in vars(self).values()), strict=True)
        return {(frame, camera, number): k for frame, camera, k, number, _ in rows if number > 0}

    def example(
        self, frame: int, camera: int, keypoints: Sequence[int], n_keypoints: int
    ) -> Solved | None:
        """Nearest frame in reach in which a person corrected some keypoints and decided on all."""
        here = (self.camera == camera) & (np.abs(self.frame - frame) <= REACH)
        here &= self.frame != frame
        near = np.unique(self.frame[here])
        for other in near[np.argsort(np.abs(near - frame), kind="stable")]:
            numbers = np.full(n_keypoints, UNKNOWN, np.int32)
            rows = here & (self.frame == other)
            numbers[self.keypoint[rows]] = self.number[rows]
            mended = self.corrected[rows & np.isin(self.keypoint, keypoints)].any()
            if mended and (numbers[list(keypoints)] != UNKNOWN).all():
                return Solved(int(other), np.maximum(numbers, 0))
        return None
