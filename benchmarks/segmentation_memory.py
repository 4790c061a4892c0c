"""Peak memory of segmenting recordings of growing length: it must hardly grow.

    python benchmarks/segmentation_memory.py --minutes 1 10

Each length runs in a process of its own; pictures of two walking ellipses are drawn as they are
read, so that no video is needed. From pixels alone: animals are followed, looked at, clustered
(k-means) and clips are cut.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from napari_behaviorvlm.io.video.reader import FrameReader, VideoInfo

FPS, SIZE = 30.0, (240, 180)


class DrawnVideo(FrameReader):
    """Frames that are drawn when they are read."""

    def __init__(self, n_frames):
        kind = np.dtype(np.uint8)
        self.info = VideoInfo(Path("drawn"), n_frames, SIZE, FPS, kind, False, (0, 255), "drawn")
        self._noise = np.random.default_rng(0).normal(0, 2, (SIZE[1], SIZE[0])).astype(np.float32)

    def _draw(self, index):
        picture = np.full((SIZE[1], SIZE[0]), 200, np.float32)
        for animal in range(2):
            pace = 0.04 if (index // 90 + animal) % 3 else 0.0
            phase = 0.04 * (index - index % 90) * 2 / 3 + pace * (index % 90) + np.pi * animal
            place = SIZE[0] / 2 + 60 * np.cos(phase), SIZE[1] / 2 + 60 * np.sin(phase)
            cv2.ellipse(picture, (place, (34, 14), np.degrees(phase) + 90), 50, -1)
        return np.clip(picture + np.roll(self._noise, index * 7), 0, 255).astype(np.uint8)

    def _read_run(self, first, last, color, give_up):
        del color, give_up
        return {index: self._draw(index) for index in range(first, last + 1)}

    def close(self):
        """Nothing is open."""


def one(minutes):
    from napari_behaviorvlm.behavior.embedding.base import finish
    from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
    from napari_behaviorvlm.workflows.behavior.segmentation import describing, tracking
    from napari_behaviorvlm.workflows.behavior.segmenting import SegmentRequest, segment

    n_frames = round(minutes * 60 * FPS)

    @contextmanager
    def opened(*_):
        yield DrawnVideo(n_frames)

    describing.opened = tracking.opened = opened
    with tempfile.TemporaryDirectory() as place:
        video = Path(place) / "drawn.mp4"
        video.write_bytes(b"drawn")
        recording = Recording("drawn", video, n_animals=2, fps=FPS, n_frames=n_frames)
        with BehaviorFolder.create(Path(place) / "drawn.behavior", [recording]) as folder:
            start = time.perf_counter()
            report = finish(segment(folder, SegmentRequest(method="kmeans", features="pixels")))
            seconds = time.perf_counter() - start
            files = (path for path in folder.derived().parent.rglob("*.npy"))
            disk = sum(path.stat().st_size for path in files) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak": peak, "seconds": seconds, "clips": report.clips, "disk": disk}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="*", default=[1.0, 10.0])
    parser.add_argument("--one", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one)
        return
    print(f"{'minutes':>8} {'peak RSS, MiB':>14} {'on disk, MiB':>13} {'clips':>6} {'s':>7}")
    for minutes in options.minutes:
        command = [sys.executable, __file__, "--one", str(minutes)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr[-2000:])
        found = json.loads(done.stdout.splitlines()[-1])
        print(f"{minutes:8g} {found['peak']:14.0f} {found['disk']:13.1f} {found['clips']:6d} "
              f"{found['seconds']:7.0f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
