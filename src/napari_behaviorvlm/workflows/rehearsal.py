"""Rehearsing questions: counted, answered from names that are known, and sent to nobody.

The names are geometry's, which is seldom wrong. A model is wrong more often, and what it costs
depends on that: contradictions are asked about once more, and crops around wrong dots are larger.
So some names are exchanged, as many as lie between a model that makes no mistakes and one that
makes those of the paper's (where a sixth of the names in a view are wrong).
"""

import json
import random
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.skeleton import Skeleton
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
from napari_behaviorvlm.vlm.profile import Profile, claude_cache_minimum, known_profile
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Usage
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.vlm.tokens import (
    SMALL_LIMITS,
    answer_tokens,
    prefix_tokens,
    request_tokens,
)
from napari_behaviorvlm.vlm.trail import Trail
from napari_behaviorvlm.workflows.asking import ANSWERS, answer_store, open_model

PROBE_CALLS, PROBE_TOKENS = 2, Usage(850, 80)
"""What finding out what a server can do takes, at least."""

RECENT, FEWEST = 400, 20
"""Earlier calls that are looked at, and how many there must be."""

PADDING = 25.0
"""Frame pixels between dots and the box that a model draws around them."""

SNAP = 5.0
"""Pixels between a name's place and its dot at most."""

