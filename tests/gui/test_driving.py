"""The helpers of the other tests hit what they aim at."""

import numpy as np
import pytest
from qtpy.QtWidgets import QLineEdit
from tests.gui.driving import (
    RIGHT,
    canvas,
    canvas_position,
    click,
    click_widget,
    drag,
    is_in_view,
    menu_action,
    picture_position,
    press,
    settle,
    type_text,
    wait_until,
)  # fmt: skip


@pytest.fixture
def grid(viewer):
    """Two frames of four pictures of different sizes, each in a box of its own."""
    for at in range(4):
        viewer.add_image(np.zeros((2, 300 + 50 * at, 400), np.uint8), name=f"cam{at}")
    viewer.canvas.grid.enabled = True
    viewer.reset_view()
    settle(200)
    return viewer


def test_clicks_arrive_at_the_pixel_of_the_view(grid):
    seen = []

    @grid.mouse_drag_callbacks.append
    def remember(viewer, event):
        index = viewer.canvas.grid.contents_at(event.viewbox, viewer.layers)[0]
        position = viewer.layers[index].world_to_data(event.position)
        seen.append((viewer.layers[index].name, event.button, *position[:0:-1]))

    targets = [("cam0", (20, 30)), ("cam3", (380.0, 200.0)), ("cam1", (200, 250))]
    for camera, xy in targets:
        assert np.allclose(picture_position(grid, camera, canvas_position(grid, camera, xy)), xy)
        click(grid, camera, xy)
    click(grid, "cam2", (100, 100), RIGHT)
    assert [entry[0] for entry in seen] == ["cam0", "cam3", "cam1", "cam2"]
    assert [entry[1] for entry in seen] == [1, 1, 1, 2]
    one_pixel = 1 / grid.scene.camera.zoom
    for (_, xy), entry in zip(targets, seen, strict=False):
        np.testing.assert_allclose(entry[2:], xy, atol=one_pixel)


def test_a_pixel_out_of_sight_is_refused(grid):
    grid.scene.camera.zoom *= 20
    settle(100)
    assert not is_in_view(grid, "cam0", (1, 1))
    with pytest.raises(AssertionError, match="not in the part"):
        click(grid, "cam0", (1, 1))


def test_a_drag_moves_the_camera(grid):
    before = grid.scene.camera.center
    drag(grid, "cam1", (200, 200), (250, 220))
    moved = np.subtract(grid.scene.camera.center, before)[-2:]
    np.testing.assert_allclose(moved, (-20, -50), atol=4)


def test_keys_reach_shortcuts_and_text(grid, qtbot):
    from qtpy.QtGui import QKeySequence
    from qtpy.QtWidgets import QShortcut

    called = []
    shortcut = QShortcut(QKeySequence("Ctrl+Shift+Z"), canvas(grid))
    shortcut.activated.connect(lambda: called.append("redo"))
    field = QLineEdit()
    dock = grid.window.add_dock_widget(field, name="field")
    click(grid, "cam0", (10, 10))
    canvas(grid).setFocus()
    press(grid, "Ctrl+Shift+Z", "Ctrl+Shift+Z")
    assert called == ["redo", "redo"]
    click_widget(field)
    type_text(grid, "cam 3")
    wait_until(lambda: field.text() == "cam 3")
    grid.window.remove_dock_widget(dock)


def test_menus_are_found(grid):
    assert menu_action(grid, "File", "Open Sample").menu() is not None
    with pytest.raises(AssertionError, match="no 'Fly'"):
        menu_action(grid, "Fly", "Away")
