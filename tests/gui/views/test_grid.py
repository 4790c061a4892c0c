"""The views in a real window: in step with the session, routed clicks, nothing left behind."""

import numpy as np
import pytest
from tests.gui import driving
from tests.unit.gui.opened import Opened
from tests.unit.gui.pair_session import LEFT, NOSE, TAIL, pixels

from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.views.frames import Channel
from napari_behaviorvlm.gui.views.grid import ViewGrid
from napari_behaviorvlm.gui.views.placing import Look

FRAME = 12
DELTA = np.array([12.0, 9])


@pytest.fixture
def session(tmp_path):
    opened = Opened(tmp_path / "pair", judged=False)
    opened.session.go_to(FRAME)
    yield opened.session
    opened.close()


@pytest.fixture
def grid(viewer, session):
    made = ViewGrid(viewer, session)
    driving.settle(200)
    yield made
    made.close()


def listen(grid):
    clicks, drags = [], []
    grid.on_click = lambda *what: clicks.append(what)
    grid.on_drag = lambda *what: drags.append(what)
    return clicks, drags


def test_views_slider_and_session_keep_in_step(viewer, grid, session):
    assert [layer.name for layer in viewer.layers] == list(session.rig.names)
    boxes = [viewer.canvas.grid.position(at, viewer.layers) for at in range(4)]
    assert boxes[0] == (0, 0)
    assert len(set(boxes)) == 4
    assert viewer.dims.current_step[0] == FRAME
    seen = []
    session.frame_changed.connect(seen.append)
    viewer.dims.set_current_step(0, 31)
    assert (session.frame, seen) == (31, [31])
    session.go_to(5)
    assert (viewer.dims.current_step[0], seen) == (5, [31, 5])
    np.testing.assert_allclose(
        grid.marks[2].labels, session.labels.xy[5, 2][grid.marks[2].keypoints]
    )
    assert "frame 5 / 59" in grid._marks._heading(0)


def test_a_click_is_told_with_the_view_and_the_pixel(viewer, grid, session):
    clicks, drags = listen(grid)
    for camera, name in enumerate(session.rig.names):
        at = pixels()[FRAME, camera, TAIL]
        driving.click(viewer, name, at, driving.LEFT if camera % 2 else driving.RIGHT)
        told, xy, button, modifiers, unit = clicks[-1]
        assert (told, button, modifiers) == (camera, 1 if camera % 2 else 2, ())
        assert np.linalg.norm(np.array(xy) - at) <= unit  # within a screen pixel
        assert viewer.layers.selection.active is viewer.layers[name]
    assert len(clicks) == 4
    assert not drags


def test_clicks_are_right_after_following_zooming_and_focusing(viewer, grid, session):
    clicks, _ = listen(grid)
    session.select(NOSE)
    for act in (grid.follow, grid.zoom_to_keypoint, lambda: grid.focus(2)):
        act()
        driving.settle(100)
        at = pixels()[FRAME, 2, NOSE] + (1.0, -0.5)
        driving.click(viewer, session.rig.names[2], at)
        camera, xy, _, _, unit = clicks[-1]
        assert camera == 2
        assert np.linalg.norm(np.array(xy) - at) <= unit
    assert len(clicks) == 3


def test_dragging_pans_but_the_selected_label_is_moved(viewer, grid, session):
    clicks, drags = listen(grid)
    session.select(LEFT)
    grid.follow()
    driving.settle(100)
    name, start = session.rig.names[1], pixels()[FRAME, 1, LEFT]
    center = viewer.scene.camera.center
    driving.drag(viewer, name, start, start + DELTA)
    assert [finished for *_, finished in drags][-1] is True
    assert not any(finished for *_, finished in drags[:-1])
    camera, xy, _ = drags[-1]
    assert camera == 1
    np.testing.assert_allclose(xy, start + DELTA, atol=1.5)
    row = grid.marks[1].keypoints.tolist().index(LEFT)
    np.testing.assert_allclose(grid.marks[1].labels[row], xy)
    assert viewer.scene.camera.center == center
    assert viewer.scene.camera.mouse_pan
    drags.clear()
    grid.redraw()
    driving.drag(viewer, name, start + 40, start + 52)
    assert not drags
    assert viewer.scene.camera.center != center
    assert not clicks


def test_two_quick_clicks_do_not_zoom(viewer, grid, session):
    from qtpy.QtTest import QTest

    clicks, _ = listen(grid)
    zoom = viewer.scene.camera.zoom
    name, at = session.rig.names[0], pixels()[FRAME, 0, NOSE]
    driving.click(viewer, name, at)
    place = driving.canvas_position(viewer, name, at)
    window, point = driving._in_window(
        driving.canvas(viewer), driving.QPoint(*np.round(place).astype(int).tolist())
    )
    QTest.mouseDClick(window, driving.LEFT, driving.NO_KEYS, point)
    driving.settle(50)
    assert viewer.scene.camera.zoom == zoom
    assert 1 <= len(clicks) <= 2


def test_what_the_mouse_points_at_is_highlighted(viewer, grid, session):
    driving.hover(viewer, session.rig.names[3], pixels()[FRAME, 3, TAIL] + 2)
    driving.wait_until(lambda: grid._marks._pointed[3].dot >= 0, "the highlight")
    dot = grid._marks._pointed[3].dot
    np.testing.assert_allclose(grid.marks[3].dots[dot], pixels()[FRAME, 3, TAIL], atol=0.01)
    driving.hover(viewer, session.rig.names[2], (5, 5))
    driving.wait_until(lambda: grid._marks._pointed[3].dot < 0, "the highlight to go")


