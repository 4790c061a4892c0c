"""The form for a new project on tiny recordings, good and bad."""

import contextlib

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from tests.gui.widgets.filmed_session import write_recording, write_video
from tests.unit.workflows.small_session import seed_rows, small_rig

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.gui.widgets.new_project import NewProjectDialog
from napari_behaviorvlm.io.calibration import write_anipose
from napari_behaviorvlm.io.project import Project

CAMERAS = ("cam0", "cam1", "cam2", "cam3")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_recording(tmp_path_factory.mktemp("aufnahme ü"))


@pytest.fixture
def dialog(no_leaks, qtbot):
    made = NewProjectDialog()
    made.show()
    yield made
    with contextlib.suppress(RuntimeError):  # one that made its project is gone already
        made.close()


def checked(qtbot, dialog):
    """Wait for the verdict; return its sentences."""
    qtbot.waitUntil(lambda: dialog._verdict is not None, timeout=10_000)
    return dialog.problem_label.text()


def fill(dialog, recording, folder, videos=True):
    dialog.form.calibration.value = recording / "calibration.toml"
    dialog.form.skeleton.value = recording / "skeleton.toml"
    dialog.form.folder.value = folder
    if videos:
        dialog.add_files("videos", [recording / f"{name}.mp4" for name in CAMERAS])


def column(dialog, at):
    cells = range(dialog.table.rowCount())
    if at in {1, 2}:
        return [dialog.table.cellWidget(row, at).currentText() for row in cells]
    return [dialog.table.item(row, at).text() for row in cells]


def test_a_project_is_made_and_opened(dialog, recording, tmp_path, qtbot):
    assert "Give the folder" in checked(qtbot, dialog)
    assert "Choose the calibration" in dialog.problem_label.text()
    assert not dialog.table.isVisible()
    fill(dialog, recording, tmp_path / "neu é", videos=False)
    assert "None of the calibration's cameras has a video" in checked(qtbot, dialog)
    dialog.add_files("videos", [recording / f"{name}.mp4" for name in reversed(CAMERAS)])
    (tmp_path / "seeds.csv").write_text(seed_rows([1, 3], small_rig()))
    dialog.form.seeds.value = tmp_path / "seeds.csv"
    assert not dialog.create_button.isEnabled()
    assert checked(qtbot, dialog) == ""
    assert column(dialog, 0) == list(CAMERAS)
    assert column(dialog, 1) == [f"{name}.mp4" for name in CAMERAS]
    assert column(dialog, 2) == ["-"] * 4
    assert column(dialog, 3) == ["640 x 480, 4 frames"] * 4
    with qtbot.waitSignal(dialog.created, timeout=20_000) as made:
        QTest.mouseClick(dialog.create_button, Qt.MouseButton.LeftButton)
    assert made.args == [tmp_path / "neu é"]
    with Project(tmp_path / "neu é") as project:
        assert project.config.n_frames == 4
        assert project.video("cam2") == recording / "cam2.mp4"
        assert project.store.seed_frames() == [1, 3]
        assert len(project.skeleton) == 3


def test_everything_that_does_not_fit_is_said_at_once(dialog, recording, tmp_path, qtbot):
    other = tmp_path / "other"
    other.mkdir()
    (other / "cam0.mp4").write_bytes(b"no video")
    write_video(other / "cam1.mp4", [dark((96, 128))] * 4)
    write_video(other / "cam2.mp4", [dark((480, 640))] * 3)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    fill(dialog, recording, tmp_path / "full", videos=False)
    dialog.add_files("videos", [other / f"cam{at}.mp4" for at in range(3)])
    sentences = checked(qtbot, dialog).splitlines()
    found = "\n".join(sentences)
    assert len(sentences) == 5, found
    assert f"{tmp_path / 'full'} already exists and is not empty" in found
    assert str(other / "cam0.mp4") in found
    assert "Camera 'cam3' has no video" in found
    assert "Camera 'cam1' was calibrated at 640x480 pixels" in found
    assert "1 has 4 frames, but cam2.mp4 has 3" in found
    assert column(dialog, 3) == ["cannot be read", "128 x 96, 4 frames", "640 x 480, 3 frames", ""]
    assert not dialog.create_button.isEnabled()
    # Unequal lengths may be accepted; nothing was made meanwhile.
    dialog.form.shortest.value = True
    assert "differ in length" not in checked(qtbot, dialog)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.tex"]


