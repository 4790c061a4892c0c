"""Clicks that labelling seed frames takes, and how many of the proposed labels are right.

A scripted annotator labels frames of the six-view mouse from nothing through `LabelFlow` alone: he
chooses the view that shows most keypoints, clicks each dot there, or right-clicks where a keypoint
is not seen, presses Enter, and does the rest in further views until nothing is missing. Without
geometry it takes one click for each keypoint in each view.

    python benchmarks/seed_clicks.py [--frames N] [--project FOLDER]

``--project`` takes a six-view mouse whose dots were detected (it is copied).
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from corrections import make_project
from planted_errors import REACH, right_dots

from napari_behaviorvlm.core.labels import LABELLED, Status
from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.models.seeding import seed_proposals
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.store import LabelStore

CORNER = (1.0, 1.0)


def forget_labels(folder):
    """Leave only the dots of a project."""
    with Project(folder) as project:
        names = project.rig.names, project.skeleton.keypoints
        shutil.rmtree(project.results, ignore_errors=True)
    for path in folder.glob("labels.sqlite*"):
        path.unlink()
    LabelStore(folder / "labels.sqlite", *names).close()


class Seeder:
    """Labels seed frames; ``right`` are the numbers of the right dots (F, C, K)."""

    def __init__(self, session, right):
        self.session, self.right = session, right
        self.flow = LabelFlow(session)
        self.clicks = self.keys = 0
        self.proposed = {1: [0, 0], 2: [0, 0]}
        self.hidden = [0, 0]
        self.seconds = []

    def label(self, frame):
        """Label a frame until every keypoint that can be has two views."""
        self.session.go_to(frame)
        self.flow.seeding.start()
        self.keys += 1
        for camera in np.argsort(-(self.right[frame] > 0).sum(axis=1)):
            missing = self.flow.seeding.progress.missing
            useful = [k for k in missing if self.right[frame, camera, k]]
            if useful or not self.flow.seeding.progress.views:
                self.view(frame, int(camera), missing if len(missing) == 12 else useful)

    def view(self, frame, camera, keypoints):
        """Name the dots of a view, then accept what follows for the others."""
        if self.session.selection.keypoint != keypoints[0]:
            self.session.select(keypoints[0], camera)
            self.clicks += 1
        for keypoint in keypoints:
            if self.session.decided[frame, camera, keypoint]:
                continue
            if self.session.selection.keypoint != keypoint:
                self.session.select(keypoint, camera)
                self.clicks += 1
            number = self.right[frame, camera, keypoint]
            begun = time.perf_counter()
            if number:
                table = self.session.candidates(frame)
                row = np.flatnonzero((table.camera == camera) & (table.number == number))[0]
                self.flow.click(camera, table.xy[row], REACH)
            else:
                self.flow.right_click(camera, CORNER, REACH)
            self.seconds.append(time.perf_counter() - begun)
            self.clicks += 1
        self.enter(frame)

    def enter(self, frame):
        """Put wrong proposals right at two clicks each, and accept the rest."""
        for _ in range(100):
            wrong = [p for p in self.flow.proposals if not self.fits(frame, p)]
            if not wrong:
                break
            p = wrong[0]
            self.session.select(p.keypoint, p.camera)
            number = self.right[frame, p.camera, p.keypoint]
            if number:
                self.flow.assign(int(number))
            else:
                self.flow.occlude()
            self.clicks += 2
            self.count(p, right=False)
        for p in self.flow.proposals:
            self.count(p, right=True)
        if self.flow.proposals:
            self.flow.accept()
            self.keys += 1

    def fits(self, frame, p):
        """Tell whether a proposal is right."""
        return p.number == self.right[frame, p.camera, p.keypoint]

    def count(self, p, *, right):
        """Count a proposal."""
        counts = self.proposed[min(p.views, 2)] if p.number else self.hidden
        counts[0] += 1
        counts[1] += right


def every_proposal(session, right, frames):
    """Count proposals that each single view, and the first two views, would give."""
    counts = {1: [0, 0], 2: [0, 0], "hidden": [0, 0]}
    possible = 0
    for frame in frames:
        for keypoint in range(right.shape[2]):
            seen = np.flatnonzero(right[frame, :, keypoint])
            for views in [(int(c),) for c in seen] + [tuple(map(int, seen[:2]))] * (len(seen) > 1):
                known = set(views)
                stub = Stub(session, frame, keypoint, known, right)
                for p in seed_proposals(stub, frame, keypoint):
                    kind = (1 if len(known) == 1 else 2) if p.number else "hidden"
                    counts[kind][0] += 1
                    counts[kind][1] += p.number == right[frame, p.camera, keypoint]
                possible += len(seen) - 1 if len(known) == 1 else 0
    return counts, possible


class Stub:
    """A session in which only some views of one keypoint are labelled."""

    def __init__(self, session, frame, keypoint, known, right):
        self.rig, self.skeleton, self.author = session.rig, session.skeleton, ""
        self.candidates = session.candidates
        self.labels = type(session.labels).empty(
            session.labels.frames, len(session.rig), len(session.skeleton)
        )
        self.decided = np.zeros(self.labels.status.shape, bool)
        table = session.candidates(frame)
        for camera in known:
            number = right[frame, camera, keypoint]
            row = np.flatnonzero((table.camera == camera) & (table.number == number))[0]
            cell = frame, camera, keypoint
            self.labels.xy[cell], self.labels.candidate[cell] = table.xy[row], number
            self.labels.status[cell], self.decided[cell] = Status.CORRECTED, True


def percent(counts):
    made, right = counts
    return f"{right} of {made} right" + (f" ({100 * right / made:.1f} %)" if made else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--project", type=Path, help="a six-view mouse with detected dots")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "mouse"
        if options.project:
            shutil.copytree(options.project, folder)
        else:
            make_project(folder)
        forget_labels(folder)
        session = LabellingSession.open(folder, "seeder")
        right, _ = right_dots(session.project)
        counts, possible = every_proposal(session, right, range(5, 240, 12))
        print("each view alone:", percent(counts[1]), f"of {possible} possible")
        print("two views:", percent(counts[2]), "- hidden:", percent(counts["hidden"]))
        seeder = Seeder(session, right)
        frames = []
        for _ in range(options.frames):
            frame = seeder.flow.seeding.suggest()
            before = seeder.clicks, seeder.keys
            seeder.label(frame)
            frames.append(frame)
            shown = np.isin(session.labels.status[frame], LABELLED)
            good = (session.labels.candidate[frame] == right[frame])[shown].sum()
            print(f"frame {frame:>3}: {seeder.clicks - before[0]} clicks, "
                  f"{seeder.keys - before[1]} keys; {shown.sum()} of {(right[frame] > 0).sum()} "
                  f"visible dots labelled, {good} right; "
                  f"{seeder.flow.seeding.progress.sentence}")  # fmt: skip
        print(f"without geometry: {right.shape[1] * right.shape[2]} clicks a frame")
        print("proposed from one view:", percent(seeder.proposed[1]))
        print("proposed from two or more:", percent(seeder.proposed[2]))
        print("proposed as hidden:", percent(seeder.hidden))
        ms = 1000 * np.array(seeder.seconds)
        print(f"time of a click, ms: median {np.median(ms):.1f}, longest {ms.max():.0f}")
        session.close()


if __name__ == "__main__":
    main()
