"""How long a project takes to open in the labelling dock, by its number of frames.

Real napari, six videos of 1024x1024 pixels as long as the project, a finished run. Shown are the
seconds until the views are drawn and until the review queue is there, for the first opening (the
videos are read through once) and for a later one.

    xvfb-run -a -s "-screen 0 1920x1080x24" python -m benchmarks.dock_opening --frames 100 100000
"""

import argparse
import tempfile
import time
from pathlib import Path

import av
import numpy as np
from benchmarks.synthetic_project import make_project

from napari_behaviorvlm.io.project.config import ProjectConfig

GOP = 250


def one_gop(path: Path, size: tuple[int, int]) -> Path:
    """Encode a group of pictures that move a little."""
    rng = np.random.default_rng(0)
    texture = np.kron(rng.integers(30, 120, (size[1] // 32, size[0] // 32)), np.ones((32, 32)))
    with av.open(str(path), "w") as out:
        options = {"preset": "ultrafast", "g": str(GOP), "bf": "0"}
        stream = out.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(GOP):
            picture = np.roll(texture, number, axis=1).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def repeated(source: Path, target: Path, frames: int) -> Path:
    """Write the group of pictures again and again without decoding it."""
    with av.open(str(source)) as given, av.open(str(target), "w") as out:
        stream = given.streams.video[0]
        copy = out.add_stream_from_template(stream)
        packets = [bytes(packet) for packet in given.demux(stream) if packet.size]
        for number in range(frames):
            packet = av.Packet(packets[number % GOP])
            packet.pts = packet.dts = number
            packet.time_base = 1 / stream.average_rate
            packet.is_keyframe = number % GOP == 0
            packet.stream = copy
            out.mux(packet)
    return target


def make(folder: Path, frames: int) -> Path:
    """Make a project with videos."""
    with make_project(folder / "project", frames) as project:
        config, size = project.config, tuple(project.rig[project.rig.names[0]].size)
    video = repeated(one_gop(folder / "gop.mp4", size), folder / "long.mp4", frames)
    views = {n: v.model_copy(update={"video": str(video)}) for n, v in config.views.items()}
    ProjectConfig.write(config.model_copy(update={"views": views}), folder / "project")
    return folder / "project"


def opening(folder: Path) -> tuple[float, float, float]:
    """Seconds until the views are drawn and until the queue is there, and of the processor."""
    import napari
    from qtpy.QtWidgets import QApplication

    from napari_behaviorvlm.gui.opening import dock_in

    viewer = napari.Viewer()
    viewer.window.resize(1900, 1040)
    dock = dock_in(viewer)
    for _ in range(20):
        QApplication.processEvents()
        time.sleep(0.02)
    start, used = time.perf_counter(), time.process_time()
    if not dock.open_project(folder):
        raise SystemExit(f"{folder} did not open.")
    QApplication.processEvents()
    shown = time.perf_counter() - start
    while dock.session.queue is None:
        QApplication.processEvents()
        time.sleep(0.005)
    queued = time.perf_counter() - start
    used = time.process_time() - used
    viewer.close()
    return shown, queued, used


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[100, 100_000])
    args = parser.parse_args()
    print(f"{'frames':>8} {'opening':>8} {'views s':>8} {'queue s':>8} {'cpu s':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        # napari's first window is slow whatever is shown in it.
        folders = {frames: Path(scratch) / str(frames) for frames in args.frames}
        for frames, folder in folders.items():
            folder.mkdir()
            make(folder, frames)
        small = min(args.frames)
        opening(folders[small] / "project")
        for frames, folder in folders.items():
            kept = folder / "project" / "derived" / "videos"
            for path in kept.glob("*") if kept.is_dir() else ():
                path.unlink()
            for name in ("first", "later"):
                shown, queued, used = opening(folder / "project")
                print(f"{frames:8d} {name:>8} {shown:8.2f} {queued:8.2f} {used:8.2f}", flush=True)


if __name__ == "__main__":
    main()
