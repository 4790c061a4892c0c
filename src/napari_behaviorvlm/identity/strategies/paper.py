"""The paper's pose pipeline (Ke et al., arXiv 2603.12176), each step an ablation switch.

For every frame and view, with the last three solved frames as examples: boxes around the body
regions; in each region's crop, candidates to keypoints; all regions merged and contradictions
resolved on the whole picture. Then the views are triangulated, and views far from the point that
the others give are assigned anew. Frames follow each other, for each is an example for the next;
views and regions of a frame are asked at once.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies import CandidateVotes, Labelling
from napari_behaviorvlm.identity.strategies.paper_3d import Refined, Refinement, refine
from napari_behaviorvlm.identity.strategies.paper_views import Solved, ViewAsker, seeds_of_view
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.prompts import system_text
from napari_behaviorvlm.vlm.questions import Outcome, Question

ReadFrame = Callable[[str, int], NDArray[np.generic]]
"""Reflectance picture of a camera (by name) and frame."""


class Asks(Protocol):
    """Whoever can ask a model; `napari_behaviorvlm.vlm.session.ModelSession`."""

    @property
    def profile(self) -> Profile:
        """What the model can do."""
        ...

    def ask(
        self, questions: Sequence[Question]
    ) -> Generator[Progress, None, list[Outcome]]:  # fmt: skip
        """Ask questions at once."""
        ...


@dataclass(frozen=True)
class PaperSettings:
    """Switches of the pipeline.

    Parameters
    ----------
    regions : bool
        Region boxes and crops; without, all keypoints are asked for at once.
    refine : bool
        Assign views anew that are far from the point of the others.
    robust : bool
        Triangulate with consensus (RANSAC in the paper); without, all views count. The paper does
        not say which of the two its variant "without 3D" does.
    window : int
        Solved frames that are shown as examples.
    refinement : Refinement
    """

    regions: bool = True
    refine: bool = True
    robust: bool = True
    window: int = 3
    refinement: Refinement = field(default_factory=Refinement)


@dataclass
class PaperStrategy:
    """Names candidates by asking a vision-language model, as the paper does.

    Parameters
    ----------
    model : Asks
    read : callable
        Gives the reflectance picture of a camera and frame.
    session : str
        Name of the recording, for the facts.
    settings : PaperSettings
    on_exchanges : callable
        Told, per frame and camera, in which exchanges of the answer store its labels were said.
    """

    model: Asks
    read: ReadFrame
    session: str
    settings: PaperSettings = field(default_factory=PaperSettings)
    on_exchanges: Callable[[int, int, list[int]], None] = lambda *_: None
    name: str = "paper"

    def label(  # noqa: PLR0917
        self, rig: Rig, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable,
        frames: NDArray[np.int64], votes: CandidateVotes | None = None,  # noqa: ARG002
    ) -> Generator[Progress, None, Labelling]:  # fmt: skip
        """Name the candidates of some frames; see `Strategy.label`.

        Raises
        ------
        VLMError
            If the model cannot be asked any more, or the budget is used up. Answers so far are
            kept: the same call goes on where it stopped.
        """
        frames = np.unique(np.asarray(frames, np.int64))
        askers = self._askers(rig, skeleton, seeds, candidates)
        labels = Labels.empty(frames, len(rig), len(skeleton))
        poses = Poses.empty(frames, len(rig), len(skeleton))
        for row, frame in enumerate(frames):
            numbers, confidence = yield from self._solve(askers, int(frame), row, len(frames))
            xy = _positions(askers, numbers)
            done = refine(
                rig, xy, numbers, [asker.dots for asker in askers], self.settings.refinement,
                reassign=self.settings.refine, robust=self.settings.robust,
            )  # fmt: skip
            confidence[done.numbers != numbers] = np.nan
            _write(labels, row, done, confidence)
            _write_points(poses, row, done)
            for asker, answered in zip(askers, done.numbers, strict=True):
                asker.remember(answered)
            yield Progress(row + 1, len(frames), f"frame {frame}")
        return _labelling(labels, poses)

    def _askers(
        self, rig: Rig, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable
    ) -> list[ViewAsker]:  # fmt: skip
        system = system_text(skeleton)
        askers = []
        for camera, name in enumerate(rig.names):
            solved: list[Solved] = seeds_of_view(seeds, candidates, camera)
            askers.append(ViewAsker(
                self.session, name, camera, skeleton, candidates, self.read, system,
                self.model.profile, solved, self.settings.window,
            ))  # fmt: skip
        return askers

    def _solve(
        self, askers: list[ViewAsker], frame: int, row: int, total: int
    ) -> Generator[Progress, None, tuple[NDArray[np.int32], NDArray[np.float32]]]:
        """Candidate numbers (C, K) of a frame and the model's confidences."""
        for asker in askers:
            asker.begin(frame)
        if self.settings.regions:
            yield from self._round(askers, "regions", row, total)
            yield from self._round(askers, "assign_regions", row, total)
            yield from self._round(askers, "resolve", row, total)
        else:
            yield from self._round(askers, "assign_all", row, total)
        for asker in askers:
            self.on_exchanges(frame, asker.camera, asker.exchanges)
        return (
            np.stack([asker.numbers() for asker in askers]),
            np.stack([asker.confidence() for asker in askers]),
        )

    def _round(
        self, askers: list[ViewAsker], step: str, row: int, total: int
    ) -> Generator[Progress, None, None]:  # fmt: skip
        """Ask one step of all views at once."""
        questions = [(asker, question) for asker in askers for question in asker.questions(step)]
        asking = self.model.ask([question for _, question in questions])
        while True:
            try:
                progress = next(asking)
            except StopIteration as end:
                outcomes: list[Outcome] = end.value
                break
            yield Progress(row, total, progress.message)
        for (asker, question), outcome in zip(questions, outcomes, strict=True):
            asker.take(question, outcome)


def _positions(askers: list[ViewAsker], numbers: NDArray[np.int32]) -> NDArray[np.float64]:
    """Pixels of candidates, shape (C, K, 2); NaN for number 0."""
    xy = np.full((*numbers.shape, 2), np.nan)
    for camera, asker in enumerate(askers):
        for keypoint, number in enumerate(numbers[camera]):
            if number:
                xy[camera, keypoint] = asker.dots[int(number)]
    return xy


def _write(labels: Labels, row: int, done: Refined, confidence: NDArray[np.float32]) -> None:
    named = done.numbers > 0
    labels.xy[row] = done.xy
    labels.candidate[row] = done.numbers
    labels.status[row][named] = Status.PROPOSED
    labels.source[row][named] = Source.VLM
    labels.confidence[row][named] = confidence[named]


def _write_points(poses: Poses, row: int, done: Refined) -> None:
    found = done.triangulation
    poses.points[row] = found.points
    poses.error[row] = found.error
    poses.view_error[row] = found.view_error.T
    poses.leave_one_out[row] = found.leave_one_out.T
    poses.n_views[row] = found.n_views
    poses.covariance[row] = found.covariance


def _labelling(labels: Labels, poses: Poses) -> Labelling:
    margin = np.full(poses.n_views.shape, np.nan, np.float32)
    return Labelling(labels, poses, margin, np.zeros(labels.status.shape, np.int16))
