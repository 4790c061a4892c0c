"""The session as it stands: computed proposals with people's decisions laid over them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses, Source, Status
from napari_behaviorvlm.geometry.triangulation import triangulate
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import has_result, read_result
from napari_behaviorvlm.io.project.store import Cell, StoredLabel


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
    """

    labels: Labels
    poses: Poses
    decided: NDArray[np.bool_]


def load_state(project: Project) -> SessionState:
    """Read the current labels and poses; cost grows with the frames that were edited.

    Raises
    ------
    ProjectError
        If a result is missing or damaged.
    """
    labels, poses = load_proposals(project)
    decided = np.zeros(labels.status.shape, bool)
    touched = set()
    for cell, label in project.store.labels():
        if cell[0] < len(labels.frames):
            before = (*labels.xy[cell], labels.status[cell] in LABELLED)
            write_cell(labels, cell, label)
            decided[cell] = True
            if not np.array_equal(
                before, (*labels.xy[cell], labels.status[cell] in LABELLED), equal_nan=True
            ):
                touched.add((cell[0], cell[2]))
    retriangulate(labels, poses, project.rig, touched)
    return SessionState(labels, poses, decided)


def load_proposals(project: Project) -> tuple[Labels, Poses]:
    """Read the results of the runs, newer over older, as arrays that may be written to."""
    n_frames, shape = project.config.n_frames, (len(project.rig), len(project.skeleton))
    labels = Labels.empty(np.arange(n_frames), *shape)
    poses = Poses.empty(labels.frames, *shape)
    for run in project.store.runs():
        if has_result(project.result(run.key)):
            _copy(labels, poses, project.result(run.key))
    return labels, poses


def _copy(labels: Labels, poses: Poses, folder: Path) -> None:
    new_labels, new_poses = read_result(folder)
    rows = slice(int(new_labels.frames[0]), int(new_labels.frames[-1]) + 1)
    for target, source in ((labels, new_labels), (poses, new_poses)):
        for name, values in vars(source).items():
            if name != "frames":
                getattr(target, name)[rows] = values


def write_cell(labels: Labels, cell: Cell, label: StoredLabel) -> None:
    """Put a person's decision into the arrays."""
    labels.xy[cell] = (np.nan if label.x is None else label.x,
                       np.nan if label.y is None else label.y)  # fmt: skip
    labels.candidate[cell] = label.candidate
    labels.status[cell] = label.status
    labels.source[cell] = label.source
    labels.confidence[cell] = np.nan if label.confidence is None else label.confidence


def retriangulate(
    labels: Labels, poses: Poses, rig: Rig, points: Iterable[tuple[int, int]]
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
    found = triangulate(rig, xy)
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
