"""One number per label: how likely it is to be wrong.

Reasons are taken as independent witnesses, each with its own chance of being right ("noisy or"): a
point is right only if none of them is. The solver's confidence is one more witness where it is
known; the number of views, which it knows, then counts no more, bones and jumps count half.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses, Source, Status
from napari_behaviorvlm.identity.flags import FlagTable, Reason

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

PRIOR = 0.01
"""Doubt of a label against which nothing speaks."""
_WEIGHED_BY_SOLVER = (Reason.BONE_LENGTH, Reason.JUMP)
_ALREADY_COUNTED = 0.5
MAJORITY_WRONG = 0.4
"""Doubt in a point against which one view stands, times the number of all its views."""
_CERTAIN = 0.999


@dataclass(frozen=True, eq=False)
class Doubt:
    """Probability-like scores, 0 (no doubt) to 1.

    Parameters
    ----------
    point : ndarray, shape (F, K)
        That the 3D point is not the keypoint; NaN where nothing is labelled.
    view : ndarray, shape (F, C, K)
        That this view's label is wrong; NaN where there is none, 0 where a person decided.
    any_wrong : ndarray, shape (F, K)
        That the point or one of its views is wrong: what a review of the point would fix.
    """

    point: FloatArray
    view: FloatArray
    any_wrong: FloatArray


def compute_doubt(labels: Labels, poses: Poses, flags: FlagTable) -> Doubt:
    """Combine reasons and confidence.

    Parameters
    ----------
    labels, poses : Labels, Poses
        Of the same frames.
    flags : FlagTable
        Of these frames; flags of other frames are ignored.

    Returns
    -------
    Doubt
    """
    n_frames, _, n_keypoints = labels.status.shape
    labelled = is_labelled(labels)
    trust = _solver_trust(poses)
    view_trust = np.ones(labels.status.shape)
    row = np.searchsorted(labels.frames, flags.frame)
    known = row < len(labels.frames)
    known[known] = labels.frames[row[known]] == flags.frame[known]
    weight = _log_trust(flags, poses, row, known)
    whole, named = known & (flags.camera < 0), known & (flags.camera >= 0)
    cell = row[whole] * n_keypoints + flags.keypoint[whole]
    lost = np.bincount(cell, weight[whole], n_frames * n_keypoints).reshape(trust.shape)
    trust *= np.exp(lost)
    at = row[named], flags.camera[named].astype(np.intp), flags.keypoint[named]
    np.multiply.at(view_trust, at, np.exp(weight[named]))
    np.multiply.at(trust, (at[0], at[2]), _majority_trust(flags)[named])
    return _assemble(labels, labelled, trust, view_trust)


def _majority_trust(flags: FlagTable) -> FloatArray:
    """Trust that a view against the others leaves to these: they may be the wrong ones."""
    against = flags.reason == Reason.VIEW_DISAGREES
    agree = np.maximum(flags.detail, 2)
    trust: FloatArray = np.where(against, 1 - MAJORITY_WRONG / (agree + 1), 1.0)
    return trust


def _assemble(
    labels: Labels, labelled: BoolArray, trust: FloatArray, view_trust: FloatArray
) -> Doubt:
    human = labelled & decided(labels)
    view = 1 - trust[:, None] * view_trust
    view[human] = 0.0
    view[~labelled] = np.nan
    any_wrong = 1 - trust * np.where(human, 1.0, view_trust).prod(1)
    point = 1 - trust
    point[~labelled.any(1)] = np.nan
    any_wrong[~labelled.any(1)] = np.nan
    settled = points_settled(labels)
    point[settled] = any_wrong[settled] = 0.0
    return Doubt(point, view, any_wrong)


def is_labelled(labels: Labels) -> BoolArray:
    """Cells that carry a position, shape (F, C, K)."""
    mask: BoolArray = (labels.status >= min(LABELLED)) & (labels.status <= max(LABELLED))
    return mask


def decided(labels: Labels) -> BoolArray:
    """Cells about which a person decided, shape (F, C, K)."""
    status = labels.status
    judged = (
        (status == Status.ACCEPTED) | (status == Status.CORRECTED) | (status == Status.REJECTED)
    )
    said: BoolArray = judged | ((labels.source == Source.HUMAN) & (status != Status.UNLABELLED))
    return said


def points_settled(labels: Labels) -> BoolArray:
    """Points all of whose labels a person accepted or corrected, shape (F, K)."""
    said = decided(labels)
    any_said, rest_said = said.any(axis=1), (said | ~is_labelled(labels)).all(axis=1)
    settled: BoolArray = np.logical_and(any_said, rest_said)
    return settled


def _solver_trust(poses: Poses) -> FloatArray:
    confidence = poses.confidence.astype(np.float64)
    trust: FloatArray = np.where(np.isnan(confidence), 1 - PRIOR, np.minimum(confidence, _CERTAIN))
    return trust


def _log_trust(
    flags: FlagTable, poses: Poses, row: NDArray[np.intp], known: BoolArray
) -> FloatArray:
    """Logarithm of what each flag leaves of the trust; LOW_MARGIN is the confidence itself."""
    weight = np.log1p(-np.minimum(flags.doubt.astype(np.float64), _CERTAIN))
    weight[flags.reason == Reason.LOW_MARGIN] = 0.0
    at = np.where(known, row, 0)
    solved = np.isfinite(poses.confidence[at, flags.keypoint]) if len(at) else known
    weight[solved & (flags.reason == Reason.FEW_VIEWS)] = 0.0
    weight[solved & np.isin(flags.reason, _WEIGHED_BY_SOLVER)] *= _ALREADY_COUNTED
    return weight
