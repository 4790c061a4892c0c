"""Labels: which candidate is which keypoint, and how we know.

Arrays share their axes over the whole package: F frames, C cameras (the rig's order), K keypoints
(the skeleton's order). A cell without an answer has status ``UNLABELLED``, position NaN and
candidate 0.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Status(IntEnum):
    """What is claimed of a keypoint in a view, and whether a person agreed."""

    UNLABELLED = 0
    PROPOSED = 1
    ACCEPTED = 2
    CORRECTED = 3
    OCCLUDED = 4
    REJECTED = 5
    OUT_OF_VIEW = 6

    @property
    def word(self) -> str:
        """Lower-case name as it stands in files ("out_of_view")."""
        return self.name.lower()


class Source(IntEnum):
    """Where a label comes from."""

    NONE = 0
    HUMAN = 1
    GEOMETRIC = 2
    VLM = 3
    FUSED = 4

    @property
    def word(self) -> str:
        """Lower-case name as it stands in files; empty for NONE."""
        return "" if self is Source.NONE else self.name.lower()


LABELLED = (Status.PROPOSED, Status.ACCEPTED, Status.CORRECTED)
"""Statuses that carry a position."""


@dataclass(eq=False)
class Labels:
    """Current answers in 2D.

    Parameters
    ----------
    frames : ndarray of int64, shape (F,)
        Frame numbers, ascending.
    xy : ndarray, shape (F, C, K, 2)
        Pixels of the original frame; NaN where there is no position.
    candidate : ndarray of int16, shape (F, C, K)
        Candidate number, 0 where the label is not a candidate.
    status, source : ndarray of uint8, shape (F, C, K)
        Values of `Status` and `Source`.
    confidence : ndarray of float32, shape (F, C, K)
        Probability of being right, 0..1; NaN where unknown.
    """

    frames: NDArray[np.int64]
    xy: NDArray[np.float64]
    candidate: NDArray[np.int16]
    status: NDArray[np.uint8]
    source: NDArray[np.uint8]
    confidence: NDArray[np.float32]

    @classmethod
    def empty(cls, frames: NDArray[np.int64], n_cameras: int, n_keypoints: int) -> "Labels":
        """Return unlabelled cells for the given frames."""
        shape = (len(frames), n_cameras, n_keypoints)
        return cls(
            np.asarray(frames, np.int64),
            np.full((*shape, 2), np.nan),
            np.zeros(shape, np.int16),
            np.zeros(shape, np.uint8),
            np.zeros(shape, np.uint8),
            np.full(shape, np.nan, np.float32),
        )

    def row(self, frame: int) -> int:
        """Row of a frame number (O(log F)); KeyError if the frame is not in this table."""
        at = int(np.searchsorted(self.frames, frame))
        if at == len(self.frames) or self.frames[at] != frame:
            raise KeyError(frame)
        return at


@dataclass(eq=False)
class Poses:
    """Keypoints in 3D with everything needed to doubt them.

    Parameters
    ----------
    frames : ndarray of int64, shape (F,)
    points : ndarray, shape (F, K, 3)
        World coordinates in the calibration's unit; NaN where fewer than two views agree.
    error : ndarray, shape (F, K)
        Root mean square reprojection error over the used views, px; NaN without a point.
    view_error : ndarray, shape (F, C, K)
        Distance between label and reprojection, px; NaN without a label.
    leave_one_out : ndarray, shape (F, C, K)
        Distance between a view's label and the projection of the point triangulated from the other
        views, px; NaN where fewer than two others remain.
    n_views : ndarray of int8, shape (F, K)
        Views that were used.
    covariance : ndarray of float32, shape (F, K, 3, 3)
        Of the point, unit squared; NaN without a point.
    confidence : ndarray of float32, shape (F, K)
        Probability that the identity is right, 0..1; NaN where unknown.
    """

    frames: NDArray[np.int64]
    points: NDArray[np.float64]
    error: NDArray[np.float64]
    view_error: NDArray[np.float64]
    leave_one_out: NDArray[np.float64]
    n_views: NDArray[np.int8]
    covariance: NDArray[np.float32]
    confidence: NDArray[np.float32]

    @classmethod
    def empty(cls, frames: NDArray[np.int64], n_cameras: int, n_keypoints: int) -> "Poses":
        """Return poses in which no point is known."""
        points = (len(frames), n_keypoints)
        cells = (len(frames), n_cameras, n_keypoints)
        return cls(
            np.asarray(frames, np.int64),
            np.full((*points, 3), np.nan),
            np.full(points, np.nan),
            np.full(cells, np.nan),
            np.full(cells, np.nan),
            np.zeros(points, np.int8),
            np.full((*points, 3, 3), np.nan, np.float32),
            np.full(points, np.nan, np.float32),
        )
