"""Human labels of the seed frames: read, snapped to candidates, kept as a person's decision."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.geometry.check import check_rig
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.store import Cell, StoredLabel
from napari_behaviorvlm.io.seed_table import read_seeds
from napari_behaviorvlm.io.sqlite_files import now
from napari_behaviorvlm.workflows.person import login_name

SNAP_DISTANCE = 5.0
"""A seed this close to a candidate (px) means that candidate."""

RECOMMENDED_FRAMES = 3


@dataclass(frozen=True)
class SeedReport:
    """What `seed` did.

    Parameters
    ----------
    frames : list of int
        Seed frames of the file.
    labels, snapped, occluded : int
        Rows in all, those that became a candidate, those that say "cannot be seen".
    warnings : list of str
    """

    frames: list[int]
    labels: int
    snapped: int
    occluded: int
    warnings: list[str] = field(default_factory=list)


def seed(project: Project, path: Path, *, author: str = "") -> SeedReport:
    """Take the labels of a seed file into the project; its frames become the seed frames.

    Raises
    ------
    TableError
        If the file does not fit the project; nothing has been changed then.
    """
    table = read_seeds(path, project.skeleton, project.rig, project.config.n_frames)
    author = author or login_name()
    changes = list(_decisions(project, table, author))
    project.store.apply(changes, f"seeds from {path.name}", author)
    project.store.set_seed_frames(table.frames.tolist(), author)
    return SeedReport(
        frames=table.frames.tolist(),
        labels=len(table),
        snapped=sum(label.candidate > 0 for _, label in changes),
        occluded=sum(label.status is Status.OCCLUDED for _, label in changes),
        warnings=_warnings(project, table),
    )


def _decisions(
    project: Project, table: SeedTable, author: str
) -> Iterable[tuple[Cell, StoredLabel]]:
    candidates = project.candidates()
    created = now()
    of_frame = {
        int(frame): candidates.read(range(int(frame), int(frame) + 1)) for frame in table.frames
    }
    for frame, camera, keypoint, xy in zip(
        table.frame.tolist(), table.camera.tolist(), table.keypoint.tolist(), table.xy, strict=True
    ):
        x, y, number = snap(of_frame[frame], frame, camera, xy)
        status = Status.OCCLUDED if x is None else Status.CORRECTED
        label = StoredLabel(
            x, y, number, status, Source.HUMAN, confidence=1.0, author=author, created=created
        )
        yield (frame, camera, keypoint), label


def snap(
    candidates: CandidateTable, frame: int, camera: int, xy: np.ndarray
) -> tuple[float | None, float | None, int]:
    """Position and number of the candidate nearest to a click.

    Returns
    -------
    x, y : float or None
        The candidate's centre within `SNAP_DISTANCE`, else the click itself; None if it was empty.
    number : int
        0 where it is not a candidate.
    """
    if not np.isfinite(xy).all():
        return None, None, 0
    rows = candidates.rows(frame)
    of_view = np.flatnonzero(candidates.camera[rows] == camera) + rows.start
    if len(of_view):
        distance = np.hypot(*(candidates.xy[of_view] - xy).T)
        best = int(np.argmin(distance))
        if distance[best] <= SNAP_DISTANCE:
            x, y = candidates.xy[of_view[best]].tolist()
            return x, y, int(candidates.number[of_view[best]])
    return float(xy[0]), float(xy[1]), 0


def _warnings(project: Project, table: SeedTable) -> list[str]:
    warnings = []
    if len(table.frames) < RECOMMENDED_FRAMES:
        count = "1 seed frame" if len(table.frames) == 1 else f"{len(table.frames)} seed frames"
        warnings.append(
            f"Only {count}: {RECOMMENDED_FRAMES} frames with different postures give the solver an "
            "idea of how distances vary."
        )
    visible = np.isfinite(table.xy[:, 0])
    unplaced = []
    for at, name in enumerate(project.skeleton.keypoints):
        frames = table.frame[visible & (table.keypoint == at)]
        if not len(frames) or np.unique(frames, return_counts=True)[1].max() < 2:
            unplaced.append(name)
    if unplaced:
        places = "its 3D place is" if len(unplaced) == 1 else "their 3D places are"
        warnings.append(
            f"No seed frame shows {', '.join(unplaced)} in two views: {places} unknown."
        )
    problem = check_rig(project.rig, _points(project, table)).problem
    return warnings if problem is None else [*warnings, problem]


def _points(project: Project, table: SeedTable) -> NDArray[np.float64]:
    """Labels as (points, cameras, 2); NaN where there is none."""
    xy = np.full((len(table.frames), len(project.skeleton), len(project.rig), 2), np.nan)
    xy[np.searchsorted(table.frames, table.frame), table.keypoint, table.camera] = table.xy
    return xy.reshape(-1, len(project.rig), 2)