def middle_of_box(viewer, name):
    box = driving.view_box(viewer, name)
    corner = np.asarray(box.transform.map([0, 0]))[:2]
    return driving.picture_position(viewer, name, corner + np.array(box.size) / 2)


def test_following_and_zooming_bring_the_target_into_the_middle(viewer, grid, session):
    session.select(TAIL)
    grid.zoom_to_keypoint()
    driving.settle(100)
    zoom = viewer.scene.camera.zoom
    for frame in (FRAME, FRAME + 20):
        session.go_to(frame)
        for camera, name in enumerate(session.rig.names):
            away = middle_of_box(viewer, name) - pixels()[frame, camera, TAIL]
            assert np.linalg.norm(away) < 1.5
    session.select(NOSE)
    away = middle_of_box(viewer, session.rig.names[0]) - pixels()[FRAME + 20, 0, NOSE]
    assert np.linalg.norm(away) < 1.5
    assert viewer.scene.camera.zoom == zoom
    grid.unzoom()
    assert grid.look is Look.PICTURE
    assert viewer.scene.camera.zoom < zoom
    grid.follow()
    driving.settle(50)
    for camera, name in enumerate(session.rig.names):
        inside = pixels()[FRAME + 20, camera]
        away = middle_of_box(viewer, name) - np.median(inside, axis=0)
        assert np.linalg.norm(away) < np.ptp(inside, axis=0).max()
        assert all(driving.is_in_view(viewer, name, xy) for xy in inside)


def test_one_view_alone_fills_the_canvas(viewer, grid, session):
    grid.focus(1)
    driving.settle(100)
    assert viewer.canvas.grid.actual_shape(viewer.layers) == (1, 1)
    assert [layer.visible for layer in viewer.layers] == [False, True, False, False]
    assert np.linalg.norm(middle_of_box(viewer, session.rig.names[1]) - (319.5, 239.5)) < 2
    session.go_to(40)
    grid.focus(None)
    driving.settle(100)
    assert all(layer.visible for layer in viewer.layers)
    assert len({viewer.canvas.grid.position(at, viewer.layers) for at in range(4)}) == 4


def test_the_canvas_never_becomes_3d(viewer, grid, session):
    said = []
    session.said.connect(said.append)
    viewer.dims.ndisplay = 3
    assert viewer.dims.ndisplay == 2
    assert len(said) == 1


def test_closing_leaves_the_viewer_as_it_was(viewer, session):
    before = (viewer.canvas.grid.enabled, viewer.canvas.grid.stride, viewer.canvas.grid.shape)
    callbacks = [list(getattr(viewer, f"mouse_{kind}_callbacks"))
                 for kind in ("drag", "move", "double_click")]  # fmt: skip
    grid = ViewGrid(viewer, session)
    driving.settle(50)
    grid.close()
    grid.close()
    assert not viewer.layers
    grid_now = viewer.canvas.grid
    assert (grid_now.enabled, grid_now.stride, grid_now.shape) == before
    assert [list(getattr(viewer, f"mouse_{kind}_callbacks"))
            for kind in ("drag", "move", "double_click")] == callbacks  # fmt: skip
    assert not len(session.frame_changed)
    session.go_to(3)  # nobody listens any more
    image = viewer.add_image(np.zeros((4, 20, 20), np.uint8))
    viewer.dims.set_current_step(0, 1)
    assert image.thumbnail is not None


def test_deleting_a_view_closes_the_others(viewer, session):
    grid = ViewGrid(viewer, session)
    closed = []
    grid.closed.connect(lambda: closed.append(True))
    viewer.layers.remove(viewer.layers[1])
    assert closed == [True]
    assert not viewer.layers


def shown(viewer, name):
    """The part of a screenshot that shows a view, without the writing in its corner."""
    driving.settle(100)
    picture = viewer.screenshot(canvas_only=True, flash=False)
    box = driving.view_box(viewer, name)
    left, top = np.asarray(box.transform.map([0, 0]))[:2].round().astype(int)
    width, height = np.array(box.size).round().astype(int)
    return picture[top + 30 : top + height, left : left + width, :3].astype(float)


def test_the_sample_is_drawn_with_pictures_and_marks(viewer, sample_project):
    session = LabellingSession.open(sample_project)
    grid = ViewGrid(viewer, session)
    session.go_to(41)
    driving.settle(300)
    names = session.rig.names
    plain = shown(viewer, names[3])
    assert 20 < plain.mean() < 200
    # Marks are drawn: coloured pixels over a grey picture, and none outside when switched off.
    assert np.ptp(plain, axis=2).max() > 60
    for what in ("candidates", "labels", "reprojections", "errors", "guides"):
        grid.switch(what, on=False)
    bare = shown(viewer, names[3])
    assert np.ptp(bare, axis=2).max() < 10
    grid.set_tone(0.5, 0.0, camera=3)
    assert shown(viewer, names[3]).mean() > bare.mean() + 15
    grid.channel = Channel.BLEND
    blended = shown(viewer, names[3])
    assert np.ptp(blended, axis=2).max() > 60
    assert viewer.layers[3].rgb
    session.go_to(42)
    grid.channel = Channel.REFLECTANCE
    grid.set_tone(0.0, 0.0)
    assert not viewer.layers[3].rgb
    grid.channel = Channel.FLUORESCENCE
    assert np.median(shown(viewer, names[3])) < 20
    grid.close()
    session.close()
