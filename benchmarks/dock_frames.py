"""What a change of frame costs in the labelling dock's views, against bare napari.

One process shows the same six 1280x1024 pictures first in napari's own grid without anything else,
then through `ViewGrid` with dots, labels, reprojections and epipolar lines, for recordings of 100
and of 100,000 frames. Pictures lie in memory, so that decoding does not count.

    xvfb-run -a -s "-screen 0 1920x1080x24" python benchmarks/dock_frames.py
"""

import argparse
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
from psygnal import Signal

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.projection import project_rig

WIDTH, HEIGHT, VIEWS, PICTURES, STRAY = 1280, 1024, 6, 20, 20


def make_rig() -> Rig:
    """Six cameras around the origin, 600 mm away."""
    cameras = []
    for at in range(VIEWS):
        angle = 2 * np.pi * at / VIEWS
        eye = 600 * np.array([np.cos(angle), np.sin(angle), 0.6])
        ahead = -eye / np.linalg.norm(eye)
        right = np.cross(ahead, [0, 0, 1])
        right /= np.linalg.norm(right)
        matrix = np.stack([right, np.cross(ahead, right), ahead])
        import cv2

        rotation = cv2.Rodrigues(matrix)[0].ravel()
        intrinsics = np.array([[1500, 0, WIDTH / 2], [0, 1500, HEIGHT / 2], [0, 0, 1]])
        cameras.append(Camera(
            f"cam{at}", (WIDTH, HEIGHT), intrinsics, np.array([-0.1, 0.02, 0, 0, 0]),
            rotation, -matrix @ eye,
        ))  # fmt: skip
    return Rig(tuple(cameras))


@dataclass(frozen=True)
class Chosen:
    """The selected keypoint."""

    keypoint: int = 2
    camera: int = -1


