"""The cluster panel with real mouse and key events, on a real segmentation and its video."""

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QHelpEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QToolTip
from tests.gui.driving import click_widget, settle, wait_until

from napari_behaviorvlm.gui.models.cluster_summary import bouts_followed, clip_labels, following
from napari_behaviorvlm.gui.widgets.behavior.cluster_panel import ClusterPanel

LEFT, NONE, CTRL = (
    Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
)  # fmt: skip


@pytest.fixture
def panel(qtbot, behaving):
    session, flow = behaving
    made = ClusterPanel(session, flow)
    qtbot.addWidget(made)
    made.resize(1200, 330)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def click_cluster(panel, number, keys=NONE):
    rows = panel.list
    for at in range(rows.count()):
        item = rows.item(at)
        if item.data(256).number == number:
            rows.scrollToItem(item)
            place = rows.visualItemRect(item).center()
            QTest.mouseClick(rows.viewport(), LEFT, keys, place)
            settle(30)
            return
    raise AssertionError(f"no cluster {number}")


def rest_on(widget, point):
    """Let the mouse rest."""
    wanted = QHelpEvent(QEvent.Type.ToolTip, point, widget.mapToGlobal(point))
    QApplication.sendEvent(widget, wanted)
    settle(30)


def type_name(panel, name):
    line = panel.name.lineEdit()
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, name)


def names_in(session, number):
    """What stands in the middles of a cluster's clips."""
    clips = session.content.clips
    labels = np.array(clip_labels(session, clips))
    return set(labels[clips.cluster == number])


def test_every_cluster_shows_its_clips_and_they_play(panel, behaving):
    session, _ = behaving
    clips = session.content.clips
    assert panel.list.count() == len(np.unique(clips.cluster))
    wanted = {clip for one in panel._clusters for clip in one.examples}
    wait_until(lambda: wanted == panel.list.thumbs.keys(), "the pictures")
    clip = next(iter(wanted))
    picture = panel.list.thumbs[clip].toImage()
    middle, corner = (picture.pixelColor(at, at).lightness() for at in (picture.width() // 2, 2))
    assert middle < corner  # a dark mouse on bright ground
    click_cluster(panel, 3)
    assert session.clusters == {3}
    wait_until(lambda: all(tile.pictures for tile in panel.tiles.tiles), "the clips")
    assert {clips.cluster[tile.clip] for tile in panel.tiles.tiles} == {3}
    seen = panel.tiles.grab().toImage()
    wait_until(lambda: panel.tiles.grab().toImage() != seen, "the clips to move")
    place = panel.tiles.places()[0].center().toPoint()
    QTest.mouseClick(panel.tiles, LEFT, NONE, place)
    first = panel.tiles.tiles[0].clip
    assert session.frame == clips.start[first]
    assert session.current.animal == clips.animals[clips.animal[first]]


def test_clusters_get_names_and_become_one_and_undo_brings_them_back(panel, behaving):
    session, _ = behaving
    before = session.store.bouts(session.recording.name)
    click_cluster(panel, 1)
    type_name(panel, "explore")
    click_widget(panel.apply)
    assert names_in(session, 1) == {"explore"}
    wait_until(lambda: any(one.label == "explore" for one in panel._clusters), "the list")
    click_cluster(panel, 2, CTRL)
    assert panel.apply.text() == "Merge 2 clusters"
    type_name(panel, "sniff")
    QTest.keyClick(panel.name.lineEdit(), Qt.Key.Key_Return)
    assert names_in(session, 1) == names_in(session, 2) == {"sniff"}
    for row in session.events:  # what touches is one bout
        for one, other in zip(row.bouts, row.bouts[1:], strict=False):
            assert not (one.label == other.label == "sniff"
                        and one.end_frame + 1 == other.start_frame)  # fmt: skip
    session.undo()
    assert names_in(session, 1) == {"explore"}
    session.undo()
    assert session.store.bouts(session.recording.name) == before


def test_a_lasso_on_the_map_chooses_the_bouts_inside(panel, behaving):
    session, _ = behaving
    moments = panel.map.moments
    positions = panel.map.positions()
    middle = np.median(positions, axis=0)
    reach = 60.0
    turn = np.linspace(0, 2 * np.pi, 25)
    way = middle + reach * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    points = [QPoint(*np.round(at).astype(int).tolist()) for at in way]
    QTest.mousePress(panel.map, LEFT, NONE, points[0])
    for point in points[1:]:
        QTest.mouseMove(panel.map, point)
        settle(5)
    QTest.mouseRelease(panel.map, LEFT, NONE, points[-1])
    away = np.hypot(*(positions - middle).T)
    surely = np.flatnonzero(away < reach - 4)
    chosen = set(session.selection)
    assert len(surely) > 20
    assert set(moments.bouts(session, surely)) <= chosen
    assert chosen <= set(moments.bouts(session, np.flatnonzero(away < reach + 4)))
    at = QPointF(*positions[surely[0]]).toPoint()
    QTest.mouseClick(panel.map, LEFT, NONE, at)
    nearest = panel.map.nearest(QPointF(at))
    assert session.frame == moments.frame[nearest]


def test_tables_choose_bouts(panel, behaving):
    session, _ = behaving
    found = following(session)
    before, after = np.unravel_index(found.counts.argmax(), found.counts.shape)
    panel.views.setCurrentIndex(1)
    settle(30)
    rest_on(panel.following, panel.following.cell(int(before), int(after)).center().toPoint())
    assert f"{found.counts[before, after]} times" in QToolTip.text()
    place = panel.following.cell(int(before), int(after)).center().toPoint()
    QTest.mouseClick(panel.following, LEFT, NONE, place)
    label, by = found.labels[before], found.labels[after]
    assert list(session.selection) == bouts_followed(session, label, by)
    assert len(session.selection) == found.counts[before, after]
    panel.views.setCurrentIndex(2)
    settle(30)
    part = max(panel.budget.parts(), key=lambda one: one.area.width())
    rest_on(panel.budget, part.area.center().toPoint())
    assert QToolTip.text().startswith(f"{part.animal}: {part.label}")
    QToolTip.hideText()
    QTest.mouseClick(panel.budget, LEFT, NONE, part.area.center().toPoint())
    assert {(b.animal, b.label) for b in session.selected} == {(part.animal, part.label)}
    assert sum(b.n_frames for b in session.selected) == part.frames
