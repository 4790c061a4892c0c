"""The session as it stands: computed proposals with people's decisions laid over them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses, Source, Status
from napari_behaviorvlm.geometry.triangulation import TriangulationSettings, triangulate
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.decisions import Decisions
from napari_behaviorvlm.io.project.store import Cell, StoredLabel
from napari_behaviorvlm.workflows.proposals import Proposals

EDITED = TriangulationSettings(pixel_sigma=0.5)
"""The noise is given, so that a point does not depend on which others are edited with it."""


@dataclass(eq=False)
class SessionState:
    """Labels and poses of all frames of a project.

    Parameters
    ----------
    labels : Labels
        Every frame of the recording, proposals and decisions.
    poses : Poses
        Triangulated from ``labels``.
    decided : ndarray of bool, shape (F, C, K)
        Cells about which a person (or a person's rule) decided.
    proposals : Proposals
        What lies below the decisions.
    """

    labels: Labels
    poses: Poses
    decided: NDArray[np.bool_]
    proposals: Proposals


def load_state(project: Project) -> SessionState:
    """Read the current labels and poses; cost grows with the frames that were edited.

    Raises
    ------
    ProjectError
        If a result is missing or damaged.
    """
    proposals = Proposals.of(project)
    labels, poses = proposals.arrays()
    state = SessionState(labels, poses, np.zeros(labels.status.shape, bool), proposals)
    decisions = project.store.decisions()
    decisions = decisions.select(decisions.frame < len(labels.frames))
    points = _write_decisions(state, decisions)
    retriangulate(labels, poses, project.rig, points, EDITED)
    return state


def _write_decisions(state: SessionState, decisions: Decisions) -> set[tuple[int, int]]:
    """Lay decisions over proposals; return the points whose positions differ by it."""
    labels, cells = state.labels, decisions.cells
    positioned = np.isin(labels.status[cells], LABELLED)
    same = positioned == np.isin(decisions.status, LABELLED)
    old, new = labels.xy[cells], decisions.xy
    same &= ((old == new) | (np.isnan(old) & np.isnan(new))).all(axis=1)
    labels.xy[cells] = new
    for name in ("candidate", "status", "source", "confidence"):
        getattr(labels, name)[cells] = getattr(decisions, name)
    state.decided[cells] = True
    moved = ~same
    rows, keypoints = decisions.frame[moved].tolist(), decisions.keypoint[moved].tolist()
    return set(zip(rows, keypoints, strict=True))


def update_cells(project: Project, state: SessionState, cells: Iterable[Cell]) -> None:
    """Bring some cells of a state in line with the store, and the 3D points above them.

    What nobody decides any more is again as it was proposed, to the last bit. The cost grows with
    the number of cells only.
    """
    points = set()
    for cell in cells:
        label = project.store.get(cell)
        state.decided[cell] = label is not None
        if label is None:
            state.proposals.restore_label(state.labels, cell)
        else:
            write_cell(state.labels, cell, label)
        points.add((cell[0], cell[2]))
    for row, keypoint in points:
        state.proposals.restore_point(state.poses, row, keypoint)
    _triangulate_changed(state, project.rig, points)


def overlay_proposals(
    state: SessionState, rows: NDArray[np.int64], labels: Labels, poses: Poses
) -> None:
    """Lay new proposals over some frames of a state, in place; decisions stay as they are.

    Parameters
    ----------
    state : SessionState
    rows : ndarray of int64, shape (n,)
        Frames of the state.
    labels : Labels
        Of these frames.
    poses : Poses
        Of these frames; points of which a person decided about a view stay as they are.
    """
    n = len(rows)
    free = ~state.decided[rows]
    for name in ("xy", "candidate", "status", "source", "confidence"):
        old, new = getattr(state.labels, name), getattr(labels, name)[:n]
        mask = free[..., None] if new.ndim == 4 else free
        old[rows] = np.where(mask, new, old[rows])
    untouched = np.asarray(free.all(axis=1))
    for name in ("points", "error", "n_views", "covariance", "confidence"):
        old, new = getattr(state.poses, name), getattr(poses, name)[:n]
        mask = untouched.reshape(*untouched.shape, *(1,) * (new.ndim - 2))
        old[rows] = np.where(mask, new, old[rows])
    for name in ("view_error", "leave_one_out"):
        old, new = getattr(state.poses, name), getattr(poses, name)[:n]
        old[rows] = np.where(untouched[:, None], new, old[rows])


def _triangulate_changed(state: SessionState, rig: Rig, points: Iterable[tuple[int, int]]) -> None:
    """Recompute the points whose labels are not those they were proposed from."""
    differing = [p for p in points if not state.proposals.has_positions(state.labels, *p)]
    retriangulate(state.labels, state.poses, rig, differing, EDITED)


def write_cell(labels: Labels, cell: Cell, label: StoredLabel) -> None:
    """Put a person's decision into the arrays."""
    labels.xy[cell] = (np.nan if label.x is None else label.x,
                       np.nan if label.y is None else label.y)  # fmt: skip
    labels.candidate[cell] = label.candidate
    labels.status[cell] = label.status
    labels.source[cell] = label.source
    labels.confidence[cell] = np.nan if label.confidence is None else label.confidence


def retriangulate(
    labels: Labels,
    poses: Poses,
    rig: Rig,
    points: Iterable[tuple[int, int]],
    settings: TriangulationSettings | None = None,
) -> None:
    """Recompute the 3D points of some (row, keypoint) pairs from their labels, in place.

    A view that a person labelled in these points is trusted: the confidence of the point becomes
    that of its least certain label, and a human label counts as certain.
    """
    pairs = np.array(sorted(points), dtype=np.intp).reshape(-1, 2)
    if not len(pairs):
        return
    row, keypoint = pairs.T
    xy = np.where(
        np.isin(labels.status[row, :, keypoint], LABELLED)[..., None],
        labels.xy[row, :, keypoint], np.nan,
    )  # fmt: skip
    found = triangulate(rig, xy, settings=settings)
    poses.points[row, keypoint] = found.points
    poses.error[row, keypoint] = found.error
    poses.view_error[row, :, keypoint] = found.view_error
    poses.leave_one_out[row, :, keypoint] = found.leave_one_out
    poses.n_views[row, keypoint] = found.n_views
    poses.covariance[row, keypoint] = found.covariance
    human = (labels.source[row, :, keypoint] == Source.HUMAN) & np.isfinite(xy[..., 0])
    certain = np.count_nonzero(human, axis=1) >= 2
    poses.confidence[row[certain], keypoint[certain]] = 1.0


def status_counts(labels: Labels) -> dict[str, int]:
    """Cells by status, in words."""
    counts = np.bincount(labels.status.ravel(), minlength=len(Status))
    return {status.word: int(counts[status]) for status in Status}
