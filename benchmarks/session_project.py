"""A project folder of a benchmark session, with grey pictures where it has none of its own."""

from pathlib import Path

import cv2
import numpy as np
from benchmarks.identity_sessions import Session

from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import write_table
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig
from napari_behaviorvlm.workflows.seed import seed


def make_project(folder: Path, session: Session) -> Path:
    """Write a project with the session's dots and seeds; returns its folder."""
    n_frames, names = len(session.frames), session.rig.names
    views = {}
    for camera in session.rig:
        pictures = folder / "pictures" / camera.name
        pictures.mkdir(parents=True)
        width, height = camera.size
        cv2.imwrite(str(pictures / "000.png"), np.full((height, width), 90, np.uint8))
        for frame in range(1, n_frames):
            (pictures / f"{frame:03d}.png").hardlink_to(pictures / "000.png")
        views[camera.name] = ViewConfig(size=(width, height), video=f"../pictures/{camera.name}")
    rows = session.seeds
    lines = ["frame,camera,keypoint,x,y"]
    for frame, camera, keypoint, (x, y) in zip(
        rows.frame, rows.camera, rows.keypoint, rows.xy, strict=True
    ):
        place = "," if np.isnan(x) else f"{x},{y}"
        lines.append(f"{frame},{names[camera]},{session.skeleton.keypoints[keypoint]},{place}")
    (folder / "seeds.csv").write_text("\n".join(lines) + "\n")
    config = ProjectConfig(name=session.name, n_frames=n_frames, views=views)
    with Project.create(folder / "project", config, session.rig, session.skeleton) as project:
        with project.replacing_imported() as folders:
            write_table(folders, session.candidates, n_frames)
        seed(project, folder / "seeds.csv")
    return folder / "project"
