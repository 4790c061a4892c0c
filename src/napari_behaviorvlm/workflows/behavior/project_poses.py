"""Poses of a labelling project as tables that behaviour is computed from.

In 3D for kinematics, and in pixels of one view for pictures. Where a point is known in space but
not named in that view, its projection stands for it.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.geometry.projection import project as projected
from napari_behaviorvlm.geometry.stage import across, up_direction
from napari_behaviorvlm.io.atomic import atomic_write_text, explained
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.video import probe
from napari_behaviorvlm.workflows.state import load_state

POSES = "pose3d.csv"
PIXELS = "labels2d.csv"

CENTIMETRE = {"um": 1e4, "µm": 1e4, "mm": 10.0, "cm": 1.0, "m": 0.01}
"""Length of a centimetre in a calibration's unit."""

FloatArray = NDArray[np.float64]


def project_recording(project: Project, folder: BehaviorFolder, view: str) -> Recording:
    """Describe the recording of one view, with the poses that the project has at this moment.

    Raises
    ------
    ProjectError
        If the view has no video or the tables cannot be written.
    """
    video = project.video(view)
    if video is None:
        raise ProjectError(f"Camera {view!r} of {project.folder} has no video.")
    info = probe(video)
    recording = Recording(
        view, video, view=view, fps=project.config.fps or info.fps, n_frames=info.n_frames,
        size=info.size,
    )  # fmt: skip
    place = folder.derived(recording) / "poses"
    found = _write_tables(project, view, place)
    if not found:
        return recording
    return replace(
        recording, poses=place / POSES, pixel_poses=place / PIXELS,
        scale=CENTIMETRE.get(project.config.unit),
    )  # fmt: skip


def _write_tables(project: Project, view: str, place: Path) -> bool:
    """Write both tables where they differ; False where nothing is labelled."""
    state = load_state(project)
    points = state.poses.points
    camera = project.rig.names.index(view)
    pixels = state.labels.xy[:, camera].copy()
    unnamed = ~np.isfinite(pixels).all(axis=-1)
    pixels[unnamed] = projected(project.rig[view], points[unnamed])
    if not np.isfinite(points).any():
        return False
    with explained(place):
        place.mkdir(parents=True, exist_ok=True)
    names = project.skeleton.keypoints
    upright = _upright(project, points)
    _write(place / POSES, ["frame", "keypoint", "x", "y", "z"], _rows(upright, names))
    rows = ([frame, view, *rest] for frame, *rest in _rows(pixels, names))
    _write(place / PIXELS, ["frame", "camera", "keypoint", "x", "y"], rows)
    return True


def _upright(project: Project, points: FloatArray) -> FloatArray:
    """Turn the world so that z points up, as behaviour features expect it."""
    up = up_direction(project.rig, points)
    turned: FloatArray = points @ np.stack([*across(up), up]).T
    return turned


def _rows(values: FloatArray, keypoints: tuple[str, ...]) -> Iterator[list[object]]:
    known = np.isfinite(values).all(axis=-1)
    for frame, at in zip(*np.nonzero(known), strict=True):
        yield [int(frame), keypoints[at], *np.round(values[frame, at], 4).tolist()]


def _write(path: Path, header: list[str], rows: Iterator[list[object]]) -> None:
    """Write a table unless it is there already: what was computed from it stays valid."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    text = buffer.getvalue()
    if not (path.is_file() and path.read_text("utf-8") == text):
        atomic_write_text(path, text)
