"""A session with real, tiny videos: three dots that move, seen by four cameras."""

import shutil
from pathlib import Path

import av
import numpy as np
from tests.unit.workflows.small_session import SKELETON, candidate_table, seed_rows, small_rig

from napari_behaviorvlm.io.calibration import write_anipose
from napari_behaviorvlm.io.project.chunks import write_table
from napari_behaviorvlm.io.skeleton import write_skeleton
from napari_behaviorvlm.workflows.create import NewProject, create_project
from napari_behaviorvlm.workflows.label import LabelRequest, label
from napari_behaviorvlm.workflows.review import accept_unflagged
from napari_behaviorvlm.workflows.seed import seed

SIZE = (640, 480)


def write_video(path, frames, fps=30):
    """Grey frames as H.264."""
    with av.open(str(path), "w") as container:
        stream = None
        for picture in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=fps)
                stream.height, stream.width = picture.shape
                stream.pix_fmt = "yuv420p"
                stream.options = {"crf": "12", "preset": "ultrafast", "g": "30"}
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def dots(table, camera, frame):
    """A dark picture with the frame's dots of one camera."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    noise = np.random.default_rng(frame).normal(20, 1.5, (SIZE[1], SIZE[0]))
    rows = table.rows(frame)
    for (cx, cy), at in zip(table.xy[rows], table.camera[rows], strict=True):
        if at == camera:
            near = (slice(int(cy) - 12, int(cy) + 13), slice(int(cx) - 12, int(cx) + 13))
            noise[near] += 120 * np.exp(-((x[near] - cx) ** 2 + (y[near] - cy) ** 2) / (2 * 2.5**2))
    return noise.clip(0, 255).astype(np.uint8)


def write_recording(folder, n_frames=4, names=None, lengths=None):
    """Videos `<camera>.mp4`, calibration.toml and skeleton.toml; return the folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rig = small_rig()
    table = candidate_table(n_frames, rig)
    for at, camera in enumerate(names or rig.names):
        length = (lengths or {}).get(camera, n_frames)
        frames = (dots(table, at, min(f, n_frames - 1)) for f in range(length))
        write_video(folder / f"{camera}.mp4", frames)
    write_anipose(rig, folder / "calibration.toml")
    write_skeleton(SKELETON, folder / "skeleton.toml")
    return folder


def finish(steps):
    """Run a workflow to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def labelled_project(folder, n_frames=30):
    """A project beside its videos, labelled, with everything accepted that is not flagged."""
    folder = Path(folder)
    there = write_recording(folder / "videos", n_frames)
    videos = {name: there / f"{name}.mp4" for name in small_rig().names}
    new = NewProject(
        folder / "mouse é 1", there / "calibration.toml", videos, skeleton=there / "skeleton.toml"
    )
    with finish(create_project(new)) as project:
        with project.replacing_imported() as folders:
            write_table(folders, candidate_table(n_frames, project.rig), n_frames)
        seeds = folder / "seeds.csv"
        seeds.write_text(seed_rows([2, n_frames // 2, n_frames - 2], project.rig))
        seed(project, seeds, author="Ann")
        finish(label(project, LabelRequest()))
        accept_unflagged(project)
        return project.folder


def copied(made, folder):
    """A private copy of `labelled_project`'s folder with its videos; return the project."""
    shutil.copytree(made.parent, folder, dirs_exist_ok=True)
    return Path(folder) / made.name
