"""A napari that is killed while somebody works loses no edit that was made."""

import json
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
from tests.gui.driving import focus_views, press, wait_until

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.opening import open_project

pytestmark = pytest.mark.one_binding

EDIT = "edit: "
TYPIST = Path(__file__).parents[1] / "gui" / "typist.py"


def work_and_be_killed(project, edits, later):
    """Let a napari make some edits by real keys and kill it; return the cells of each edit."""
    command = [sys.executable, str(TYPIST), str(project)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = (line for line in process.stdout if line.startswith(EDIT) and line[-1] == "\n")
        try:
            reported = list(islice(lines, edits))
            time.sleep(later)
        finally:
            process.kill()
        reported += lines
    assert len(reported) >= edits, "the typist ended by itself"
    return [json.loads(line.removeprefix(EDIT)) for line in reported]


def test_every_edit_that_was_made_is_there(display, sample_project):
    reported = work_and_be_killed(sample_project, 5, 0.13)
    assert all(reported)
    session = LabellingSession.open(sample_project)
    try:
        journal = session.project.store.journal()
        # The edit that the kill met may be complete without having been reported, or be missing.
        assert len(journal) - 1 - len(reported) in (0, 1)
        for cells in reported:
            for cell in cells:
                assert session.labels.status[tuple(cell)] == Status.ACCEPTED
    finally:
        session.close()


def test_undo_goes_on_across_the_restart(viewer, sample_project):
    reported = work_and_be_killed(sample_project, 3, 0.0)
    dock = open_project(sample_project, viewer)
    session = dock.session
    wait_until(lambda: session.queue is not None, "the queue", 30)
    focus_views(viewer)
    made = session.project.store.journal()
    assert len(made) - 1 - len(reported) in (0, 1)
    cells = [tuple(cell) for cells in reported for cell in cells]
    assert all(session.decided[cell] for cell in cells)
    for _ in made[:-1]:  # the oldest are the seeds
        press(viewer, "Ctrl+Z")
    wait_until(lambda: not any(session.decided[cell] for cell in cells), "the edits to be undone")
    press(viewer, "Ctrl+Shift+Z")
    wait_until(lambda: all(session.decided[tuple(cell)] for cell in reported[0]), "redo")
