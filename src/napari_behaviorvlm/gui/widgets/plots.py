"""Errors, bones and cameras over time, linked to the current frame."""

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QTabWidget, QToolButton, QVBoxLayout, QWidget

from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.session import Change, LabellingSession
from napari_behaviorvlm.gui.widgets.bone_plot import BonePage
from napari_behaviorvlm.gui.widgets.camera_plot import CameraPage
from napari_behaviorvlm.gui.widgets.error_plot import ErrorPage

if TYPE_CHECKING:
    from napari_behaviorvlm.gui.widgets.plot_page import PlotPage


class Plots(QWidget):
    """Three plots in tabs; only the one that is seen does any work.

    Parameters
    ----------
    session : LabellingSession
    parent : QWidget, optional
    """

    def __init__(self, session: LabellingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plots")
        self.session = session
        self.errors = ErrorPage(session)
        self.bones = BonePage(session)
        self.cameras = CameraPage(session)
        self.pages: tuple[PlotPage, ...] = (self.errors, self.bones, self.cameras)
        self.tabs = QTabWidget(self)
        for page in self.pages:
            self.tabs.addTab(page, page.title)
        whole = QToolButton()
        whole.setText("Whole session")
        whole.setToolTip("Show all frames (turn the wheel to zoom in, drag to move)")
        whole.clicked.connect(self._show_all)
        self.tabs.setCornerWidget(whole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self.links = Links()
        self.links.add(
            (session.frame_changed, self._show_frame),
            (session.selection_changed, self._follow_selection),
            (session.edited, self._follow_edit),
            (session.queue_changed, self._redraw),
            (session.reloaded, self._forget),
            (session.seeds_changed, self._forget),
        )

    def _show_all(self) -> None:
        for page in self.pages:
            if page.isVisible():
                page.plot.show_all()

    def _show_frame(self, frame: int) -> None:
        for page in self.pages:
            if page.isVisible():
                page.show_frame(frame)

    def _follow_selection(self) -> None:
        for page in self.pages:
            page.selected()

    def _follow_edit(self, change: Change) -> None:
        for page in self.pages:
            page.edited(change.rows)

    def _redraw(self) -> None:
        for page in self.pages:
            page.redraw_soon()

    def _forget(self) -> None:
        for page in self.pages:
            page.forget()

    def let_go(self) -> None:
        """Disconnect from the session and end the plots; may be called twice."""
        self.links.cut()
        for page in self.pages:
            page.let_go()

    def closeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Let go of the session."""
        self.let_go()
        super().closeEvent(event)
