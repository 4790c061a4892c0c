"""A small labelled project with a left-right pair: the truth is known, errors are planted.

Five points move past four cameras. Every point is a dot in every view, and a dot's number changes
from frame to frame and from view to view, so that nothing can be right by counting along.
"""

import numpy as np
from tests.unit.workflows.small_session import small_rig

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import write_table
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig
from napari_behaviorvlm.io.project.derived import write_result
from napari_behaviorvlm.io.project.store import Run
from napari_behaviorvlm.workflows.state import retriangulate

SKELETON = Skeleton(
    ("nose", "ear_L", "ear_R", "back", "tail"),
    (("nose", "ear_L"), ("nose", "ear_R"), ("nose", "back"), ("back", "tail")),
    symmetric=(("ear_L", "ear_R"),),
)
NOSE, LEFT, RIGHT, BACK, TAIL = range(5)
SHAPE = np.array([[30.0, 0, 5], [20, 12, 15], [20, -12, 15], [0, 0, 22], [-35, 3, 8]])
FRAMES = 60


def truth(n_frames=FRAMES):
    """Positions (F, K, 3) in mm: 1.2 mm a frame along x, on a wavy line."""
    t = np.arange(n_frames)[:, None]
    centre = np.concatenate([1.2 * t - 30, 10 * np.sin(t / 20), np.zeros_like(t, float)], axis=1)
    return centre[:, None] + SHAPE


def pixels(n_frames=FRAMES):
    """Pixels (F, C, K, 2)."""
    rig = small_rig()
    flat = project_rig(rig, truth(n_frames).reshape(-1, 3))
    return flat.reshape(n_frames, len(SHAPE), len(rig), 2).swapaxes(1, 2)


def number(frame, camera, keypoint):
    """Number of a keypoint's dot in a view."""
    return (keypoint + 2 * frame + 3 * camera) % len(SHAPE) + 1


def candidate_table(n_frames=FRAMES, hidden=()):
    """All dots but those of the hidden (frame, camera, keypoint) cells."""
    xy = pixels(n_frames)
    grid = np.indices(xy.shape[:3]).reshape(3, -1)
    keep = [tuple(cell) not in set(hidden) for cell in grid.T.tolist()]
    frame, camera, keypoint = grid[:, keep]
    n = len(frame)
    table = CandidateTable(
        frame.astype(np.int64), camera.astype(np.int16),
        number(frame, camera, keypoint).astype(np.int32), xy[frame, camera, keypoint],
        np.full(n, 50.0), np.full(n, 2.5),
    )  # fmt: skip
    return table.select(np.lexsort((table.number, table.camera, table.frame)))


def right_labels(n_frames=FRAMES):
    """Proposals that are all right."""
    xy = pixels(n_frames)
    labels = Labels.empty(np.arange(n_frames), *xy.shape[1:3])
    labels.xy[:] = xy
    labels.candidate[:] = number(*np.indices(xy.shape[:3]))
    labels.status[:], labels.source[:] = Status.PROPOSED, Source.GEOMETRIC
    labels.confidence[:] = 0.9
    return labels


def exchange(labels, rows, a, b, cameras=slice(None)):
    """Plant a swap of two keypoints over some frames."""
    for name in ("xy", "candidate"):
        values = getattr(labels, name)
        for row in rows:
            part = values[row, cameras]
            part[:, [a, b]] = part[:, [b, a]]


def unlabel(labels, cell):
    """Take a proposal away."""
    labels.xy[cell], labels.candidate[cell], labels.confidence[cell] = np.nan, 0, np.nan
    labels.status[cell], labels.source[cell] = Status.UNLABELLED, Source.NONE


def pair_project(folder, plant=None, n_frames=FRAMES, hidden=(), *, labelled=True):
    """Make the project; ``plant`` changes the proposals, ``hidden`` dots are not found."""
    rig = small_rig()
    config = ProjectConfig(
        name="pair", n_frames=n_frames, views={n: ViewConfig(size=(640, 480)) for n in rig.names}
    )
    project = Project.create(folder, config, rig, SKELETON)
    with project.replacing_imported() as folders:
        write_table(folders, candidate_table(n_frames, hidden), n_frames)
    if labelled:
        labels = right_labels(n_frames)
        for cell in hidden:
            unlabel(labels, cell)
        if plant is not None:
            plant(labels)
        _write_run(project, labels)
    return project


def _write_run(project, labels):
    poses = Poses.empty(labels.frames, *labels.status.shape[1:])
    everywhere = [(int(row), at) for row in labels.frames for at in range(len(SKELETON))]
    retriangulate(labels, poses, project.rig, everywhere)
    write_result(project.result("planted"), labels, poses)
    project.store.add_run(Run("planted", "planted", 0, len(labels.frames), {}), "test")
