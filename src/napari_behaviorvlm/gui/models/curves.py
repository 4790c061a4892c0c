"""Curves over a whole session that stay cheap: drawn thinned, patched where an edit changed them.

Row and frame number are the same: a session's arrays have a row for every frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Poses
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.bones import BoneReference, bone_lengths
from napari_behaviorvlm.identity.flags import FlagTable, Reason

FloatArray = NDArray[np.float64]
FrameArray = NDArray[np.int64]
Rows = Sequence[int] | NDArray[np.intp]

BLOCK = 64
"""Frames whose smallest and largest value are kept ready."""

BAND = (0.05, 0.95)
"""Share of the keypoints that lie below the lower and the upper edge of the band."""


class Curve:
    """Values over all frames that can be drawn at any zoom at the cost of the screen's columns.

    Parameters
    ----------
    values : ndarray, shape (F,)
        NaN where unknown; infinite ones count as unknown.
    """

    def __init__(self, values: FloatArray) -> None:
        self.values = np.where(np.isfinite(values), values, np.nan)
        starts = np.arange(0, len(values), BLOCK)
        self._low = _reduce(np.fmin, self.values, starts)
        self._high = _reduce(np.fmax, self.values, starts)

    @property
    def highest(self) -> float:
        """Largest known value, NaN without one."""
        return float(np.fmax.reduce(self._high)) if len(self._high) else float("nan")

    def patch(self, rows: Rows, values: FloatArray) -> None:
        """Exchange the values of some rows; O(rows)."""
        where = np.asarray(rows, dtype=np.intp)
        self.values[where] = np.where(np.isfinite(values), values, np.nan)
        for block in np.unique(where // BLOCK):
            part = self.values[block * BLOCK : (block + 1) * BLOCK]
            self._low[block] = np.fmin.reduce(part)
            self._high[block] = np.fmax.reduce(part)

    def thinned(
        self, first: int, last: int, columns: int
    ) -> tuple[FrameArray, FloatArray, FloatArray]:  # fmt: skip
        """Smallest and largest value of each column, so that no peak is lost.

        Parameters
        ----------
        first, last : int
            Frames that are seen; clipped to the session.
        columns : int
            How many values are wanted at most (twice as many may come).

        Returns
        -------
        frames : ndarray of int64, shape (n,)
            First frame of each column.
        low, high : ndarray, shape (n,)
            Equal where a column is one frame; NaN where it knows nothing.
        """
        first, last = max(0, first), min(len(self.values) - 1, last)
        step = -(-(last + 1 - first) // max(1, columns))
        if step <= 1:
            part = self.values[first : last + 1]
            return np.arange(first, first + len(part)), part, part
        if step < BLOCK:
            starts = np.arange(first // step * step, last + 1, step)
            part = self.values[starts[0] : last + 1]
            inner = starts - starts[0]
            return starts, _reduce(np.fmin, part, inner), _reduce(np.fmax, part, inner)
        step //= BLOCK
        starts = np.arange(first // BLOCK // step * step, last // BLOCK + 1, step)
        inside = slice(int(starts[0]), last // BLOCK + 1)
        inner = starts - starts[0]
        return (
            starts * BLOCK,
            _reduce(np.fmin, self._low[inside], inner),
            _reduce(np.fmax, self._high[inside], inner),
        )

    def line(self, first: int, last: int, columns: int) -> tuple[FloatArray, FloatArray]:
        """Corners of a line through all peaks of the seen part.

        It is interrupted (NaN) where nothing is known; a value alone becomes a short dash.
        """
        frames, low, high = self.thinned(first, last, columns)
        x, y = frames.astype(np.float64), low
        if low is not high:
            x, y = np.repeat(x, 2), np.stack([low, high], axis=1).ravel()
        known = np.pad(np.isfinite(low), 1)
        alone = np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])
        half = 0.35 * (frames[1] - frames[0] if len(frames) > 1 else 1)
        dashes = frames[alone][:, None] + np.array([-half, half, np.nan])
        heights = high[alone][:, None] * np.ones(3)
        gap = [] if not len(alone) else [np.nan]
        return (
            np.concatenate([x, gap, dashes.ravel()]),
            np.concatenate([y, gap, heights.ravel()]),
        )


def _reduce(function: np.ufunc, values: FloatArray, starts: NDArray[np.intp]) -> FloatArray:
    if not len(starts):
        return np.zeros(0)
    reduced: FloatArray = function.reduceat(values, starts)
    return reduced


def worst_view(view_error: FloatArray) -> FloatArray:
    """Largest error among a point's views, those included that were left out of it.

    Parameters
    ----------
    view_error : ndarray, shape (F, C)

    Returns
    -------
    ndarray, shape (F,)
        NaN where no view knows.
    """
    known = np.where(np.isfinite(view_error), view_error, -1.0).max(axis=1, initial=-1.0)
    return np.where(known < 0, np.nan, known)


@dataclass(eq=False)
class ErrorCurves:
    """Reprojection error of one keypoint, px.

    Parameters
    ----------
    keypoint : int
    used : Curve
        Root mean square over the views that the point was made from.
    worst : Curve
        Of the view that is farthest from the reprojection, whether it was used or not.
    """

    keypoint: int
    used: Curve
    worst: Curve

    @classmethod
    def of(cls, poses: Poses, keypoint: int) -> "ErrorCurves":
        """Read a keypoint's errors in all frames."""
        return cls(
            keypoint,
            Curve(poses.error[:, keypoint]),
            Curve(worst_view(poses.view_error[:, :, keypoint])),
        )

    def update(self, poses: Poses, rows: Rows) -> None:
        """Follow an edit of some rows."""
        where = np.asarray(rows, dtype=np.intp)
        self.used.patch(where, poses.error[where, self.keypoint])
        self.worst.patch(where, worst_view(poses.view_error[where, :, self.keypoint]))