SLIPS = 0.12
"""Share of the names that are exchanged for another dot's."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Means:
    """How a model is reached, and what is known of it without asking.

    Parameters
    ----------
    where : Endpoint
    profile : Profile
    price : Price or None
    strange : bool
        Whether the server will be asked first what it can do.
    """

    where: Endpoint
    profile: Profile
    price: Price | None
    strange: bool = False


@dataclass(frozen=True)
class History:
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


def history(store: AnswerStore, model: str) -> History:
    """Look at the earlier calls of a model in a project."""
    rows = store.rows(
        "SELECT request, output FROM exchange WHERE model=? AND estimate > 0 "
        "ORDER BY id DESC LIMIT ?", model, RECENT,
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
        return History()
    return History(len(rows) / questions, written / expected)


def known_answers(project: Project) -> AnswerStore:
    """Open the answers of a project for reading; an empty store where there are none."""
    return answers_in(project.folder)


def answers_in(folder: Path) -> AnswerStore:
    """Open the answers in a project or behaviour folder for reading; empty where there are none."""
    path = folder / ANSWERS
    return answer_store(folder, writable=False) if path.is_file() else AnswerStore()


def means_of(project: Project, chosen: Settings, store: AnswerStore) -> Means:
    """Find out how a model is reached; a server is only asked where no model was chosen.

    Raises
    ------
    VLMError
        If the server has to be asked, and cannot be.
    """
    return means_in(project.folder, chosen, store)


def means_in(folder: Path, chosen: Settings, store: AnswerStore) -> Means:
    """Find out how a model is reached from a folder; see `means_of`."""
    where = endpoint(chosen.base_url, chosen.model or "", key_env=chosen.key_env)
    if not where.model and where.official and where.key is None:
        raise VLMError("Name a model (--model ID): what it would cost depends on which one.")
    if not where.model:  # the server knows what it has
        with open_model(folder, chosen) as session:
            there = session.asker.patience.client.endpoint
            return Means(there, session.profile, session.asker.price)
    kept = store.profile(where.base_url, where.model, chosen.route or "auto")
    profile = Profile.from_json(kept) if kept is not None else (
        known_profile(where) or Profile(limits=SMALL_LIMITS)
    )  # fmt: skip
    strange = kept is None and not where.official
    return Means(where, profile, chosen.price or price_of(where), strange)


@dataclass(frozen=True)
class Rehearsed:
    """A question that was counted.

    Parameters
    ----------
    frame : int
    sent, written : float
        Input and output tokens.
    begun : float
        Of the input tokens, those at the beginning that a server may keep (prompt caching).
    again : bool
        Whether an earlier question began in the same way.
    """

    frame: int
    sent: float
    written: float
    begun: float = 0.0
    again: bool = False


@dataclass
class Rehearsal:
    """Answers questions about frames whose dots are named already, and counts them.

    Parameters
    ----------
    means : Means
    ratio : float
        Input tokens that the server counts, per token estimated.
    skeleton : Skeleton
    places : callable
        Gives the pixels of the keypoints, shape (K, 2), of a camera (by name) and frame; NaN where
        one is hidden.
    known : AnswerStore, optional
        Questions whose answers are kept here cost nothing.
    """

    means: Means
    ratio: float
    skeleton: Skeleton
    places: Callable[[str, int], FloatArray]
    known: AnswerStore | None = None
    asked: list[Rehearsed] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._prefixes: set[str] = set()

    @property
    def profile(self) -> Profile:
        """What the model can do."""
        return self.means.profile

    def ask(self, questions: Sequence[Question]) -> Generator[Progress, None, list[Outcome]]:
        """Count questions and answer them."""
        yield from ()
        return [self._outcome(question) for question in questions]

    def ask_in_batches(self, questions: Sequence[Question]) -> BatchReport:
        """Count questions and answer them at once."""
        return BatchReport([self._outcome(question) for question in questions], 0, len(questions))

    def scaled(
        self, share: float, history: History, once: Collection[int] = ()
    ) -> tuple[int, Usage, Usage]:
        """Scale calls and tokens of the rehearsal to more frames.

        Parameters
        ----------
        share : float
            Frames to be asked about per frame of the rehearsal.
        history : History
        once : collection of int
            Frames that are asked about once, however long the recording is.

        Returns
        -------
        calls : int
        usage : Usage
            As if no server kept anything.
        cached : Usage
            If the server keeps all beginnings that it may keep (prompt caching).
        """
        calls, tokens_in, tokens_out, read, kept = 0.0, 0.0, 0.0, 0.0, 0.0
        if self.means.strange and self.asked:
            calls, tokens_in, tokens_out = PROBE_CALLS, PROBE_TOKENS.input, PROBE_TOKENS.output
        for each in self.asked:
            times = history.repairs * (1.0 if each.frame in once else share)
            calls += times
            tokens_in += times * each.sent
            tokens_out += times * each.written * history.length
            # However many frames there are, a beginning is new only once.
            kept += 0.0 if each.again else each.begun
            read += (times if each.again else max(times - 1, 0.0)) * each.begun
        out = round(tokens_out)
        rest = round(tokens_in - read - kept)
        return (
            round(calls), Usage(round(tokens_in), out), Usage(rest, out, round(read), round(kept))
        )  # fmt: skip

    def _outcome(self, question: Question) -> Outcome:
        if self.known is not None:
            trail = Trail.start(question, self.means.where.model, self.profile)
            trail.follow(self.known, self.means.where.base_url)
            if trail.request is None:
                return trail.outcome()
        request = question.request(self.means.where.model, self.profile)
        facts = question.facts
        assert isinstance(facts, (RegionsFacts, AssignFacts))
        assert facts.camera is not None
        sent = request_tokens(request) * self.ratio
        written = answer_tokens(facts, reasons=question.reasons)
        begun, again = self._begun(question)
        self.asked.append(Rehearsed(facts.frame, sent, written, begun, again))
        return Outcome(self._answer(facts, self.places(facts.camera, facts.frame)))

    def _begun(self, question: Question) -> tuple[float, bool]:
        """Tokens of what a server may keep, and whether it was there already."""
        prefix, least = question.prefix, claude_cache_minimum(self.means.where.model)
        if prefix is None or least is None or not self.profile.extras:
            return 0.0, False
        tokens = prefix_tokens(question.system, question.parts) * self.ratio
        if tokens < least:
            return 0.0, False
        again = prefix in self._prefixes
        self._prefixes.add(prefix)
        return tokens, again

    def _answer(self, facts: RegionsFacts | AssignFacts, places: FloatArray) -> AnyAnswer:
        if isinstance(facts, RegionsFacts):
            boxes = [_box(facts, name, places, self.skeleton) for name in facts.regions]
            return RegionsAnswer(regions=boxes)
        shown = np.array([(c.x, c.y) for c in facts.candidates or ()]).reshape(-1, 2)
        numbers = [c.number for c in facts.candidates or ()]
        assignments = []
        for name in facts.keypoints:
            away = np.linalg.norm(shown - places[self.skeleton.index(name)], axis=1)
            near = len(away) > 0 and bool(np.nanmin([*away, np.inf]) <= SNAP)
            number = numbers[int(np.nanargmin(away))] if near else 0
            assignments.append(Assignment(keypoint=name, candidate=number))
        if facts.task == "assign":
            assignments = _slipped(assignments, numbers, f"{facts.frame} {facts.camera}")
        return AssignmentsAnswer(assignments=assignments)


def _slipped(said: list[Assignment], numbers: list[int], about: str) -> list[Assignment]:
    """Exchange a few of the names for those of free dots, always the same ones."""
    chance = random.Random(f"{about} {[item.keypoint for item in said]}")  # noqa: S311
    free = sorted(set(numbers) - {item.candidate for item in said})
    slipped = []
    for item in said:
        slips = chance.random() < SLIPS and item.candidate and free
        other = free.pop(chance.randrange(len(free))) if slips else item.candidate
        slipped.append(item.model_copy(update={"candidate": other}))
    return slipped


def _box(facts: RegionsFacts, region: str, places: FloatArray, skeleton: Skeleton) -> RegionBox:
    """Box around a region's dots, in pixels of the picture sent."""
    own = places[[skeleton.index(name) for name in skeleton.regions[region]]]
    own = own[np.isfinite(own).all(1)]
    if not len(own):
        return RegionBox(region=region, visible=False)
    corners = np.concatenate([own.min(0) - PADDING, own.max(0) + PADDING])
    picture = (corners - np.tile(facts.image.origin, 2)) * facts.image.scale
    limits = np.tile([facts.image.width, facts.image.height], 2)
    return RegionBox(region=region, box=np.clip(picture, 0, limits).tolist())
