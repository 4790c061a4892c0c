"""The labelling dock in a real window: panels, keys, and that nothing is left when it goes."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit, QPushButton
from tests.gui.driving import canvas, click, click_widget, focus_views, press, settle, wait_until

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.opening import dock_in
from napari_behaviorvlm.gui.recent import RecentProjects
from napari_behaviorvlm.gui.views.placing import Look
from napari_behaviorvlm.gui.widgets.dock import LabellingDock
from napari_behaviorvlm.gui.widgets.queue_model import Column
from napari_behaviorvlm.gui.widgets.shortcuts import Stepper
from napari_behaviorvlm.io.project import Project


@pytest.fixture(autouse=True)
def own_config(tmp_path, monkeypatch):
    """Keys and recent projects lie in this test's folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "behaviorvlm"


@pytest.fixture
def dock(viewer, sample_project):
    dock = dock_in(viewer)
    assert dock.open_project(sample_project)
    wait_until(lambda: dock.session.queue is not None, "the queue", 60)
    focus_views(viewer)
    return dock


def first_label(session):
    """A view in which the selected keypoint is labelled, and where."""
    at = (session.frame, slice(None), session.selection.keypoint)
    camera = int(np.flatnonzero(np.isin(session.labels.status[at], [Status.PROPOSED]))[0])
    return camera, session.labels.xy[session.frame, camera, session.selection.keypoint]


def test_the_queue_is_shown_and_gone_through_by_key_and_by_mouse(viewer, dock):
    session, table = dock.session, dock.page.review_panel.table
    model = table.model()
    assert model.rowCount() == len(session.queue) > 50
    item = session.queue.item(0)
    assert model.index(0, Column.FRAME).data() == str(item.frame)
    assert model.index(0, Column.REASON).data() == item.reason
    assert model.index(0, Column.DOUBT).data() == f"{100 * item.doubt:.0f} %"
    assert dock.page.review_panel.headline.text() == session.queue.headline
    press(viewer, "Space")
    assert (session.frame, session.selection.keypoint) == session.queue.point(0)
    assert dock.page.grid.look is Look.KEYPOINT
    assert dock.page.status.text() == item.reason
    assert table.currentIndex().row() == 0
    assert dock.page.keypoints.list.currentIndex().row() == session.selection.keypoint
    press(viewer, "Space")
    assert (session.frame, session.selection.keypoint) == session.queue.point(1)
    press(viewer, "Shift+Space")
    assert (session.frame, session.selection.keypoint) == session.queue.point(0)
    click_widget(table.viewport(), at=(20, table.rowViewportPosition(2) + 5))
    assert (session.frame, session.selection.keypoint) == session.queue.point(2)
    assert canvas(viewer).hasFocus(), "the dock never takes the keyboard"


@pytest.mark.one_binding
def test_filters_narrow_the_queue_and_are_taken_away(viewer, dock):
    session, panel = dock.session, dock.page.review_panel
    everything = panel.model.rowCount()
    click_widget(panel.filter)
    panel.filters.keypoint.setCurrentIndex(panel.filters.keypoint.findData(5))
    assert 0 < panel.model.rowCount() < everything
    assert set(session.queue.order[:, 1]) == {5}
    assert panel.filter.text() == "Filter (1)"
    panel.filters.status.setCurrentIndex(panel.filters.status.findData(Status.OCCLUDED))
    panel.filters.order.setCurrentIndex(1)
    click_widget(panel.filters.clear)
    assert panel.model.rowCount() == everything
    assert panel.filter.text() == "Filter"


def test_an_edit_shows_everywhere_and_is_undone_by_key(viewer, dock):
    session, page = dock.session, dock.page
    press(viewer, "Space")
    camera, xy = first_label(session)
    cell = (session.frame, camera, session.selection.keypoint)
    click(viewer, session.rig.names[camera], xy)
    assert session.labels.status[cell] == Status.ACCEPTED
    page.tabs.setCurrentWidget(page.history)
    wait_until(lambda: page.history.label_list.topLevelItemCount() == 1, "the history")
    line = page.history.label_list.topLevelItem(0)
    assert line.text(0) == "just now"
    assert line.text(1) == session.author
    assert "accepted" in line.text(3)
    press(viewer, "Ctrl+Z")
    assert session.labels.status[cell] == Status.PROPOSED
    wait_until(lambda: page.history.label_list.topLevelItem(0).font(0).strikeOut(), "struck out")
    press(viewer, "Ctrl+Shift+Z")
    assert session.labels.status[cell] == Status.ACCEPTED


