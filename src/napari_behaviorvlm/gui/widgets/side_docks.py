"""Docks beside our own that come and go: timeline, clusters, plots, the 3D view."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QWidget

from napari_behaviorvlm.gui.napari_compat import place_under, set_dock_heights
from napari_behaviorvlm.gui.widgets.style import column

HEIGHT = 270
"""Of a dock below the views, pixels."""

TALL = 400
"""Of one with a picture that is to be read."""


class Guest(QWidget):
    """Holds a widget in a dock of napari's and closes it when napari throws the dock away.

    Parameters
    ----------
    inner : QWidget
        Lets go of its session in its ``closeEvent``.
    gone : callable
        Called once it is closed.
    """

    def __init__(self, inner: QWidget, gone: Callable[[], None]) -> None:
        super().__init__()
        self.inner, self._gone = inner, gone
        self._docked = self._over = False
        column(self).addWidget(inner)

    def event(self, event: QEvent | None) -> bool:
        """Notice being docked, and being thrown out."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parentWidget() is not None:
                self._docked = True
            elif self._docked:
                self.end()
        return bool(super().event(event))

    def end(self) -> None:
        """Close the widget; may be called twice."""
        if self._over:
            return
        self._over = True
        self.inner.close()
        self._gone()
        self.deleteLater()


class SideDocks:
    """Shows and hides widgets of a session in docks of their own.

    Parameters
    ----------
    viewer : Viewer
    changed : callable
        Called whenever one comes or goes.
    """

    def __init__(self, viewer: Any, changed: Callable[[], None]) -> None:
        self._viewer, self._changed = viewer, changed
        self._guests: dict[str, Guest] = {}
        self._docks: dict[str, QWidget] = {}
        self._under: dict[str, str] = {}
        self._heights: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._later = QTimer()
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._resize)

    def is_shown(self, title: str) -> bool:
        """Whether a dock is there."""
        return title in self._guests

    def inner(self, title: str) -> QWidget | None:
        """Return the widget in a dock, None if it is not there."""
        guest = self._guests.get(title)
        return None if guest is None else guest.inner

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        """What is in the docks."""
        return tuple(self._guests.values())

    def toggle(
        self, title: str, make: Callable[[], QWidget], area: str, height: int = HEIGHT, *,
        under: str = "",
    ) -> None:  # fmt: skip
        """Show a dock, or take it away.

        Parameters
        ----------
        title : str
        make : callable
            Makes what is in it.
        area : str
            Of the window.
        height : int
            Pixels.
        under : str
            Title of the dock below which it lies, where that is shown; several lie there in tabs.
        """
        if title in self._guests:
            self.remove(title)
            return
        guest = Guest(make(), lambda: self._left(title))
        self._guests[title] = guest
        dock = self._viewer.window.add_dock_widget(
            guest, name=title, area=area, add_vertical_stretch=False
        )
        upper = self._docks.get(under)
        if upper is not None:
            beside = [other for other, above in self._under.items() if above == under]
            self._heights.setdefault(under, upper.height())
            if not beside:
                self._before[under] = upper.height()
            place_under(self._viewer, upper, dock, [self._docks[other] for other in beside])
        self._docks[title], self._under[title] = dock, under
        self._heights[title] = height
        set_dock_heights(self._viewer, [dock], [height])
        self._later.start()
        self._changed()

    def _resize(self) -> None:
        """Give new docks their heights: one below another has no place before the window has."""
        wanted = {title: high for title, high in self._heights.items() if title in self._docks}
        self._heights.clear()
        docks = [self._docks[title] for title in wanted]
        set_dock_heights(self._viewer, docks, list(wanted.values()))
        newest = list(self._docks)[-1] if self._docks else ""
        if newest in wanted:
            self._docks[newest].raise_()  # where several lie in tabs

    def remove(self, title: str) -> None:
        """Take a dock away."""
        self._viewer.window.remove_dock_widget(self._guests[title])

    def close(self) -> None:
        """Take all docks away."""
        for title in list(self._guests):
            self.remove(title)
        self._later.stop()

    def end(self) -> None:
        """Close what is in the docks; the window goes itself."""
        self._later.stop()
        for guest in list(self._guests.values()):
            guest.end()

    def _left(self, title: str) -> None:
        upper = self._under.get(title, "")
        for kept in (self._guests, self._docks, self._under, self._heights, self._before):
            kept.pop(title, None)
        if upper in self._before and upper not in self._under.values():
            self._heights[upper] = self._before.pop(upper)  # it would fill the place
            self._later.start()
        self._changed()
