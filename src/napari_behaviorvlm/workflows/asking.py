"""Asking a vision-language model from within a project: its answers, its money, its counters."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.core.progress import Arrived, Counted, Progress
from napari_behaviorvlm.vlm.batches import BatchReport
from napari_behaviorvlm.vlm.exchange import Spending
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Usage
from napari_behaviorvlm.vlm.session import ModelSession, Settings
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.workflows.label_request import LabelReport

Result = TypeVar("Result")

ANSWERS = "answers.sqlite"
"""In the project folder, beside the labels: what was paid for is as precious as what was drawn."""

NOTHING = Spending(0, Usage(), 0.0, 0, 0.0)


def answer_store(folder: Path, *, writable: bool = True) -> AnswerStore:
    """Open the answers that models gave in a project.

    Parameters
    ----------
    folder : Path
        Of the project.
    writable : bool
        False opens the file for reading only, also in a folder that cannot be written.

    Raises
    ------
    VLMError
        If the file is damaged, newer than this program, or cannot be written.
    """
    return AnswerStore(Path(folder) / ANSWERS, writable=writable)


def spending(folder: Path) -> Spending:
    """Return what a project has spent on models so far; reads only."""
    if not (Path(folder) / ANSWERS).is_file():
        return NOTHING
    with closing(answer_store(folder, writable=False)) as store:
        return store.spending()


@contextmanager
def open_model(folder: Path, settings: Settings) -> Iterator[ModelSession]:
    """Connect to a model, with the answers of a project.

    The budget is the project's, so that running again never passes it.

    Parameters
    ----------
    folder : Path
        Of the project; behaviour folders have answers of the same kind.
    settings : Settings

    Raises
    ------
    VLMError
        If the server cannot be reached, refuses the key or has no such model, or the answers cannot
        be written.
    """
    with closing(answer_store(folder)) as store, ModelSession(settings, store) as session:
        yield session


def require_sight(session: ModelSession) -> None:
    """Refuse a model that does not see pictures.

    Raises
    ------
    VLMError
    """
    if not session.profile.images:
        raise VLMError(
            f"The model {session.asker.model} does not see pictures: choose another one with "
            "--model."
        )


@dataclass
class CountingModel:
    """A model whose answers are counted; asks like the session that it wraps.

    Parameters
    ----------
    session : ModelSession
    """

    session: ModelSession
    calls: int = field(default=0, init=False)
    known: int = field(default=0, init=False)
    usage: Usage = field(default_factory=Usage, init=False)
    cost: float = field(default=0.0, init=False)
    waiting: str = field(default="", init=False)
    troubles: list[str] = field(default_factory=list, init=False)
    """Why single questions have no answer, one sentence each."""
    handed_in: int = field(default=0, init=False)
    """Requests handed in as batches."""
    partly: set[int] = field(default_factory=set, init=False)
    """Last exchanges of questions of which a part stayed wrong after the last repair."""

    def __post_init__(self) -> None:
        self._last = self.session.known_before

    @property
    def profile(self) -> Profile:
        """What the model can do."""
        return self.session.profile

    def ask(self, questions: Sequence[Question]) -> Generator[Progress, None, list[Outcome]]:
        """Ask questions at once; see `ModelSession.ask`."""
        with closing(self.session.ask(questions)) as asking:
            while True:
                try:
                    progress = next(asking)
                except StopIteration as end:
                    outcomes: list[Outcome] = end.value
                    break
                self.waiting = progress.message
                self.count()
                yield progress
        self.waiting = ""
        self.count()
        self.take(outcomes)
        return outcomes

    def ask_in_batches(self, questions: Sequence[Question]) -> BatchReport:
        """Ask questions through batches; see `ModelSession.ask_in_batches`."""
        report = self.session.ask_in_batches(questions)
        self.count()
        self.handed_in += report.handed_in
        self.take([outcome for outcome in report.outcomes if outcome is not None])
        return report

    def take(self, outcomes: Sequence[Outcome]) -> None:
        """Note what became of questions."""
        for outcome in outcomes:
            self.known += not outcome.calls and bool(outcome.exchanges)
            if outcome.problems and outcome.answer is not None and outcome.exchanges:
                self.partly.add(outcome.exchanges[-1])
            if outcome.failure and outcome.failure not in self.troubles:
                self.troubles.append(outcome.failure)

    def count(self) -> None:
        """Add the answers that came since the last look."""
        rows = self.session.store.rows(
            "SELECT id, input, output, cache_read, cache_write, cost FROM exchange WHERE id > ?",
            self._last,
        )
        for number, *counts, cost in rows:
            self._last = max(self._last, number)
            self.calls += 1
            self.usage += Usage(*counts)
            self.cost += cost or 0.0

    def counted(self, progress: Progress) -> Counted:
        """Progress with the counters."""
        price_known = self.session.asker.price is not None
        return Counted(
            progress.done, progress.total, progress.message, calls=self.calls, known=self.known,
            input_tokens=self.usage.prompt, output_tokens=self.usage.output,
            cost=self.cost if price_known else None, waiting=self.waiting,
        )  # fmt: skip

    def counting(
        self, steps: Generator[Progress, None, Result]
    ) -> Generator[Progress, None, Result]:
        """Put the counters beside every step of work that asks this model."""
        with closing(steps):  # the session is closed right after this generator
            while True:
                try:
                    step = next(steps)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
                if isinstance(step, Arrived):
                    yield step
                    step = Progress(step.done, step.total, step.message)
                yield self.counted(step)

    def reported(self, report: LabelReport, unanswered: int, so: str) -> LabelReport:
        """Add what the model has to do with a report; ``so`` says what unanswered ones mean."""
        self.count()
        counted = self.counted(Progress(0, 0))
        notes = [*report.notes, *self.troubles[:3]]
        if self.partly:
            notes.append(
                f"{len(self.partly)} answers were still wrong in part after two repairs; what was "
                "wrong in them is left out."
            )
        if unanswered:
            notes.append(f"{unanswered} questions got no usable answer: {so}.")
        return replace(
            report, calls=counted.calls, known=counted.known, input_tokens=counted.input_tokens,
            output_tokens=counted.output_tokens, cost_usd=counted.cost, unanswered=unanswered,
            notes=tuple(notes),
        )  # fmt: skip