def dark(shape):
    import numpy as np

    return np.full(shape, 20, np.uint8)


def test_the_calibration_of_another_rig_is_recognised(dialog, recording, tmp_path, qtbot):
    from dataclasses import replace

    rig = small_rig()
    larger = Rig(tuple(replace(camera, size=(1280, 1024)) for camera in rig))
    write_anipose(larger, tmp_path / "larger.toml")
    fill(dialog, recording, tmp_path / "new")
    assert checked(qtbot, dialog) == ""
    dialog.form.calibration.value = tmp_path / "larger.toml"
    sentence = checked(qtbot, dialog)
    assert "larger.toml: is it of another rig?" in sentence
    assert "\n" not in sentence
    renamed = Rig(tuple(replace(camera, name=f"Basler {at}") for at, camera in enumerate(rig)))
    write_anipose(renamed, tmp_path / "renamed.toml")
    dialog.form.calibration.value = tmp_path / "renamed.toml"
    assert "None of the calibration's cameras has a video" in checked(qtbot, dialog)
    assert "No camera has cam0.mp4" in dialog.unused_label.text()
    # Any of them can be given by hand.
    for row in range(4):
        box = dialog.table.cellWidget(row, 1)
        box.setCurrentIndex(row + 1)
        box.activated.emit(row + 1)
    assert checked(qtbot, dialog) == ""
    dialog.form.calibration.value = tmp_path / "absent.toml"
    assert "absent.toml" in checked(qtbot, dialog)


def test_seeds_of_another_rig_and_dots_videos(dialog, recording, tmp_path, qtbot):
    fill(dialog, recording, tmp_path / "new")
    dialog.add_files("fluorescence", [recording / "cam0.mp4", recording / "cam1.mp4"])
    sentence = checked(qtbot, dialog)
    assert "Cameras 'cam2', 'cam3' have no dots video" in sentence
    assert "cam0.mp4 is given to more than one camera" not in sentence
    (tmp_path / "seeds.csv").write_text("frame,camera,keypoint,x,y\n1,cam9,nose,3,4\n")
    dialog.form.seeds.value = tmp_path / "seeds.csv"
    assert "cam9" in checked(qtbot, dialog)


def test_a_folder_that_cannot_be_written(dialog, recording, tmp_path, qtbot, monkeypatch):
    (tmp_path / "file").write_text("")
    fill(dialog, recording, tmp_path / "file" / "new")
    assert "is a file" in checked(qtbot, dialog)
    from napari_behaviorvlm.workflows import create_check

    monkeypatch.setattr(create_check.os, "access", lambda path, mode: False)
    dialog.form.folder.value = tmp_path / "new"
    assert "You may not write to" in checked(qtbot, dialog)


def test_a_failure_while_making_is_one_sentence_and_can_be_mended(
    dialog, recording, tmp_path, qtbot
):
    fill(dialog, recording, tmp_path / "new")
    assert checked(qtbot, dialog) == ""
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "x").write_text("")
    QTest.mouseClick(dialog.create_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog._maker.busy, timeout=20_000)
    assert "not empty" in dialog.problem_label.text()
    dialog.form.folder.value = tmp_path / "newer"
    assert checked(qtbot, dialog) == ""
    assert dialog.create_button.isEnabled()


def test_a_calibration_may_be_filled_in_and_files_dropped(no_leaks, recording, qtbot):
    from qtpy.QtCore import QMimeData, QPointF, QUrl
    from qtpy.QtGui import QDropEvent

    dialog = NewProjectDialog(calibration=recording / "calibration.toml")
    dialog.show()
    assert dialog.draft.cameras == CAMERAS
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(recording / f"{n}.mp4")) for n in CAMERAS])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    dialog.dropEvent(event)
    assert checked(qtbot, dialog) == "Give the folder in which the project is to be made."
    assert column(dialog, 3) == ["640 x 480, 4 frames"] * 4
    dialog.close()
