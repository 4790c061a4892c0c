"""Reasons to look at a label again, each with its numbers and, where one is to blame, its view.

Limits follow the session: a recording whose labels scatter by 4 px is not flagged at 3 px. They are
measured once (`SessionScale`), so that after an edit only the frames around it are judged anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity import flag_rules
from napari_behaviorvlm.identity.bones import BoneReference
from napari_behaviorvlm.identity.flag_scale import FlagSettings, SessionScale

_BLOCK = 10_000
"""Rows judged at a time: what is computed on the way stays small, however long the session."""

WHOLE_POINT = -1
"""Camera of a flag that concerns the point, not one view of it."""


class Reason(IntEnum):
    """Why a label is doubtful; the names are what exports and scripts read."""

    HIGH_ERROR = 1
    VIEW_DISAGREES = 2
    FEW_VIEWS = 3
    LOW_MARGIN = 4
    BONE_LENGTH = 5
    JUMP = 6
    SOURCES_DISAGREE = 7
    MISSING = 8
    HANDEDNESS = 9

    @property
    def word(self) -> str:
        """Lower-case name as it stands in files ("view_disagrees")."""
        return self.name.lower()

    @property
    def heading(self) -> str:
        """What it means, in a few plain words."""
        return _HEADINGS[self]


_HEADINGS = {
    Reason.HIGH_ERROR: "views do not meet in one point",
    Reason.VIEW_DISAGREES: "one view against the others",
    Reason.FEW_VIEWS: "fewer than three views",
    Reason.LOW_MARGIN: "name uncertain",
    Reason.BONE_LENGTH: "bone too short or too long",
    Reason.JUMP: "jump in time",
    Reason.SOURCES_DISAGREE: "sources disagree",
    Reason.MISSING: "not found, though found before and after",
    Reason.HANDEDNESS: "left and right exchanged",
}


@dataclass(frozen=True, eq=False)
class FlagTable:
    """Flags, one row each, sorted by frame, then keypoint.

    Parameters
    ----------
    frame : ndarray of int64, shape (n,)
        Frame numbers.
    keypoint : ndarray of int16, shape (n,)
        Positions on the skeleton's keypoint axis.
    camera : ndarray of int16, shape (n,)
        Position on the rig's camera axis of the view that is named; -1 for the whole point.
    reason : ndarray of uint8, shape (n,)
        Values of `Reason`.
    value : ndarray of float32, shape (n,)
        What was measured: px (HIGH_ERROR, NaN where no two views meet; VIEW_DISAGREES, infinite
        where the view cannot see the point; SOURCES_DISAGREE), views (FEW_VIEWS),
        probability (LOW_MARGIN), unit of length (BONE_LENGTH, JUMP), frames to the nearest frame
        that has the point (MISSING), 1 where left is left to -1 where it is exchanged (HANDEDNESS).
    low, high : ndarray of float32, shape (n,)
        Range in which the value would not have been flagged; NaN for an open end.
    detail : ndarray of int16, shape (n,)
        HIGH_ERROR: labelled views. VIEW_DISAGREES: how many views agree. BONE_LENGTH: position
        among ``skeleton.edges``. JUMP: keypoint that was expected where this one lies, or -1.
        SOURCES_DISAGREE: the other `Source`. HANDEDNESS: the other keypoint of the pair.
    doubt : ndarray of float32, shape (n,)
        How much this reason alone speaks for a wrong label, 0..1.
    """

    frame: NDArray[np.int64]
    keypoint: NDArray[np.int16]
    camera: NDArray[np.int16]
    reason: NDArray[np.uint8]
    value: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    detail: NDArray[np.int16]
    doubt: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def concatenate(cls, tables: "Sequence[FlagTable]") -> "FlagTable":
        """Join tables (at least one) of successive stretches of frames."""
        if len(tables) == 1:
            return tables[0]
        return cls(*(
            np.concatenate([getattr(table, column.name) for table in tables])
            for column in fields(cls)
        ))  # fmt: skip

    def select(self, rows: "slice | NDArray[np.bool_] | NDArray[np.intp]") -> "FlagTable":
        """Return the table of some rows (a slice, a mask or ascending positions)."""
        return FlagTable(*(getattr(self, column.name)[rows] for column in fields(self)))

    def rows(self, first: int, end: int) -> slice:
        """Rows of the frames ``first`` to ``end - 1`` (O(log n))."""
        start, stop = np.searchsorted(self.frame, [first, end])
        return slice(int(start), int(stop))

    def replaced(self, first: int, end: int, new: "FlagTable") -> "FlagTable":
        """Return the table with the flags of the frames ``first`` to ``end - 1`` exchanged."""
        old = self.rows(first, end)
        before, after = self.select(slice(old.start)), self.select(slice(old.stop, None))
        return FlagTable.concatenate([before, new, after])

    def counts(self) -> dict[Reason, int]:
        """Count flags by reason; every reason has an entry."""
        counts = np.bincount(self.reason, minlength=len(Reason) + 1)
        return {reason: int(counts[reason]) for reason in Reason}

    def flagged_cells(self, labels: Labels) -> NDArray[np.bool_]:
        """Cells that a flag concerns: the named view, or all views of the point.

        Returns
        -------
        ndarray of bool, shape (F, C, K)
            As the arrays of ``labels``; flags of frames that it lacks are left out.
        """
        mask = np.zeros(labels.status.shape, bool)
        row = np.searchsorted(labels.frames, self.frame)
        known = row < len(labels.frames)
        known[known] = labels.frames[row[known]] == self.frame[known]
        whole = known & (self.camera < 0)
        named = known & (self.camera >= 0)
        mask[row[whole], :, self.keypoint[whole]] = True
        mask[row[named], self.camera[named], self.keypoint[named]] = True
        return mask


def compute_flags(  # noqa: PLR0917 - the session's parts, always in this order
    labels: Labels,
    poses: Poses,
    rig: Rig,
    skeleton: Skeleton,
    reference: BoneReference | None = None,
    settings: FlagSettings | None = None,
    *,
    rows: slice | None = None,
    scale: SessionScale | None = None,
    others: Sequence[Labels] = (),
) -> FlagTable:
    """Find the labels that a person should look at.

    Parameters
    ----------
    labels, poses : Labels, Poses
        Of the same frames.
    rig, skeleton : Rig, Skeleton
        Name the camera and keypoint axes.
    reference : BoneReference, optional
        Bone lengths of the seed frames; None judges bones by the session alone.
    settings : FlagSettings, optional
    rows : slice, optional
        Rows (not frame numbers) of ``labels`` to judge; all by default. The cost grows with these
        rows only, if ``scale`` is given.
    scale : SessionScale, optional
        Limits measured before; measured on the whole session by default.
    others : sequence of Labels, optional
        Answers of other sources for the same frames, to be compared with ``labels``.

    Returns
    -------
    FlagTable

    Raises
    ------
    ValueError
        If the arrays do not fit each other, the rig or the skeleton.
    """
    settings = settings or FlagSettings()
    shape = (len(labels.frames), len(rig), len(skeleton))
    if labels.status.shape != shape or poses.view_error.shape != shape:
        raise ValueError(
            f"labels {labels.status.shape} and poses {poses.view_error.shape} do not have "
            f"frames x cameras x keypoints {shape}"
        )
    scale = scale or SessionScale.measure(poses, skeleton, reference, settings)
    start, stop, _ = (rows or slice(None)).indices(shape[0])
    blocks = range(start, stop, _BLOCK) if stop > start else range(start, start + 1)
    return FlagTable.concatenate([
        _judge(
            flag_rules.Judged(
                labels, poses, skeleton, settings, scale, first, min(first + _BLOCK, stop)
            ),
            others,
        )
        for first in blocks
    ])  # fmt: skip


def _judge(session: flag_rules.Judged, others: Sequence[Labels]) -> FlagTable:
    found = [
        (Reason.VIEW_DISAGREES, flag_rules.view_disagrees(session)),
        (Reason.HIGH_ERROR, flag_rules.high_error(session)),
        (Reason.FEW_VIEWS, flag_rules.few_views(session)),
        (Reason.LOW_MARGIN, flag_rules.low_margin(session)),
        (Reason.BONE_LENGTH, flag_rules.bone_length(session)),
        (Reason.JUMP, flag_rules.jump(session)),
        (Reason.MISSING, flag_rules.missing(session)),
        (Reason.HANDEDNESS, flag_rules.handedness(session)),
        *((Reason.SOURCES_DISAGREE, flag_rules.sources_disagree(session, other))
          for other in others),
    ]  # fmt: skip
    return _table(session.labels.frames, found)


def rows_to_update(row: int, n_frames: int, settings: FlagSettings | None = None) -> slice:
    """Rows whose flags can change when the labels of one row do."""
    reach = flag_rules.reach(settings or FlagSettings())
    return slice(max(0, row - reach), min(n_frames, row + reach + 1))


def rows_to_judge(
    rows: Iterable[int], n_frames: int, settings: FlagSettings | None = None
) -> list[slice]:
    """Stretches of rows whose flags can change when the labels of some rows do.

    Returns
    -------
    list of slice
        Ascending, apart from each other, with explicit ends.
    """
    stretches: list[slice] = []
    for row in sorted(set(rows)):
        near = rows_to_update(row, n_frames, settings)
        if stretches and near.start <= stretches[-1].stop:
            near = slice(stretches.pop().start, near.stop)
        stretches.append(near)
    return stretches


def update_flags(
    flags: FlagTable,
    edited: int | Iterable[int],
    *,
    labels: Labels,
    poses: Poses,
    rig: Rig,
    skeleton: Skeleton,
    scale: SessionScale,
    settings: FlagSettings | None = None,
    others: Sequence[Labels] = (),
) -> FlagTable:
    """Judge the frames around edited ones again; the length of the session hardly matters.

    Parameters
    ----------
    flags : FlagTable
        Before the edit.
    edited : int or iterable of int
        Rows of the edited frames.
    labels, poses, rig, skeleton, scale, settings, others
        As in `compute_flags`; ``labels`` and ``poses`` after the edit.
    """
    rows_edited = [edited] if isinstance(edited, int | np.integer) else edited
    for rows in rows_to_judge(rows_edited, len(labels.frames), settings):
        new = compute_flags(
            labels, poses, rig, skeleton, None, settings, rows=rows, scale=scale, others=others
        )
        first, last = int(labels.frames[rows.start]), int(labels.frames[rows.stop - 1])
        flags = flags.replaced(first, last + 1, new)
    return flags


def _table(frames: NDArray[np.int64], found: "list[tuple[Reason, flag_rules.Found]]") -> FlagTable:
    parts = [part for _, part in found]
    reason = np.repeat([int(reason) for reason, _ in found], [len(part) for part in parts])
    table = FlagTable(
        frame=frames[np.concatenate([part.row for part in parts])],
        keypoint=np.concatenate([part.keypoint for part in parts]).astype(np.int16),
        camera=np.concatenate([part.camera for part in parts]).astype(np.int16),
        reason=reason.astype(np.uint8),
        value=np.concatenate([part.value for part in parts]).astype(np.float32),
        low=np.concatenate([part.low for part in parts]).astype(np.float32),
        high=np.concatenate([part.high for part in parts]).astype(np.float32),
        detail=np.concatenate([part.detail for part in parts]).astype(np.int16),
        doubt=np.concatenate([part.doubt for part in parts]).astype(np.float32),
    )
    return table.select(np.lexsort((table.camera, table.reason, table.keypoint, table.frame)))


__all__ = [
    "WHOLE_POINT", "FlagSettings", "FlagTable", "Reason", "SessionScale",
    "compute_flags", "rows_to_judge", "rows_to_update", "update_flags",
]  # fmt: skip
