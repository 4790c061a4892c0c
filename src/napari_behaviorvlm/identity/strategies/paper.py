"""The paper's pose pipeline (Ke et al., arXiv 2603.12176), each step an ablation switch.

For every frame and view, with the last three solved frames as examples: boxes around the body
regions; in each region's crop, candidates to keypoints; all regions merged and contradictions
resolved on the whole picture. Then the views are triangulated, and views far from the point that
the others give are assigned anew. Frames follow each other, for each is an example for the next;
views and regions of a frame are asked at once.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.core.progress import Arrived, Progress
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies import CandidateVotes, Labelling
from napari_behaviorvlm.identity.strategies.paper_3d import Refined, Refinement, refine
from napari_behaviorvlm.identity.strategies.paper_views import Solved, ViewAsker, seeds_of_view
from napari_behaviorvlm.vlm.batches import BatchReport
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

    def ask_in_batches(self, questions: Sequence[Question]) -> BatchReport:
        """Collect what batches have brought and hand in what is to be asked next."""
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
    before : Labels, optional
        Frames solved earlier, ascending: they are examples for the first ones.
    """

    model: Asks
    read: ReadFrame
    session: str
    settings: PaperSettings = field(default_factory=PaperSettings)
    before: Labels | None = None
    name: str = "paper"

    def label(  # noqa: PLR0917
        self, rig: Rig, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable,
        frames: NDArray[np.int64], votes: CandidateVotes | None = None,  # noqa: ARG002
    ) -> Generator[Progress, None, Labelling]:  # fmt: skip
        """Name the candidates of some frames; see `Strategy.label`.

        Yields
        ------
        Arrived
            For every frame, as soon as it is solved; plain `Progress` in between.

        Raises
        ------
        VLMError
            If the model cannot be asked any more, or the budget is used up. Answers so far are
            kept: the same call goes on where it stopped.
        """
        frames = np.unique(np.asarray(frames, np.int64))
        askers = self._askers(rig, skeleton, seeds, candidates)
        self._recall(askers)
        solved = []
        for row, frame in enumerate(frames):
            for asker in askers:
                asker.begin(int(frame))
            for step in self._steps:
                yield from self._round(askers, step, row, len(frames))
            arrived = self._settled(rig, askers, row + 1, len(frames))
            for asker in askers:
                asker.remember(arrived.labels.candidate[0, asker.camera].astype(np.int32))
            solved.append(arrived)
            yield arrived
        return joined(solved, frames, len(rig), len(skeleton))

    def label_in_batches(
        self, rig: Rig, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable,
        frames: NDArray[np.int64],
    ) -> Generator[Progress, None, str]:  # fmt: skip
        """Name the candidates of some frames, as far as batches have brought the answers.

        Batches take hours, so that frames cannot wait for each other: the seeds are the examples of
        all, and each step is handed in for all frames together.

        Yields
        ------
        Arrived
            For every frame, if the answers to the last step are there.

        Returns
        -------
        str
            What is being waited for; empty if all frames are solved.
        """
        one = self._askers(rig, skeleton, seeds, candidates)
        crews = [[asker.copy() for asker in one] for _ in frames]
        for crew, frame in zip(crews, frames, strict=True):
            for asker in crew:
                asker.begin(int(frame))
        everybody = [asker for crew in crews for asker in crew]
        for step in self._steps:
            questions = [(asker, each) for asker in everybody for each in asker.questions(step)]
            yield Progress(0, len(frames), f"batches: {_STEP_WORDS[step]}")
            report = self.model.ask_in_batches([question for _, question in questions])
            if not report.done:
                return report.sentence
            for (asker, question), outcome in zip(questions, report.outcomes, strict=True):
                assert outcome is not None
                asker.take(question, outcome)
        for row, crew in enumerate(crews):
            yield self._settled(rig, crew, row + 1, len(frames))
        return ""

    @property
    def _steps(self) -> tuple[str, ...]:
        return (
            ("regions", "assign_regions", "resolve") if self.settings.regions else ("assign_all",)
        )

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

    def _recall(self, askers: list[ViewAsker]) -> None:
        if self.before is None:
            return
        for row, frame in enumerate(self.before.frames[-self.settings.window :]):
            at = len(self.before.frames[: -self.settings.window]) + row
            for asker in askers:
                asker.begin(int(frame))
                asker.remember(self.before.candidate[at, asker.camera].astype(np.int32))

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

    def _settled(self, rig: Rig, askers: list[ViewAsker], done: int, total: int) -> Arrived:
        """Labels of the frame that all views have answered for."""
        frame = askers[0].frame
        numbers = np.stack([asker.numbers() for asker in askers])
        confidence = np.stack([asker.confidence() for asker in askers])
        refined = refine(
            rig, _positions(askers, numbers), numbers, [asker.dots for asker in askers],
            self.settings.refinement,
            reassign=self.settings.refine, robust=self.settings.robust,
        )  # fmt: skip
        labels = Labels.empty(np.array([frame]), len(rig), numbers.shape[1])
        poses = Poses.empty(labels.frames, len(rig), numbers.shape[1])
        _write(labels, 0, refined, numbers, confidence)
        _write_points(poses, 0, refined)
        exchanges = [
            (frame, asker.camera, exchange) for asker in askers for exchange in asker.exchanges
        ]
        return Arrived(
            done, total, f"frame {frame}", first_frame=frame, labels=labels, poses=poses,
            exchanges=np.array(exchanges, np.int64).reshape(-1, 3),
            unanswered=sum(asker.unanswered for asker in askers),
        )  # fmt: skip


