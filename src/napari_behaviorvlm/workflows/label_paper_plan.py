"""What labelling with a model would cost: the strategy is rehearsed on a few frames.

Later questions depend on earlier answers (crops on boxes, the last question on contradictions), so
that they cannot be counted beforehand. Therefore the strategy runs on a few frames with real
pictures; its questions are counted, and answered by the geometric solver (by the seeds, where that
cannot tell). Every other frame is taken to cost what these cost on average. Repair turns and the
length of answers are taken from the project's earlier calls of the model, if there are any.
"""

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import IdentityError, VLMError
from napari_behaviorvlm.core.labels import Labels
from napari_behaviorvlm.core.progress import Arrived, Progress
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.strategies.geometric import GeometricStrategy
from napari_behaviorvlm.identity.strategies.paper import PaperStrategy
from napari_behaviorvlm.identity.strategies.paper_views import seeds_of_view
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.vlm.answers import (
    AnyAnswer,
    Assignment,
    AssignmentsAnswer,
    RegionBox,
    RegionsAnswer,
)
from napari_behaviorvlm.vlm.batches import BatchReport
from napari_behaviorvlm.vlm.cost import Price, price_of
from napari_behaviorvlm.vlm.endpoint import Endpoint, endpoint
from napari_behaviorvlm.vlm.facts import AssignFacts, RegionsFacts, read_facts
from napari_behaviorvlm.vlm.profile import Profile, known_profile
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Usage
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.vlm.tokens import SMALL_LIMITS, answer_tokens, request_tokens
from napari_behaviorvlm.vlm.trail import Trail
from napari_behaviorvlm.workflows.asking import ANSWERS, answer_store, open_model
from napari_behaviorvlm.workflows.label_inputs import LabelInputs
from napari_behaviorvlm.workflows.label_paper import paper_settings
from napari_behaviorvlm.workflows.label_request import LabelPlan, LabelRequest
from napari_behaviorvlm.workflows.paper_run import PaperRun
from napari_behaviorvlm.workflows.pictures import ProjectPictures

SAMPLE = 6
"""Frames to rehearse on."""

RECENT, FEWEST = 400, 20
"""Earlier calls that are looked at, and how many there must be."""

Numbers = dict[tuple[str, int], NDArray[np.int32]]

PADDING = 25.0
"""Frame pixels between dots and the box that a model draws around them."""


@dataclass(frozen=True)
class Means:
    """How a model is reached, and what is known of it without asking.

    Parameters
    ----------
    where : Endpoint
    profile : Profile
    price : Price or None
    """

    where: Endpoint
    profile: Profile
    price: Price | None


def plan_paper(project: Project, request: LabelRequest, given: LabelInputs) -> LabelPlan:
    """Estimate calls, tokens and cost; no question is sent.

    Raises
    ------
    VLMError
        If a camera has no video, or no model is chosen where the server has several.
    """
    with ProjectPictures(project, given.seeds.frames) as pictures:
        store = _store(project)
        try:
            means = _means(project, request.model or Settings(), store)
            run = PaperRun.of(project, request, given, means.where.base_url, means.where.model)
            known = _known_frames(project, request, given, means, store, run, pictures)
            frames, numbers = _solved_sample(project, given, run.missing[known:])
            rehearsal = Rehearsal(means, store.token_ratio(means.where.model), project, numbers)
            strategy = PaperStrategy(
                rehearsal, pictures, project.config.name, paper_settings(project, request)
            )
            for _ in strategy.label(
                project.rig, project.skeleton, given.seeds, given.candidates, frames
            ):
                pass
            history = _history(store, means.where.model)
        finally:
            store.close()
    missing = len(run.missing) - known
    share = missing / max(len(frames), 1) * history.repairs
    return _plan(request, given, means, rehearsal.scaled(share, history.length), missing)


