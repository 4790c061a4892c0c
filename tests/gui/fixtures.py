"""Fixtures of tests that need a window: `viewer`, `sample_project` and what they stand on.

Tests outside this folder take them by importing them into their own conftest.
"""

import gc
import os
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path

import pytest

from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.samples import six_view_mouse
from napari_behaviorvlm.workflows.label import LabelRequest, label
from napari_behaviorvlm.workflows.sample import make_sample_project

__all__ = [
    "display", "labelled_sample", "no_leaks", "qapp_args", "sample_project", "viewer",
    "viewer_maker",
]  # fmt: skip

BORROWED_THREADS = ("tqdm", "ThreadPoolExecutor", "Dummy", "asyncio")
"""Beginnings of names of threads that napari and its libraries keep; ours have other names."""


@pytest.fixture(scope="session")
def display():
    """A display to open windows on; without one a test is skipped, on CI it is an error."""
    if sys.platform not in {"win32", "darwin"} and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        message = "there is no display: run scripts/test, or pytest under xvfb-run"
        if os.environ.get("CI") or os.environ.get("BEHAVIORVLM_REQUIRE_GUI"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="session")
def qapp_args(display):
    """Arguments of pytest-qt's application, which would abort the process without a display."""
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication

    # As napari's own start does: a canvas in a dock that is floated needs it.
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    return ["napari"]


@pytest.fixture
def no_leaks(qapp):
    """After the test no widget, thread or exception in a destructor is left over."""
    widgets_before = {id(widget) for widget in qapp.topLevelWidgets()}
    threads_before = set(threading.enumerate())
    unraisable = []
    previous, sys.unraisablehook = sys.unraisablehook, unraisable.append
    try:
        yield
        _settle(qapp)
    finally:
        sys.unraisablehook = previous
    threads = _left_threads(threads_before)
    widgets = [
        f"{type(widget).__name__} {widget.objectName()!r}" for widget in qapp.topLevelWidgets()
        if id(widget) not in widgets_before and not _harmless(widget)
    ]  # fmt: skip
    errors = [f"{entry.err_msg or ''} {entry.exc_value!r} {entry.object!r}" for entry in unraisable]
    assert not threads, f"threads still run: {threads}"
    assert not _running_qthreads(), "a QThread still runs"
    assert not widgets, f"widgets are left over: {widgets}"
    assert not errors, f"exceptions nobody could catch: {errors}"
    # What is left now are modules and what belongs to them. Without this every later look for
    # garbage, and there are several a test, goes through millions of their objects.
    gc.freeze()


def _settle(qapp):
    """Let deferred deletions happen."""
    from qtpy.QtCore import QEvent

    deletion = QEvent.Type.DeferredDelete
    for _ in range(3):
        qapp.processEvents()
        qapp.sendPostedEvents(None, int(getattr(deletion, "value", deletion)))
        gc.collect()


def _left_threads(before, seconds=3.0):
    """Where threads that the test started still are, after a moment to end."""
    end = time.monotonic() + seconds
    while True:
        left = [
            thread for thread in threading.enumerate()
            if thread not in before and not thread.name.startswith(BORROWED_THREADS)
        ]  # fmt: skip
        if not left or time.monotonic() > end:
            break
        time.sleep(0.02)
    frames = sys._current_frames()
    return [
        f"{thread.name}: {''.join(traceback.format_stack(frames.get(thread.ident), limit=3))}"
        for thread in left
    ]


def _running_qthreads():
    from qtpy.QtCore import QThread

    def running(thread):
        try:
            return thread.isRunning() and thread is not QThread.currentThread()
        except RuntimeError:  # its C++ side is gone
            return False

    # type() and not isinstance: objects in other people's care may answer for their class.
    ours = [entry for entry in gc.get_objects() if issubclass(type(entry), QThread)]
    return [thread for thread in ours if running(thread)]


def _harmless(widget):
    # vispy keeps the widget of a closed canvas alive; napari's own tests except it too.
    return type(widget).__name__ == "CanvasBackendDesktop" or widget.objectName() in {
        "handled_widget", "qtooltip_label",
    }  # fmt: skip


@pytest.fixture
def viewer_maker(no_leaks, make_napari_viewer, qtbot):
    """Open real, shown napari windows (as large as asked) that are closed after the test."""

    def make(size=(1600, 900)):
        made = make_napari_viewer(show=True)
        made.window._qt_window.resize(*size)
        made.window.activate()
        qtbot.waitActive(made.window._qt_window, timeout=5000)
        return made

    return make


@pytest.fixture
def viewer(viewer_maker):
    """A real, shown napari window, closed after the test; nothing of it may be left over."""
    return viewer_maker()


@pytest.fixture(scope="session")
def labelled_sample(tmp_path_factory):
    """The six-view mouse, seeded and labelled; take `sample_project` to change it."""
    folder = tmp_path_factory.mktemp("sample") / "six_view_mouse"
    make_sample_project(folder, six_view_mouse())
    with Project(folder) as project:
        assert not project.candidates().missing(range(project.config.n_frames)), (
            "the candidates that come with the sample are not those of this detector"
        )
        finish(label(project, LabelRequest()))
    return folder


@pytest.fixture
def sample_project(labelled_sample, tmp_path) -> Path:
    """A private copy of the labelled six-view mouse; its videos are shared."""
    return copy_project(labelled_sample, tmp_path / labelled_sample.name)


def copy_project(folder: Path, copy: Path) -> Path:
    """Copy a project of the sample session to another place, from where its videos are found."""
    shutil.copytree(folder, copy)
    config = (copy / "project.toml").read_text("utf-8")
    sample = six_view_mouse()
    for channel in ("reflectance", "fluorescence"):
        for path in sample.videos(channel).values():
            old = Path(os.path.relpath(path, folder)).as_posix()
            config = config.replace(old, Path(os.path.relpath(path, copy)).as_posix())
    (copy / "project.toml").write_text(config, "utf-8")
    return copy


def finish(steps):
    """Run a workflow to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
