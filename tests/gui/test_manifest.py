"""The plugin's manifest in a real napari: menus, sample, readers."""

import shutil
from pathlib import Path

import pytest
from npe2 import PluginManager, PluginManifest
from tests.unit.workflows.small_session import small_project

from napari_behaviorvlm import _npe2
from napari_behaviorvlm.gui import opening
from napari_behaviorvlm.io.samples import six_view_mouse

PLUGIN = "napari-behaviorvlm"
SAMPLE = "behaviorvlm://six_view_mouse"
THREE_MICE = "behaviorvlm://three_mice"
DOCKS = ["Label poses (BehaviorVLM)", "Label behaviour (BehaviorVLM)"]


@pytest.fixture
def manifest():
    return PluginManifest.from_distribution(PLUGIN)


@pytest.fixture
def opened(monkeypatch):
    """What was asked to be opened, instead of opening it."""
    asked = []
    for name in ("open_project", "show_new_project", "open_sample", "open_three_mice"):
        monkeypatch.setattr(opening, name, lambda *what, name=name: asked.append((name, *what)))
    return asked


def test_all_commands_lead_somewhere(manifest):
    for command in manifest.contributions.commands:
        assert command.python_name.startswith("napari_behaviorvlm._npe2:")
        assert callable(getattr(_npe2, command.python_name.split(":")[1]))
    assert [
        f"{widget.display_name} ({manifest.display_name})"
        for widget in manifest.contributions.widgets
    ] == [opening.DOCK_NAME, opening.BEHAVIOR_DOCK_NAME]


def test_project_folders_and_calibrations_are_ours_and_nothing_else(tmp_path, opened):
    small_project(tmp_path / "mäuse").close()
    calibration = tmp_path / "rig.toml"
    shutil.copyfile(six_view_mouse().calibration, calibration)
    for path, expected in (
        (tmp_path / "mäuse", ("open_project", tmp_path / "mäuse")),
        (tmp_path / "mäuse" / "project.toml", ("open_project", tmp_path / "mäuse")),
        (calibration, ("show_new_project", calibration)),
    ):
        assert _npe2.get_reader(str(path))(str(path)) == [(None,)]
        assert opened.pop() == expected
    assert _npe2.get_reader(SAMPLE)(SAMPLE) == [(None,)]
    assert opened.pop() == ("open_sample",)
    assert _npe2.get_reader(THREE_MICE)(THREE_MICE) == [(None,)]
    assert opened.pop() == ("open_three_mice",)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (tmp_path / "broken.toml").write_text("= [")
    (tmp_path / "images").mkdir()
    others = ("pyproject.toml", "broken.toml", "images", "absent.toml", "mäuse/skeleton.toml")
    for other in others:
        assert _npe2.get_reader(str(tmp_path / other)) is None, other
    assert _npe2.get_reader([str(tmp_path / "mäuse"), str(calibration)]) is None
    assert _npe2.get_reader("behaviorvlm://four_mice") is None


def test_a_damaged_project_is_still_ours(tmp_path, opened):
    (tmp_path / "project.toml").write_text("= [")
    assert _npe2.get_reader(str(tmp_path)) is not None


def titles(menu):
    return [action.text().replace("&", "") for action in menu.actions()]


def submenu(menu, title):
    return next(a.menu() for a in menu.actions() if a.text().replace("&", "") == title)


def test_napari_shows_the_menus_and_opens_what_is_dropped(viewer, tmp_path, opened):
    assert PLUGIN in {m.name for m in PluginManager.instance().iter_manifests()}
    window = viewer.window
    window.plugins_menu.aboutToShow.emit()
    assert titles(submenu(window.plugins_menu, "BehaviorVLM")) == DOCKS
    ours = submenu(submenu(window.file_menu, "IO Utilities"), "BehaviorVLM")
    assert [title for title in titles(ours) if title] == [
        "Open project ... (BehaviorVLM)", "New project ... (BehaviorVLM)",
        "Open the six-view mouse (BehaviorVLM)", "Open the three mice (BehaviorVLM)",
    ]  # fmt: skip
    annotate = submenu(window.layers_menu, "Annotate")
    assert set(DOCKS) <= set(titles(annotate))
    samples = submenu(submenu(window.file_menu, "Open Sample"), "BehaviorVLM")
    assert titles(samples) == ["Six-view mouse", "Three mice from above"]
    for sample in samples.actions():
        sample.trigger()
    assert [opened.pop(0), opened.pop(0)] == [("open_sample",), ("open_three_mice",)]
    for words in ("six-view", "three mice"):
        next(a for a in ours.actions() if words in a.text()).trigger()
    assert [opened.pop(0), opened.pop(0)] == [("open_sample",), ("open_three_mice",)]
    next(a for a in ours.actions() if "New project" in a.text()).trigger()
    assert opened.pop() == ("show_new_project",)
    calibration = Path(shutil.copyfile(six_view_mouse().calibration, tmp_path / "calibration.toml"))
    drop(viewer, calibration)
    assert opened.pop() == ("show_new_project", calibration)
    small_project(tmp_path / "small").close()
    drop(viewer, tmp_path / "small" / "project.toml")
    assert opened.pop() == ("open_project", tmp_path / "small")
    assert viewer.open(tmp_path / "small", plugin=PLUGIN) == []
    assert opened.pop() == ("open_project", tmp_path / "small")


def drop(viewer, path):
    """Drop a file onto napari's canvas."""
    from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
    from qtpy.QtGui import QDropEvent

    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    where = QPointF(QPoint(50, 50))
    event = QDropEvent(
        where, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    viewer.window._qt_viewer.dropEvent(event)