def test_keys_move_about_and_napari_does_not_double_them(viewer, dock):
    session = dock.session
    press(viewer, "Right", "D", "D", "Left")
    wait_until(lambda: session.frame == 2, "frame 2")
    assert viewer.dims.current_step[0] == 2
    press(viewer, "S", "S", "W", "Tab")
    assert session.selection.keypoint == 2
    layer = viewer.layers.selection.active
    press(viewer, "V", "Ctrl+Del", "Ctrl+G", "2")
    assert len(viewer.layers) == 6
    assert viewer.canvas.grid.enabled
    assert layer is None or (layer.mode == "pan_zoom" and layer.visible)
    assert dock.page.grid.look is Look.ANIMAL
    press(viewer, "F")
    assert dock.page.grid.look is Look.KEYPOINT
    press(viewer, "F", "G")
    assert dock.page.grid.look is Look.PICTURE
    press(viewer, "G")
    assert dock.page.grid.look is Look.ANIMAL
    press(viewer, "Ctrl+=")
    assert dock.page.grid.look is Look.PICTURE


def test_held_arrows_leave_no_backlog(viewer, dock, qtbot):
    session, seen = dock.session, []
    session.frame_changed.connect(seen.append)
    widget = canvas(viewer)
    for _ in range(40):  # arrives as fast as nothing could be drawn
        QTest.keyClick(widget, Qt.Key.Key_Right)
    wait_until(lambda: session.frame == 40, "frame 40")
    settle()
    assert seen == [40]


def test_a_held_arrow_goes_faster(monkeypatch, qtbot):
    made, now = [], [100.0]
    monkeypatch.setattr("napari_behaviorvlm.gui.widgets.shortcuts.time.monotonic", lambda: now[0])
    stepper = Stepper(made.append)
    for seconds, held in ((0.0, False), (1.0, True), (2.0, True), (4.0, True)):
        now[0] = 100.0 + seconds
        stepper.step(-1, held=held)
        stepper.flush()
    now[0] = 110.0
    stepper.step(1)
    stepper.flush()
    stepper.step(10, held=True)
    stepper.flush()
    assert made == [-1, -1, -2, -5, 1, 10]
    stepper.close()


def test_digits_name_a_dot_and_text_fields_keep_their_keys(viewer, dock):
    session, page = dock.session, dock.page
    press(viewer, "Space")
    camera, _ = first_label(session)
    session.select(session.selection.keypoint, camera)
    cell = (session.frame, camera, session.selection.keypoint)
    number = int(session.labels.candidate[cell])
    press(viewer, *str(number))
    press(viewer, "Return") if page.flow.pending else None
    assert session.labels.status[cell] == Status.ACCEPTED
    press(viewer, "F1")
    field = page.help.search
    page.help.activateWindow()
    field.setFocus()
    wait_until(field.hasFocus, "the search field")
    frame = session.frame
    for key in (Qt.Key.Key_A, Qt.Key.Key_Space, Qt.Key.Key_X, Qt.Key.Key_Backspace):
        QTest.keyClick(field, key)
    assert field.text() == "a "
    assert session.frame == frame
    # A field within the dock keeps its keys too, and Escape leads back to the views.
    inner = QLineEdit(page)
    inner.show()
    viewer.window.activate()
    inner.setFocus()
    wait_until(inner.hasFocus, "the field")
    press(viewer, "D", "1", "Backspace", "Space")
    assert inner.text() == "d "
    assert session.frame == frame
    press(viewer, "Escape")
    wait_until(canvas(viewer).hasFocus, "the views to get the keyboard back")


def test_keys_are_given_to_other_actions_and_kept(viewer, dock, own_config):
    page = dock.page
    page.show_help()
    help_panel = page.help
    help_panel.give("next_flagged", "K")
    assert (own_config / "keys.toml").is_file()
    focus_views(viewer)
    press(viewer, "K")
    assert (dock.session.frame, dock.session.selection.keypoint) == dock.session.queue.point(0)
    help_panel.give("accept", "K")
    assert 'is the key of "Next flagged label"' in help_panel.message.text()
    assert page.keymap.keys("accept") == ("Return",)
    help_panel.show_matching("swap")
    shown = [
        group.child(at).text(0)
        for group in map(help_panel.tree.topLevelItem, range(help_panel.tree.topLevelItemCount()))
        for at in range(group.childCount()) if not group.child(at).isHidden()
    ]  # fmt: skip
    assert shown
    assert all("swap" in title.lower() for title in shown)
    help_panel.reset_all.click()
    assert page.keymap.action("Space") == "next_flagged"


