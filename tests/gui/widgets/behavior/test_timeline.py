"""The timeline in a window, with real mouse events."""

import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QHelpEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QToolTip
from tests.gui.driving import settle
from tests.unit.gui.models.behavior_sessions import behavior_session

from napari_behaviorvlm.core.bout_edits import Relabel
from napari_behaviorvlm.gui.models.behavior_session import Filter
from napari_behaviorvlm.gui.widgets.behavior.timeline import Timeline

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def timeline(qtbot, tmp_path):
    session = behavior_session(tmp_path / "box.behavior")
    made = Timeline(session)
    qtbot.addWidget(made)
    made.resize(1084 + 8, 260)
    made.show()
    qtbot.waitExposed(made)
    settle(50)
    yield made
    made.let_go()
    session.folder.close()


def at(timeline, frame, animal=0):
    place = timeline._places()[animal]
    return QPoint(round(timeline.window_.x(frame)), round(place.top + place.events / 2))


def click(timeline, frame, animal=0, keys=NONE):
    QTest.mouseClick(timeline, LEFT, keys, at(timeline, frame, animal))
    settle(30)


def drag(timeline, start, end):
    QTest.mousePress(timeline, LEFT, NONE, start)
    for share in (0.3, 0.7, 1.0):
        x = round(start.x() + share * (end.x() - start.x()))
        QTest.mouseMove(timeline, QPoint(x, end.y()))
        settle(30)
    QTest.mouseRelease(timeline, LEFT, NONE, end)
    settle(30)


def colour(timeline, point):
    return timeline.grab().toImage().pixelColor(point)


def test_a_click_goes_to_the_frame_and_chooses_the_bout(timeline):
    session = timeline.session
    click(timeline, 120)
    assert session.frame == 120
    assert session.current.label == "rest"
    click(timeline, 320)
    assert session.current is None
    click(timeline, 60)
    click(timeline, 300, 1, Qt.KeyboardModifier.ControlModifier)
    assert [bout.label for bout in session.selected] == ["walk", "chase"]
    click(timeline, 60)
    click(timeline, 400, 0, Qt.KeyboardModifier.ShiftModifier)
    assert [bout.start_frame for bout in session.selected] == [0, 100, 150, 350]


def test_edges_are_dragged_and_neighbours_give_way(timeline):
    session = timeline.session
    edge = at(timeline, 99)
    edge.setX(round(timeline.window_.edges(99, 99)[1]) - 1)
    drag(timeline, edge, QPoint(round(timeline.window_.edges(119, 119)[1]), edge.y()))
    first, second = session.events[0].bouts[:2]
    assert first.end_frame == pytest.approx(119, abs=1)
    assert second.start_frame == first.end_frame + 1
    assert first.source == second.source == "human"
    session.undo()
    assert session.events[0].bouts[0].end_frame == 99


def test_a_click_on_an_edge_moves_nothing(timeline):
    session = timeline.session
    edge = at(timeline, 99)
    edge.setX(round(timeline.window_.edges(99, 99)[1]) - 1)
    QTest.mouseClick(timeline, LEFT, NONE, edge)
    settle(30)
    assert not session.store.journal()
    assert session.current.label == "walk"


def test_dragging_looks_through_the_video_and_the_overview_goes_there(timeline):
    session = timeline.session
    drag(timeline, at(timeline, 320), at(timeline, 340))
    assert session.frame == pytest.approx(340, abs=1)
    area = timeline._map
    QTest.mouseClick(
        timeline, LEFT, NONE, QPoint(round(area.center().x()), round(area.center().y()))
    )
    assert session.frame == pytest.approx(250, abs=2)


def test_colours_are_those_of_the_labels_and_change_with_them(timeline):
    session = timeline.session
    walk, place = session.bout_at(0, 10), at(timeline, 60) + QPoint(20, 8)
    assert colour(timeline, place).name().lower() == session.looks.of("walk").colour.lower()
    session.apply(Relabel((walk.id,), "chase"))
    settle(30)
    assert colour(timeline, place).name().lower() == session.looks.of("chase").colour.lower()
    session.look_for(Filter(frozenset({"rest"})))
    settle(30)
    assert colour(timeline, place).lightness() < 90  # faint


def test_what_is_not_labelled_or_not_seen_says_so(timeline):
    assert timeline.words_at(at(timeline, 320)) == "Not labelled."
    assert timeline.words_at(at(timeline, 300, 2)) == "Ute is not seen here."
    words = timeline.words_at(at(timeline, 10))
    assert words.startswith("Mia: walk\nMia does walk\n0:00.0 – 0:04.0 (4.0 s), frames 0–99")
    assert "no model asked" in words


def test_the_words_appear_where_the_mouse_rests(timeline):
    point = at(timeline, 120)
    help_wanted = QHelpEvent(QEvent.Type.ToolTip, point, timeline.mapToGlobal(point))
    QApplication.sendEvent(timeline, help_wanted)
    settle(50)
    assert QToolTip.isVisible()
    assert QToolTip.text().startswith("Mia: rest")
    below = at(timeline, 120) + QPoint(0, round(timeline._places()[0].events / 2) + 4)
    assert timeline.words_at(below).startswith("Clip 4 of cluster 0\nMia: rest")
    QToolTip.hideText()


def test_many_bouts_are_drawn_as_columns_in_the_right_colours(timeline):
    """More bouts than pixels: the picture is made of columns, and still right."""
    from napari_behaviorvlm.core.bouts import Bout
    from napari_behaviorvlm.gui.models.bout_rows import BoutRow
    from napari_behaviorvlm.gui.widgets.behavior import timeline_painter

    row = BoutRow.of(Bout("Mia", at, at, "walk" if at < 250 else "rest") for at in range(500))
    before, timeline_painter.SINGLE = timeline_painter.SINGLE, 100
    try:
        timeline.session.events[0] = row
        timeline._redraw()
        for frame, label in ((100, "walk"), (400, "rest")):
            shown = colour(timeline, at(timeline, frame))
            assert shown.name().lower() == timeline.session.looks.of(label).colour.lower()
    finally:
        timeline_painter.SINGLE = before


def test_zoom_keeps_the_place_and_the_frame_stays_in_sight(timeline):
    session = timeline.session
    timeline.zoom(0.2, timeline.window_.x(100))
    assert timeline.window_.frames == pytest.approx(100)
    session.go_to(480)
    settle(30)
    assert timeline.window_.first <= 480 <= timeline.window_.last
    timeline.see_all()
    assert timeline.window_.frames == 500