def _plan(
    request: LabelRequest, given: LabelInputs, means: Means, asked: tuple[int, Usage], missing: int
) -> LabelPlan:
    calls, usage = asked
    cost = None if means.price is None else means.price.of(usage, batch=request.batch)
    return LabelPlan(
        request.strategy, len(given.frames), 0, len(given.frames) - missing, calls,
        usage.input + usage.output, usage.input, usage.output, cost, request.batch,
    )  # fmt: skip


def _solved_sample(
    project: Project, given: LabelInputs, missing: list[int]
) -> tuple[NDArray[np.int64], Numbers]:
    """Choose a few frames to rehearse on, and name their dots without a model."""
    numbers: Numbers = {}
    if not missing:
        return np.zeros(0, np.int64), numbers
    places = np.linspace(0, len(missing) - 1, min(SAMPLE, len(missing))).round().astype(int)
    frames = np.array(missing, np.int64)[np.unique(places)]
    try:
        labels = _geometric_labels(project, given, frames)
    except IdentityError:  # too little for the solver: the seeds themselves
        for camera, name in enumerate(project.rig.names):
            for solved in seeds_of_view(given.seeds, given.candidates, camera):
                numbers[name, solved.frame] = solved.numbers
        return np.array(given.seeds.frames, np.int64), numbers
    for row, frame in enumerate(frames.tolist()):
        for camera, name in enumerate(project.rig.names):
            numbers[name, frame] = labels.candidate[row, camera].astype(np.int32)
    return frames, numbers


def _geometric_labels(project: Project, given: LabelInputs, frames: NDArray[np.int64]) -> Labels:
    solving = GeometricStrategy().label(
        project.rig, project.skeleton, given.seeds, given.candidates, frames
    )
    while True:
        try:
            next(solving)
        except StopIteration as end:
            labels: Labels = end.value.labels
            return labels


@dataclass(frozen=True)
class _History:
    """What earlier calls of a model were like.

    Parameters
    ----------
    repairs : float
        Calls per question.
    length : float
        Output tokens per token expected.
    """

    repairs: float = 1.0
    length: float = 1.0


def _history(store: AnswerStore, model: str) -> _History:
    rows = store.rows(
        "SELECT request, output FROM exchange WHERE model=? ORDER BY id DESC LIMIT ?",
        model, RECENT,
    )  # fmt: skip
    questions, expected, written = 0, 0, 0
    for request, output in rows:
        turns = json.loads(request)["turns"]
        questions += len(turns) == 1
        try:
            facts = read_facts(turns[0]["parts"][-1].get("text", ""))
        except VLMError:
            continue
        expected += answer_tokens(facts)
        written += output
    if questions < FEWEST or not expected:
        return _History()
    return _History(len(rows) / questions, written / expected)


def _store(project: Project) -> AnswerStore:
    path = project.folder / ANSWERS
    return answer_store(project.folder, writable=False) if path.is_file() else AnswerStore()


def _means(project: Project, chosen: Settings, store: AnswerStore) -> Means:
    where = endpoint(chosen.base_url, chosen.model or "", key_env=chosen.key_env)
    if not where.model:  # the server knows what it has
        with open_model(project.folder, chosen) as session:
            there = session.asker.patience.client.endpoint
            return Means(there, session.profile, session.asker.price)
    kept = store.profile(where.base_url, where.model, chosen.route or "auto")
    profile = known_profile(where) or (
        Profile(limits=SMALL_LIMITS) if kept is None else Profile.from_json(kept)
    )
    return Means(where, profile, chosen.price or price_of(where))


