"""Errors planted into the labelled six-view mouse, for `corrections.py`.

Only labels that were right are made wrong, so that the truth says how each is mended.
"""

from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm.core.labels import LABELLED, Labels, Poses
from napari_behaviorvlm.io.project.derived import read_result, write_result
from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.workflows.state import retriangulate

SWAPS_EVERYWHERE = (1, 1, 1, 4, 8, 15, 25)
SWAPS_ONE_VIEW = (1, 1, 6)
WRONG_DOTS = (1, 1, 1, 1, 1, 2, 3, 6, 10, 20)
"""Lengths of the planted errors, frames."""

REACH = 4.0
"""Distance of a right dot from the true projection, px; also how near a click has to be."""


@dataclass
class Error:
    """A planted error: a kind, a keypoint, its frames, and the cells that are wrong."""

    kind: str
    keypoint: int
    frames: range
    cells: set[tuple[int, int, int]]


def right_dots(project):
    """Find each keypoint's dot, (F, C, K) with 0 for none, and all dots by frame and view."""
    with np.load(six_view_mouse().truth) as truth:
        projections, visible = truth["projections"], truth["visible"]
    table = project.candidates().read(range(len(projections)))
    right, dots = np.zeros(visible.shape, int), {}
    for frame, camera in np.ndindex(*visible.shape[:2]):
        rows = table.rows(frame)
        mine = table.camera[rows] == camera
        number, xy = table.number[rows][mine], table.xy[rows][mine]
        dots[frame, camera] = number, xy
        if len(number):
            away = np.linalg.norm(projections[frame, camera][:, None] - xy, axis=-1)
            near = (away.min(axis=1) <= REACH) & visible[frame, camera]
            right[frame, camera] = np.where(near, number[away.argmin(axis=1)], 0)
    return right, dots


class Planter:
    """Plants errors into the newest run of a project."""

    def __init__(self, project, seed_number):
        self.rng = np.random.default_rng(seed_number)
        self.project = project
        self.run = project.store.runs()[-1]
        labels, poses = read_result(project.result(self.run.key))
        self.labels = Labels(**{n: np.array(v) for n, v in vars(labels).items()})
        self.poses = Poses(**{n: np.array(v) for n, v in vars(poses).items()})
        self.right, self.dots = right_dots(project)
        # Planted errors keep apart in time, and away from the seeds.
        self.taken = np.zeros(len(self.labels.frames), bool)
        for frame in project.store.seed_frames():
            self.taken[max(0, frame - 2) : frame + 3] = True
        self.pairs = project.skeleton.symmetric_indices

    def good(self, frame, keypoint):
        """Tell whether three views or more show a keypoint, all on the right dot."""
        shown = np.isin(self.labels.status[frame, :, keypoint], LABELLED)
        same = self.labels.candidate[frame, :, keypoint] == self.right[frame, :, keypoint]
        return shown.sum() >= 3 and same[shown].all()

    def place(self, length, fits):
        """Choose a stretch of frames, and a keypoint, of which all frames fit."""
        for _ in range(4000):
            start = int(self.rng.integers(3, len(self.taken) - length - 3))
            frames = range(start, start + length)
            around = slice(max(0, start - 1), start + length + 1)
            if not self.taken[around].any() and (found := fits(frames)) is not None:
                self.taken[around] = True
                return frames, found
        raise SystemExit("No place left to plant an error in.")

    def swap(self, length, *, everywhere):
        """Exchange left and right of a pair over some frames, in all views or in one."""

        def fits(frames):
            pair = self.pairs[self.rng.integers(len(self.pairs))]
            camera = int(self.rng.integers(6))
            for frame in frames:
                both = np.isin(self.labels.status[frame][:, pair], LABELLED).all(axis=1)
                apart = np.linalg.norm(
                    np.diff(self.labels.xy[frame][:, pair], axis=1)[:, 0], axis=-1
                )
                if not all(self.good(frame, k) for k in pair) or both.sum() < 2:
                    return None
                if not everywhere and not (both[camera] and apart[camera] > 15):
                    return None
            return pair, camera

        frames, (pair, camera) = self.place(length, fits)
        cells, views = set(), slice(None) if everywhere else slice(camera, camera + 1)
        for frame in frames:
            for name in ("xy", "candidate", "status", "source", "confidence"):
                part = getattr(self.labels, name)[frame, views]
                part[:, list(pair)] = part[:, list(pair[::-1])]
            labelled = np.isin(self.labels.status[frame], LABELLED)
            for c in range(6)[views]:
                cells |= {(frame, c, k) for k in pair if labelled[c, k]}
        kind = "swap, all views" if everywhere else "swap, one view"
        return Error(kind, pair[0], frames, cells)

    def wrong_dot(self, length):
        """Put a keypoint on another dot of one view over some frames."""

        def fits(frames):
            camera, keypoint = int(self.rng.integers(6)), int(self.rng.integers(12))
            chosen, before = {}, None
            for frame in frames:
                if not self.good(frame, keypoint):
                    return None
                if self.labels.status[frame, camera, keypoint] not in LABELLED:
                    return None
                here = self.labels.xy[frame, camera, keypoint]
                number, xy = self.dots[frame, camera]
                away = np.linalg.norm(xy - here, axis=1)
                free = ~np.isin(number, self.labels.candidate[frame, camera])
                fit = free & (away > 20) & (away < 200)
                if not fit.any():
                    return None
                near = away if before is None else np.linalg.norm(xy - before, axis=1)
                at = int(np.where(fit, near, np.inf).argmin())
                chosen[frame], before = (number[at], xy[at]), xy[at]
            return camera, keypoint, chosen

        frames, (camera, keypoint, chosen) = self.place(length, fits)
        for frame, (number, xy) in chosen.items():
            self.labels.candidate[frame, camera, keypoint] = number
            self.labels.xy[frame, camera, keypoint] = xy
        cells = {(frame, camera, keypoint) for frame in frames}
        return Error("wrong dot", keypoint, frames, cells)

    def plant(self):
        """Plant all errors and write them as if the run had made them."""
        # The long ones first, while there is room.
        errors = [self.swap(n, everywhere=True) for n in sorted(SWAPS_EVERYWHERE)[::-1]]
        errors += [self.wrong_dot(n) for n in sorted(WRONG_DOTS)[::-1]]
        errors += [self.swap(n, everywhere=False) for n in sorted(SWAPS_ONE_VIEW)[::-1]]
        points = {(frame, k) for e in errors for frame, _, k in e.cells}
        # In a swap a side may have lost its label in a view: every point of the pair is new.
        points |= {
            (f, k) for e in errors if e.kind.startswith("swap")
            for f in e.frames for pair in self.pairs if e.keypoint in pair for k in pair
        }  # fmt: skip
        confidence = self.poses.confidence.copy()
        retriangulate(self.labels, self.poses, self.project.rig, points)
        self.poses.confidence[:] = confidence
        write_result(self.project.result(self.run.key), self.labels, self.poses)
        return errors
