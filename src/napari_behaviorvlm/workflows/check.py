"""What is wrong with a project, in sentences."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.core.labels import LABELLED, Labels
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.geometry.check import check_rig
from napari_behaviorvlm.geometry.exchange import find_exchange
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.video import probe
from napari_behaviorvlm.workflows.state import load_state

MOST_LABELS = 20_000
"""Points looked at when cameras are compared; more would not change the answer."""


@dataclass(frozen=True)
class Finding:
    """One thing a person should know.

    Parameters
    ----------
    serious : bool
        Whether it must be mended before results can be trusted.
    subject : str
        File or camera it is about, "" for the project.
    sentence : str
    """

    serious: bool
    subject: str
    sentence: str


def check_project(project: Project) -> Generator[Progress, None, list[Finding]]:
    """Look at the files, the seeds and the current labels of a project."""
    findings: list[Finding] = []
    names = project.rig.names
    for done, name in enumerate(names):
        yield Progress(done, len(names) + 1, name)
        for path in {project.video(name), project.dot_video(name)} - {None}:
            assert path is not None
            findings += _check_video(project, name, path)
    yield Progress(len(names), len(names) + 1, "labels")
    findings += _check_candidates(project)
    findings += _check_labels(project)
    return findings


def _check_video(project: Project, camera: str, path: Path) -> list[Finding]:
    try:
        info = probe(path)
    except VideoError as error:
        return [Finding(True, camera, str(error))]
    findings = []
    expected = project.config.n_frames
    if info.n_frames < expected:
        findings.append(Finding(True, camera, (
            f"{path} has {info.n_frames} frames, but the project was made with {expected}."
        )))  # fmt: skip
    elif info.n_frames > expected:
        findings.append(Finding(False, camera, (
            f"{path} has {info.n_frames} frames; the project uses the first {expected}."
        )))  # fmt: skip
    size = project.rig[camera].size
    if size is not None and tuple(info.size) != tuple(size):
        findings.append(Finding(True, camera, (
            f"{path} has {info.size[0]}x{info.size[1]} pixels, but camera {camera!r} was "
            f"calibrated at {size[0]}x{size[1]}."
        )))  # fmt: skip
    return findings


def _check_candidates(project: Project) -> list[Finding]:
    missing = project.candidates().missing(range(project.config.n_frames))
    if not missing:
        return []
    return [Finding(False, "", (
        f"Candidates are not complete yet: run `behaviorvlm detect {project.folder}`."
    ))]  # fmt: skip


def _check_labels(project: Project) -> list[Finding]:
    """Compare the calibration with the seeds, then the cameras with each other on all labels."""
    labels = load_state(project).labels
    seeds = [frame for frame in project.store.seed_frames() if frame < len(labels.frames)]
    if not seeds:
        return [Finding(False, "", "There are no seed frames yet.")]
    problem = _problem(project, _points(labels, np.array(seeds)))
    if problem is not None:
        return [Finding(True, "", f"Seeds: {problem}")]
    rows = np.flatnonzero(np.isin(labels.status, LABELLED).any(axis=(1, 2)))
    step = max(1, len(rows) * labels.status.shape[2] // MOST_LABELS)
    problem = _problem(project, _points(labels, rows[::step]))
    return [] if problem is None else [Finding(True, "", f"Labels: {problem}")]


def _problem(project: Project, xy: np.ndarray) -> str | None:
    """Say what speaks against the calibration, and what to do where that is known."""
    problem = check_rig(project.rig, xy).problem
    exchange = None if problem is None else find_exchange(project.rig, xy)
    if exchange is not None:
        return f"{exchange.sentence} See `behaviorvlm mend {project.folder}`."
    return problem


def _points(labels: Labels, rows: np.ndarray) -> np.ndarray:
    """Labels of some frames as (points, cameras, 2); NaN where there is no position."""
    xy = np.where(np.isin(labels.status[rows], LABELLED)[..., None], labels.xy[rows], np.nan)
    return xy.transpose(0, 2, 1, 3).reshape(-1, xy.shape[1], 2)
