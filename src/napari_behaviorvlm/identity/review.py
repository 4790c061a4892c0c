"""What to look at, and in which order."""

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
from napari_behaviorvlm.identity.payoff import payoffs
from napari_behaviorvlm.identity.point_states import causes, named_errors, strongest_flags


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
    """Flagged points that no person has settled, those first whose review is worth most.

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
    flags: FlagTable
    rig: Rig
    skeleton: Skeleton
    unit: str
    expected_errors: float

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, index: int) -> ReviewItem:
        return review_item(
            self.flags, int(self.frame[index]), int(self.keypoint[index]),
            self.rig, self.skeleton, self.unit, error=float(self.error[index]),
            doubt=float(self.doubt[index]), run=int(self.run[index]),
        )  # fmt: skip

    def __iter__(self) -> Iterator[ReviewItem]:
        return (self[index] for index in range(len(self)))

    def items(self, top: int | None = None) -> list[ReviewItem]:
        """Return the first ``top`` items (all by default)."""
        return [self[index] for index in range(len(self) if top is None else min(top, len(self)))]


def review_item(  # noqa: PLR0917 - a point and the words for it
    flags: FlagTable, frame: int, keypoint: int, rig: Rig, skeleton: Skeleton, unit: str,
    *, error: float, doubt: float, run: int,
) -> ReviewItem:  # fmt: skip
    """Put a flagged point into words.

    Parameters
    ----------
    flags : FlagTable
        With at least one flag of this point.
    frame, keypoint : int
        Frame number, position on the skeleton's axis.
    rig, skeleton, unit
        For names in sentences.
    error, doubt, run
        See `ReviewItem`.
    """
    rows = flags.rows(frame, frame + 1)
    mine = np.arange(rows.start, rows.stop)[flags.keypoint[rows] == keypoint]
    mine = mine[np.argsort(-flags.doubt[mine], kind="stable")]
    words = [describe(flags, row, rig, skeleton, unit) for row in mine]
    camera = int(flags.camera[mine[0]])
    return ReviewItem(
        frame, skeleton.keypoints[keypoint], rig.names[camera] if camera >= 0 else "",
        words[0], tuple(words[1:]), tuple(Reason(int(flags.reason[row])) for row in mine),
        error, doubt, run,
    )  # fmt: skip


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
    """Order what is flagged by the errors that a person removes per second (`payoffs`).

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
    strongest = strongest_flags(flags, labels.frames, len(skeleton))
    settled = points_settled(labels)
    waiting = ~settled.ravel()[strongest.point]
    flag = strongest.flag[waiting]
    at_row, at_keypoint = np.divmod(strongest.point[waiting], len(skeleton))
    score = np.nan_to_num(doubt.any_wrong[at_row, at_keypoint])
    camera = flags.camera[flag]
    run = _run_lengths(labels.frames[at_row], at_keypoint, camera, flags.reason[flag])
    cause = np.zeros(settled.size, np.int32)
    cause[strongest.point] = causes(flags, strongest.flag)
    worth = payoffs(
        np.nan_to_num(doubt.any_wrong), cause.reshape(settled.shape), settled, labels.frames
    )
    rank = np.argsort(-worth[at_row, at_keypoint], kind="stable")[:top]
    return ReviewQueue(
        labels.frames[at_row][rank], at_keypoint[rank].astype(np.int16), camera[rank],
        named_errors(poses, at_row, at_keypoint, camera)[rank], score[rank], run[rank],
        flags, rig, skeleton, unit, float(np.nansum(doubt.any_wrong)),
    )  # fmt: skip


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
