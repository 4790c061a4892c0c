"""Workers in real threads with a real event loop."""

import threading
import time

import pytest

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.workers import TimeLeft, Worker, in_words


class Log:
    """What a worker said, and in which thread it was heard."""

    def __init__(self, worker):
        self.said, self.threads = [], set()
        for name in ("progressed", "done", "failed", "cancelled", "busy_changed"):
            getattr(worker, name).connect(lambda *what, name=name: self.hear(name, *what))

    def hear(self, name, *what):
        self.said.append((name, *what))
        self.threads.add(threading.get_ident())

    def of(self, name):
        return [entry[1:] for entry in self.said if entry[0] == name]


@pytest.fixture
def worker(no_leaks, qtbot):
    made = Worker()
    yield made
    made.close()
    made.deleteLater()


def counting(n, pause=0.0, closed=None):
    try:
        for done in range(n):
            time.sleep(pause)
            yield Progress(done, n, "counting")
        return n
    finally:
        if closed is not None:
            closed.append(threading.get_ident())


def test_the_result_arrives_in_the_gui_thread(worker, qtbot):
    log = Log(worker)
    closed = []
    worker.start(counting(5, 0.06, closed))
    assert worker.busy
    qtbot.waitUntil(lambda: bool(log.of("done")))
    assert log.of("done") == [(5,)]
    assert [step.done for (step,) in log.of("progressed")] == [0, 1, 2, 3, 4]
    assert log.of("busy_changed") == [(True,), (False,)]
    assert log.threads == {threading.get_ident()}
    assert closed != [threading.get_ident()]
    assert not worker.busy


def test_quick_steps_are_not_all_passed_on(worker, qtbot):
    log = Log(worker)
    worker.start(counting(20_000))
    qtbot.waitUntil(lambda: bool(log.of("done")))
    assert 1 <= len(log.of("progressed")) < 200


def test_cancel_closes_the_generator_between_two_steps_in_its_own_thread(worker, qtbot):
    log, closed = Log(worker), []
    worker.start(counting(1000, 0.01, closed))
    qtbot.waitUntil(lambda: bool(log.of("progressed")))
    worker.cancel()
    assert worker.stopping
    qtbot.waitUntil(lambda: bool(log.of("cancelled")))
    assert len(closed) == 1
    assert closed[0] != threading.get_ident()
    assert not log.of("done")


def test_our_errors_are_one_sentence_and_others_are_logged(worker, qtbot, caplog):
    def failing(error):
        yield Progress(0, 0)
        raise error

    log = Log(worker)
    worker.start(failing(VideoError("cam1.mp4 is empty.")))
    qtbot.waitUntil(lambda: len(log.of("failed")) == 1)
    assert log.of("failed") == [("cam1.mp4 is empty.",)]
    assert not caplog.records
    worker.start(failing(ZeroDivisionError("division by zero")))
    qtbot.waitUntil(lambda: len(log.of("failed")) == 2)
    (sentence,) = log.of("failed")[1]
    assert "ZeroDivisionError: division by zero" in sentence
    assert "Traceback" in caplog.text


def test_a_newer_start_makes_the_older_answer_stale(worker, qtbot):
    log = Log(worker)
    gate = threading.Event()

    def slow():
        yield Progress(0, 0, "slow")
        gate.wait(5)
        return "old"

    worker.start(slow())
    worker.start(counting(3))
    gate.set()
    qtbot.waitUntil(lambda: bool(log.of("done")))
    qtbot.wait(50)
    assert log.of("done") == [(3,)]
    assert not log.of("cancelled")


def test_close_waits_for_the_thread_and_says_nothing_more(worker, qtbot):
    log, closed = Log(worker), []
    worker.start(counting(1000, 0.01, closed))
    qtbot.waitUntil(lambda: bool(log.of("progressed")))
    worker.close()
    assert closed, "the generator was not closed"
    assert not [t for t in threading.enumerate() if t.name.startswith("behaviorvlm")]
    qtbot.wait(30)
    assert not log.of("done")
    assert not log.of("cancelled")


def test_work_that_is_stopped_while_it_starts_never_runs(worker, qtbot):
    log, ran = Log(worker), []

    def work():
        ran.append(1)
        yield Progress(0, 0)

    worker.busy_changed.connect(lambda busy: worker.drop() if busy else None)
    worker.start(work())
    worker.busy_changed.disconnect()
    worker.close()
    qtbot.wait(30)
    assert not ran
    assert not worker.busy
    assert not log.of("done")


def test_a_worker_may_be_deleted_while_its_thread_runs(no_leaks, qtbot):
    from qtpy.QtCore import QObject

    parent, closed = QObject(), []
    worker = Worker(parent=parent)
    worker.start(counting(5, 0.02, closed))
    parent.deleteLater()
    del parent, worker
    qtbot.waitUntil(lambda: bool(closed))


def test_time_left_is_told_from_the_speed_so_far():
    clock = TimeLeft()
    assert clock.sentence(Progress(0, 100), now=0.0) == ""
    assert clock.sentence(Progress(10, 100), now=5.0) == "about 45 s left"
    assert clock.sentence(Progress(50, 100), now=50.0) == "about 50 s left"
    # Another stage counts anew, and an unknown total says nothing.
    assert clock.sentence(Progress(1, 10), now=60.0) == ""
    assert clock.sentence(Progress(2, 10), now=70.0) == "about 80 s left"
    assert clock.sentence(Progress(0, 0), now=80.0) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "about 1 s"), (89, "about 89 s"), (200, "about 3 min"), (9000, "about 2 h")],
)
def test_durations_in_words(seconds, words):
    assert in_words(seconds) == words
