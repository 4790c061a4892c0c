"""The export dialog of the behaviour dock: preview, writing, reading back, refusals."""

import csv

import pytest
from tests.gui.driving import click_widget, wait_until

from napari_behaviorvlm.core.bout_edits import Relabel
from napari_behaviorvlm.gui.widgets.behavior.export_dialog import BehaviorExportDialog
from napari_behaviorvlm.io.ethogram import FORMATS


@pytest.fixture
def dialog(qtbot, behaving):
    session, _ = behaving
    made = BehaviorExportDialog(session)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def looked(dialog):
    wait_until(lambda: dialog.problem is not None, "the preview")


def write(dialog):
    looked(dialog)
    assert dialog.export_button.isEnabled(), dialog.problem
    click_widget(dialog.export_button)
    wait_until(dialog.result_label.text, "the export", 60)
    return dialog.result_label.text()


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_holds_what_the_timeline_shows(dialog, behaving, behaved_copy):
    session, _ = behaving
    bouts = session.store.bouts(session.recording.name)
    looked(dialog)
    assert dialog.table.item(0, 2).text() == str(len(bouts))
    out = behaved_copy / "mice.csv"
    assert dialog.folder == out
    assert not out.exists()
    assert f"Wrote {len(bouts)} bouts" in write(dialog)
    written = [(r["animal"], int(r["start_frame"]), int(r["end_frame"]), r["label"])
               for r in rows(out)]  # fmt: skip
    assert sorted(written) == sorted((b.animal, b.start_frame, b.end_frame, b.label) for b in bouts)
    looked(dialog)
    assert "exists already" in dialog.problem_label.text()
    dialog.replace_box.setChecked(True)
    session.apply(Relabel((bouts[0].id,), "trot"))
    dialog.only_box.setCurrentIndex(1)
    assert "Wrote 1 bouts" in write(dialog)
    assert [r["label"] for r in rows(out)] == ["trot"]


def test_clips_are_written_too_and_nothing_accepted_is_said(dialog, behaving, behaved_copy):
    session, _ = behaving
    dialog.only_box.setCurrentIndex(1)
    looked(dialog)
    assert "accepted" in dialog.problem_label.text()
    assert not dialog.export_button.isEnabled()
    dialog.only_box.setCurrentIndex(0)
    dialog.level_box.setCurrentIndex(1)
    dialog.folder_edit.setText(str(behaved_copy / "clips"))
    write(dialog)
    assert len(rows(behaved_copy / "clips.csv")) == len(session.content.clips)


@pytest.mark.one_binding
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "csv"])
def test_every_format_is_written(dialog, behaved_copy, name):
    dialog.choose(name)
    words = write(dialog)
    assert words.startswith("Wrote ")
    assert dialog.written.stat().st_size > 0
    assert dialog.written.parent == behaved_copy


def test_when_it_was_recorded_is_asked_where_it_counts(dialog):
    assert dialog.began_edit.isHidden()
    dialog.choose("nwb")
    assert not dialog.began_edit.isHidden()
    dialog.began_edit.setText("yesterday")
    looked(dialog)
    assert "yesterday" in dialog.problem_label.text()
    dialog.began_edit.setText("2026-05-01T14:30")
    assert write(dialog).startswith("Wrote")
    import h5py

    with h5py.File(dialog.written) as file:
        assert file["session_start_time"][()].decode().startswith("2026-05-01T14:30")
