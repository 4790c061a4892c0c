"""Errors put into a labelled project, so that a test knows where the right dot is."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import read_result
from napari_behaviorvlm.workflows.state import retriangulate


@dataclass(frozen=True)
class Planted:
    """One proposal that was put on a wrong dot."""

    frame: int
    camera: int
    keypoint: int
    right: int
    right_xy: tuple[float, float]
    wrong: int
    wrong_xy: tuple[float, float]
    right_error: float
    """Reprojection error (px) of the keypoint before."""

    @property
    def cell(self):
        return self.frame, self.camera, self.keypoint


def plant_errors(
    folder: Path, count: int = 1, *, seed: int = 0, away: float = 40.0, most: float = 240.0
):
    """Move proposals that all views agree on to other dots of their pictures, as a solver may err.

    Whatever the store holds stays as it is: the wrong labels are proposals of the run.

    Parameters
    ----------
    folder : Path
        A labelled project that nobody has open.
    count : int
        Errors; each in a frame of its own.
    away, most : float
        Least and largest distance (px) between the right and the wrong dot.

    Returns
    -------
    list of Planted
    """
    rng = np.random.default_rng(seed)
    with Project(folder) as project:
        (run,) = project.store.runs()
        result = project.result(run.key)
        labels, poses = (_copied(table) for table in read_result(result))
        planted = _choose(project, labels, poses, count, rng, (away, most))
        for error in planted:
            labels.xy[error.cell] = error.wrong_xy
            labels.candidate[error.cell] = error.wrong
        points = {(error.frame, error.keypoint) for error in planted}
        retriangulate(labels, poses, project.rig, points)
        for name in ("xy", "candidate"):
            np.save(result / f"label_{name}.npy", getattr(labels, name))
        for name in ("points", "error", "view_error", "leave_one_out", "n_views", "covariance"):
            np.save(result / f"pose_{name}.npy", getattr(poses, name))
    return planted


def _choose(project, labels, poses, count, rng, distances):
    away, most = distances
    candidates = project.candidates()
    planted = []
    for cell in _agreed(labels, poses, rng):
        frame, camera, keypoint = cell
        if any(abs(frame - other.frame) < 3 for other in planted):
            continue
        dots = candidates.read(range(frame, frame + 1))
        dots = dots.select(dots.camera == camera)
        distance = np.linalg.norm(dots.xy - labels.xy[cell], axis=1)
        free = ~np.isin(dots.number, labels.candidate[frame, camera])
        others = np.flatnonzero((distance > away) & (distance < most) & free)
        if not len(others):
            continue
        wrong = others[distance[others].argmin()]
        planted.append(
            Planted(
                *cell, int(labels.candidate[cell]), tuple(labels.xy[cell].tolist()),
                int(dots.number[wrong]), tuple(dots.xy[wrong].tolist()),
                float(poses.error[frame, keypoint]),
            )
        )  # fmt: skip
        if len(planted) == count:
            return planted
    raise AssertionError("the project has too few labels that all views agree on")


def _agreed(labels, poses, rng):
    """Cells of proposals on dots in points that at least four views agree on, in random order."""
    views = ((labels.status == Status.PROPOSED) & (labels.candidate > 0)).sum(axis=1)
    good = (views >= 4) & (poses.error < 1.0)
    cells = np.argwhere(
        (labels.status == Status.PROPOSED) & (labels.candidate > 0) & good[:, None, :]
    )
    return [tuple(map(int, cell)) for cell in rng.permutation(cells)]


def _copied(table):
    return type(table)(**{name: np.array(values) for name, values in vars(table).items()})
