"""The behaviour dock in napari's window: opened, driven with keys and mouse, closed."""

from itertools import pairwise

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from tests.gui.behaving import FOLDER, VIDEO
from tests.gui.driving import (
    click_widget,
    focus_views,
    press,
    settle,
    type_text,
    wait_until,
)
from tests.unit.gui.models.behavior_sessions import FPS, FRAMES, bodies, bouts, clips

from napari_behaviorvlm.gui.models import behavior_session as session_module
from napari_behaviorvlm.gui.models.behavior_session import Content
from napari_behaviorvlm.gui.opening import behavior_dock_in, open_project
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder


def film(path):
    """Write a video in which three grey bars move."""
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=round(FPS))
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        where = bodies().centre
        for frame in range(FRAMES):
            picture = np.full((240, 320, 3), 170, np.uint8)
            for x, y in where[frame]:
                if np.isfinite(x):
                    picture[int(y) - 5 : int(y) + 5, int(x) - 12 : int(x) + 12] = 40
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "three bars.mp4"
    film(path)
    return path


@pytest.fixture
def dock(viewer, video, tmp_path, monkeypatch):
    """The dock with the video open and results as a run leaves them."""
    monkeypatch.setattr(session_module, "read_content", lambda *_: Content(clips(), bodies()))
    made = behavior_dock_in(viewer)
    made.open(video, folder=tmp_path / "results.behavior", animals=3, names=("Mia", "Tom", "Ute"))
    wait_until(lambda: made.page is not None, "the page")
    store = made.session.store
    store.use_clips("three bars", clips())
    store.replace_bouts("three bars", bouts())
    made.session.reload()
    settle(100)
    yield made
    made.close_recording()


def test_keys_correct_bouts_and_text_fields_keep_theirs(viewer, dock):
    session, page = dock.session, dock.page
    session.go_to(120)
    session.select(session.bout_at(0, 120).id)
    page.focus_views()
    press(viewer, "/")
    assert [b.start_frame for b in session.events[0].bouts] == [0, 100, 120, 150, 350]
    press(viewer, "Ctrl+Z")
    assert len(session.events[0]) == 4
    press(viewer, "2")
    assert session.current.label == "groom"
    press(viewer, "Right", "Right", "Left")
    wait_until(lambda: session.frame == 121, "the frame")
    press(viewer, "R")
    wait_until(page.bout_panel.label.lineEdit().hasFocus, "the name's field")
    type_text(viewer, "2 sniff/")
    press(viewer, "Return")
    assert session.current.label == "2 sniff/"
    press(viewer, "Escape")
    press(viewer, "Down")
    assert session.current.animal == "Tom"
    press(viewer, "Ctrl+F")
    wait_until(page.beside.timeline.bar.search.hasFocus, "the search field")
    type_text(viewer, "chase")
    wait_until(lambda: session.filter.words == "chase", "the filter")
    press(viewer, "Return")
    assert session.frame == 250
    assert page.beside.timeline.bar.hits.text() == "1 found"


def test_playing_follows_the_clock_and_loops_within_the_bout(viewer, dock):
    session, page = dock.session, dock.page
    page.focus_views()
    press(viewer, "Space")
    assert page.player.playing
    wait_until(lambda: session.frame > 8, "the video to play")
    press(viewer, "Space")
    assert not page.player.playing
    session.select(session.bout_at(2, 30).id)
    session.go_to(400)
    page.player.speed = 4.0
    press(viewer, "Shift+Space")
    seen = []
    session.frame_changed.connect(seen.append)
    wait_until(lambda: any(b < a for a, b in pairwise(seen)), "the bout to begin again", 15)
    page.player.stop()
    assert min(seen) >= 25
    assert max(seen) <= 124


def test_buttons_do_what_they_say(viewer, dock):
    session, page = dock.session, dock.page
    session.go_to(60)
    session.select(session.bout_at(0, 60).id)
    click_widget(page.bout_panel.split)
    assert session.events[0].bouts[1].start_frame == 60
    click_widget(page.bout_panel.delete)
    assert session.bout_at(0, 10) is None
    click_widget(page.beside.timeline.bar.undo)
    assert session.bout_at(0, 10) is not None
    page.bout_panel.words.setFocus()
    session.select(session.bout_at(1, 10).id)
    page.bout_panel.words.setPlainText("Tom sleeps, curled up")
    session.select()
    assert session.bout_at(1, 10).description == "Tom sleeps, curled up"
    page.tabs.setCurrentIndex(1)
    settle(50)
    table = page.labels.table
    item = next(table.topLevelItem(at) for at in range(table.topLevelItemCount())
                if "rest" in table.topLevelItem(at).text(1))  # fmt: skip
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton,
                     pos=table.visualItemRect(item).center())  # fmt: skip
    assert session.filter.labels == {"rest"}
    click_widget(page.labels.all)
    assert not session.filter.labels


