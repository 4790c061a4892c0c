"""What an edit costs in the labelling dock, and opening, at several lengths of the session.

An edit is: written to disk, labels and 3D points brought in line, the frames around it judged
again, the review queue brought up to date. It is compared with the same edit in the shortest
session, and with computing flags and queue anew. ``--every-point`` lets every point be flagged
(as with a rig of two cameras): the longest queue there can be.

    python benchmarks/dock_edits.py [--frames 100 10000 100000] [--edits 40] [--every-point]

Projects are made in a temporary folder (0.5 GB for 100,000 frames), or kept under ``--keep``.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from synthetic_project import make_project

from napari_behaviorvlm.core.labels import LABELLED, Source, Status
from napari_behaviorvlm.identity.flag_scale import FlagSettings, SessionScale
from napari_behaviorvlm.identity.flags import compute_flags, update_flags
from napari_behaviorvlm.identity.live_queue import LiveQueue, QueueFilter
from napari_behaviorvlm.identity.review import review_queue
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.store import StoredLabel
from napari_behaviorvlm.io.sqlite_files import now
from napari_behaviorvlm.workflows.state import load_state, update_cells

T = TypeVar("T")
STEPS = ("store", "arrays, 3D", "flags", "queue", "edit", "words, next", "23 frames", "all anew")


class Stopwatch:
    """Times of named steps, in seconds."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)

    def __call__(self, name: str, step: Callable[[], T]) -> T:
        """Run and time a step."""
        start = time.perf_counter()
        result = step()
        self.times[name].append(time.perf_counter() - start)
        return result

    def milliseconds(self, name: str) -> float:
        """Median of a step's times."""
        return 1e3 * float(np.median(self.times[name])) if self.times[name] else float("nan")


class Dock:
    """What the dock keeps of an open project, opened step by step."""

    def __init__(self, folder: Path, watch: Stopwatch, settings: FlagSettings) -> None:
        self.watch, self.settings = watch, settings
        self.project = watch("project", lambda: Project(folder))
        self.state = watch("labels, 3D", lambda: load_state(self.project))
        self.parts = {
            "labels": self.state.labels, "poses": self.state.poses,
            "rig": self.project.rig, "skeleton": self.project.skeleton,
        }  # fmt: skip
        self.scale = watch("limits", self._measure)
        self.flags = watch("all flags", self._all_flags)
        self.queue = watch("new queue", lambda: LiveQueue(flags=self.flags, **self.parts))

    def _measure(self) -> SessionScale:
        return SessionScale.measure(self.state.poses, self.project.skeleton)

    def _all_flags(self):
        return compute_flags(settings=self.settings, scale=self.scale, **self.parts)

    def edit(self, changes, name: str) -> None:
        """Make one edit as the session does."""
        cells = [cell for cell, _ in changes]
        rows, keypoints = sorted({cell[0] for cell in cells}), sorted({cell[2] for cell in cells})
        self.watch("store", lambda: self.project.store.apply(changes, name, "bench"))
        self.watch("arrays, 3D", lambda: update_cells(self.project, self.state, cells))
        self.flags = self.watch("flags", lambda: self._update_flags(rows))
        self.watch("queue", lambda: self._update_queue(rows, keypoints))

    def _update_flags(self, rows):
        return update_flags(
            self.flags, rows, settings=self.settings, scale=self.scale, **self.parts
        )

    def _update_queue(self, rows, keypoints) -> None:
        self.queue.update(rows, self.state.labels, self.state.poses, self.flags, keypoints)

    def moved(self, cell, by: float):
        """Return a label moved by some pixels."""
        x, y = self.state.labels.xy[cell].tolist()
        return StoredLabel(x + by, y, 0, Status.CORRECTED, Source.HUMAN, None, "bench", now())

    def all_anew(self) -> None:
        """Compute flags and queue of the whole session."""
        flags = self._all_flags()
        review_queue(flags=flags, **self.parts)

    def words_and_next(self, frame: int, keypoint: int) -> None:
        """Find the next point and put twenty rows of the table into words."""
        self.queue.next_after(frame, keypoint)
        for index in range(min(20, len(self.queue))):
            self.queue.item(index)


def measure(folder: Path, edits: int, settings: FlagSettings) -> tuple[Stopwatch, Stopwatch, Dock]:
    """Open a project and make edits at random places; times of opening, times of editing."""
    opening = Stopwatch()
    dock = Dock(folder, opening, settings)
    editing = dock.watch = Stopwatch()
    rng = np.random.default_rng(0)
    labelled = np.isin(dock.state.labels.status, LABELLED)
    cells = np.argwhere(labelled)[rng.integers(0, labelled.sum(), edits)].tolist()
    for frame, camera, keypoint in cells:
        cell = (frame, camera, keypoint)
        changes = [(cell, dock.moved(cell, rng.uniform(-20, 20)))]
        editing("edit", lambda changes=changes: dock.edit(changes, "move"))
        editing("words, next", lambda f=frame, k=keypoint: dock.words_and_next(f, k))
    editing("all anew", dock.all_anew)
    dock.watch = Stopwatch()
    for frame, camera, keypoint in cells[:5]:
        track = [(f, camera, keypoint) for f in range(frame, frame + 23)]
        changes = [(cell, dock.moved(cell, 1.0)) for cell in track
                   if cell[0] < len(labelled) and labelled[cell]]  # fmt: skip
        editing("23 frames", lambda changes=changes: dock.edit(changes, "move over the track"))
    opening("filter", lambda: dock.queue.show(QueueFilter(keypoints=frozenset({1, 2}))))
    dock.project.close()
    return opening, editing, dock


def print_table(title: str, watches: dict[int, Stopwatch], steps: tuple[str, ...]) -> None:
    """Milliseconds of each step at each length, and the longest over the shortest."""
    lengths = list(watches)
    print(
        f"\n{title:24s}" + "".join(f"{length:>12,d}" for length in lengths) + "   longest/shortest"
    )
    for step in steps:
        times = [watches[length].milliseconds(step) for length in lengths]
        print(f"  {step:22s}" + "".join(f"{value:12.2f}" for value in times)
              + f"{times[-1] / times[0]:19.1f}")  # fmt: skip


def main() -> None:
    """Measure all lengths."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--frames", type=int, nargs="+", default=[100, 10_000, 100_000])
    parser.add_argument("--edits", type=int, default=40)
    parser.add_argument("--every-point", action="store_true")
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    settings = FlagSettings(min_views=100) if args.every_point else FlagSettings()
    opening, editing = {}, {}
    with tempfile.TemporaryDirectory() as temporary:
        for frames in args.frames:
            folder = (args.keep or Path(temporary)) / f"synthetic_{frames}"
            if not folder.exists():
                make_project(folder, frames).close()
            opening[frames], editing[frames], dock = measure(folder, args.edits, settings)
            print(f"{frames:>9,d} frames: {len(dock.flags):,d} flags, "
                  f"{dock.queue.waiting:,d} points in the queue")  # fmt: skip
    print_table("an edit, ms", editing, STEPS)
    steps = ("project", "labels, 3D", "limits", "all flags", "new queue", "filter")
    print_table("opening, ms", opening, steps)
    totals = [sum(watch.milliseconds(step) for step in steps[:-1]) for watch in opening.values()]
    print(f"  {'in all':22s}" + "".join(f"{total:12.2f}" for total in totals))


if __name__ == "__main__":
    main()
