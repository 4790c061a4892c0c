"""Keystrokes and clicks that correcting planted errors takes, and the time each of them takes.

Into the labelled six-view mouse twenty errors are planted where the labels were right: ten swaps of
left and right (seven in all views, three in one view) and ten wrong dots (in one view), some over a
single frame, some over up to 25 frames. A scripted annotator then works through the review queue
with nothing but the methods that keys and clicks call (`ReviewFlow`, `LabelFlow`). He looks at what
the queue shows him and knows which dot is right, as a person who looks at the pictures would; he
does not know where errors were planted. Every key and every click counts 1, moving the mouse 0.

Beside it stands what napari-deeplabcut 0.4 needs for the same errors, counted from its
documentation ("Basic usage", "Useful shortcuts", "Working with multiple folders", "Refining machine
labels", tracking controls; read November 2026). Assumptions, each in its favour:

- it shows one camera at a time and has no queue over cameras: somebody tells the annotator every
  frame and camera to look at, at no cost (finding the errors is left out altogether);
- the frames have been extracted and the labels are there as machine labels, at no cost;
- per camera with errors: drop its folder, choose the points layer, selection mode (a key), save (a
  key), select the image and points layers and delete them before the next folder: 6;
- going to a frame: a key for the frame after the last one, else a click into the slider's number
  and typing it, however long, as one key: 2;
- each wrong label: one drag, also where it would have to be deleted or another one added. A swap
  is two drags in every camera, as no command exchanges two points;
- a run of frames in one camera may be mended with the point tracker instead: the drags of one
  frame, then 6 clicks (frames, forwards, backwards, overwrite, merge, close the result), and the
  tracker is taken to be right everywhere; the cheaper way is counted;
- no overwrite warnings, no zooming, no mode changes in between, no slips (it has no undo).

Minutes are those of the keystroke-level model, with one decision for each point (here) or each
frame and camera (there) that is looked at; nobody was timed.

    python benchmarks/corrections.py [--seed N] [--project FOLDER]

``--project`` takes a labelled six-view mouse (it is copied) instead of making one.
"""

import argparse
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from planted_errors import REACH, Planter

from napari_behaviorvlm.core.labels import LABELLED
from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.controllers.review_flow import ReviewFlow
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.workflows.create import NewProject, create_project
from napari_behaviorvlm.workflows.detect import DetectRequest, detect
from napari_behaviorvlm.workflows.label import LabelRequest, label
from napari_behaviorvlm.workflows.seed import seed

MENTAL, KEY, POINT, BUTTON = 1.35, 0.28, 1.10, 0.20
"""Seconds of the keystroke-level model (Card, Moran and Newell 1980): making up one's mind, a key,
moving the mouse somewhere, pressing and releasing its button."""


@dataclass
class Tally:
    """What the annotator did."""

    errors: int = 0
    other: int = 0
    stops: int = 0
    idle_stops: int = 0
    by: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: list[tuple[float, float]] = field(default_factory=list)

    def do(self, name, command, *args, **more):
        """Do and count one key or click."""
        begun = time.perf_counter(), time.process_time()
        result = command(*args, **more)
        self.seconds.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
        self.by[name] += 1
        return result

    @property
    def actions(self):
        """All keys and clicks."""
        return sum(self.by.values())

    @property
    def modelled(self):
        """Seconds by the keystroke-level model: one decision for each point that is looked at."""
        clicks = sum(count for name, count in self.by.items() if "click" in name)
        keys = self.actions - clicks
        return self.stops * MENTAL + clicks * (POINT + BUTTON) + keys * KEY


