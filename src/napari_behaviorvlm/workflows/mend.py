"""Proposing how to mend a rig that no longer is as it was calibrated, and doing it if accepted."""

import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.labels import LABELLED, Labels, Source
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.geometry.bundle import estimate_poses, replaced
from napari_behaviorvlm.geometry.check import check_rig
from napari_behaviorvlm.geometry.exchange import Exchange, find_exchange
from napari_behaviorvlm.geometry.mending import (
    FrameOffset,
    MovedCamera,
    estimate_pose,
    find_offset,
)
from napari_behaviorvlm.geometry.whole_rig import estimate_rig
from napari_behaviorvlm.io.calibration import write_anipose
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.project import CALIBRATION
from napari_behaviorvlm.workflows.state import load_state

Positions = NDArray[np.float64]

ORIGINAL = "calibration.original.toml"
"""What the project was made with; written before the first mend."""

MOST_FRAMES = 1500
"""Labelled frames looked at; more would not change the answer."""

LEAST = 3.0
"""Residual in px from which on a camera is looked at."""


@dataclass(frozen=True, eq=False)
class Mend:
    """What would put a rig right; nothing of it where nothing is clearly wrong.

    Parameters
    ----------
    unit : str
        Of lengths.
    moved : tuple of MovedCamera
        New poses, of one camera or of several that were moved.
    offset : FrameOffset or None
        A camera out of step; that is not mended by the calibration.
    exchange : Exchange or None
        Cameras that hold each other's place.
    accepted : bool
        Whether the calibration was written.
    """

    unit: str
    moved: tuple[MovedCamera, ...] = ()
    offset: FrameOffset | None = None
    exchange: Exchange | None = None
    accepted: bool = False

    @property
    def sentence(self) -> str:
        """The proposal in words."""
        if self.exchange is not None:
            return f"{self.exchange.sentence} {self._done('calibrations')}"
        if self.offset is not None:
            return _out_of_step(self.offset)
        if not self.moved:
            return "No camera is clearly moved, exchanged or out of step."
        each = " ".join(
            f"Camera {one.camera.name!r} was moved: turned by {one.angle:.1f} degrees, "
            f"shifted by {one.distance:.1f} {self.unit} ({one.before:.1f} px off as it is, "
            f"{one.after:.1f} px then)."
            for one in self.moved
        )
        return f"{each} {self._done('place' if len(self.moved) == 1 else 'places')}"

    def _done(self, what: str) -> str:
        if not self.accepted:
            if self.exchange is not None:
                return "Accept with --accept: each video then gets the calibration that fits it."
            return "Accept with --accept."
        return (
            f"The new {what} {'is' if what == 'place' else 'are'} in {CALIBRATION} now, "
            f"the original is {ORIGINAL}: label again, or triangulate."
        )

    def mended(self, rig: Rig) -> Rig | None:
        """Return the rig as proposed; None where no calibration would mend anything."""
        if self.exchange is not None:
            return self.exchange.mended(rig)
        if self.moved and self.offset is None:
            return replaced(rig, [one.camera for one in self.moved])
        return None


def _out_of_step(offset: FrameOffset) -> str:
    late = "later" if offset.offset > 0 else "earlier"
    frames = "frame" if abs(offset.offset) == 1 else "frames"
    return (
        f"Camera {offset.name!r} is out of step: what the others show in a frame, it "
        f"shows {abs(offset.offset)} {frames} {late} ({offset.before:.1f} px off "
        f"as it is, {offset.after:.1f} px then). Cut its video accordingly and make "
        "the project anew; the calibration is not to blame."
    )