@dataclass
class Rehearsal:
    """Answers questions about frames whose dots are named already, and counts them.

    Parameters
    ----------
    means : Means
    ratio : float
        Input tokens that the server counts, per token estimated.
    project : Project
    numbers : dict
        Candidates of the keypoints, shape (K,), by camera and frame.
    """

    means: Means
    ratio: float
    project: Project
    numbers: Numbers
    calls: int = field(default=0, init=False)
    input: float = field(default=0.0, init=False)
    output: int = field(default=0, init=False)

    @property
    def profile(self) -> Profile:
        """What the model can do."""
        return self.means.profile

    def ask(self, questions: Sequence[Question]) -> Generator[Progress, None, list[Outcome]]:
        """Count questions and answer them."""
        yield from ()
        return [self._outcome(question) for question in questions]

    def ask_in_batches(self, questions: Sequence[Question]) -> BatchReport:
        """Rehearsals need no batches."""
        raise NotImplementedError

    def scaled(self, share: float, length: float) -> tuple[int, Usage]:
        """Scale calls and tokens of the rehearsal to more frames and other lengths of answers."""
        usage = Usage(round(self.input * share), round(self.output * share * length))
        return round(self.calls * share), usage

    def _outcome(self, question: Question) -> Outcome:
        request = question.request(self.means.where.model, self.profile)
        self.calls += 1
        self.input += request_tokens(request) * self.ratio
        self.output += answer_tokens(question.facts, reasons=question.reasons)
        return Outcome(self._answer(question.facts))

    def _answer(self, facts: object) -> AnyAnswer | None:
        skeleton = self.project.skeleton
        if isinstance(facts, RegionsFacts):
            numbers = self.numbers[facts.camera, facts.frame]
            boxes = [_box(facts, name, numbers, skeleton) for name in facts.regions]
            return RegionsAnswer(regions=boxes)
        assert isinstance(facts, AssignFacts)
        assert facts.camera is not None
        numbers = self.numbers[facts.camera, facts.frame]
        shown = facts.numbers()
        said = {name: int(numbers[skeleton.index(name)]) for name in facts.keypoints}
        return AssignmentsAnswer(assignments=[
            Assignment(keypoint=name, candidate=number if number in shown else 0)
            for name, number in said.items()
        ])  # fmt: skip


def _box(
    facts: RegionsFacts, region: str, numbers: NDArray[np.int32], skeleton: Skeleton
) -> RegionBox:
    """Box around a region's dots, in pixels of the picture sent."""
    wanted = {int(numbers[skeleton.index(name)]) for name in skeleton.regions[region]} - {0}
    places = np.array([(c.x, c.y) for c in facts.candidates if c.number in wanted])
    if not len(places):
        return RegionBox(region=region, visible=False)
    corners = np.concatenate([places.min(0) - PADDING, places.max(0) + PADDING])
    picture = (corners - np.tile(facts.image.origin, 2)) * facts.image.scale
    limits = np.tile([facts.image.width, facts.image.height], 2)
    return RegionBox(region=region, box=np.clip(picture, 0, limits).tolist())


class _UnknownError(Exception):
    """A question whose answer is not kept."""


@dataclass
class _Memory:
    """Answers from the kept answers only."""

    means: Means
    store: AnswerStore

    @property
    def profile(self) -> Profile:
        return self.means.profile

    def ask(self, questions: Sequence[Question]) -> Generator[Progress, None, list[Outcome]]:
        yield from ()
        outcomes = []
        for question in questions:
            trail = Trail.start(question, self.means.where.model, self.profile)
            trail.follow(self.store, self.means.where.base_url)
            if trail.request is not None:
                raise _UnknownError
            outcomes.append(trail.outcome())
        return outcomes

    def ask_in_batches(self, questions: Sequence[Question]) -> BatchReport:
        raise NotImplementedError


def _known_frames(  # noqa: PLR0917
    project: Project, request: LabelRequest, given: LabelInputs, means: Means, store: AnswerStore,
    run: PaperRun, pictures: ProjectPictures,
) -> int:  # fmt: skip
    """Frames that are not part of a run any more (or yet), but whose answers are all kept."""
    if request.batch or not run.missing or not store.spending().calls:
        return 0
    strategy = PaperStrategy(
        _Memory(means, store), pictures, project.config.name, paper_settings(project, request),
        run.kept_labels(),
    )  # fmt: skip
    frames = np.array(run.missing, np.int64)
    known = 0
    try:
        for step in strategy.label(
            project.rig, project.skeleton, given.seeds, given.candidates, frames
        ):
            known += isinstance(step, Arrived)
    except _UnknownError:
        pass
    return known
