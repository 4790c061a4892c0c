"""A small session with pictures, and a simulated VLM that knows its truth."""

import json
from contextlib import contextmanager

import cv2
import numpy as np
from simulated_vlm import Abilities, ErrorModel, SimulatedServer, Truth
from tests.unit.workflows.small_session import candidate_table, seed_rows, small_rig, truth

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import write_table
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig
from napari_behaviorvlm.vlm.patience import RetryPolicy
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.seed import seed

SKELETON = Skeleton(
    ("nose", "back", "tail"), (("nose", "back"), ("back", "tail")),
    {"front": ("nose", "back"), "rear": ("tail",)},
)  # fmt: skip
N_FRAMES = 12
SEEDS = (0, 5, 11)
QUICK = RetryPolicy(first_wait=0.01, longest_wait=0.05, patience=1.0)


def paper_project(folder, n_frames=N_FRAMES):
    """A project of four cameras with pictures, dots and seeds; its folder."""
    rig = small_rig()
    picture = np.full((480, 640), 90, np.uint8)
    views = {}
    for name in rig.names:
        pictures = folder.parent / "pictures" / name
        pictures.mkdir(parents=True, exist_ok=True)
        for frame in range(n_frames):
            cv2.imwrite(str(pictures / f"{frame:03d}.png"), picture)
        views[name] = ViewConfig(size=(640, 480), video=f"../pictures/{name}")
    config = ProjectConfig(name="small", n_frames=n_frames, views=views)
    with Project.create(folder, config, rig, SKELETON) as project:
        with project.replacing_imported() as folders:
            write_table(folders, candidate_table(n_frames, rig), n_frames)
        rows = folder.parent / "seeds.csv"
        rows.write_text(seed_rows(SEEDS, rig))
        seed(project, rows)
    return folder


def small_truth(n_frames=N_FRAMES):
    rig = small_rig()
    xy = project_rig(rig, truth(n_frames).reshape(-1, 3)).reshape(n_frames, 3, len(rig), 2)
    return Truth(tuple(rig.names), SKELETON, xy.transpose(0, 2, 1, 3))


@contextmanager
def serving(errors=None, **abilities):
    with SimulatedServer(small_truth(), errors or ErrorModel(), Abilities(**abilities)) as server:
        yield server


def settings(server, **more):
    return Settings(base_url=server.url, model="simulated", policy=QUICK, **more)


PROBE = 2
"""Calls by which a server is found out what it can do."""


def asked(server):
    """Requests about the session that were answered, as text; the probe's are left out."""
    return [
        json.dumps(call.body, sort_keys=True) for call in server.answered
        if '"session' in (text := json.dumps(call.body).replace("\\", "")) and "probe" not in text
    ]  # fmt: skip


def finish(generator):
    """Run a workflow to its end; returns its result and what it yielded."""
    said = []
    while True:
        try:
            said.append(next(generator))
        except StopIteration as end:
            return end.value, said