def test_views_are_chosen_dimmed_and_focused(viewer, dock):
    page = dock.page
    page.views.channel.setCurrentIndex(1)
    page.views.channel.activated.emit(1)
    assert page.grid.channel is page.grid.channels[1]
    page.views.view.setCurrentIndex(3)
    page.views.view.activated.emit(3)
    assert page.grid.focused == 2
    assert [layer.visible for layer in viewer.layers] == [False, False, True, False, False, False]
    page.views.drawn["guides"].trigger()
    assert not page.grid.options.guides
    page.views.tones.brightness.setValue(50)
    assert page.grid.tone(0) == page.grid.tone(5) == (0.5, 0.0)


def test_side_docks_come_and_go(viewer, dock):
    page = dock.page
    click_widget(page.header.scene)
    click_widget(page.header.plots)
    assert {"3D view", "Plots"} <= set(viewer.window.dock_widgets)
    assert page.header.scene.isChecked()
    viewer.window.remove_dock_widget(page.side.widgets[0])
    assert not page.header.scene.isChecked()
    dock.close_project()
    settle()
    assert "Plots" not in set(viewer.window.dock_widgets)


def test_the_dock_fits_a_small_screen(viewer_maker, sample_project, monkeypatch):
    wide = "napari_behaviorvlm.gui.widgets.dock_shell.WIDE_SCREEN"
    monkeypatch.setattr(wide, 2000)  # ours is small
    viewer = viewer_maker((1366, 768))
    dock = dock_in(viewer)
    dock.open_project(sample_project)
    settle(200)
    window = viewer.window._qt_window
    assert window.height() <= 768
    assert dock.width() <= 380
    page = dock.page
    for part in (page.header.help, page.views.more, page.status, page.label_bar):
        corner = part.mapTo(window, part.rect().bottomRight())
        assert corner.x() < window.width()
        assert corner.y() < window.height()
    click_widget(page.header.scene)
    click_widget(page.header.plots)
    settle(200)
    assert window.height() <= 768


@pytest.mark.one_binding
def test_what_cannot_be_opened_is_one_sentence(viewer, tmp_path, sample_project):
    dock = dock_in(viewer)
    assert not dock.open_project(tmp_path / "nowhere")
    assert "nowhere" in dock.start.message.text()
    with Project(sample_project):
        assert not dock.open_project(sample_project)
    assert "in use" in dock.start.message.text()
    assert dock.session is None
    assert dock.open_project(sample_project)
    assert not dock.open_project(tmp_path / "nowhere")
    assert "nowhere" in dock.page.status.text()
    assert dock.session is not None


@pytest.mark.one_binding
def test_recent_projects_are_one_click_away(viewer, sample_project, tmp_path):
    recent = RecentProjects(tmp_path / "recent.toml")
    recent.add(tmp_path / "gone")
    recent.add(sample_project)
    dock = LabellingDock(viewer, recent=recent)
    viewer.window.add_dock_widget(dock, name="dock")
    lines = lambda: [  # noqa: E731
        b for b in dock.start.findChildren(QPushButton, "recent_project") if b.isVisible()
    ]
    (line,) = wait_until(lines, "the list")
    click_widget(line)
    assert dock.session.project.folder == sample_project


@pytest.mark.parametrize("how", ["project", "dock", "layer", "window"])
def test_closing_frees_the_project_and_the_window(viewer, sample_project, how):
    dock = dock_in(viewer)
    dock.open_project(sample_project)
    dock.page.toggle_scene()
    dock.page.show_help()
    dock.page.show_export()
    press(viewer, "Space")
    if how == "project":
        dock.close_project()
    elif how == "dock":
        viewer.window.remove_dock_widget(dock)
    elif how == "layer":
        viewer.layers.pop()
    else:
        viewer.close()
    settle(100)
    Project(sample_project).close()
    if how != "window":
        assert not viewer.layers
        assert not viewer.canvas.grid.enabled
        press(viewer, "Space", "Right")
