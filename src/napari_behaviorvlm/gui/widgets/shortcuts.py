"""Keys of the dock, wherever in the window the keyboard is at home.

Qt's own shortcuts would do, were it not for napari: its menus and layers bind the same keys, and Qt
then runs neither or both. Keys are therefore taken before anybody else sees them, in the
dock and around the canvas only, and text fields keep what they need.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from napari_behaviorvlm.gui.controllers.actions import Action
from napari_behaviorvlm.gui.keymap import Keymap, KeymapError, normal_key

TEXT_FIELDS = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox, QKeySequenceEdit)

SILENCED = frozenset(
    normal_key(key) for key in (
        "Space", "V", "Shift+V", "C", "X", "Y", "Z", "O", "1", "2", "Ctrl+G", "Ctrl+E", "Ctrl+T",
        "Ctrl+Alt+T", "Ctrl+Del", "Ctrl+Backspace", "Ctrl+Y", "Ctrl+Up", "Ctrl+Down", "Alt+Up",
        "Alt+Down", "Alt+Shift+Up", "Alt+Shift+Down", "Left", "Right",
    )
)  # fmt: skip
"""Keys of napari that would take the views apart: grid, axes, deleting and reordering layers."""

_KEYS = {QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease}


def key_of(event: QKeyEvent) -> str:
    """Return the key of an event as the keymap writes it; "" for a modifier alone."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    try:
        return normal_key(_sequence(event.key(), modifiers).toString(_PORTABLE))
    except (KeymapError, ValueError):
        return ""


def _sequence(key: int, modifiers: Any) -> QKeySequence:
    if hasattr(modifiers, "value"):  # Qt 6
        from qtpy.QtCore import QKeyCombination

        return QKeySequence(QKeyCombination(modifiers, Qt.Key(key)))
    return QKeySequence(int(modifiers) | key)


_PORTABLE = QKeySequence.SequenceFormat.PortableText


class Shortcuts(QObject):
    """Runs actions for keys pressed in some areas of the window, until closed.

    Parameters
    ----------
    areas : callable
        Returns the widgets in which, and in whose children, keys count.
    keymap : Keymap
    actions : mapping of str to Action
    run : callable
        Told which action to run, and whether the key is ``held`` down.
    leave : callable
        Gives the keyboard back to the views; Escape in a text field does it.
    """

    def __init__(
        self, areas: Callable[[], tuple[QWidget, ...]], keymap: Keymap,
        actions: Mapping[str, Action], run: Callable[..., None], leave: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__()
        self._areas, self._keymap, self._actions = areas, keymap, actions
        self._run, self._leave = run, leave
        QApplication.instance().installEventFilter(self)

    def close(self) -> None:
        """Leave the keys to others."""
        QApplication.instance().removeEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Take a key that is ours; everything else passes."""
        if event is None or event.type() not in _KEYS or not isinstance(watched, QWidget):
            return False
        if not self._counts_in(watched) or _left_over(watched):
            return False
        key = key_of(event)
        if is_text_field(watched):
            return self._in_text_field(event, key)
        action = self._action(key)
        if action is None and key not in SILENCED:
            return False
        if isinstance(watched, QComboBox) and key in {"Up", "Down"}:
            return False
        event.accept()
        if action is not None and event.type() == QEvent.Type.KeyPress:
            self._press(action, held=event.isAutoRepeat())
        return True

    def _counts_in(self, widget: QWidget) -> bool:
        return any(area is widget or area.isAncestorOf(widget) for area in self._areas())

    def _action(self, key: str) -> Action | None:
        found = self._keymap.action(key)
        if found is None and "Shift+" in key and not key[-1:].isalnum():
            # On many keyboards "=" or "/" needs Shift.
            found = self._keymap.action(key.replace("Shift+", ""))
        return None if found is None else self._actions.get(found)

    def _press(self, action: Action, *, held: bool) -> None:
        if not held or action.repeats:
            self._run(action, held=held)

    def _in_text_field(self, event: QEvent, key: str) -> bool:
        if key != "Escape":
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            self._leave()
        return True


def is_text_field(widget: QWidget | None) -> bool:
    """Whether letters typed belong to a widget; of a combo box it is the box that has the focus."""
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, TEXT_FIELDS)


def _left_over(watched: QWidget) -> bool:
    """Whether a key comes from a text field below, which had no use for it (Return)."""
    typed_in = QApplication.focusWidget()
    if watched is typed_in:  # Qt calls a widget an ancestor of itself
        return False
    return is_text_field(typed_in) and watched.isAncestorOf(typed_in)


HELD = ((3.0, 5), (1.5, 2))
"""Seconds a key is held after which single frames become steps of so many."""


class Stepper(QObject):
    """Gathers steps while a picture is being drawn, so that a held key leaves no backlog.

    A key that is held down goes faster and faster.

    Parameters
    ----------
    jump : callable
        Goes on by so many frames.
    """

    def __init__(self, jump: Callable[[int], object]) -> None:
        super().__init__()
        self._jump = jump
        self._waiting = 0
        self._pressed = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.flush)

    def step(self, frames: int, *, held: bool = False) -> None:
        """Go on by some frames (negative: back) as soon as the window is ready."""
        if not held:
            self._pressed = time.monotonic()
        elif abs(frames) == 1:
            since = time.monotonic() - self._pressed
            frames *= next((factor for seconds, factor in HELD if since >= seconds), 1)
        self._waiting += frames
        if not self._timer.isActive():
            self._timer.start()

    def flush(self) -> None:
        """Go now."""
        self._timer.stop()
        frames, self._waiting = self._waiting, 0
        if frames:
            self._jump(frames)

    def close(self) -> None:
        """Forget steps that were not made."""
        self._timer.stop()
        self._waiting = 0
