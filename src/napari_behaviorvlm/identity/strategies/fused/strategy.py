"""The fused strategy: geometry first, then a few questions where they change most.

1. Dots are fused over the views, followed, and named by anatomy and motion (`geometric`).
2. The model names the seed frames, of which the truth is known: that is what its words are worth
   (`confusion`).
3. Doubts are gathered into episodes (`doubts`); for the most worthwhile ones one region of one
   frame is shown in the views that see most of it. The answers become votes, shared along
   tracklets; the windows concerned are solved anew. A few rounds, until nothing worth a call is
   left or the calls are used up.

Left and right are settled by the handedness of the anatomy: the confusion that is learned tells how
little a model's word about sides is worth.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.learning import learn
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies import CandidateVotes, Labelling
from napari_behaviorvlm.identity.strategies.fused.asking import Interviewer
from napari_behaviorvlm.identity.strategies.fused.board import Board, InquirySettings, Plan
from napari_behaviorvlm.identity.strategies.fused.examples import Decided
from napari_behaviorvlm.identity.strategies.fused.inquiry import (
    Inquiry,
    Words,
    no_words,
    words_of,
)
from napari_behaviorvlm.identity.strategies.paper import Asks, ReadFrame
from napari_behaviorvlm.identity.views import IdealViews
from napari_behaviorvlm.identity.windows import GeometricSettings, Recording
from napari_behaviorvlm.vlm.questions import Outcome, Question

IntArray = NDArray[np.int64]

AT_ONCE = 32
"""Questions in memory at the same time: each holds its pictures."""


@dataclass(frozen=True)
class FusedSettings(InquirySettings):
    """How much is asked, and how points are named.

    Parameters
    ----------
    geometric : GeometricSettings
    """

    geometric: GeometricSettings = field(default_factory=GeometricSettings)


@dataclass
class FusedStrategy:
    """Names candidates by geometry, and asks a model where that leaves doubt.

    A model that can be asked no more (budget used up, server gone) ends the asking, not the
    labelling: what was answered until then counts, and ``stopped`` tells why.

    Parameters
    ----------
    model : Asks, optional
        None names by geometry alone.
    read : callable
        Gives the reflectance picture of a camera and frame.
    session : str
        Name of the recording, for the facts.
    settings : FusedSettings
    decided : Decided, optional
        What a person decided outside of the seed frames: examples for questions nearby.
    """

    model: Asks | None
    read: ReadFrame
    session: str
    settings: FusedSettings = field(default_factory=FusedSettings)
    decided: Decided | None = None
    name: str = "fused"
    exchanges: list[tuple[int, int, int]] = field(default_factory=list, init=False)
    """Frame, camera and number of every exchange."""
    unanswered: int = field(default=0, init=False)
    """Questions without a usable answer."""
    stopped: VLMError | None = field(default=None, init=False)
    """Why no more was asked."""
    board: Board | None = field(default=None, init=False)
    """How things stand; None until the anatomy is learned."""

    @property
    def named(self) -> bool:
        """Whether geometry has named all frames."""
        return self.board is not None and self.board.named

    def label(  # noqa: PLR0917
        self, rig: Rig, skeleton: Skeleton, seeds: Seeds, candidates: CandidateTable,
        frames: NDArray[np.int64], votes: CandidateVotes | None = None,
    ) -> Generator[Progress, None, Labelling]:  # fmt: skip
        """Name the candidates of some frames; see `Strategy.label`.

        Yields
        ------
        Arrived
            For every window that was named, and again when it was named anew; plain `Progress` in
            between.
        """
        frames = np.unique(np.asarray(frames, np.int64))
        seeds.require_poses(skeleton)
        yield Progress(0, len(frames), "learning the animal's anatomy")
        views, settings = IdealViews(rig), self.settings.geometric
        learned = learn(
            views, skeleton, seeds, candidates,
            settings=settings.learning, fusion=settings.fusion, solver=settings.solver,
        )  # fmt: skip
        recording = Recording(views, skeleton, candidates, learned, settings, votes)
        self.board = board = Board(recording, frames, votes)
        yield from board.solve_all()
        if self.model is not None:
            interviewer = Interviewer(
                recording, seeds, self.model.profile, self.read, self.session, self.decided
            )
            yield from self._interview(board, interviewer)
        return board.whole

    def _interview(self, board: Board, interviewer: Interviewer) -> Generator[Progress, None, None]:
        quota = int(self.settings.calls_per_frame * len(board.frames))
        if not quota or not board.worth_asking(self.settings):
            return
        known = interviewer.about_seeds()[: quota // 2]
        quota -= len(known)
        words = yield from self._heard(iter([known]), len(known), board, "learning to read it")
        board.teach(words, interviewer.is_)
        for turn in range(self.settings.rounds):
            plans = board.plans(self.settings, quota // (self.settings.rounds - turn))
            if not plans or self.stopped is not None:
                return
            views = self.settings.views
            quota -= len(plans) * views
            groups = self._groups(plans, interviewer)
            what = "asking about doubtful places"
            words = yield from self._heard(groups, len(plans) * views, board, what)
            board.hear(words, self.settings)
            yield from board.solve_again(words)

    def _groups(self, plans: Sequence[Plan], interviewer: Interviewer) -> Iterator[list[Inquiry]]:
        """Make questions, some at a time."""
        size = max(1, AT_ONCE // self.settings.views)
        for start in range(0, len(plans), size):
            yield [
                inquiry
                for plan in plans[start : start + size]
                for inquiry in interviewer.about(
                    plan.frame, plan.region, plan.near, self.settings.views, plan.turn
                )
            ]

    def _heard(
        self, groups: Iterator[list[Inquiry]], count: int, board: Board, what: str
    ) -> Generator[Progress, None, Words]:
        """Ask, until all is said or the model can be asked no more."""
        words, done, total = no_words(), 0, len(board.frames)
        for group in groups:
            with closing(self._answers([inquiry.question for inquiry in group])) as asking:
                while True:
                    try:
                        step = next(asking)
                    except StopIteration as end:
                        outcomes: list[Outcome] = end.value
                        break
                    told = step.message or f"{what}: {done + step.done} of {count}"
                    yield Progress(total, total, told)
            done += len(group)
            self._note(group, outcomes)
            words = words.joined(words_of(group, outcomes, board.recording.skeleton))
            if self.stopped is not None:
                break
        return words

    def _answers(self, questions: list[Question]) -> Generator[Progress, None, list[Outcome]]:
        """Answers to questions; from where the model can be asked no more on, the known ones."""
        assert self.model is not None
        try:
            return (yield from self.model.ask(questions))
        except VLMError as error:
            self.stopped = error
        outcomes = []
        for question in questions:
            try:
                outcomes += yield from self.model.ask([question])
            except VLMError:
                outcomes.append(Outcome(None))
        return outcomes

    def _note(self, group: Sequence[Inquiry], outcomes: Sequence[Outcome]) -> None:
        self.unanswered += sum(
            outcome.answer is None and bool(outcome.exchanges or outcome.failure)
            for outcome in outcomes
        )
        self.exchanges += [
            (inquiry.frame, inquiry.camera, exchange)
            for inquiry, outcome in zip(group, outcomes, strict=True)
            for exchange in outcome.exchanges
        ]
