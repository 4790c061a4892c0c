"""Making questions: which views to show, what part of them, with which numbers."""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies.fused.examples import Decided
from napari_behaviorvlm.identity.strategies.fused.inquiry import Inquiry
from napari_behaviorvlm.identity.strategies.paper import ReadFrame
from napari_behaviorvlm.identity.strategies.paper_views import (
    Solved,
    ViewAsker,
    seeds_of_view,
    view_candidates,
)
from napari_behaviorvlm.identity.windows import Recording
from napari_behaviorvlm.vlm.picture_map import Box
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.prompts import system_text

FloatArray = NDArray[np.float64]

BORDER = 30.0
"""Pixels around what a question is about."""

SEED_VIEWS = 2
"""Views of each region of a seed frame that the model is tried on."""


class Interviewer:
    """Makes questions about regions of frames, with the seeds as examples.

    Parameters
    ----------
    recording : Recording
    seeds : Seeds
    profile : Profile
    read : callable
    session : str
    decided : Decided, optional
        What a person decided outside of the seed frames.
    """

    def __init__(  # noqa: PLR0917
        self, recording: Recording, seeds: Seeds, profile: Profile, read: ReadFrame, session: str,
        decided: Decided | None = None,
    ) -> None:  # fmt: skip
        self._recording = recording
        self._decided = decided
        skeleton, rig = recording.skeleton, recording.views.rig
        system = system_text(skeleton)
        self._solved = [seeds_of_view(seeds, recording.candidates, c) for c in range(len(rig))]
        self._askers = [
            ViewAsker(
                session, name, camera, skeleton, recording.candidates, read, system, profile,
                self._solved[camera],
            )
            for camera, name in enumerate(rig.names)
        ]  # fmt: skip
        self.is_: dict[tuple[int, int, int], int] = {
            (solved.frame, camera, int(number)): keypoint
            for camera, frames in enumerate(self._solved)
            for solved in frames
            for keypoint, number in enumerate(solved.numbers)
            if number
        }
        """Keypoint of every dot that a person named, by frame, camera and number."""
        if decided is not None:
            self.is_ |= decided.cells()

    @property
    def _regions(self) -> dict[str, tuple[str, ...]]:
        skeleton = self._recording.skeleton
        return skeleton.regions or {"body": skeleton.keypoints}

    def about_seeds(self) -> list[Inquiry]:
        """Questions whose answers are known: each region of each seed frame in its best views."""
        asked = []
        for row in range(len(self._solved[0])):
            for region, names in self._regions.items():
                at = [self._recording.skeleton.index(name) for name in names]
                seen = [int((solved[row].numbers[at] > 0).sum()) for solved in self._solved]
                for rank, camera in enumerate(np.argsort(seen)[::-1][:SEED_VIEWS]):
                    solved = self._solved[int(camera)][row]
                    box = self._box_of(int(camera), solved.frame, solved.numbers[at])
                    asked.append((rank, solved.frame, int(camera), region, box))
        asked.sort(key=lambda one: one[0])  # where not all can be asked: each region once
        found = (
            self._inquiry(frame, camera, region, box, turn=0)
            for _, frame, camera, region, box in asked
        )
        return [inquiry for inquiry in found if inquiry is not None]

    def about(
        self, frame: int, region: str, near: FloatArray, views: int, turn: int
    ) -> list[Inquiry]:
        """Ask about a region of a frame in the views that see most of it.

        Parameters
        ----------
        frame : int
        region : str
        near : ndarray, shape (n, 3)
            Where its keypoints are thought to be.
        views : int
        turn : int
            How often this was asked before; other views and other numbers are taken then.
        """
        points = self._recording.points(np.array([frame]))
        free_or_near = self._involved(points.xyz, near)
        seen = (points.number[free_or_near] > 0).sum(0)
        order = np.argsort(-seen, kind="stable")
        start = (turn * views) % max(int((seen > 1).sum()), 1)
        inquiries = []
        for camera in np.roll(order, -start)[:views]:
            numbers = points.number[free_or_near, camera]
            box = self._box_of(int(camera), frame, numbers[numbers > 0])
            box = _with_points(box, project_rig(self._recording.views.rig, near)[:, camera])
            inquiry = self._inquiry(frame, int(camera), region, box, turn=turn)
            if inquiry is not None:
                inquiries.append(inquiry)
        return inquiries

    def _involved(self, xyz: FloatArray, near: FloatArray) -> NDArray[np.bool_]:
        """Points within reach of where the region is thought to be; all where nobody knows."""
        if not len(near):
            return np.ones(len(xyz), bool)
        reach = 0.35 * self._recording.learned.anatomy.scale
        distance = np.linalg.norm(xyz[:, None] - near, axis=-1).min(1)
        return np.asarray(distance < reach)

    def _box_of(self, camera: int, frame: int, numbers: NDArray[np.integer]) -> Box | None:
        own, places = view_candidates(self._recording.candidates, frame, camera)
        chosen = places[np.isin(own, numbers)]
        return _with_points(None, chosen)

    def _inquiry(
        self, frame: int, camera: int, region: str, box: Box | None, *, turn: int
    ) -> Inquiry | None:
        if box is None:
            return None
        asker = self._askers[camera].copy()
        own, _ = view_candidates(self._recording.candidates, frame, camera)
        shown = np.sort(own)
        if turn:
            shown = np.random.default_rng([frame, camera, turn]).permutation(shown)
        renumbered = dict(zip(np.sort(own).tolist(), shown.tolist(), strict=True))
        example = self._example(frame, camera, region)
        if example is not None:
            asker.show(example)
        asker.begin(frame, renumbered)
        question = asker.region_question(region, self._regions[region], box)
        if question is None:
            return None
        numbers = {new: old for old, new in renumbered.items()}
        return Inquiry(frame, camera, region, question, numbers)

    def _example(self, frame: int, camera: int, region: str) -> Solved | None:
        if self._decided is None:
            return None
        skeleton = self._recording.skeleton
        at = [skeleton.index(name) for name in self._regions[region]]
        return self._decided.example(frame, camera, at, len(skeleton))


def _with_points(box: Box | None, places: FloatArray) -> Box | None:
    """Box around points and another box, with a border."""
    places = places[np.isfinite(places).all(1)]
    corners = [] if box is None else [(box[0], box[1]), (box[2], box[3])]
    low_high = [place + side for place in places for side in (-BORDER, BORDER)]
    every = np.array([*corners, *low_high], float).reshape(-1, 2)
    if not len(every):
        return None
    (x0, y0), (x1, y1) = every.min(0), every.max(0)
    return float(x0), float(y0), float(x1), float(y1)
