"""The behaviour dock as a person uses it: from napari's menu to named events and their export."""

import json
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest
from tests.gui.behaving import FOLDER
from tests.gui.behavior_window import BehaviorWindow
from tests.gui.driving import click_widget, press, type_text, wait_until

from napari_behaviorvlm.gui.opening import open_behavior
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.io.samples import three_mice

EDIT = "edit: "
TYPIST = Path(__file__).parents[1] / "gui" / "behavior_typist.py"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where the sample's behaviour folder is made in this test."""
    folder = tmp_path / "samples"
    monkeypatch.setenv("BEHAVIORVLM_SAMPLE_FOLDER", str(folder))
    return folder


def told(session, animal=0):
    return [(b.start_frame, b.end_frame, b.label) for b in session.events[animal].bouts]


def test_from_the_menu_to_corrected_and_exported_events(viewer, home, tmp_path):
    dock = BehaviorWindow.from_menu(viewer)
    session, page = dock.session, dock.page
    assert [layer.name for layer in viewer.layers] == ["three_mice"]
    assert page.tabs.currentIndex() == 2
    assert "press Start" in dock.status
    form = page.run_form
    assert form.animals.value() == 3
    form.poses.setText(str(three_mice().poses))
    click_widget(form.more)
    for box, key in ((form.method, "kmeans"), (form.features, "poses")):  # the quickest
        box.setCurrentIndex(box.findData(key))
    assert "events of" in dock.run()
    assert [len(row) > 5 for row in session.events] == [True] * 3
    before = told(session)

    # A click chooses a bout, the video follows, keys name, split and merge it.
    start, end, label = max(before, key=lambda bout: bout[1] - bout[0])
    middle = (start + end) // 2
    dock.click(0, middle)
    assert abs(session.frame - middle) <= 2
    assert viewer.dims.current_step[0] == session.frame
    assert session.current.label == label
    press(viewer, "F2")
    wait_until(page.bout_panel.label.lineEdit().hasFocus, "the name's field")
    type_text(viewer, "sniff")
    press(viewer, "Return", "Escape")
    assert (start, end, "sniff") in told(session)
    cut = session.frame
    press(viewer, "/")
    assert (start, cut - 1, "sniff") in told(session)
    assert (cut, end, "sniff") in told(session)
    dock.click(0, (start + cut) // 2)
    press(viewer, "M")
    assert (start, end, "sniff") in told(session)
    press(viewer, "Ctrl+Z")
    assert (cut, end, "sniff") in told(session)
    press(viewer, "Ctrl+Shift+Z")
    corrected = told(session)
    assert (start, end, "sniff") in corrected

    assert "Wrote" in dock.export("csv", tmp_path / "mice.csv")
    table = pd.read_csv(tmp_path / "mice.csv")
    mine = table[table["animal"] == session.animals[0]]
    written = mine[["start_frame", "end_frame", "label"]].itertuples(index=False, name=None)
    assert sorted(written) == corrected
    assert len(table) == sum(len(row) for row in session.events)
    assert mine[mine["label"] == "sniff"]["source"].tolist() == ["human"]

    # Closed and opened again: everything is there, and undo goes on.
    dock.widget.close_recording()
    assert not viewer.layers
    open_behavior(home / "three_mice.behavior", viewer)
    dock = BehaviorWindow(viewer)
    assert told(dock.session) == corrected
    dock.page.focus_views()
    press(viewer, "Ctrl+Z", "Ctrl+Z", "Ctrl+Z")
    assert told(dock.session) == before


def work_and_be_killed(folder, edits, later):
    """Let a napari make some edits by real keys and kill it; return the bouts of each edit."""
    command = [sys.executable, str(TYPIST), str(folder)]
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


@pytest.mark.one_binding
def test_a_killed_napari_loses_no_edit_and_undo_goes_on(viewer, behaved_copy):
    place = behaved_copy / FOLDER
    reported = work_and_be_killed(place, 5, 0.07)
    with BehaviorFolder.open(place) as folder:
        journal = folder.store.journal()
        # The edit that the kill met may be complete without having been reported, or be missing.
        assert len(journal) - len(reported) in {0, 1}
        unreported = len(journal) > len(reported)
        for number, label in dict(reported).items():
            bout = folder.store.bout(number)[1]
            assert bout.source == "human"
            assert bout.label == label or (unreported and number == reported[-1][0])
    open_behavior(place, viewer)
    dock = BehaviorWindow(viewer)
    dock.page.focus_views()
    for _ in journal:
        press(viewer, "Ctrl+Z")
    bouts = [bout for row in dock.session.events for bout in row.bouts]
    assert {bout.source for bout in bouts} == {"measured"}
    press(viewer, "Ctrl+Z")
    assert dock.status == "There is nothing to undo."
