"""One rule per reason: from labels and poses to the cells that it concerns."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.bones import bone_lengths
from napari_behaviorvlm.identity.flag_scale import (
    FlagSettings,
    SessionScale,
    neighbours,
    off_path,
)
from napari_behaviorvlm.identity.handedness import CLEAR

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# How much a reason speaks for a wrong label at its limit; it grows from there (see `severity`).
VIEW_AT_LIMIT = 0.5
ERROR_AT_LIMIT = 0.4
BONE_AT_LIMIT = 0.25
JUMP_AT_LIMIT = 0.25
TWO_VIEWS = 0.15
ONE_VIEW = 0.4
SOURCES = 0.5
EXCHANGED = 0.8
NO_POINT = 0.6
_MOST = 0.98


@dataclass(frozen=True, eq=False)
class Found:
    """Cells that a rule flags, one row each; columns as in `FlagTable`."""

    row: NDArray[np.intp]
    keypoint: NDArray[np.intp]
    camera: NDArray[np.intp]
    value: FloatArray
    low: FloatArray
    high: FloatArray
    detail: NDArray[np.intp]
    doubt: FloatArray

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, eq=False)
class Judged:
    """The rows under judgement, ``start`` to ``stop - 1``, in their session."""

    labels: Labels
    poses: Poses
    skeleton: Skeleton
    settings: FlagSettings
    scale: SessionScale
    start: int
    stop: int

    @property
    def rows(self) -> slice:
        """The rows under judgement."""
        return slice(self.start, self.stop)

    @cached_property
    def labelled(self) -> BoolArray:
        """Cells with a position, shape (F, C, K)."""
        status = self.labels.status[self.rows]
        return (status >= min(LABELLED)) & (status <= max(LABELLED))

    @cached_property
    def has_point(self) -> BoolArray:
        """Points that are known, shape (F, K)."""
        return np.isfinite(self.poses.points[self.rows, :, 0])

    @cached_property
    def bad_views(self) -> tuple[BoolArray, NDArray[np.intp]]:
        """Views against the others (F, C, K), and how many views agree (F, K)."""
        return _bad_views(self)

    def padded(self, by: int) -> tuple[int, int]:
        """Rows under judgement with ``by`` more on either side, as far as there are."""
        return max(0, self.start - by), min(len(self.labels.frames), self.stop + by)


def reach(settings: FlagSettings) -> int:
    """Rows on either side of a frame whose flags depend on it."""
    return 2 * settings.max_gap


def severity(value: FloatArray, limit: FloatArray | float, at_limit: float) -> FloatArray:
    """Doubt that grows from ``at_limit`` at the limit towards certainty at many times the limit."""
    excess = np.maximum(value / limit - 1, 0)
    doubt: FloatArray = np.minimum(1 - (1 - at_limit) * np.exp(-excess / 2), _MOST)
    return doubt


def _found(
    session: Judged,
    mask: BoolArray,
    value: ArrayLike,
    doubt: ArrayLike,
    *,
    low: ArrayLike = np.nan,
    high: ArrayLike = np.nan,
    detail: ArrayLike = -1,
) -> Found:
    """Collect the cells of a mask (F, K) or (F, C, K); the rest broadcasts to the mask's shape."""
    cells = np.nonzero(mask)
    camera = cells[1] if mask.ndim == 3 else np.full(len(cells[0]), -1)

    def of(values: ArrayLike) -> NDArray[np.float64]:
        return np.broadcast_to(np.asarray(values), mask.shape)[cells]

    return Found(
        cells[0] + session.start, cells[-1], camera, of(value), of(low), of(high),
        of(detail).astype(np.intp), of(doubt),
    )  # fmt: skip


def _bad_views(session: Judged) -> tuple[BoolArray, NDArray[np.intp]]:
    error = session.poses.view_error[session.rows]
    alone = session.poses.leave_one_out[session.rows]
    labelled = session.labelled & ~np.isnan(error)
    bad = labelled & (error > session.scale.error_px)
    agree = (labelled & ~bad).sum(1)
    # Where the point itself was drawn away by the wrong view, no view fits. Leaving one out at a
    # time tells the culprit: without it the others agree, and its own error stands out.
    unclear = bad.any(1) & (agree < 2) & (labelled.sum(1) > 2)
    if unclear.any():
        row, keypoint = np.nonzero(unclear)
        errors = np.where(np.isnan(alone[row, :, keypoint]), -1.0, alone[row, :, keypoint])
        order = np.sort(errors, axis=1)
        clear = (order[:, -1] > 2 * order[:, -2]) & (order[:, -1] > session.scale.leave_one_out_px)
        row, keypoint, worst = row[clear], keypoint[clear], errors[clear].argmax(1)
        bad[row, :, keypoint] = False
        bad[row, worst, keypoint] = True
        agree[row, keypoint] = labelled[row, :, keypoint].sum(1) - 1
    return bad, agree


