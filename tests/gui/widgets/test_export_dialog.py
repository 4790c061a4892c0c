"""The export dialog on a small session with real videos: preview, export, read back, refusals."""

import h5py
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from tests.gui.widgets.filmed_session import copied, labelled_project

from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.export_dialog import ExportDialog
from napari_behaviorvlm.io.export import FORMATS


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return labelled_project(tmp_path_factory.mktemp("labelled"))


@pytest.fixture
def open_dialog(no_leaks, qtbot, made, tmp_path):
    opened = []

    def open_():
        session = LabellingSession.open(copied(made, tmp_path / "work"), author="Ann")
        dialog = ExportDialog(session)
        dialog.show()
        opened.append((session, dialog))
        return session, dialog

    yield open_
    for session, dialog in opened:
        dialog.close()
        session.close()
        dialog.deleteLater()


def looked(qtbot, dialog):
    """Wait until the preview is up to date."""
    qtbot.waitUntil(lambda: dialog.problem is not None, timeout=10_000)


def counts(dialog):
    return [
        tuple(dialog.table.item(row, column).text() for column in range(3))
        for row in range(dialog.table.rowCount())
    ]


def written(qtbot, dialog):
    looked(qtbot, dialog)
    click(dialog.export_button)
    assert dialog.cancel_button.isEnabled()
    qtbot.waitUntil(lambda: not dialog._exporter.busy, timeout=60_000)
    return dialog.result_label.text()


def test_the_preview_follows_what_is_chosen_and_writes_nothing(open_dialog, qtbot, tmp_path):
    _, dialog = open_dialog()
    assert "Looking" in dialog.export_button.toolTip()
    looked(qtbot, dialog)
    assert dialog.chosen_format.name == "dlc"
    assert counts(dialog) == [(f"cam{c}", "30", "90") for c in range(4)]
    assert "labeled-data/mouse-e-1_cam0/  (30 pictures" in dialog.files_label.text()
    assert dialog.warnings_label.text() == ""
    dialog.every_box.setValue(10)
    assert dialog.problem is None
    assert not dialog.export_button.isEnabled()
    looked(qtbot, dialog)
    # Frames 0, 10, 20 and the seeds 2, 15, 28.
    assert counts(dialog) == [(f"cam{c}", "6", "18") for c in range(4)]
    dialog.only_box.setCurrentIndex(1)
    assert "nobody has looked at" in dialog.only_box.currentText()
    looked(qtbot, dialog)
    assert "learned from as if true" in dialog.warnings_label.text()
    dialog.choose("csv")
    assert dialog.only_box.currentData() == "all"
    looked(qtbot, dialog)
    assert "18 3D points" in dialog.files_label.text()
    assert dialog.folder == tmp_path / "work" / "mouse-e-1-csv"
    assert not dialog.folder.exists()


@pytest.mark.one_binding
@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_is_written_and_read_back(open_dialog, qtbot, format_name):
    _, dialog = open_dialog()
    dialog.choose(format_name)
    dialog.every_box.setValue(5)
    text = written(qtbot, dialog)
    assert ", all equal." in text
    if format_name != "anipose":
        assert "Read back: 96 labels in 4 views" in text
    assert any(dialog.folder.iterdir())
    assert dialog.open_button.isEnabled()
    looked(qtbot, dialog)
    assert "holds an earlier export" in dialog.warnings_label.text()


def test_somebodys_folder_is_refused_before_anything_is_written(open_dialog, qtbot, tmp_path):
    _, dialog = open_dialog()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    dialog.folder_edit.setText(str(mine))
    looked(qtbot, dialog)
    assert "not empty and not an export of ours" in dialog.problem_label.text()
    assert dialog.problem_label.isVisible()
    assert not dialog.export_button.isEnabled()
    assert dialog.export_button.toolTip() == dialog.problem_label.text()
    dialog.folder_edit.setText("")
    looked(qtbot, dialog)
    assert "Choose a place" in dialog.export_button.toolTip()
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]


def test_a_place_that_cannot_be_written_is_one_sentence(open_dialog, qtbot, tmp_path):
    _, dialog = open_dialog()
    (tmp_path / "file").write_text("")
    dialog.choose("csv")
    dialog.folder_edit.setText(str(tmp_path / "file" / "out"))
    text = written(qtbot, dialog)
    assert "\n" not in text
    assert str(tmp_path / "file") in text
    assert dialog.open_button.isEnabled() is False


def test_a_missing_video_is_said_but_tables_can_be_written(open_dialog, qtbot, tmp_path):
    session, dialog = open_dialog()
    session.project.video("cam2").unlink()
    looked(qtbot, dialog)
    dialog.every_box.setValue(2)
    looked(qtbot, dialog)
    assert "cam2.mp4" in dialog.problem_label.text()
    assert not dialog.export_button.isEnabled()
    dialog.choose("parquet")
    assert "all equal" in written(qtbot, dialog)


def test_a_cancelled_export_leaves_nothing(open_dialog, qtbot):
    _, dialog = open_dialog()
    looked(qtbot, dialog)
    dialog._exporter.progressed.connect(lambda step: dialog._exporter.cancel())
    text = written(qtbot, dialog)
    assert "nothing was written" in text
    assert not dialog.folder.exists()
    assert not list(dialog.folder.parent.glob("*partial*"))


def test_nothing_accepted_is_said_with_what_to_do(open_dialog, qtbot):
    session, dialog = open_dialog()
    while session.undo() is not None:
        pass
    looked(qtbot, dialog)
    assert "accepted" in dialog.problem_label.text()
    dialog.only_box.setCurrentIndex(1)
    looked(qtbot, dialog)
    assert dialog.problem_label.text() == ""


def test_nwb_asks_when_the_recording_began(open_dialog, qtbot):
    _, dialog = open_dialog()
    assert not dialog.start_edit.isVisible()
    dialog.choose("nwb")
    assert dialog.start_edit.isVisible()
    looked(qtbot, dialog)
    assert "taken from the time" in dialog.warnings_label.text()
    dialog.start_edit.setText("first of May")
    looked(qtbot, dialog)
    assert "write it like 2026-05-01T14:30" in dialog.problem_label.text()
    assert not dialog.export_button.isEnabled()
    dialog.start_edit.setText("2026-05-01 14:30")
    looked(qtbot, dialog)
    assert dialog.warnings_label.text() == ""
    assert "all equal" in written(qtbot, dialog)
    (path,) = dialog.folder.glob("*.nwb")
    with h5py.File(path) as file:
        assert file["session_start_time"][()].startswith(b"2026-05-01T14:30")
    dialog.choose("dlc")
    assert dialog.result_label.text() == "", "of the file before"
    dialog.start_edit.setText("first of May")
    looked(qtbot, dialog)
    assert dialog.problem_label.text() == ""