def finish(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def make_project(folder):
    sample = six_view_mouse()
    new = NewProject(
        folder=folder, calibration=sample.calibration, videos=sample.videos("reflectance"),
        fluorescence=sample.videos("fluorescence"), skeleton=sample.skeleton,
    )  # fmt: skip
    with finish(create_project(new)) as project:
        finish(detect(project, DetectRequest()))
        seed(project, sample.seeds, author="sample")
        finish(label(project, LabelRequest()))


# The annotator --------------------------------------------------------------------------------


class Annotator:
    """Works through the queue; ``right`` are the numbers of the right dots (F, C, K)."""

    def __init__(self, session, right, errors):
        self.session, self.right = session, right
        self.flow = LabelFlow(session)
        self.review = ReviewFlow(self.flow)
        self.errors, self.tally = errors, Tally()
        self.cell_error = {cell: at for at, e in enumerate(errors) for cell in e.cells}
        self.cost, self.waiting = np.zeros(len(errors)), 0

    def wrong(self, frame, keypoint):
        """Find the views whose label is not on the right dot."""
        shown = np.isin(self.session.labels.status[frame, :, keypoint], LABELLED)
        same = self.session.labels.candidate[frame, :, keypoint] == self.right[frame, :, keypoint]
        return np.flatnonzero(shown & ~same).tolist()

    def left(self):
        """Find the planted errors that are not mended yet."""
        return {
            at for cell, at in self.cell_error.items()
            if np.isin(self.session.labels.status[cell], LABELLED)
            and self.session.labels.candidate[cell] != self.right[cell]
        }  # fmt: skip

    def work(self, limit=3000):
        """Go through the queue until nothing waits or all planted errors are gone."""
        left, self.waiting = self.left(), self.session.queue.waiting
        self.tally.do("Space", self.review.next)
        while left and len(self.session.queue) and self.tally.stops < limit:
            self.tally.stops += 1
            begun = self.tally.actions
            concerned = self.stop()
            spent = self.tally.actions - begun
            if concerned:
                self.cost[sorted(concerned)] += spent / len(concerned)
                self.tally.errors += spent
            else:
                self.tally.other += spent
            left = self.left()
        return left

    def stop(self):
        """Deal with one point of the queue; return the planted errors that it was about."""
        frame, keypoint = self.session.frame, self.session.selection.keypoint
        wrong = self.wrong(frame, keypoint)
        concerned = {
            self.cell_error[cell] for camera in wrong
            if (cell := (frame, camera, keypoint)) in self.cell_error
        }  # fmt: skip
        if wrong:
            self.mend(frame, keypoint, wrong)
        else:
            self.tally.idle_stops += 1
        self.tally.do("Enter", self.review.accept)
        if (self.session.frame, self.session.selection.keypoint) == (frame, keypoint):
            self.tally.do("Space", self.review.next)
        return concerned

    def mend(self, frame, keypoint, wrong):
        """Swap where that helps, and click the right dots of the other views."""
        swapped = self.swapped_views(frame, keypoint, wrong)
        if len(swapped) > 1 or (swapped and len(swapped) == len(self.shown(frame, keypoint))):
            self.tally.do("L", self.flow.swap)
            self.along_the_track()
        elif swapped:
            (camera,) = swapped
            if self.session.selection.camera != camera:
                x, y = self.session.labels.xy[frame, camera, keypoint]
                self.tally.do("click", self.flow.click, camera, (x, y), REACH, {"Control"})
                self.session.select(keypoint, camera)
            self.tally.do("Alt+L", self.flow.swap, this_view=True)
            self.along_the_track()
        for camera in self.wrong(frame, keypoint):
            proposed = {p.camera: p.number for p in self.flow.proposals}
            if proposed.get(camera) == self.right[frame, camera, keypoint] != 0:
                continue  # Enter will take it
            self.put_right(frame, camera, keypoint)
            self.along_the_track()

    def shown(self, frame, keypoint):
        """Find the views with a label."""
        return np.flatnonzero(np.isin(self.session.labels.status[frame, :, keypoint], LABELLED))

    def swapped_views(self, frame, keypoint, wrong):
        """Find the views in which a swap with the partner mends the label and spoils nothing."""
        for pair in self.session.skeleton.symmetric_indices:
            if keypoint in pair:
                other = sum(pair) - keypoint
                labels, right = self.session.labels, self.right[frame]
                return [
                    c for c in wrong
                    if labels.candidate[frame, c, keypoint] == right[c, other] != 0
                    and labels.candidate[frame, c, other] in {0, right[c, keypoint]}
                ]  # fmt: skip
        return []

    def put_right(self, frame, camera, keypoint):
        """Click the right dot, or right-click a label that should not be there."""
        number = self.right[frame, camera, keypoint]
        if number:
            table = self.session.candidates(frame)
            row = np.flatnonzero((table.camera == camera) & (table.number == number))[0]
            self.tally.do("click", self.flow.click, camera, table.xy[row], REACH)
        else:
            xy = self.session.labels.xy[frame, camera, keypoint]
            self.tally.do("right-click", self.flow.right_click, camera, xy, REACH)

    def along_the_track(self):
        """Take the offer if it looks right: in every frame it would mend, not spoil."""
        offer = self.flow.offer
        if offer is None:
            return
        if offer.numbers:
            fine = all(
                self.right[cell] == number
                for cell, number in zip(offer.cells, offer.numbers, strict=True)
            )
        else:
            keypoint = self.session.selection.keypoint
            fine = all(self.wrong(cell[0], keypoint) for cell in offer.cells)
        if fine:
            self.tally.do("T", self.flow.extend_to_track)


# napari-deeplabcut on paper -------------------------------------------------------------------


FOLDER = Counter(key=2, click=1, drag=3)
"""A camera: drop its folder, choose the points layer, selection mode, save, and at the end select
the layers from first to last and delete them."""
TRACKER = Counter(click=6)


def by_hand(drags):
    """Count the actions of mending frames of a camera one by one, given the drags of each."""
    frames = sorted(drags)
    done = Counter(look=len(frames), click=1, key=1, drag=sum(drags.values()))
    for before, after in pairwise(frames):
        done += Counter(key=1) if after == before + 1 else Counter(click=1, key=1)
    return done


def deeplabcut(errors):
    """Count actions for the same errors, error by error, without those for folders."""
    counts = []
    for error in errors:
        total = Counter()
        for camera in sorted({c for _, c, _ in error.cells}):
            drags = Counter(frame for frame, c, _ in error.cells if c == camera)
            ways = [by_hand(drags)]
            if len(drags) > 1:
                first = min(drags, key=drags.get)
                ways.append(by_hand({first: drags[first]}) + TRACKER)
            total += min(ways, key=actions)
        counts.append(total)
    return counts


def actions(counts):
    """Count keys, clicks and drags."""
    return sum(count for name, count in counts.items() if name != "look")


def modelled(counts):
    """Seconds by the keystroke-level model; a drag points twice and holds the button once."""
    return (counts["look"] * MENTAL + counts["key"] * KEY + counts["click"] * (POINT + BUTTON)
            + counts["drag"] * (2 * POINT + BUTTON))  # fmt: skip


def report(errors, annotator, left):
    tally, cells = annotator.tally, sum(len(e.cells) for e in errors)
    theirs_by = deeplabcut(errors)
    folders = len({camera for error in errors for _, camera, _ in error.cells})
    all_theirs = sum(theirs_by, Counter())
    for _ in range(folders):
        all_theirs += FOLDER
    theirs = actions(all_theirs)
    print(f"{len(errors)} errors planted in {cells} labels; not found: {len(left)}; "
          f"{annotator.waiting} points waited in the queue, "
          f"{annotator.session.queue.waiting} wait now\n")  # fmt: skip
    print(f"{'error':<18}{'number':>8}{'labels':>8}{'here':>10}{'DLC 0.4':>10}{'ratio':>8}")
    for kind in dict.fromkeys(e.kind for e in errors):
        at = [i for i, e in enumerate(errors) if e.kind == kind]
        labels = sum(len(errors[i].cells) for i in at)
        here = annotator.cost[at].sum() / len(at)
        there = sum(actions(theirs_by[i]) for i in at) / len(at)
        print(f"{kind:<18}{len(at):>8}{labels:>8}{here:>10.1f}{there:>10.1f}{there / here:>8.1f}")
    print("(keys and clicks per error, without the way to it)\n")
    n = len(errors)
    print(f"all keys and clicks here: {tally.actions} = {tally.actions / n:.1f} per planted error")
    print(f"  of these at planted errors {tally.errors}, at other points {tally.other} "
          f"({tally.stops} stops, {tally.idle_stops} of them with nothing to mend)")  # fmt: skip
    print("  " + ", ".join(f"{name} {count}" for name, count in sorted(tally.by.items())))
    print(
        f"all of napari-deeplabcut 0.4, errors pointed out: {theirs} = {theirs / n:.1f} per error"
    )
    print(f"ratio of all: {theirs / tally.actions:.1f}, at the errors: {theirs / tally.errors:.1f}")
    print(f"minutes by the keystroke-level model: here {tally.modelled / 60:.1f} (with finding the "
          f"errors), DLC {modelled(all_theirs) / 60:.1f} (errors pointed out)")  # fmt: skip
    ms = 1000 * np.array(tally.seconds)
    print()
    for at, clock in enumerate(("by the clock", "of the processor")):
        median, slow = np.quantile(ms[:, at], (0.5, 0.95))
        print(f"time of a command {clock}, ms: median {median:.1f}, p95 {slow:.1f}, "
              f"longest {ms[:, at].max():.0f}")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--project", type=Path, help="a labelled six-view mouse")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "mouse"
        if options.project:
            shutil.copytree(options.project, folder)
        else:
            make_project(folder)
        with Project(folder) as project:
            planter = Planter(project, options.seed)
            errors = planter.plant()
        session = LabellingSession.open(folder, "annotator")
        session.take(session.judge())
        annotator = Annotator(session, planter.right, errors)
        left = annotator.work()
        report(errors, annotator, left)
        session.close()


if __name__ == "__main__":
    main()
