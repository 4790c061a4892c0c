"""What to look at, most doubtful first."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.doubt import Doubt, compute_doubt, points_settled
from napari_behaviorvlm.identity.flag_words import describe
from napari_behaviorvlm.identity.flags import FlagTable, Reason


@dataclass(frozen=True)
class ReviewItem:
    """One point to look at.

    Parameters
    ----------
    frame : int
    keypoint : str
    camera : str
        The view that is named as wrong; empty where the whole point is in doubt.
    reason : str
        The weightiest reason in words.
    more : tuple of str
        Further reasons in words.
    reasons : tuple of Reason
        All of them, weightiest first.
    error : float
        Pixels: of the named view (leave-one-out), else of the point; NaN where unknown.
    doubt : float
        Chance that something is wrong here, 0..1.
    run : int
        Successive frames in which this keypoint is in doubt for this reason: one fix
        may cover them.
    """

    frame: int
    keypoint: str
    camera: str
    reason: str
    more: tuple[str, ...]
    reasons: tuple[Reason, ...]
    error: float
    doubt: float
    run: int

    def to_dict(self) -> dict[str, object]:
        """Plain values, as ``behaviorvlm review --json`` prints them."""
        return {
            "frame": self.frame, "keypoint": self.keypoint, "camera": self.camera,
            "reason": self.reason, "more": list(self.more),
            "flags": [reason.word for reason in self.reasons],
            "error_px": None if np.isnan(self.error) else round(self.error, 3),
            "doubt": round(self.doubt, 4), "run": self.run,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class ReviewQueue:
    """Flagged points that no person has settled, most doubtful first.

    Indexing and iterating give `ReviewItem`; their sentences are made only then, so a queue of a
    long session costs no more than its arrays.

    Parameters
    ----------
    frame : ndarray of int64, shape (n,)
    keypoint, camera : ndarray of int16, shape (n,)
        Positions on the axes of skeleton and rig; camera -1 where no view is named.
    error, doubt : ndarray, shape (n,)
    run : ndarray of int64, shape (n,)
        See `ReviewItem`.
    flag : ndarray of intp, shape (n,)
        Row of the weightiest flag in ``flags``.
    flags : FlagTable
    rig, skeleton, unit
        For names in sentences.
    expected_errors : float
        Sum of the doubt of all labelled points that no person has settled, flagged or not: about
        that many are still wrong.
    """

    frame: NDArray[np.int64]
    keypoint: NDArray[np.int16]
    camera: NDArray[np.int16]
    error: NDArray[np.float64]
    doubt: NDArray[np.float64]
    run: NDArray[np.int64]
    flag: NDArray[np.intp]
    flags: FlagTable
    rig: Rig
    skeleton: Skeleton
    unit: str
    expected_errors: float

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, index: int) -> ReviewItem:
        rows = self.flags.rows(int(self.frame[index]), int(self.frame[index]) + 1)
        same = np.arange(rows.start, rows.stop)[self.flags.keypoint[rows] == self.keypoint[index]]
        first = int(self.flag[index])
        rest = same[same != first]
        rest = rest[np.argsort(-self.flags.doubt[rest], kind="stable")]
        words = [describe(self.flags, row, self.rig, self.skeleton, self.unit)
                 for row in (first, *rest)]  # fmt: skip
        camera = int(self.camera[index])
        return ReviewItem(
            int(self.frame[index]), self.skeleton.keypoints[self.keypoint[index]],
            self.rig.names[camera] if camera >= 0 else "", words[0], tuple(words[1:]),
            tuple(Reason(int(self.flags.reason[row])) for row in (first, *rest)),
            float(self.error[index]), float(self.doubt[index]), int(self.run[index]),
        )  # fmt: skip

    def __iter__(self) -> Iterator[ReviewItem]:
        return (self[index] for index in range(len(self)))

    def items(self, top: int | None = None) -> list[ReviewItem]:
        """Return the first ``top`` items (all by default)."""
        return [self[index] for index in range(len(self) if top is None else min(top, len(self)))]


def review_queue(
    labels: Labels,
    poses: Poses,
    flags: FlagTable,
    rig: Rig,
    skeleton: Skeleton,
    *,
    top: int | None = None,
    unit: str = "mm",
    doubt: Doubt | None = None,
) -> ReviewQueue:
    """Order what is flagged by how likely it is to be wrong.

    Parameters
    ----------
    labels, poses : Labels, Poses
        Of the same frames.
    flags : FlagTable
        From `napari_behaviorvlm.identity.flags.compute_flags`.
    rig, skeleton : Rig, Skeleton
    top : int, optional
        Keep the first ones only.
    unit : str
        Of the calibration, for sentences.
    doubt : Doubt, optional
        Where it is known already.

    Returns
    -------
    ReviewQueue
        One entry per frame and keypoint; ties are in order of frame and keypoint.
    """
    doubt = doubt or compute_doubt(labels, poses, flags)
    row = np.searchsorted(labels.frames, flags.frame)
    open_flag = ~points_settled(labels)[row, flags.keypoint] if len(row) else np.zeros(0, bool)
    position = np.flatnonzero(open_flag)
    # Weightiest flag of each frame and keypoint: sort by cell, then by doubt, and keep the first.
    cell = row[position] * len(skeleton) + flags.keypoint[position]
    order = np.lexsort((-flags.doubt[position], cell))
    cells, first = np.unique(cell[order], return_index=True)
    flag = position[order][first]
    at_row, at_keypoint = np.divmod(cells, len(skeleton))
    score = np.nan_to_num(doubt.any_wrong[at_row, at_keypoint])
    camera = flags.camera[flag]
    run = _run_lengths(labels.frames[at_row], at_keypoint, camera, flags.reason[flag])
    rank = np.argsort(-score, kind="stable")[:top]
    return ReviewQueue(
        labels.frames[at_row][rank], at_keypoint[rank].astype(np.int16), camera[rank],
        _errors(poses, at_row, at_keypoint, camera)[rank], score[rank], run[rank], flag[rank],
        flags, rig, skeleton, unit, float(np.nansum(doubt.any_wrong)),
    )  # fmt: skip


def _errors(
    poses: Poses, row: NDArray[np.intp], keypoint: NDArray[np.intp], camera: NDArray[np.int16]
) -> NDArray[np.float64]:
    error = poses.error[row, keypoint].astype(np.float64)
    named = np.flatnonzero(camera >= 0)
    at = row[named], camera[named].astype(np.intp), keypoint[named]
    alone = poses.leave_one_out[at]
    error[named] = np.where(np.isnan(alone), poses.view_error[at], alone)
    return error


def _run_lengths(
    frame: NDArray[np.int64],
    keypoint: NDArray[np.intp],
    camera: NDArray[np.int16],
    reason: NDArray[np.uint8],
) -> NDArray[np.int64]:
    """Length of the run of successive frames with the same keypoint, view and reason."""
    if not len(frame):
        return np.zeros(0, np.int64)
    order = np.lexsort((frame, reason, camera, keypoint))
    same = np.ones(len(frame) - 1, bool)
    for values in (keypoint, camera, reason):
        same &= values[order][1:] == values[order][:-1]
    same &= np.diff(frame[order]) == 1
    run = np.concatenate([[0], np.cumsum(~same)])
    lengths = np.empty(len(frame), np.int64)
    lengths[order] = np.bincount(run)[run]
    return lengths
