"""Proposing how to mend a rig that no longer is as it was calibrated, and doing it if accepted."""

import shutil
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.labels import LABELLED, Labels
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.geometry.mending import (
    FrameOffset,
    MovedCamera,
    estimate_pose,
    find_offset,
)
from napari_behaviorvlm.io.calibration import write_anipose
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.project import CALIBRATION
from napari_behaviorvlm.workflows.state import load_state

ORIGINAL = "calibration.original.toml"
"""What the project was made with; written before the first mend."""

MOST_FRAMES = 1500
"""Labelled frames looked at; more would not change the answer."""

LEAST = 3.0
"""Residual in px from which on a camera is looked at."""


@dataclass(frozen=True, eq=False)
class Mend:
    """What would put a camera right; both None where nothing is clearly wrong.

    Parameters
    ----------
    pose : MovedCamera or None
    offset : FrameOffset or None
    unit : str
        Of lengths.
    accepted : bool
    """

    pose: MovedCamera | None
    offset: FrameOffset | None
    unit: str
    accepted: bool = False

    @property
    def sentence(self) -> str:
        """The proposal in words."""
        if self.offset is not None:
            late = "later" if self.offset.offset > 0 else "earlier"
            return (
                f"Camera {self.offset.name!r} is out of step: what the others show in a frame, it "
                f"shows {abs(self.offset.offset)} frames {late} ({self.offset.before:.1f} px off "
                f"as it is, {self.offset.after:.1f} px then). Cut its video accordingly and make "
                "the project anew; the calibration is not to blame."
            )
        if self.pose is None:
            return "No camera is clearly moved or out of step."
        done = (
            f"Its new place is in {CALIBRATION} now, the old one in {ORIGINAL}: label again, or "
            "triangulate."
            if self.accepted else "Accept with --accept."
        )  # fmt: skip
        return (
            f"Camera {self.pose.camera.name!r} was moved: turned by {self.pose.angle:.1f} degrees, "
            f"shifted by {self.pose.distance:.1f} {self.unit} ({self.pose.before:.1f} px off as it "
            f"is, {self.pose.after:.1f} px then). {done}"
        )


def mend_project(project: Project, *, accept: bool) -> Generator[Progress, None, Mend]:
    """Look for a camera that was moved or is out of step.

    Parameters
    ----------
    project : Project
    accept : bool
        Write the new pose into the project's calibration; the original is kept beside it.

    Raises
    ------
    ProjectError
        If nothing is labelled yet, or the calibration cannot be written.
    """
    labels = load_state(project).labels
    rows = np.flatnonzero(np.isin(labels.status, LABELLED).any(axis=(1, 2)))[:MOST_FRAMES]
    if not len(rows):
        raise ProjectError(
            f"Nothing is labelled yet: give seeds with `behaviorvlm seed {project.folder} FILE`."
        )
    xy = _positions(labels, rows)
    names = project.rig.names
    found: list[tuple[float, Mend]] = []
    for done, name in enumerate(names):
        yield Progress(done, len(names), name)
        found += _proposals(project, labels, xy, rows, name)
    if not found:
        return Mend(None, None, project.config.unit)
    best = min(found, key=lambda one: one[0])[1]
    if accept and best.pose is not None:
        _write(project, best.pose)
        best = Mend(best.pose, None, best.unit, accepted=True)
    return best


def _proposals(
    project: Project, labels: Labels, xy: NDArray[np.float64], rows: NDArray[np.int64], name: str
) -> list[tuple[float, Mend]]:
    """Mends of one camera that are worth it, with what they leave of the residual."""
    unit, found = project.config.unit, []
    flat = xy.transpose(0, 2, 1, 3).reshape(-1, xy.shape[1], 2)
    pose = estimate_pose(project.rig, flat, name)
    if pose is not None and pose.before > LEAST and pose.worth_it:
        found.append((pose.after / pose.before, Mend(pose, None, unit)))
    run = _longest_run(rows)
    offset = find_offset(project.rig, _positions(labels, run), name)
    if offset is not None and offset.before > LEAST and offset.worth_it:
        # A shift in time explains more with less than a new pose.
        found.append((0.5 * offset.after / offset.before, Mend(None, offset, unit)))
    return found


def _positions(labels: Labels, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    shown = np.isin(labels.status[rows], LABELLED)[..., None]
    xy: NDArray[np.float64] = np.where(shown, labels.xy[rows], np.nan)
    return xy


def _longest_run(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Longest run of successive labelled frames."""
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return max(runs, key=len)


def _write(project: Project, pose: MovedCamera) -> None:
    path, original = project.folder / CALIBRATION, project.folder / ORIGINAL
    try:
        if not original.exists():
            shutil.copyfile(path, original)
        cameras = (pose.camera if c.name == pose.camera.name else c for c in project.rig)
        write_anipose(Rig(tuple(cameras)), path)
    except OSError as error:
        raise ProjectError(f"{path} cannot be written: {error.strerror}.") from error