def view_disagrees(session: Judged) -> Found:
    """One view (or several) against at least two others that agree."""
    bad, agree = session.bad_views
    named = bad & (agree >= 2)[:, None]
    alone = session.poses.leave_one_out[session.rows]
    error = np.where(np.isnan(alone), session.poses.view_error[session.rows], alone)
    doubt = severity(error[named], session.scale.error_px, VIEW_AT_LIMIT)
    spread = np.zeros(named.shape)
    spread[named] = doubt
    return _found(session, named, error, spread, high=session.scale.error_px, detail=agree[:, None])


def high_error(session: Judged) -> Found:
    """Find views that do not meet in one point while none of them is clearly the culprit.

    The value is NaN where no two views meet, so that there is no point at all.
    """
    bad, agree = session.bad_views
    limit = session.scale.error_px
    worst = np.where(bad, session.poses.view_error[session.rows], 0.0).max(1, initial=0.0)
    value = np.fmax(session.poses.error[session.rows], np.where(agree < 2, worst, 0.0))
    views = session.labelled.sum(1)
    apart = ~session.has_point & (views > 1)
    value[apart] = np.nan
    doubt = np.where(apart, NO_POINT, severity(value, limit, ERROR_AT_LIMIT))
    mask = apart | ((value > limit) & (views > 0))
    return _found(session, mask, value, doubt, high=limit, detail=views)


def few_views(session: Judged) -> Found:
    """Points that too few views support, or labels of one view alone."""
    views = session.labelled.sum(1)
    used = np.where(session.has_point, session.poses.n_views[session.rows], views)
    mask = (used < session.settings.min_views) & (session.has_point | (views == 1)) & (views > 0)
    doubt = np.where(used < 2, ONE_VIEW, TWO_VIEWS)
    return _found(session, mask, used, doubt, low=session.settings.min_views)


def low_margin(session: Judged) -> Found:
    """Points whose identity the solver itself was not sure of."""
    confidence = session.poses.confidence[session.rows]
    mask = session.labelled.any(1) & (confidence < session.settings.min_confidence)
    return _found(session, mask, confidence, 1 - confidence, low=session.settings.min_confidence)


def bone_length(session: Judged) -> Found:
    """Bones out of range; the end that spoils more of its own bones is blamed.

    Each keypoint is flagged once, for its worst bone.
    """
    lengths = bone_lengths(session.poses.points[session.rows], session.skeleton)
    low, high = session.scale.bone_low, session.scale.bone_high
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.fmax(lengths / high, low / lengths)
    wrong = (lengths > high) | (lengths < low)
    blame, share = _blame(wrong, np.isfinite(lengths), session.skeleton)
    worst = np.full((len(lengths), len(session.skeleton)), -1)
    score = np.zeros(worst.shape)
    for edge, ends in enumerate(session.skeleton.edge_indices):
        for end, keypoint in enumerate(ends):
            better = blame[:, edge, end] & (excess[:, edge] > score[:, keypoint])
            worst[better, keypoint] = edge
            score[better, keypoint] = excess[better, edge]
    mask = worst >= 0
    row = np.arange(len(lengths))[:, None]
    doubt = np.where(mask, severity(score, 1.0, BONE_AT_LIMIT) * np.maximum(share, 0.5), 0.0)
    if not low.size:
        return _found(session, mask, 0.0, 0.0)
    return _found(
        session, mask, lengths[row, worst], doubt,
        low=low[worst], high=high[worst], detail=worst,
    )  # fmt: skip


def _blame(wrong: BoolArray, known: BoolArray, skeleton: Skeleton) -> tuple[BoolArray, FloatArray]:
    """Which ends of wrong bones are to blame (F, E, 2); each keypoint's share of wrong bones."""
    n_wrong = np.zeros((len(wrong), len(skeleton)))
    n_known = np.zeros_like(n_wrong)
    for edge, ends in enumerate(skeleton.edge_indices):
        for keypoint in ends:
            n_wrong[:, keypoint] += wrong[:, edge]
            n_known[:, keypoint] += known[:, edge]
    share = n_wrong / np.maximum(n_known, 1)
    blame = np.zeros((*wrong.shape, 2), bool)
    for edge, (a, b) in enumerate(skeleton.edge_indices):
        blame[:, edge, 0] = wrong[:, edge] & (share[:, a] >= share[:, b])
        blame[:, edge, 1] = wrong[:, edge] & (share[:, b] >= share[:, a])
    return blame, share