_STEP_WORDS = {
    "regions": "where the body regions are", "assign_regions": "naming the dots of each region",
    "resolve": "settling contradictions", "assign_all": "naming all dots",
}  # fmt: skip


def joined(
    solved: Sequence[Arrived], frames: NDArray[np.int64], n_cameras: int, n_keypoints: int
) -> Labelling:
    """Put single frames together; those that are missing stay unlabelled."""
    labels = Labels.empty(frames, n_cameras, n_keypoints)
    poses = Poses.empty(frames, n_cameras, n_keypoints)
    for arrived in solved:
        row = np.searchsorted(frames, arrived.labels.frames)
        for whole, part in ((labels, arrived.labels), (poses, arrived.poses)):
            for column in fields(whole):
                if column.name != "frames":
                    getattr(whole, column.name)[row] = getattr(part, column.name)
    margin = np.full(poses.n_views.shape, np.nan, np.float32)
    return Labelling(labels, poses, margin, np.zeros(labels.status.shape, np.int16))


def _positions(askers: list[ViewAsker], numbers: NDArray[np.int32]) -> NDArray[np.float64]:
    """Pixels of candidates, shape (C, K, 2); NaN for number 0."""
    xy = np.full((*numbers.shape, 2), np.nan)
    for camera, asker in enumerate(askers):
        for keypoint, number in enumerate(numbers[camera]):
            if number:
                xy[camera, keypoint] = asker.dots[int(number)]
    return xy


def _write(
    labels: Labels, row: int, done: Refined, said: NDArray[np.int32],
    confidence: NDArray[np.float32],
) -> None:  # fmt: skip
    """Fill in a frame; what the 3D step chose instead of the model is geometry's word."""
    named = done.numbers > 0
    by_model = named & (done.numbers == said)
    labels.xy[row] = done.xy
    labels.candidate[row] = done.numbers
    labels.status[row][named] = Status.PROPOSED
    labels.source[row][named] = Source.GEOMETRIC
    labels.source[row][by_model] = Source.VLM
    labels.confidence[row][by_model] = confidence[by_model]


def _write_points(poses: Poses, row: int, done: Refined) -> None:
    found = done.triangulation
    poses.points[row] = found.points
    poses.error[row] = found.error
    poses.view_error[row] = found.view_error.T
    poses.leave_one_out[row] = found.leave_one_out.T
    poses.n_views[row] = found.n_views
    poses.covariance[row] = found.covariance
