"""What a review needs to know of each point: doubt, error, reasons; of all frames or of a few."""

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.identity.doubt import compute_doubt, points_settled
from napari_behaviorvlm.identity.flags import FlagTable

_BLOCK = 10_000
Table = TypeVar("Table", Labels, Poses)


@dataclass(frozen=True, eq=False)
class StrongestFlags:
    """The weightiest flag of each flagged point, in order of the points.

    Parameters
    ----------
    point : ndarray of intp, shape (n,)
        Row of the labels times keypoints plus keypoint; ascending.
    flag : ndarray of intp, shape (n,)
        Row of the flag with the highest doubt; the first of equal ones.
    first : ndarray of intp, shape (n,)
        Row of the point's first flag; its flags follow each other.
    """

    point: NDArray[np.intp]
    flag: NDArray[np.intp]
    first: NDArray[np.intp]


def strongest_flags(
    flags: FlagTable, frames: NDArray[np.int64], n_keypoints: int
) -> StrongestFlags:
    """Find the weightiest flag of each point (no sorting: flags come in order of the points).

    Parameters
    ----------
    flags : FlagTable
        Of these frames.
    frames : ndarray of int64, shape (F,)
        Frame numbers of the rows.
    n_keypoints : int
    """
    if not len(flags):
        nothing = np.zeros(0, np.intp)
        return StrongestFlags(nothing, nothing, nothing)
    point = np.searchsorted(frames, flags.frame) * n_keypoints + flags.keypoint
    first = np.flatnonzero(np.diff(point, prepend=-1))
    highest = np.maximum.reduceat(flags.doubt, first)
    group = np.repeat(np.arange(len(first)), np.diff(first, append=len(flags)))
    highest_rows = np.flatnonzero(flags.doubt == highest[group])
    flag = highest_rows[np.searchsorted(group[highest_rows], np.arange(len(first)))]
    return StrongestFlags(point[first], flag, first)


@dataclass(frozen=True, eq=False)
class PointStates:
    """One value for each point; points are rows times keypoints plus keypoint.

    Parameters
    ----------
    doubt : ndarray of float64, shape (F * K,)
        Chance that the point or one of its views is wrong; 0 where nothing is labelled.
    error : ndarray of float64, shape (F * K,)
        Pixels, of flagged points: of the named view (leave-one-out), else of the point; NaN where
        unknown.
    settled : ndarray of bool, shape (F * K,)
        Whether a person decided about all its labels.
    reasons : ndarray of uint16, shape (F * K,)
        One bit for each `Reason` to doubt it; 0 where it is not flagged.
    cameras : ndarray of uint64, shape (F * K,)
        Bit c + 1 for each view that a flag names, bit 0 for flags of the whole point.
    statuses : ndarray of uint8, shape (F * K,)
        One bit for each `Status` among its views.
    cause : ndarray of int32, shape (F * K,)
        Reason and camera of its weightiest flag as one number, 0 where it is not flagged.
    """

    doubt: NDArray[np.float64]
    error: NDArray[np.float64]
    settled: NDArray[np.bool_]
    reasons: NDArray[np.uint16]
    cameras: NDArray[np.uint64]
    statuses: NDArray[np.uint8]
    cause: NDArray[np.int32]

    @classmethod
    def blank(cls, count: int) -> "PointStates":
        """Return so many points that nobody knows anything about."""
        return cls(
            np.zeros(count), np.full(count, np.nan), np.zeros(count, bool),
            np.zeros(count, np.uint16), np.zeros(count, np.uint64), np.zeros(count, np.uint8),
            np.zeros(count, np.int32),
        )  # fmt: skip

    @property
    def waiting(self) -> NDArray[np.bool_]:
        """Points that are flagged and not settled."""
        mask: NDArray[np.bool_] = (self.cause != 0) & ~self.settled
        return mask

    def part(self, points: slice) -> "PointStates":
        """Return the values of some points, as views."""
        return PointStates(*(getattr(self, column.name)[points] for column in fields(self)))

    def write(self, points: slice, new: "PointStates") -> None:
        """Overwrite the values of some points."""
        for column in fields(self):
            getattr(self, column.name)[points] = getattr(new, column.name)


def point_states(labels: Labels, poses: Poses, flags: FlagTable, rows: slice) -> PointStates:
    """Judge the points of some rows; the cost grows with these rows only.

    Parameters
    ----------
    labels, poses : Labels, Poses
        Of the whole session.
    flags : FlagTable
        Of the whole session.
    rows : slice
        With explicit ends, at least one row.
    """
    labels, poses = _part(labels, rows), _part(poses, rows)
    flags = flags.select(flags.rows(int(labels.frames[0]), int(labels.frames[-1]) + 1))
    n_keypoints = labels.status.shape[2]
    strongest = strongest_flags(flags, labels.frames, n_keypoints)
    at = strongest.point
    states = PointStates.blank(len(labels.frames) * n_keypoints)
    states.doubt[:] = np.nan_to_num(compute_doubt(labels, poses, flags).any_wrong).ravel()
    states.settled[:] = points_settled(labels).ravel()
    bits = np.left_shift(np.uint8(1), labels.status)
    states.statuses[:] = np.bitwise_or.reduce(bits, axis=1).ravel()
    if len(at):
        camera = flags.camera[strongest.flag].astype(np.int32)
        states.error[at] = named_errors(poses, *np.divmod(at, n_keypoints), camera)
        states.reasons[at] = _bits(flags.reason, np.uint16, strongest)
        states.cameras[at] = _bits(flags.camera + 1, np.uint64, strongest)
        states.cause[at] = causes(flags, strongest.flag)
    return states


def causes(flags: FlagTable, rows: NDArray[np.intp]) -> NDArray[np.int32]:
    """Reason and camera of some flags as one number; never 0."""
    reason, camera = (column[rows].astype(np.int32) for column in (flags.reason, flags.camera))
    return (reason << 16) + camera + 1


def all_point_states(labels: Labels, poses: Poses, flags: FlagTable) -> PointStates:
    """Judge all points, some thousand rows at a time to keep intermediate arrays small."""
    n_frames, _, n_keypoints = labels.status.shape
    states = PointStates.blank(n_frames * n_keypoints)
    for first in range(0, n_frames, _BLOCK):
        rows = slice(first, min(first + _BLOCK, n_frames))
        points = slice(rows.start * n_keypoints, rows.stop * n_keypoints)
        states.write(points, point_states(labels, poses, flags, rows))
    return states


def named_errors(
    poses: Poses, row: NDArray[np.intp], keypoint: NDArray[np.intp], camera: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Errors of points in px: of the view that is named (leave-one-out if known), else of all."""
    error = poses.error[row, keypoint].astype(np.float64)
    named = np.flatnonzero(camera >= 0)
    at = row[named], camera[named].astype(np.intp), keypoint[named]
    alone = poses.leave_one_out[at]
    error[named] = np.where(np.isnan(alone), poses.view_error[at], alone)
    return error


def _part(table: Table, rows: slice) -> Table:
    return type(table)(**{name: values[rows] for name, values in vars(table).items()})


def _bits(
    numbers: NDArray[np.integer], dtype: type[np.unsignedinteger], strongest: StrongestFlags
) -> NDArray[np.unsignedinteger]:
    bits = np.left_shift(dtype(1), numbers.astype(dtype))
    return np.bitwise_or.reduceat(bits, strongest.first)
