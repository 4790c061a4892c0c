"""The plots in a real window: linked to the frame, and idle while they are not seen."""

import numpy as np
import pytest
from qtpy.QtCore import QPointF
from qtpy.QtTest import QTest
from tests.gui.driving import LEFT, NO_KEYS, settle
from tests.gui.walking_session import walking_session

from napari_behaviorvlm.gui.widgets.plots import Plots
from napari_behaviorvlm.workflows.state import retriangulate

BUMP = (2, 150, 6.0)


@pytest.fixture
def session(tmp_path):
    opened = walking_session(tmp_path / "walk", 300, BUMP)
    yield opened
    opened.close()


@pytest.fixture
def plots(no_leaks, session, qtbot):
    widget = Plots(session)
    qtbot.addWidget(widget)
    widget.resize(900, 360)
    widget.show()
    qtbot.waitExposed(widget)
    settle()
    yield widget
    widget.close()


def place(plot, frame, share=0.5):
    """Pixel of the plot's widget at a frame."""
    view = plot.getPlotItem().getViewBox()
    low, high = view.viewRange()[1]
    scene = view.mapViewToScene(QPointF(frame, low + share * (high - low)))
    return plot.mapFromScene(scene)


def click(plot, frame):
    point = place(plot, frame)
    window = plot.window()
    at = plot.viewport().mapTo(window, point)
    QTest.mouseMove(window.windowHandle(), at)
    settle(20)
    QTest.mouseClick(window.windowHandle(), LEFT, NO_KEYS, at)
    settle()


def test_the_line_follows_the_frame_and_a_click_goes_there(plots, session):
    plot = plots.errors.plot
    session.go_to(77)
    assert plot._line.value() == 77
    plot.setXRange(20, 60, padding=0)
    settle()
    click(plot, 41)
    assert session.frame == 41
    assert plot._line.value() == 41


def test_a_click_near_a_hatched_column_goes_to_its_beginning(plots, session):
    plot = plots.errors.plot
    stretches = plot.marks.stretches
    assert len(stretches)
    plot.n_frames = 300
    near = 4 * 300 / plot.seen()[2]
    target = plot.frame_under(stretches.first[-1] - 0.5 * near)
    if near > 2:
        assert target == stretches.first[-1]


def test_the_worst_view_rises_where_the_camera_was_bumped(plots):
    x, y = plots.errors._worst.getData()
    known = np.isfinite(y)
    before, after = known & (x < 150), known & (x >= 150) & (x < 300)
    assert np.median(10 ** y[before]) < 1
    assert np.median(10 ** y[after]) > 4


def test_an_edit_patches_the_curve(plots, session, qtbot):
    session.select(0)
    settle()
    from napari_behaviorvlm.gui.models.edits import Edit
    from napari_behaviorvlm.io.project.store import StoredLabel
    from napari_behaviorvlm.io.sqlite_files import now

    x, y = session.labels.xy[50, 1, 0].tolist()
    label = StoredLabel(x + 60, y, 0, 3, 1, None, "Ann", now())
    session.apply(Edit("moved", (((50, 1, 0), label),)))
    settle()
    frames, worst = plots.errors._worst.getData()
    assert 10 ** np.nanmax(worst[frames == 50]) > 20
    session.undo()
    session.labels.xy[50, 1, 0] = x, y  # this session's labels come from no run
    session.labels.status[50, 1, 0] = 1
    retriangulate(session.labels, session.poses, session.rig, [(50, 0)])
    session.edited.emit(type("Change", (), {"rows": (50,)}))
    settle()
    frames, worst = plots.errors._worst.getData()
    assert 10 ** np.nanmax(worst[frames == 50]) < 2


def test_another_keypoint_another_curve(plots, session):
    before = plots.errors._used.getData()[1].copy()
    session.select(2)
    settle()
    assert not np.array_equal(before, plots.errors._used.getData()[1])
    assert "tail" in plots.errors.header.text()


def test_a_flag_is_explained_under_the_mouse(plots, session):
    frame = int(plots.errors.plot.marks.stretches.first[-1])
    plots.errors.say_under_mouse(frame)
    said = plots.errors.sentence.text()
    assert f"frame {frame}" in said
    assert "cam2 disagrees with the other three by 6 px" in said
    plots.errors.say_under_mouse(-1)
    assert "flagged in" in plots.errors.sentence.text()


def test_bones_against_the_seeds(plots, session):
    session.set_seed_frames([3, 40])
    session.poses.points[200, 2] += (160, 0, 0)
    plots.tabs.setCurrentIndex(1)
    settle()
    session.select(2)
    settle()
    assert plots.bones.chooser.currentText() == "back – tail"
    low, high = plots.bones._range.getRegion()
    assert low == pytest.approx(37.1, abs=1)
    assert high == pytest.approx(37.1, abs=1)
    assert "in 1 of 300 frames more than 30 % beyond" in plots.bones.sentence.text()
    plots.bones.chooser.setCurrentIndex(0)
    plots.bones.chooser.activated.emit(0)
    settle()
    assert "never more than 30 % beyond" in plots.bones.sentence.text()
    plots.bones.say_under_mouse(5)
    assert "frame 5: 30." in plots.bones.sentence.text()


def test_the_bumped_camera_is_named(plots, session):
    plots.tabs.setCurrentIndex(2)
    settle()
    said = plots.cameras.sentence.text()
    assert "cam2 disagrees with the others by 6." in said
    assert said.endswith("px since frame 150.")
    marks = plots.cameras.plot.marks.stretches
    assert (marks.first.tolist(), marks.last.tolist()) == ([150], [299])
    plots.cameras.boxes.clicked.emit(3)
    assert session.selection.camera == 3


def test_what_is_not_seen_does_nothing(plots, session):
    plots.tabs.setCurrentIndex(1)
    settle()
    drawn = []
    for page in (plots.errors, plots.cameras):
        page.draw = lambda page=page: drawn.append(page)
    session.go_to(9)
    session.queue_changed.emit()
    session.reloaded.emit()
    settle()
    assert not drawn
    assert plots.cameras._errors is None


def test_closing_lets_go_of_the_session(plots, session):
    plots.close()
    assert all(not len(signal) for signal in (
        session.frame_changed, session.selection_changed, session.edited, session.queue_changed,
        session.reloaded, session.seeds_changed,
    ))  # fmt: skip


def test_without_labels_it_says_what_to_do(no_leaks, tmp_path, qtbot):
    session = walking_session(tmp_path / "empty", 20)
    session.poses.points[:] = np.nan
    session.poses.error[:] = session.poses.view_error[:] = session.poses.leave_one_out[:] = np.nan
    widget = Plots(session)
    qtbot.addWidget(widget)
    widget.show()
    for at in range(3):
        widget.tabs.setCurrentIndex(at)
        settle()
    assert widget.cameras.sentence.text() == "There are no 3D points yet: label first."
    widget.close()
    session.close()