def test_the_video_shows_the_animals_and_a_click_chooses_one(viewer, dock):
    session, view = dock.session, dock.page.view
    session.go_to(100)
    settle(100)
    assert [mark.animal for mark in view.marks] == [0, 1, 2]
    assert int(viewer.dims.current_step[0]) == 100
    x, y = view.marks[1].centre
    picture = np.asarray(view.layer.data[100])
    assert picture[int(y), int(x)].mean() < 80 < picture[5, 5].mean()
    viewer.dims.set_current_step(0, 300)
    assert session.frame == 300
    assert [mark.animal for mark in view.marks] == [0, 1]  # Ute is lost
    close_up = dock.page.close_up(1, 300, False)
    assert close_up.shape[:2] == (192, 192)
    assert close_up[96, 96].mean() < 80
    assert dock.page.close_up(2, 300, False) is None


@pytest.mark.one_binding
def test_everything_is_saved_and_comes_back(viewer, dock, tmp_path):
    session = dock.session
    session.select(session.bout_at(0, 60).id)
    press(viewer, "2")
    dock.close_recording()
    assert not viewer.layers
    with BehaviorFolder.open(tmp_path / "results.behavior", writable=False) as folder:
        assert folder.store.bouts("three bars")[0].label == "groom"
        assert folder.store.journal()[0].action == "call a bout 'groom'"
    dock.open(tmp_path / "results.behavior")
    wait_until(lambda: dock.page is not None, dock.start.message.text)
    dock.session.undo()
    assert dock.session.bout_at(0, 60).label == "walk"


def test_what_cannot_be_opened_is_said(viewer, tmp_path):
    dock = behavior_dock_in(viewer)
    broken = tmp_path / "brøken.mp4"
    broken.write_bytes(b"no video")
    dock.open(broken)
    wait_until(lambda: "brøken" in dock.start.message.text() and not dock._opener.busy, "a word")
    assert dock.page is None
    assert dock.start.video.isEnabled()
    assert not (tmp_path / "brøken.behavior").exists()


@pytest.mark.one_binding
def test_both_docks_show_one_project_and_share_the_frame(viewer, sample_project):
    labelling = open_project(sample_project, viewer)
    dock = behavior_dock_in(viewer)
    wait_until(dock.start.project.isVisible, "the project to be offered")
    dock.open_view(sample_project, "cam1")
    wait_until(lambda: dock.page is not None, dock.start.message.text, 30)
    cameras = [f"cam{at}" for at in range(6)]
    assert [layer.name for layer in viewer.layers] == cameras
    assert dock.page.view.layer is viewer.layers["cam1"]
    dock.session.go_to(50)
    assert labelling.session.frame == 50
    labelling.session.go_to(70)
    assert dock.session.frame == 70
    focus_views(viewer)
    press(viewer, "Right")
    wait_until(lambda: dock.session.frame == 71, "the key to move both")

    # Without the labelling project the view is shown by itself, and with it as before.
    labelling.close_project()
    wait_until(lambda: dock.page is not None, "the video to come back", 30)
    assert [layer.name for layer in viewer.layers] == ["cam1"]
    open_project(sample_project, viewer)
    wait_until(lambda: dock.page is not None and dock.page.shares, "the views", 30)
    assert [layer.name for layer in viewer.layers] == cameras
    assert dock.session.recording.view == "cam1"


@pytest.mark.one_binding
def test_a_video_that_was_moved_is_said_and_found_again(viewer, behaved_copy):
    moved = (behaved_copy / VIDEO).rename(behaved_copy / "elsewhere.mp4")
    dock = behavior_dock_in(viewer)
    dock.open(behaved_copy / FOLDER)
    wait_until(lambda: dock.page is not None, dock.start.message.text, 30)
    assert "mice.mp4 does not exist" in dock.page.status.text()
    session = dock.session
    session.select(session.events[0].bouts[0].id)
    press(viewer, "1")
    assert session.current.source == "human"
    other = behaved_copy / "other.mp4"
    film(other)
    dock.find_video(other)
    assert "is not the video of mice" in dock.page.status.text()
    dock.find_video(moved)
    wait_until(lambda: dock.page is not None and dock.page.view is not None, "the video", 30)
    assert dock.session.events[0].bouts[0].source == "human"
    assert [layer.name for layer in viewer.layers] == ["mice"]
    dock.close_recording()