def mend_project(project: Project, *, accept: bool) -> Generator[Progress, None, Mend]:
    """Look for cameras that were exchanged, moved, or are out of step.

    Parameters
    ----------
    project : Project
    accept : bool
        Write the proposal into the project's calibration; the original is kept beside it.

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
    steps = _proposed(project, labels, rows)
    proposal = yield from steps
    rig = proposal.mended(project.rig)
    if accept and rig is not None:
        _write(project, rig)
        proposal = replace(proposal, accepted=True)
    return proposal


def _proposed(
    project: Project, labels: Labels, rows: NDArray[np.int64]
) -> Generator[Progress, None, Mend]:  # fmt: skip
    """Look for what explains most first: an exchange, then moves and steps of single cameras."""
    rig, unit = project.rig, project.config.unit
    yield Progress(0, len(rig) + 1, "exchanged cameras")
    for xy in _evidence(labels, rows):
        exchange = find_exchange(rig, xy)
        if exchange is not None:
            return Mend(unit, exchange=exchange)
        several = _moved_together(rig, xy)
        if several:
            return Mend(unit, moved=several)
    found: list[tuple[float, Mend]] = []
    for done, name in enumerate(rig.names, 1):
        yield Progress(done, len(rig) + 1, name)
        found += _proposals(project, labels, rows, name)
    if found:
        return min(found, key=lambda one: one[0])[1]
    return Mend(unit, moved=_all_moved(rig, labels, rows))


def _all_moved(rig: Rig, labels: Labels, rows: NDArray[np.int64]) -> tuple[MovedCamera, ...]:
    """Estimate all poses, if cameras disagree and nothing less mends it."""
    for xy in _evidence(labels, rows):
        if len(check_rig(rig, xy, limit=LEAST).disagreeing) > 1:
            found = estimate_rig(rig, xy)
            if found is not None:
                return found
    return ()


def _evidence(labels: Labels, rows: NDArray[np.int64]) -> Iterator[Positions]:
    """Labels (N, C, 2): those a person placed, then all.

    A solver that believes a wrong calibration names only dots that agree with it; a person who
    looks at pictures does not.
    """
    xy = _positions(labels, rows)
    person = np.where((labels.source[rows] == Source.HUMAN)[..., None], xy, np.nan)
    for one in (person, xy):
        yield one.transpose(0, 2, 1, 3).reshape(-1, xy.shape[1], 2)


def _moved_together(rig: Rig, xy: Positions) -> tuple[MovedCamera, ...]:
    """Estimate poses of cameras that disagree, if they are several and it mends each of them."""
    for limit in (LEAST, 3 * LEAST):
        # Labels placed by hand may be so rough that no two cameras agree within the lower limit.
        suspects = check_rig(rig, xy, limit=limit).disagreeing
        if 2 <= len(suspects) <= len(rig) - 2:
            found = estimate_poses(rig, xy, suspects) or ()
            worth = tuple(one for one in found if one.before > LEAST and one.worth_it)
            if len(worth) > 1:
                return worth
    return ()


def _proposals(
    project: Project, labels: Labels, rows: NDArray[np.int64], name: str
) -> list[tuple[float, Mend]]:
    """Mends of one camera that are worth it, with what they leave of the residual."""
    unit, found = project.config.unit, []
    for flat in _evidence(labels, rows):
        pose = estimate_pose(project.rig, flat, name)
        if pose is not None and pose.before > LEAST and pose.worth_it:
            found.append((pose.after / pose.before, Mend(unit, moved=(pose,))))
    run = _longest_run(rows)
    offset = find_offset(project.rig, _positions(labels, run), name)
    if offset is not None and offset.before > LEAST and offset.worth_it:
        # A shift in time explains more with less than a new pose.
        found.append((0.5 * offset.after / offset.before, Mend(unit, offset=offset)))
    return found


def _positions(labels: Labels, rows: NDArray[np.int64]) -> Positions:
    shown = np.isin(labels.status[rows], LABELLED)[..., None]
    xy: Positions = np.where(shown, labels.xy[rows], np.nan)
    return xy


def _longest_run(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Longest run of successive labelled frames."""
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return max(runs, key=len)


def _write(project: Project, rig: Rig) -> None:
    path, original = project.folder / CALIBRATION, project.folder / ORIGINAL
    try:
        if not original.exists():
            shutil.copyfile(path, original)
        write_anipose(rig, path)
    except OSError as error:
        raise ProjectError(f"{path} cannot be written: {error.strerror}.") from error