@dataclass(eq=False)
class ErrorBand:
    """Where the errors of nine keypoints out of ten lie in each frame (`BAND`), px."""

    low: Curve
    high: Curve

    @classmethod
    def of(cls, poses: Poses) -> "ErrorBand":
        """Measure all frames."""
        return cls(*(Curve(edge) for edge in quantiles(poses.error, BAND)))

    def update(self, poses: Poses, rows: Rows) -> None:
        """Follow an edit of some rows."""
        where = np.asarray(rows, dtype=np.intp)
        for curve, edge in zip(
            (self.low, self.high), quantiles(poses.error[where], BAND), strict=True
        ):
            curve.patch(where, edge)


def quantiles(values: FloatArray, shares: Sequence[float]) -> FloatArray:
    """Quantiles along the last axis by linear interpolation, unknown values left out.

    Parameters
    ----------
    values : ndarray, shape (..., n)
    shares : sequence of float
        0 to 1.

    Returns
    -------
    ndarray, shape (shares, ...)
        NaN where nothing is known.
    """
    ordered = np.sort(np.where(np.isfinite(values), values, np.inf), axis=-1)
    count = np.isfinite(ordered).sum(axis=-1)
    ordered = np.where(np.isfinite(ordered), ordered, 0.0)
    last = np.maximum(count - 1, 0)
    found = np.full((len(shares), *count.shape), np.nan)
    for at, share in enumerate(shares):
        place = share * last
        below = place.astype(np.intp)
        above = np.minimum(below + 1, last)
        lower = np.take_along_axis(ordered, below[..., None], -1)[..., 0]
        upper = np.take_along_axis(ordered, above[..., None], -1)[..., 0]
        found[at] = np.where(count > 0, lower + (place - below) * (upper - lower), np.nan)
    return found


@dataclass(eq=False)
class BoneCurves:
    """Lengths of all bones, and how long they are in the seed frames.

    Parameters
    ----------
    skeleton : Skeleton
    reference : BoneReference
        Ranges in the seed frames.
    lengths : ndarray, shape (F, E)
        In the calibration's unit.
    """

    skeleton: Skeleton
    reference: BoneReference
    lengths: FloatArray

    @classmethod
    def of(cls, poses: Poses, skeleton: Skeleton, seed_frames: Sequence[int]) -> "BoneCurves":
        """Measure all frames."""
        rows = np.array([row for row in seed_frames if row < len(poses.points)], dtype=np.intp)
        return cls(
            skeleton,
            BoneReference.from_points(poses.points[rows], skeleton),
            bone_lengths(poses.points, skeleton),
        )

    def update(self, poses: Poses, rows: Rows) -> None:
        """Follow an edit of some rows."""
        where = np.asarray(rows, dtype=np.intp)
        self.lengths[where] = bone_lengths(poses.points[where], self.skeleton)

    def outside(self, edge: int, slack: float, rows: Rows | slice = slice(None)) -> int:
        """Count frames in which a bone leaves the seeds' range by more than a fraction."""
        length = self.lengths[rows, edge]
        low, high = self.reference.low[edge], self.reference.high[edge]
        with np.errstate(invalid="ignore"):
            return int(((length > high * (1 + slack)) | (length < low * (1 - slack))).sum())

    def of_keypoint(self, keypoint: int) -> list[int]:
        """Bones that end at a keypoint, as positions among the edges."""
        edges = self.skeleton.edge_indices
        return [at for at, ends in enumerate(edges) if keypoint in ends]


@dataclass(frozen=True, eq=False)
class Stretches:
    """Runs of successive frames.

    Parameters
    ----------
    first, last : ndarray of int64, shape (n,)
        Ascending; both ends belong to the run.
    """

    first: FrameArray
    last: FrameArray

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of(cls, frames: FrameArray) -> "Stretches":
        """Join frames (in any order, repeated or not) into runs."""
        frames = np.unique(frames)
        if not len(frames):
            return cls(frames, frames)
        breaks = np.flatnonzero(np.diff(frames) > 1)
        return cls(
            frames[np.concatenate([[0], breaks + 1])],
            frames[np.concatenate([breaks, [len(frames) - 1]])],
        )

    @property
    def frames(self) -> int:
        """Frames in all runs together."""
        return int((self.last - self.first + 1).sum())

    def seen(self, first: float, last: float, gap: float) -> "Stretches":
        """Pick the runs that a part shows, joining those closer than ``gap`` frames."""
        start = int(np.searchsorted(self.last, first))
        stop = int(np.searchsorted(self.first, last, side="right"))
        begin, end = self.first[start:stop], self.last[start:stop]
        if len(begin) < 2:
            return Stretches(begin, end)
        apart = np.flatnonzero(begin[1:] - end[:-1] > max(gap, 1))
        return Stretches(
            begin[np.concatenate([[0], apart + 1])],
            end[np.concatenate([apart, [len(end) - 1]])],
        )


def flagged_stretches(flags: FlagTable, keypoint: int) -> Stretches:
    """Find the runs of frames in which a keypoint is flagged, for whatever reason."""
    return Stretches.of(flags.frame[flags.keypoint == keypoint])


def bone_stretches(flags: FlagTable, edge: int) -> Stretches:
    """Find the runs of frames in which a bone is flagged."""
    chosen = (flags.reason == Reason.BONE_LENGTH) & (flags.detail == edge)
    return Stretches.of(flags.frame[chosen])
