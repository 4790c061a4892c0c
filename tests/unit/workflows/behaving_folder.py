"""Behaviour folders whose segmentation is given, for tests of what comes after it."""

from pathlib import Path

import av
import numpy as np
from tests.unit.behavior.mice import bodies_of, clips_of, straight

from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.workflows.behavior import captions, events, plan, status

CLIP = 30
SPEEDS = {"rest": 0.0, "walk": 1.0, "run": 6.0}
"""Body lengths per second."""


def small_video(path: Path, n_frames=60, size=(240, 120), fps=30):
    """Grey frames with a bright spot that wanders."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"preset": "ultrafast"}
        for number in range(n_frames):
            picture = np.full((size[1], size[0]), 100, np.uint8)
            picture[50:60, 20 + number % 100 : 40 + number % 100] = 220
            frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


class Segmented:
    """Stands for a segmentation: clips of a second, each of one way of moving.

    Parameters
    ----------
    told : sequence of str
        Keys of `SPEEDS`, one per clip.
    """

    def __init__(self, told):
        self.told = list(told)

    def read_clips(self, folder, recording):
        clusters = [list(SPEEDS).index(word) for word in self.told]
        spans = [(0, n * CLIP, (n + 1) * CLIP - 1) for n in range(len(self.told))]
        return clips_of(spans, clusters=clusters)

    def read_bodies(self, folder, recording):
        paths, start = [], np.array([60.0, 60.0])
        for word in self.told:
            part = straight(SPEEDS[word], CLIP + 1, start)
            paths.append(part[:-1])
            start = part[-1]
        path = np.concatenate(paths)[:, None]
        return bodies_of(path, np.zeros(path.shape[:2]))

    def has_clips(self, folder, recording):
        return True

    def energy_of(self, folder, recording):
        return None

    def install(self, monkeypatch):
        for module in (captions, events, plan, status):
            for name in ("read_clips", "read_bodies", "has_clips", "energy_of"):
                if hasattr(module, name):
                    monkeypatch.setattr(module, name, getattr(self, name))
        return self


def folder_of(place, names=("v",), n_frames=180):
    recordings = []
    for name in names:
        video = place / f"{name}.mp4"
        if not video.exists():
            small_video(video, n_frames)
        recordings.append(Recording(name, video, fps=30.0, n_frames=n_frames, size=(240, 120)))
    return BehaviorFolder.create(place / "b.behavior", recordings)
