"""What both docks of ours have in common: how they live and end in napari's window."""

import weakref
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QSize, QTimer
from qtpy.QtWidgets import QWidget

from napari_behaviorvlm.gui.napari_compat import (
    hide_layer_docks,
    join_docks,
    keep_right_docks_tall,
    main_window,
    views_area,
)
from napari_behaviorvlm.gui.widgets.style import DOCK_WIDTH, WIDE_DOCK, WIDE_SCREEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari.viewer import Viewer


_OPEN: "weakref.WeakSet[DockShell]" = weakref.WeakSet()


class DockShell(QWidget):
    """A dock that notices its own end, napari's or the window's, whichever comes first.

    Parameters
    ----------
    viewer : Viewer
    name : str
        Of the Qt object.
    """

    def __init__(self, viewer: "Viewer", name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.viewer = viewer
        self._docked = self._over = False
        self._show_layers: Callable[[], None] | None = None
        self._size: QSize | None = None
        self._joining = QTimer(self)
        self._joining.setSingleShot(True)
        self._joining.setInterval(0)
        self._joining.timeout.connect(self._join_others)
        self.setMinimumWidth(300)
        self._watched: tuple[QWidget, ...] = (main_window(viewer), views_area(viewer))
        for widget in self._watched:
            widget.installEventFilter(self)
        _OPEN.add(self)
        self._restore_corner = keep_right_docks_tall(viewer)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for a narrow strip."""
        wide = self.screen().availableGeometry().width() >= WIDE_SCREEN
        return QSize(WIDE_DOCK if wide else DOCK_WIDTH, 640)

    @property
    def is_over(self) -> bool:
        """Whether the dock has ended."""
        return self._over

    def let_go(self, *, window_closing: bool) -> None:
        """Stop everything and close what is open; called once.

        Parameters
        ----------
        window_closing : bool
            napari's window is going: its docks need not be taken away one by one.
        """
        raise NotImplementedError

    def make_room(self, project: "Path | None") -> None:
        """Give the canvas up, where what is shown there cannot stay.

        Parameters
        ----------
        project : Path or None
            Labelling project that is about to be shown; None for a video.
        """
        raise NotImplementedError

    def take_canvas(self, project: "Path | None") -> None:
        """Ask the other docks for the canvas."""
        for dock in open_docks(self.viewer):
            if dock is not self:
                dock.make_room(project)

    # napari's layer list -----------------------------------------------------------------------

    def switch_layers(self, shown: bool) -> None:
        """Show napari's layer list and controls, or hide them."""
        if shown:
            self.restore_layers()
        elif self._show_layers is None:
            self._show_layers = hide_layer_docks(self.viewer)

    def restore_layers(self) -> None:
        """Show what was hidden."""
        if self._show_layers is not None:
            self._show_layers()
        self._show_layers = None

    # The end -----------------------------------------------------------------------------------

    def event(self, event: QEvent | None) -> bool:
        """Notice when napari throws the dock away."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parentWidget() is not None:
                self._docked = True
                if len(open_docks(self.viewer)) > 1 and self._size is None:
                    self._size = main_window(self.viewer).size()
                    self._joining.start()  # napari is not ready with it yet
            elif self._docked and not self._over:
                self.shut_down()
                self.deleteLater()
        return bool(super().event(event))

    def _join_others(self) -> None:
        """Lie in tabs with the other docks of ours: one above the other they are too low."""
        window = main_window(self.viewer)
        if self._size is not None:
            for dock in open_docks(self.viewer):
                if dock is not self:
                    join_docks(self.viewer, dock, self)
            window.resize(self._size)  # it may have grown meanwhile

    def closeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Let go of everything."""
        self.shut_down()
        super().closeEvent(event)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Notice that napari's window closes, unless the person changed their mind."""
        if event is None or event.type() != QEvent.Type.Close or self._over:
            return False
        if watched is self._watched[0]:
            watched.closeEvent(event)  # napari may ask, and the answer may be no
            if event.isAccepted():
                self._shut_all()
            return True
        self._shut_all()
        return False

    def _shut_all(self) -> None:
        """End every dock of ours: only one of them hears of the window's end."""
        for dock in open_docks(self.viewer):
            dock.shut_down(window_closing=True)

    def shut_down(self, *, window_closing: bool = False) -> None:
        """Stop everything and close the project; may be called twice."""
        if self._over:
            return
        self._over = True
        self._joining.stop()
        _OPEN.discard(self)
        for widget in self._watched:
            widget.removeEventFilter(self)
        self._restore_corner()
        # The window owns the dock: references from here to there would keep both alive.
        self._watched, self._restore_corner = (), _nothing
        self.let_go(window_closing=window_closing)


def _nothing() -> None:
    pass


def open_docks(viewer: "Viewer") -> "list[DockShell]":
    """Docks of ours in a viewer's window."""
    return [dock for dock in list(_OPEN) if dock.viewer is viewer]


def same_place(one: "Path | None", other: "Path | None") -> bool:
    """Whether two paths name the same folder."""
    try:
        return one is not None and other is not None and one.samefile(other)
    except OSError:
        return False
