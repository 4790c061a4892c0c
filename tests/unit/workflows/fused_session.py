"""A short session in which geometry alone is often in doubt: dots of the sample, many missed."""

from contextlib import contextmanager

import cv2
import numpy as np
from simulated_vlm import ErrorModel, SimulatedServer, Truth, sample_truth
from simulated_vlm.truth import SAMPLE

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import write_table
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig
from napari_behaviorvlm.workflows.seed import seed

RIG = read_calibration(SAMPLE / "calibration.toml")
SKELETON = sample_truth().skeleton
SEEDS = (0, 1, 2)
PLAYED = np.r_[0, 100, 180, 60:90]
"""Frames of the sample, the seeds first."""
MISSED = 0.45


def dots_of(rng):
    """Candidates, and which of them are keypoints (F, C, K)."""
    with np.load(SAMPLE / "truth.npz") as arrays:
        visible = arrays["visible"][PLAYED]
    xy = sample_truth().xy[PLAYED]
    missed = rng.random(visible.shape) < MISSED
    missed[list(SEEDS)] = False
    seen = visible & ~missed
    number = np.zeros(seen.shape, np.int16)
    rows = []
    for frame, camera in np.ndindex(*seen.shape[:2]):
        there = np.flatnonzero(seen[frame, camera])
        specks = xy[frame, camera, :2] + rng.normal(0, 60, (2, 2))
        places = np.concatenate([xy[frame, camera, there], specks])
        order = rng.permutation(len(places)) + 1
        number[frame, camera, there] = order[: len(there)]
        rows += [(frame, camera, n, *at) for n, at in zip(order, places, strict=True)]
    table = np.array(sorted(rows))
    dots = CandidateTable(
        table[:, 0].astype(np.int64), table[:, 1].astype(np.int16), table[:, 2].astype(np.int32),
        table[:, 3:], np.full(len(table), 50.0), np.full(len(table), 2.5),
    )  # fmt: skip
    return dots, number


def truth():
    """What the simulated model knows: nothing of dots that nobody found."""
    return Truth(tuple(RIG.names), SKELETON, sample_truth().xy[PLAYED])


def fused_project(folder):
    """A project with blank pictures, dots and seeds; its folder."""
    views = {}
    blank = cv2.imencode(".png", np.full((1024, 1280), 90, np.uint8))[1].tobytes()
    for name, camera in zip(RIG.names, RIG, strict=True):
        width, height = camera.size
        if (width, height) != (1280, 1024):
            blank = cv2.imencode(".png", np.full((height, width), 90, np.uint8))[1].tobytes()
        pictures = folder.parent / "pictures" / name
        pictures.mkdir(parents=True, exist_ok=True)
        for frame in range(len(PLAYED)):
            (pictures / f"{frame:03d}.png").write_bytes(blank)
        views[name] = ViewConfig(size=(width, height), video=f"../pictures/{name}")
    dots, number = dots_of(np.random.default_rng(5))
    config = ProjectConfig(name="doubtful", n_frames=len(PLAYED), views=views)
    with Project.create(folder, config, RIG, SKELETON) as project:
        with project.replacing_imported() as folders:
            write_table(folders, dots, len(PLAYED))
        lines = ["frame,camera,keypoint,x,y"]
        for frame in SEEDS:
            for c, k in np.argwhere(number[frame] > 0):
                x, y = truth().xy[frame, c, k]
                lines.append(f"{frame},{RIG.names[c]},{SKELETON.keypoints[k]},{x},{y}")
        rows = folder.parent / "seeds.csv"
        rows.write_text("\n".join(lines) + "\n")
        seed(project, rows)
    return folder


@contextmanager
def serving(errors=None):
    with SimulatedServer(truth(), errors or ErrorModel()) as server:
        yield server