def jump(session: Judged) -> Found:
    """Points off the path of their neighbours in time, at the frame where that is worst."""
    gap = session.settings.max_gap
    start, stop = session.padded(2 * gap)
    away, expected = off_path(session.poses, start, stop, gap)
    limit = session.scale.jump
    high = away > limit
    peak = np.where(high, away, 0.0)
    for shift in range(1, gap + 1):
        # A single wrong frame also pulls its neighbours off their paths; only the peak is flagged.
        later = np.zeros_like(peak)
        later[:-shift] = peak[shift:] if shift < len(peak) else 0.0
        earlier = np.zeros_like(peak)
        earlier[shift:] = peak[:-shift] if shift < len(peak) else 0.0
        high &= (away >= later * (1 - 1e-9)) & (away >= earlier * (1 - 1e-9))
    inner = slice(session.start - start, session.stop - start)
    mask, away, expected = high[inner], away[inner], expected[inner]
    doubt = np.zeros(mask.shape)
    doubt[mask] = severity(away[mask], np.broadcast_to(limit, mask.shape)[mask], JUMP_AT_LIMIT)
    lies_at = _expected_there(session, mask, away, expected)
    return _found(session, mask, away, doubt, high=limit, detail=lies_at)


def _expected_there(
    session: Judged, mask: BoolArray, away: FloatArray, expected: FloatArray
) -> NDArray[np.intp]:
    """Keypoint that was expected where a jumping one lies, if one clearly was; else -1."""
    result = np.full(mask.shape, -1)
    row, keypoint = np.nonzero(mask)
    if len(row):
        here = session.poses.points[session.rows][row, keypoint]
        far = np.linalg.norm(expected[row] - here[:, None], axis=-1)
        far[np.arange(len(row)), keypoint] = np.inf
        far = np.where(np.isnan(far), np.inf, far)
        nearest = far.argmin(1)
        clear = far[np.arange(len(row)), nearest] < away[row, keypoint] / 3
        result[row[clear], keypoint[clear]] = nearest[clear]
    return result


def missing(session: Judged) -> Found:
    """Points that are not found although they are shortly before and after.

    Points of which a person said that they are hidden are not missed.
    """
    gap = session.settings.max_gap
    start, stop = session.padded(gap)
    known = np.isfinite(session.poses.points[start:stop, :, 0])
    before, after = neighbours(known)
    frames = session.poses.frames[start:stop]
    here = frames[:, None]
    since = np.where(before >= 0, here - frames[before], gap + 1)
    until = np.where(
        after < len(frames), frames[np.minimum(after, len(frames) - 1)] - here, gap + 1
    )
    hidden = np.isin(session.labels.status[session.rows], (Status.OCCLUDED, Status.OUT_OF_VIEW))
    inner = slice(session.start - start, session.stop - start)
    mask = ~session.has_point & ~session.labelled.any(1) & ~hidden.any(1)
    mask &= (since <= gap)[inner] & (until <= gap)[inner]
    return _found(session, mask, np.minimum(since, until)[inner], 0.0)


def handedness(session: Judged) -> Found:
    """Find left-right pairs that are exchanged although every view agrees."""
    points = session.poses.points[session.rows]
    score = np.full((len(points), len(session.skeleton)), np.nan)
    partner = np.full(len(session.skeleton), -1)
    if session.scale.sides is not None:
        scores = session.scale.sides.scores(points, session.skeleton)
        for pair, (left, right) in enumerate(session.skeleton.symmetric_indices):
            score[:, left] = score[:, right] = scores[:, pair]
            partner[[left, right]] = right, left
    return _found(session, score < -CLEAR, score, EXCHANGED, low=-CLEAR, detail=partner)


def sources_disagree(session: Judged, other: Labels) -> Found:
    """Find views in which another source puts the keypoint elsewhere."""
    theirs = other.xy[session.rows]
    step = session.labels.xy[session.rows] - theirs
    away = np.sqrt(np.einsum("fcki,fcki->fck", step, step))
    mask = session.labelled & np.isin(other.status[session.rows], LABELLED)
    mask &= away > session.settings.source_px
    return _found(
        session, mask, away, SOURCES, high=session.settings.source_px,
        detail=other.source[session.rows].astype(np.intp),
    )  # fmt: skip
