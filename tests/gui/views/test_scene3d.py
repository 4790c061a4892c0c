"""The 3D view in a real window: mouse, docks that float, and nothing left over."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QMainWindow
from tests.gui.driving import LEFT, NO_KEYS, RIGHT, settle
from tests.gui.walking_session import walking_session

from napari_behaviorvlm.gui.views.scene3d import Scene3D


@pytest.fixture
def session(tmp_path):
    opened = walking_session(tmp_path / "walk", 60)
    yield opened
    opened.close()


@pytest.fixture
def scene(no_leaks, session, qtbot):
    widget = Scene3D(session)
    qtbot.addWidget(widget)
    widget.resize(500, 420)
    widget.show()
    qtbot.waitExposed(widget)
    settle()
    yield widget
    widget.close()


def drag(widget, start, by, button=LEFT):
    window = widget.window()
    first = widget.mapTo(window, QPoint(*start))
    handle = window.windowHandle()
    QTest.mousePress(handle, button, NO_KEYS, first)
    for share in (0.5, 1.0):
        QTest.mouseMove(handle, first + QPoint(*by) * share)
        settle(20)
    QTest.mouseRelease(handle, button, NO_KEYS, first + QPoint(*by))
    settle()


def test_dragging_turns_and_shifts_and_a_double_click_resets(scene):
    canvas = scene.canvas
    first = canvas.orbit
    drag(canvas, (200, 200), (50, 30))
    assert canvas.orbit.azimuth == pytest.approx((first.azimuth - 20) % 360)
    assert canvas.orbit.elevation == pytest.approx(first.elevation + 12)
    turned = canvas.orbit
    drag(canvas, (200, 200), (40, 0), RIGHT)
    moved = canvas.orbit.project(turned.target, (canvas.width(), canvas.height()))[0]
    assert moved[0] == pytest.approx(canvas.width() / 2 + 40)
    QTest.mouseDClick(canvas, LEFT, NO_KEYS, QPoint(5, 5))
    assert canvas.orbit.azimuth == first.azimuth
    assert canvas.orbit.target == pytest.approx(first.target)


def test_clicking_a_keypoint_selects_it_and_a_cameras_name_shows_its_view(scene, session):
    canvas = scene.canvas
    tail = canvas.painter._marks[2]
    QTest.mouseClick(canvas, LEFT, NO_KEYS, QPoint(*tail.round().astype(int).tolist()))
    assert session.selection.keypoint == 2
    canvas.look("whole")
    settle()
    sign = canvas.painter._signs[1].center().toPoint()
    QTest.mouseClick(canvas, LEFT, NO_KEYS, sign)
    assert canvas.orbit.eye == pytest.approx(session.rig.cameras[1].center)


def test_the_picture_follows_the_frame_and_costs_nothing_when_hidden(scene, session):
    before = scene.canvas.grab().toImage()
    session.go_to(50)
    settle()
    assert scene.canvas.grab().toImage() != before
    scene.hide()
    marks = scene.canvas.painter._marks.copy()
    session.go_to(3)
    settle()
    np.testing.assert_array_equal(scene.canvas.painter._marks, marks)


def test_a_frame_without_points_says_so(scene, session):
    session.poses.points[7] = np.nan
    session.go_to(7)
    settle()
    assert "0 of 3 keypoints in 3D" in scene.canvas._pose().caption


def test_every_option_can_be_drawn(scene, session):
    session.go_to(30)
    scene.canvas.look("whole")
    for name in ("names", "trails", "cameras", "floor", "uncertainty", "follow"):
        if name == "uncertainty":
            scene.canvas.orbit = scene.canvas.orbit.onto(session.poses.points[30, 0]).zoomed(20)
        before = scene.canvas.grab().toImage()
        scene.canvas.set_option(name, on=not getattr(scene.canvas.options, name))
        if name != "follow":
            assert scene.canvas.grab().toImage() != before, name
    session.go_to(40)
    settle()
    assert scene.canvas.orbit.target == pytest.approx(session.poses.points[40].mean(0))


def test_a_dock_with_it_can_be_floated_dragged_and_docked_again(no_leaks, session, qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    dock = QDockWidget("3D", window)
    scene = Scene3D(session)
    dock.setWidget(scene)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    window.resize(800, 600)
    window.show()
    qtbot.waitExposed(window)
    for floating in (True, False, True):
        dock.setFloating(floating)
        settle()
        session.go_to(session.frame + 1)
        settle()
        assert np.isfinite(scene.canvas.painter._marks).all()
    drag(dock, (40, 8), (-120, 60))
    assert scene.canvas.isVisible()
    scene.close()
    window.close()


def test_closing_lets_go_of_the_session(scene, session):
    scene.close()
    assert all(not len(signal) for signal in (
        session.frame_changed, session.selection_changed, session.edited, session.queue_changed,
        session.reloaded,
    ))  # fmt: skip
