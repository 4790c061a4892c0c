"""Reading six synchronised views: times, and wrong frames, beside OpenCV's and sleap-io's readers.

Run ``python benchmarks/video.py`` (about two minutes); ``--quick`` leaves out the times.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import av
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fixtures"))
import torture

from napari_behaviorvlm.io.video import MultiViewReader, open_video

if TYPE_CHECKING:
    from collections.abc import Callable

VIEWS, WIDTH, HEIGHT, FRAMES = 6, 1280, 1024, 300


def make_view(path: Path, gop: int) -> None:
    """Write a textured, noisy grey video with B-frames (none if all frames are keyframes)."""
    rng = np.random.default_rng(gop)
    texture = cv2.resize(rng.integers(20, 220, (256, 320), dtype=np.uint8), (WIDTH, HEIGHT))
    noise = rng.integers(0, 6, (8, HEIGHT, WIDTH), dtype=np.uint8)
    options = {"preset": "ultrafast", "crf": "23", "g": str(gop), "bf": "0" if gop == 1 else "2"}
    options["x264-params"] = "scenecut=0"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for i in range(FRAMES):
            image = texture + noise[i % 8]
            cv2.circle(image, (200 + 3 * i, 500), 90, 40, -1)
            frame = av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


class WithCv2:
    """cv2.VideoCapture, one view after the other."""

    def __init__(self, paths: list[Path]) -> None:
        self.captures = [cv2.VideoCapture(str(p)) for p in paths]

    def read(self, frame: int) -> None:
        """Read one frame of every view."""
        for capture in self.captures:
            if int(capture.get(cv2.CAP_PROP_POS_FRAMES)) != frame:
                capture.set(cv2.CAP_PROP_POS_FRAMES, frame)
            assert capture.read()[0]

    def close(self) -> None:
        """Close all views."""
        for capture in self.captures:
            capture.release()


class WithOurs:
    """MultiViewReader; ``prefetch=0`` shows the decoder's own speed."""

    def __init__(self, paths: list[Path], prefetch: int) -> None:
        self.views = MultiViewReader.open({p.stem: p for p in paths}, prefetch=prefetch)

    def read(self, frame: int) -> None:
        """Read one frame of every view."""
        self.views.read(frame)

    def close(self) -> None:
        """Close all views."""
        self.views.close()


def timed(reader: WithCv2 | WithOurs, frames: list[int], pause: float) -> str:
    """Median wall-clock ms and mean CPU ms (all threads) per read of all views.

    ``pause`` is the time in s that a person looks at each frame. On a machine that others use as
    well the CPU time is the figure to compare: wall-clock time is at best half of it on two cores.
    """
    spent = []
    before = time.process_time()
    for frame in frames:
        start = time.perf_counter()
        reader.read(frame)
        spent.append((time.perf_counter() - start) * 1e3)
        time.sleep(pause)
    cpu = (time.process_time() - before) * 1e3 / len(frames)
    return f"{np.median(spent):9.2f} ({cpu:6.1f})"


def speed(gop: int, paths: list[Path]) -> None:
    """Print a line per reader; the same frames for all, with a fresh reader for each column."""
    makers: dict[str, tuple[Callable[[], WithCv2 | WithOurs], float]] = {
        "cv2, one after the other": (lambda: WithCv2(paths), 0),
        "ours, no prefetch, no pause": (lambda: WithOurs(paths, 0), 0),
        "ours, 6 steps/s": (lambda: WithOurs(paths, 8), 0.16),
    }
    for name, (make, pause) in makers.items():
        peer = name.startswith("cv2")
        columns = {
            "random": ([20], [131, 222, 77] if peer else [131, 222, 77, 248, 40]),
            "back": ([145], list(range(144, 142 if peer else 134, -1))),
            "forward": ([150, 151], list(range(152, 164))),
        }
        times = []
        for before, frames in columns.values():
            reader = make()
            for frame in before:
                reader.read(frame)
            times.append(timed(reader, frames, pause))
            reader.close()
        label = {1: "all-intra"}.get(gop, f"GOP {gop}")
        print(f"{label:10} {name:28} {' '.join(times)}", flush=True)


def wrong_ours(path: Path, frames: list[int], truth: list[int]) -> str:
    with open_video(path) as reader:
        wrong = sum(torture.number_in(reader.read(f)) != truth[f] for f in frames)
        return f"{wrong}" + (f" (of {reader.n_frames})" if reader.n_frames != len(truth) else "")


def wrong_cv2(path: Path, frames: list[int], truth: list[int]) -> str:
    capture = cv2.VideoCapture(str(path))
    wrong = 0
    for frame in frames:
        capture.set(cv2.CAP_PROP_POS_FRAMES, frame)
        good, image = capture.read()
        wrong += not good or torture.number_in(image) != truth[frame]
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return f"{wrong}" + (f" (says {count})" if count != len(truth) else "")


def wrong_sleap(path: Path, frames: list[int], truth: list[int]) -> str:
    try:
        import sleap_io

        video = sleap_io.Video.from_filename(str(path), plugin="pyav", grayscale=True)
    except Exception as problem:  # noqa: BLE001 - whatever it raises is the result
        return type(problem).__name__
    wrong = 0
    for frame in frames:
        try:
            wrong += torture.number_in(np.squeeze(video[frame])) != truth[frame]
        except Exception:  # noqa: BLE001
            wrong += 1
    return str(wrong)


def exactness(folder: Path) -> None:
    print("\nWrong frames out of 60 random seeks")
    print(f"{'file':24}{'frames':>7}  {'ours':12}{'cv2':18}sleap-io")
    for name, path in torture.make_set(folder).items():
        truth = torture.true_numbers(path)
        rng = random.Random(11)
        frames = [rng.randrange(len(truth)) for _ in range(60)]
        cells = [f(path, frames, truth) for f in (wrong_ours, wrong_cv2, wrong_sleap)]
        print(f"{name:24}{len(truth):7}  {cells[0]:12}{cells[1]:18}{cells[2]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="wrong frames only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if not arguments.quick:
            load = os.getloadavg()[0] / (os.cpu_count() or 1)
            print(
                f"Six views 1280x1024, median ms (CPU ms) for all six; load per core {load:.1f}\n"
            )
            print(f"{'':10} {'':28} {'random':>18}{'back':>19}{'forward':>19}")
            for gop in (250, 30, 1):
                # One file encoded, six read: the copies differ in name only.
                paths = [folder / f"gop{gop}_cam{i}.mp4" for i in range(VIEWS)]
                make_view(paths[0], gop)
                for path in paths[1:]:
                    path.write_bytes(paths[0].read_bytes())
                speed(gop, paths)
                for path in paths:
                    path.unlink()
        exactness(folder)


if __name__ == "__main__":
    main()
