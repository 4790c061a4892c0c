"""Triangulate every label again, as after an exchanged calibration."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import content_key, remove_others, write_result
from napari_behaviorvlm.io.project.store import Run
from napari_behaviorvlm.workflows.proposals import Proposals
from napari_behaviorvlm.workflows.state import load_state, retriangulate

ROWS = 500
"""Frames triangulated between two signs of progress."""


@dataclass(frozen=True)
class TriangulateReport:
    """Errors of all points.

    Parameters
    ----------
    points : int
    median_error, p95_error : float
        Reprojection error of the points, px.
    cameras : dict of str to float
        Median distance between a camera's labels and the points, px.
    """

    points: int
    median_error: float
    p95_error: float
    cameras: dict[str, float]


def triangulate_project(project: Project) -> Generator[Progress, None, TriangulateReport]:
    """Triangulate the proposals again and keep the result; decisions lie over them as before.

    Raises
    ------
    ProjectError
        If nothing is labelled yet.
    """
    runs = project.store.runs()
    if not runs and not any(True for _ in project.store.labels()):
        raise ProjectError(
            f"Nothing is labelled yet: run `behaviorvlm label {project.folder}` first."
        )
    if runs:
        yield from _renew(project, runs)
    poses = load_state(project).poses
    errors = poses.error[np.isfinite(poses.error)]
    medians = (_median(poses.view_error[:, at]) for at in range(len(project.rig)))
    return TriangulateReport(
        points=len(errors),
        median_error=_median(errors),
        p95_error=float(np.quantile(errors, 0.95)) if len(errors) else float("nan"),
        cameras=dict(zip(project.rig.names, medians, strict=True)),
    )


def _renew(project: Project, runs: list[Run]) -> Generator[Progress, None, None]:
    proposals = Proposals.of(project)
    labels, poses = proposals.arrays()
    n_frames = len(labels.frames)
    for start in range(0, n_frames, ROWS):
        yield Progress(start, n_frames, "triangulating")
        rows = range(start, min(start + ROWS, n_frames))
        points = ((row, at) for row in rows for at in range(len(project.skeleton)))
        retriangulate(labels, poses, project.rig, points)
    key = content_key({
        "triangulated": [run.key for run in runs],
        "cameras": [[c.matrix, c.distortion, c.rotation, c.translation] for c in project.rig],
    })  # fmt: skip
    write_result(
        project.result(key), labels, poses, proposals.all_alternatives(),
        proposals.all_exchanges(), proposals.all_leans(),
    )  # fmt: skip
    strategy = "+".join(sorted({run.strategy for run in runs}))
    project.store.add_run(Run(strategy, key, 0, n_frames, {}), __version__)
    remove_others(project.results, [key])


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