class MemorySession:
    """A session of any length whose labels and pictures come again every few frames."""

    frame_changed, selection_changed = Signal(int), Signal(object)
    edited, queue_changed, reloaded, said = Signal(object), Signal(), Signal(), Signal(str)

    def __init__(self, n_frames: int) -> None:
        self.rig, self.skeleton = make_rig(), Skeleton.quantum_dot_mouse()
        self.n_frames, self.fps, self.frame = n_frames, 100.0, 0
        self.selection, self.flags = Chosen(), None
        rng = np.random.default_rng(0)
        points = rng.normal(scale=40, size=(PICTURES, len(self.skeleton), 3))
        seen = np.moveaxis(project_rig(self.rig, points.reshape(-1, 3)), 0, 1)
        seen = np.moveaxis(seen.reshape(VIEWS, PICTURES, -1, 2), 0, 1)
        times = -(-n_frames // PICTURES)
        self.labels = Labels.empty(np.arange(n_frames), VIEWS, len(self.skeleton))
        self.labels.xy[:] = np.tile(seen + rng.normal(scale=3, size=seen.shape), (times, 1, 1, 1))[
            :n_frames
        ]
        self.labels.candidate[:] = np.arange(len(self.skeleton)) + 1
        self.labels.status[:] = rng.choice(
            [Status.PROPOSED, Status.ACCEPTED], self.labels.status.shape
        )
        self.labels.source[:] = Source.GEOMETRIC
        self.poses = Poses.empty(self.labels.frames, VIEWS, len(self.skeleton))
        self.poses.points[:] = np.tile(points, (times, 1, 1))[:n_frames]
        self.decided = self.labels.status == Status.ACCEPTED
        self.project = SimpleNamespace(rig=self.rig)
        self._rng = rng

    def candidates(self, frame: int) -> CandidateTable:
        """Make up dots: the labels and as many stray ones."""
        rng = np.random.default_rng(frame)
        stray = rng.uniform((200, 200), (1000, 800), (VIEWS, STRAY, 2))
        xy = np.concatenate([self.labels.xy[frame], stray], axis=1)
        count = xy.shape[1]
        camera, number = np.divmod(np.arange(VIEWS * count), count)
        nothing = np.full(VIEWS * count, np.nan)
        return CandidateTable(
            np.full(VIEWS * count, frame), camera.astype(np.int16), number.astype(np.int32) + 1,
            xy.reshape(-1, 2), nothing, nothing,
        )  # fmt: skip

    def projection(self, frame: int) -> np.ndarray:
        """Reprojections."""
        return np.moveaxis(project_rig(self.rig, self.poses.points[frame]), 1, 0)

    def go_to(self, frame: int) -> None:
        """Show a frame."""
        if frame != self.frame:
            self.frame = frame
            self.frame_changed.emit(frame)


def pictures() -> np.ndarray:
    rng = np.random.default_rng(1)
    base = rng.integers(0, 235, (VIEWS, 1, HEIGHT, WIDTH), dtype=np.uint8)
    return base + np.arange(PICTURES, dtype=np.uint8)[None, :, None, None]


@dataclass
class Times:
    """Milliseconds of the parts of a change of frame."""

    step: list[float] = field(default_factory=list)
    draw: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def row(self) -> tuple[float, ...]:
        """Medians of stepping, drawing, both, and of processor time over all threads."""
        step, draw = np.array(self.step), np.array(self.draw)
        return tuple(1e3 * float(np.median(v)) for v in (step, draw, step + draw, self.cpu))


class Stage:
    """A napari window of a given size."""

    def __init__(self, width: int, height: int) -> None:
        import napari
        from qtpy.QtWidgets import QApplication

        self.viewer = napari.Viewer(show=False)
        window = self.viewer.window._qt_window
        self.viewer.window._qt_viewer.dockLayerControls.setVisible(False)
        self.viewer.show()
        window.showNormal()
        window.resize(width, height)
        self.app = QApplication.instance()
        self.spin()

    def spin(self) -> None:
        """Let the window settle."""
        for _ in range(10):
            self.app.processEvents()
            time.sleep(0.02)

    def draw(self) -> None:
        """Draw the canvas now."""
        self.viewer.window._qt_viewer.canvas._scene_canvas.update()
        self.app.processEvents()

    def close(self) -> None:
        """Leave nothing behind."""
        self.viewer.close()
        self.spin()


def measure(stage: Stage, go, frames, times: Times) -> None:
    for frame in frames:
        begun, used = time.perf_counter(), time.process_time()
        go(int(frame))
        stepped = time.perf_counter()
        stage.draw()
        times.step.append(stepped - begun)
        times.draw.append(time.perf_counter() - stepped)
        times.cpu.append(time.process_time() - used)


class Bare:
    """napari alone: six image layers in its grid."""

    def __init__(self, stage: Stage, images: np.ndarray, zoom: float = 1.0) -> None:
        self.stage, self.n_frames = stage, PICTURES
        self.name = "bare napari" if zoom == 1 else f"bare napari, zoomed {zoom:g} times"
        self.layers = [
            stage.viewer.add_image(image, name=f"cam{at}", contrast_limits=(0, 255))
            for at, image in enumerate(images)
        ]
        stage.viewer.canvas.grid.enabled = True
        stage.viewer.canvas.grid.shape = (2, 3)
        stage.spin()
        stage.viewer.reset_view()
        stage.viewer.scene.camera.zoom *= zoom

    def go(self, frame: int) -> None:
        """Show a frame."""
        self.stage.viewer.dims.set_current_step(0, frame % PICTURES)

    def close(self) -> None:
        """Leave nothing behind."""
        self.stage.viewer.layers.clear()
        self.stage.viewer.canvas.grid.enabled = False


class Ours:
    """The dock's views over pictures in memory."""

    def __init__(self, stage: Stage, images: np.ndarray, n_frames: int, look: str) -> None:
        from napari_behaviorvlm.gui.views import frames, grid

        class MemorySource:
            def __init__(self, project) -> None:
                self.names, self.n_frames = project.rig.names, n_frames
                self.sizes = dict.fromkeys(self.names, (WIDTH, HEIGHT))
                self.channels = (frames.Channel.REFLECTANCE,)
                self.problems, self.asleep = {}, False

            def is_rgb(self, *_: object) -> bool:
                return False

            def black_and_white(self, *_: object) -> tuple[int, int]:
                return 0, 255

            def picture(self, name: str, _: object, frame: int) -> np.ndarray:
                return images[self.names.index(name), frame % PICTURES]

            def close(self) -> None:
                pass

        self.name = f"views, {n_frames:,} frames, {look}"
        self.session = MemorySession(n_frames)
        self.n_frames = n_frames
        grid.PictureSource, before = MemorySource, grid.PictureSource
        try:
            self.grid = grid.ViewGrid(stage.viewer, self.session)
        finally:
            grid.PictureSource = before
        if look != "whole":
            stage.spin()
            {"follow": self.grid.follow, "zoomed": self.grid.zoom_to_keypoint}[look]()

    def go(self, frame: int) -> None:
        """Show a frame."""
        self.session.go_to(frame)

    def close(self) -> None:
        """Leave nothing behind."""
        self.grid.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    stage, images = Stage(*map(int, arguments.size.split("x"))), pictures()
    cases = {
        "bare": lambda: Bare(stage, images),
        "bare zoomed": lambda: Bare(stage, images, 6.0),
        "whole 100": lambda: Ours(stage, images, 100, "whole"),
        "whole 100000": lambda: Ours(stage, images, 100_000, "whole"),
        "follow": lambda: Ours(stage, images, 100, "follow"),
        "zoomed": lambda: Ours(stage, images, 100, "zoomed"),
    }
    times: dict[str, Times] = {}
    for turn in range(arguments.rounds):
        for make in cases.values():
            case = make()
            stage.spin()
            start = (turn * 37_001) % max(case.n_frames - 60, 1)
            frames = (start + np.arange(25)) % case.n_frames
            measure(stage, case.go, frames[:5], Times())
            measure(stage, case.go, frames[5:], times.setdefault(case.name, Times()))
            case.close()
            stage.spin()
    floor = times["bare napari"].row()
    print(f"{'':32} step ms  draw ms   all ms   ratio   cpu ms   ratio")
    for name, taken in times.items():
        step, draw, both, cpu = taken.row()
        print(f"{name:32} {step:7.1f}  {draw:7.1f}  {both:7.1f}   {both / floor[2]:5.2f}  "
              f"{cpu:7.1f}   {cpu / floor[3]:5.2f}")  # fmt: skip
    stage.close()


if __name__ == "__main__":
    main()
