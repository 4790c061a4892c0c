"""Real mouse and key events on a napari window: they enter where the window system's would.

Positions are pixels of a view's picture, as labels and candidates have them, so that a test says
"click dot 4 of cam2" and not where on the screen that happens to be drawn.
"""

import time

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

LEFT = Qt.MouseButton.LeftButton
RIGHT = Qt.MouseButton.RightButton
NO_KEYS = Qt.KeyboardModifier.NoModifier


def main_window(viewer):
    """The window of a viewer (QMainWindow)."""
    return viewer.window._qt_window


def canvas(viewer):
    """The widget in which the views are drawn."""
    return viewer.window._qt_viewer.canvas.native


def wait_until(condition, what="the condition", seconds=10.0):
    """Let the application work until the condition holds; return what it returned."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, f"waited {seconds:g} s in vain for {what}"
        QTest.qWait(10)
    return result


def settle(milliseconds=50):
    """Let the application draw and work for a moment."""
    QTest.qWait(milliseconds)


def view_box(viewer, camera):
    """The vispy box in which a camera's layer is drawn; the only one when the grid is off."""
    drawn = viewer.window._qt_viewer.canvas
    if not viewer.canvas.grid.enabled:
        return drawn.view
    index = viewer.layers.index(camera)
    row, column = viewer.canvas.grid.position(index, viewer.layers)
    assert row >= 0, f"{camera} is not shown"
    return drawn.grid[row, column]


def canvas_position(viewer, camera, xy):
    """Where a pixel (x, y) of a camera's picture is drawn, in logical pixels of the canvas."""
    layer = viewer.layers[camera]
    box = view_box(viewer, camera)
    y, x = layer.data_to_world((*layer.ndim * (0,), xy[1], xy[0])[-layer.ndim :])[-2:]
    mapped = (box.transform * box.scene.transform).map([x, y, 0, 1])
    return mapped[:2] / mapped[3]


def picture_position(viewer, camera, at):
    """Inverse of `canvas_position`: the picture's pixel (x, y) under a point of the canvas."""
    layer = viewer.layers[camera]
    box = view_box(viewer, camera)
    mapped = (box.transform * box.scene.transform).imap([*at, 0, 1])
    world = [0.0] * layer.ndim
    world[-2:] = mapped[1] / mapped[3], mapped[0] / mapped[3]
    y, x = layer.world_to_data(world)[-2:]
    return np.array([x, y])


def is_in_view(viewer, camera, xy):
    """Whether a pixel of a camera's picture lies inside the part of its view that is shown."""
    box = view_box(viewer, camera)
    corner = np.asarray(box.transform.map([0, 0]))[:2]
    x, y = canvas_position(viewer, camera, xy) - corner
    return 0 <= x < box.size[0] and 0 <= y < box.size[1]


def click(viewer, camera, xy, button=LEFT, keys=NO_KEYS):
    """Click a pixel (x, y) of a camera's picture, moving the mouse there first."""
    click_canvas(viewer, _visible(viewer, camera, xy), button, keys)


def click_canvas(viewer, at, button=LEFT, keys=NO_KEYS):
    """Click a point (x, y) of the canvas."""
    window, point = _in_window(canvas(viewer), QPoint(round(at[0]), round(at[1])))
    QTest.mouseMove(window, point)
    settle(20)
    QTest.mouseClick(window, button, keys, point)
    settle(20)


def hover(viewer, camera, xy):
    """Move the mouse to a pixel (x, y) of a camera's picture."""
    at = _visible(viewer, camera, xy)
    window, point = _in_window(canvas(viewer), QPoint(round(at[0]), round(at[1])))
    QTest.mouseMove(window, point)
    settle(20)


def drag(viewer, camera, start, end, button=LEFT, keys=NO_KEYS, steps=8):
    """Drag from one pixel (x, y) of a camera's picture to another."""
    first = np.asarray(_visible(viewer, camera, start))
    last = np.asarray(_visible(viewer, camera, end))
    widget = canvas(viewer)
    window, point = _in_window(widget, QPoint(*np.round(first).astype(int).tolist()))
    QTest.mouseMove(window, point)
    QTest.mousePress(window, button, keys, point)
    for share in np.linspace(0, 1, steps + 1)[1:]:
        at = np.round(first + share * (last - first)).astype(int).tolist()
        window, point = _in_window(widget, QPoint(*at))
        QTest.mouseMove(window, point)
        settle(20)
    QTest.mouseRelease(window, button, keys, point)
    settle(20)


def click_widget(widget, at=None, button=LEFT, keys=NO_KEYS):
    """Click a widget that is shown, at its centre or at a point (x, y) of it.

    The event enters at the widget's window, so a widget that is covered does not get it.
    """
    assert widget.isVisible(), f"{widget.objectName() or widget} is not shown"
    point = widget.rect().center() if at is None else QPoint(*at)
    window, point = _in_window(widget, point)
    QTest.mouseClick(window, button, keys, point)
    settle(20)


def focus_views(viewer):
    """Give the keyboard to the views, as a click into them does; the window comes to the front."""
    window = main_window(viewer)
    window.raise_()
    window.activateWindow()
    canvas(viewer).setFocus(Qt.FocusReason.MouseFocusReason)
    wait_until(canvas(viewer).hasFocus, "the views to get the keyboard")


def press(target, *keys):
    """Press keys, each written as in menus ("Ctrl+Shift+Z"), in a viewer's or a widget's window.

    Whatever has the focus there gets them, as with a keyboard.
    """
    widget = target if hasattr(target, "windowHandle") else main_window(target)
    for key in keys:
        code, modifiers = _key(key)
        QTest.keyClick(widget.window().windowHandle(), code, modifiers)
        settle(20)


def type_text(target, text):
    """Type characters into whatever has the focus."""
    widget = target if hasattr(target, "windowHandle") else main_window(target)
    for letter in text:
        code, modifiers = _key(letter)
        QTest.keyClick(widget.window().windowHandle(), code, modifiers)
    settle(20)


def menu_action(viewer, *titles):
    """The action that a path of titles in the menu bar leads to, e.g. ("File", "Open Sample").

    Menus are opened on the way, since napari fills some of them only then.
    """
    entries = main_window(viewer).menuBar().actions()
    for depth, title in enumerate(titles):
        found = next((a for a in entries if _plain(a.text()) == title), None)
        assert found is not None, f"no {title!r} among {[_plain(a.text()) for a in entries]}"
        if depth == len(titles) - 1:
            return found
        found.menu().aboutToShow.emit()
        entries = found.menu().actions()
    raise AssertionError("give the titles of a menu and of an action")


def dialogs():
    """Windows that are shown in front of the main one."""
    return [
        widget for widget in QApplication.topLevelWidgets()
        if widget.isVisible() and widget.windowModality() != Qt.WindowModality.NonModal
    ]  # fmt: skip


def _plain(title):
    return title.replace("&", "")


def _visible(viewer, camera, xy):
    assert is_in_view(viewer, camera, xy), f"{xy} of {camera} is not in the part that is shown"
    return canvas_position(viewer, camera, xy)


def _in_window(widget, point):
    window = widget.window()
    return window.windowHandle(), widget.mapTo(window, point)


def _key(text):
    sequence = QKeySequence(text)
    assert sequence.count() == 1, f"{text!r} is no key"
    combination = sequence[0]
    if hasattr(combination, "keyboardModifiers"):  # Qt 6
        return combination.key(), combination.keyboardModifiers()
    modifiers = Qt.KeyboardModifier(combination & 0xFE000000)
    return Qt.Key(combination & 0x01FFFFFF), modifiers
