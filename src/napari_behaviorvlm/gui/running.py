"""Runs on an open session: one at a time, its result taken in the GUI thread."""

import weakref
from collections.abc import Generator

from qtpy.QtCore import QObject, Signal

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.core.progress import Arrived, Progress
from napari_behaviorvlm.gui.models.run_steps import STEPS, RunChoice, Step
from napari_behaviorvlm.gui.models.session import Fresh, LabellingSession
from napari_behaviorvlm.gui.workers import Worker


class SessionRuns(QObject):
    """Runs steps on a session's project in a thread and shows the session what they left behind.

    Use `runs_of`, so that everything that runs on a session waits for each other.

    Parameters
    ----------
    session : LabellingSession
    """

    changed = Signal()
    """A run began or ended: what can be started is to be asked anew."""
    progressed = Signal(object)
    finished = Signal(str)
    """A run ended well; what it achieved, in one sentence."""
    stopped = Signal(str)
    """A run failed or was cancelled; why, in one sentence."""

    def __init__(self, session: LabellingSession) -> None:
        super().__init__()
        self._session = session
        self._step: Step | None = None
        self._steps_left: list[tuple[Step, RunChoice]] = []
        self._verdict = ""
        self._worker = Worker(parent=self)
        self._reader = Worker(parent=self)
        self._worker.progressed.connect(self._stepped)
        self._worker.done.connect(self._done)
        self._worker.failed.connect(self._failed)
        self._worker.cancelled.connect(self._cancelled)
        self._reader.done.connect(self._reread)
        self._reader.failed.connect(self._not_reread)

    @property
    def step(self) -> Step | None:
        """What runs now, None if nothing does."""
        return self._step

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to stop and has not yet."""
        return self._worker.stopping or self._reader.busy

    def obstacle(self, step: Step, choice: RunChoice) -> str:
        """Say why a step cannot be started now, "" if it can."""
        if self._step is not None:
            return f"{self._step.title!r} is running: wait until it has finished, or cancel it."
        try:
            return step.obstacle(self._session.project, choice)
        except BehaviorVLMError as error:
            return str(error)

    def start(self, *steps: tuple[Step, RunChoice]) -> None:
        """Run one step, or several after one another.

        The first step's obstacle is looked at here; a later one's stops the chain when it is
        reached. What stands in the way is told by `stopped`.
        """
        (step, choice), *rest = steps
        reason = self.obstacle(step, choice)
        if reason:
            self.stopped.emit(reason)
            return
        self._step, self._steps_left = step, rest
        self._worker.start(_work(self._session, step, choice), step.title)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the run at its next step; finished pieces are kept and need not be done again."""
        self._steps_left = []
        self._worker.cancel()
        self.changed.emit()

    def close(self) -> None:
        """Stop what runs and wait for its threads; call it before the session is closed."""
        self._steps_left, self._step = [], None
        self._worker.close()
        self._reader.close()

    def _stepped(self, step: Progress) -> None:
        if isinstance(step, Arrived):
            self._session.arrive(step)
        self.progressed.emit(step)

    def _done(self, result: tuple[str, Fresh]) -> None:
        sentence, fresh = result
        self._session.take(fresh)
        self._step = None
        if self._steps_left:
            self.start(*self._steps_left)
        else:
            self._end(self.finished, sentence)

    def _failed(self, sentence: str) -> None:
        self._read_remains(sentence)

    def _cancelled(self) -> None:
        assert self._step is not None
        self._read_remains(
            f"{self._step.title} was cancelled; finished pieces are kept, so that it goes on from "
            "there when you run it again."
        )

    def _read_remains(self, verdict: str) -> None:
        """Show what a run that broke off left behind: some pieces may be there already."""
        self._verdict, self._steps_left = verdict, []
        self._reader.start(_reading(self._session), "")

    def _reread(self, fresh: Fresh) -> None:
        self._session.take(fresh)
        self._end(self.stopped, self._verdict)

    def _not_reread(self, sentence: str) -> None:
        self._end(self.stopped, f"{self._verdict} {sentence}")

    def _end(self, signal: Signal, sentence: str) -> None:
        self._step = None
        self.changed.emit()
        signal.emit(sentence)
        self._session.say(sentence)


def _work(
    session: LabellingSession, step: Step, choice: RunChoice
) -> Generator[Progress, None, tuple[str, Fresh]]:
    sentence = yield from step.run(session.project, choice)
    yield Progress(0, 0, "reading the result")
    return sentence, session.read_anew()


def _reading(session: LabellingSession) -> Generator[Progress, None, Fresh]:
    yield Progress(0, 0, "reading the project")
    return session.read_anew()


_RUNS: "weakref.WeakKeyDictionary[LabellingSession, SessionRuns]" = weakref.WeakKeyDictionary()


def runs_of(session: LabellingSession) -> SessionRuns:
    """Return the one object that runs things on a session."""
    if session not in _RUNS:
        _RUNS[session] = SessionRuns(session)
    return _RUNS[session]


def close_runs(session: LabellingSession) -> None:
    """Stop everything that runs on a session and wait for it; the first thing on closing it."""
    runs = _RUNS.pop(session, None)
    if runs is not None:
        runs.close()
        runs.deleteLater()


def step_named(name: str) -> Step:
    """Return a step of `STEPS`."""
    return next(step for step in STEPS if step.name == name)
