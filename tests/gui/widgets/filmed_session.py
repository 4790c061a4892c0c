"""A session with real, tiny videos: three dots that move, seen by four cameras."""

from pathlib import Path

import av
import numpy as np
from tests.unit.workflows.small_session import SKELETON, candidate_table, small_rig

from napari_behaviorvlm.io.calibration import write_anipose
from napari_behaviorvlm.io.skeleton import write_skeleton

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
