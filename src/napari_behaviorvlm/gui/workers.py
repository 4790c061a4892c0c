"""Long work in a thread of its own; what it says arrives in the GUI thread.

Work is a generator of `Progress` whose return value is the result, as all workflows are. It runs in
a plain thread that touches neither Qt nor napari; steps cross over as queued signals. Every start
has a number, and what an older one still says is dropped.
"""

import logging
import threading
from collections.abc import Generator
from time import monotonic
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal, Slot

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.core.progress import Arrived, Progress, StepDone
from napari_behaviorvlm.gui.napari_compat import calm_activity

LOG = logging.getLogger(__name__)

STEP_SECONDS = 0.05
"""Progress is passed on no more often: a window redrawn for every frame would slow the work."""

BAR_SECONDS = 0.25
"""Between two changes of napari's bar."""

Work = Generator[Progress, None, Any]


class Worker(QObject):
    """Runs one generator at a time in a thread.

    Signals are emitted in the thread that made the worker. Of `done`, `failed` and `cancelled`
    exactly one follows each start, unless a newer start or `close` makes the answer stale.

    Parameters
    ----------
    title : str
        Shown in napari's activity dock while the work is on; "" shows nothing there.
    parent : QObject, optional
    """

    progressed = Signal(object)
    """`Progress`, at most every `STEP_SECONDS`; `Arrived` and `StepDone` always."""
    done = Signal(object)
    """What the generator returned."""
    failed = Signal(str)
    """One sentence."""
    cancelled = Signal()
    busy_changed = Signal(bool)

    _crossed = Signal(int, str, object)

    def __init__(self, title: str = "", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._generation = 0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._left: list[threading.Thread] = []
        self._activity = Activity()
        self._crossed.connect(self._arrived, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._thread is not None

    @property
    def stopping(self) -> bool:
        """Whether the work was asked to stop and has not yet."""
        return self.busy and self._stop.is_set()

    def start(self, work: Work, title: str | None = None) -> None:
        """Run a generator; an earlier one is stopped and what it says is dropped."""
        if self.busy:
            self._abandon()
        self._generation += 1
        mine, self._stop = self._generation, threading.Event()
        thread = self._thread = threading.Thread(
            target=self._run, args=(work, mine, self._stop),
            name=f"behaviorvlm {title or self._title or 'worker'}", daemon=True,
        )  # fmt: skip
        self.busy_changed.emit(True)
        self._activity.open(self._title if title is None else title)
        # napari draws its bar at once and lets clicks happen meanwhile, also one that stops us.
        if mine == self._generation:
            thread.start()
        else:
            work.close()

    def cancel(self) -> None:
        """Ask the work to stop at its next step; `cancelled` tells when it has."""
        self._stop.set()

    def drop(self) -> None:
        """Stop the work without waiting for it and without an answer."""
        if self.busy:
            self._abandon()
            self._activity.close()
            self.busy_changed.emit(False)

    def close(self) -> None:
        """Stop, and wait until no thread of this worker runs any more."""
        self.drop()
        for thread in self._left:
            if thread.ident is not None:  # else it was stopped before it started
                thread.join()
        self._left.clear()

    def _abandon(self) -> None:
        self._stop.set()
        self._generation += 1
        assert self._thread is not None
        self._left = [thread for thread in self._left if thread.is_alive()]
        self._left.append(self._thread)
        self._thread = None

    # In the worker's thread ------------------------------------------------------------------

    def _run(self, work: Work, generation: int, stop: threading.Event) -> None:
        kind, answer = _exhaust(work, stop, lambda step: self._say(generation, "step", step))
        self._say(generation, kind, answer)

    def _say(self, generation: int, kind: str, what: object) -> None:
        try:
            self._crossed.emit(generation, kind, what)
        except RuntimeError:  # the window that asked is gone
            LOG.debug("nobody waits for %s any more", kind)

    # In the GUI thread -----------------------------------------------------------------------

    @Slot(int, str, object)
    def _arrived(self, generation: int, kind: str, what: Any) -> None:
        if generation != self._generation or self._thread is None:
            return
        if kind == "step":
            self._activity.show(what)
            self.progressed.emit(what)
            return
        self._thread.join()  # it has nothing left to do but end
        self._thread = None
        self._activity.close()
        self.busy_changed.emit(False)
        if kind == "done":
            self.done.emit(what)
        elif kind == "failed":
            self.failed.emit(what)
        else:
            self.cancelled.emit()


def _exhaust(work: Work, stop: threading.Event, say: Any) -> tuple[str, object]:
    """Run a generator to its end, or close it between two steps once asked to stop.

    Returns
    -------
    kind : {"done", "failed", "cancelled"}
    answer : object
        The result, the sentence or None.
    """
    last = 0.0
    try:
        while not stop.is_set():
            step = next(work)
            if isinstance(step, Arrived | StepDone) or monotonic() - last >= STEP_SECONDS:
                last = monotonic()
                say(step)
        work.close()
    except StopIteration as end:
        return "done", end.value
    except BehaviorVLMError as error:
        return "failed", str(error)
    except Exception as error:  # the thread's last resort: a mistake of ours must be seen
        LOG.exception("work failed")
        return "failed", (
            f"Something went wrong inside the program ({type(error).__name__}: {error}); "
            "the log has the details."
        )
    return "cancelled", None


class Activity:
    """A bar in napari's activity dock; does nothing where there is no napari window."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._shown = 0.0

    def open(self, title: str) -> None:
        """Show a bar of unknown length."""
        self.close()
        viewer = _viewer() if title else None
        if viewer is not None:
            from napari.utils import progress

            calm_activity(viewer)
            self._bar = progress(desc=title, total=0)

    def show(self, step: Progress) -> None:
        """Show how far the work is, a few times a second: the whole window is drawn for it."""
        if self._bar is None or not step.total or monotonic() - self._shown < BAR_SECONDS:
            return
        self._shown = monotonic()
        if self._bar.total != step.total:
            self._bar.total = step.total
        self._bar.n = min(step.done, step.total)
        self._bar.events.value(value=self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()


def _viewer() -> Any:
    import napari

    return napari.current_viewer()


class TimeLeft:
    """Estimates when work will end from how fast it went so far.

    The clock starts when the first part is done: opening files and learning take their time once.
    """

    def __init__(self) -> None:
        self._start: tuple[float, int, int] | None = None

    def sentence(self, step: Progress, now: float | None = None) -> str:
        """Say how long it still takes, "" while nobody knows.

        Parameters
        ----------
        step : Progress
        now : float, optional
            Seconds of a clock that does not jump.
        """
        now = monotonic() if now is None else now
        if self._start is None or self._start[2] != step.total or step.done < self._start[1]:
            self._start = (now, step.done, step.total)
            return ""
        begun, first, _ = self._start
        if not step.total or step.done <= first or now - begun < 1:
            return ""
        return in_words((now - begun) / (step.done - first) * (step.total - step.done)) + " left"


def in_words(seconds: float) -> str:
    """Return a duration as a person says it: "about 20 s", "about 3 min", "about 2 h"."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {round(seconds / 3600)} h"
