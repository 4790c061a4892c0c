"""Flags and the review queue of a project, and accepting what nothing speaks against."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import LABELLED, Source, Status
from napari_behaviorvlm.identity.bones import BoneReference
from napari_behaviorvlm.identity.flags import FlagTable, Reason, compute_flags
from napari_behaviorvlm.identity.review import ReviewItem, ReviewQueue, review_queue
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.store import Cell, StoredLabel
from napari_behaviorvlm.io.sqlite_files import now
from napari_behaviorvlm.workflows.state import SessionState, load_state

RULE_UNFLAGGED = "rule: accept what is not flagged"
"""Author of decisions that no person looked at one by one."""


@dataclass(frozen=True)
class ReviewListing:
    """The head of the review queue.

    Parameters
    ----------
    items : list of ReviewItem
        In the order to look at them.
    waiting : int
        Points in the whole queue.
    settled, total : int
        Labelled points that were decided, and all of them.
    expected_errors : float
        How many wrong points the doubts add up to.
    """

    items: list[ReviewItem]
    waiting: int
    settled: int
    total: int
    expected_errors: float

    @property
    def headline(self) -> str:
        """Where the review stands, in one sentence."""
        return (
            f"{self.settled} of {self.total} points settled, {self.waiting} flagged points wait, "
            f"expected errors left: {self.expected_errors:.0f}."
        )

    def to_dict(self) -> dict[str, object]:
        """Everything, for ``--json``."""
        return {**vars(self), "items": [item.to_dict() for item in self.items]}


def project_flags(project: Project, state: SessionState) -> FlagTable:
    """Compute the flags of all labels as they stand."""
    rows = np.array(project.store.seed_frames(), dtype=np.intp)
    seeds = state.poses.points[rows[rows < len(state.poses.frames)]]
    reference = BoneReference.from_points(seeds, project.skeleton) if len(seeds) else None
    return compute_flags(state.labels, state.poses, project.rig, project.skeleton, reference)


def project_queue(project: Project, state: SessionState, flags: FlagTable) -> ReviewQueue:
    """Review queue of all labels as they stand."""
    return review_queue(
        state.labels, state.poses, flags, project.rig, project.skeleton, unit=project.config.unit
    )


def words_by_point(flags: FlagTable) -> dict[tuple[int, int], tuple[str, ...]]:
    """Flag names by (frame number, keypoint position), each once, as exports write them."""
    words: dict[tuple[int, int], list[str]] = {}
    columns = (flags.frame.tolist(), flags.keypoint.tolist(), flags.reason.tolist())
    for frame, keypoint, reason in zip(*columns, strict=True):
        entry = words.setdefault((frame, keypoint), [])
        word = Reason(reason).word
        if word not in entry:
            entry.append(word)
    return {point: tuple(entry) for point, entry in words.items()}


def review(project: Project, *, top: int = 20) -> ReviewListing:
    """List what to look at first."""
    state = load_state(project)
    queue = project_queue(project, state, project_flags(project, state))
    labelled = _positioned(state).any(axis=1)
    settled = labelled & (state.decided | ~_positioned(state)).all(axis=1)
    return ReviewListing(
        items=queue.items(top),
        waiting=len(queue),
        settled=int(settled.sum()),
        total=int(labelled.sum()),
        expected_errors=queue.expected_errors,
    )


def accept_unflagged(project: Project) -> int:
    """Accept every proposal that no flag concerns, as one edit; return how many labels.

    The labels keep their source; their author is `RULE_UNFLAGGED`, so that nobody takes them for
    looked at.
    """
    state = load_state(project)
    flags = project_flags(project, state)
    flagged = np.zeros(state.poses.n_views.shape, bool)
    flagged[flags.frame, flags.keypoint] = True
    chosen = (state.labels.status == Status.PROPOSED) & ~flagged[:, None, :] & ~state.decided
    created = now()
    cells = zip(*(positions.tolist() for positions in chosen.nonzero()), strict=True)
    changes = [(cell, _accepted(state, cell, created)) for cell in cells]
    if changes:
        project.store.apply(changes, "accept what is not flagged", RULE_UNFLAGGED)
    return len(changes)


def _accepted(state: SessionState, cell: Cell, created: str) -> StoredLabel:
    labels = state.labels
    x, y = labels.xy[cell].tolist()
    confidence = float(labels.confidence[cell])
    return StoredLabel(
        x, y, int(labels.candidate[cell]), Status.ACCEPTED, Source(int(labels.source[cell])),
        None if np.isnan(confidence) else confidence, RULE_UNFLAGGED, created,
    )  # fmt: skip


def _positioned(state: SessionState) -> NDArray[np.bool_]:
    return np.isin(state.labels.status, LABELLED)
