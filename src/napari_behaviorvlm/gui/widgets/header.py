"""The head of the dock: which project this is, and what can be opened beside it."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel, QMenu, QSizePolicy

from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.widgets.style import Panel, button, column, row


class Header(Panel):
    """Name of the project, its menu, and buttons for windows beside the dock.

    Parameters
    ----------
    session : LabellingSession
    """

    def __init__(self, session: LabellingSession) -> None:
        super().__init__("header")
        self._name = session.project.folder.name
        self.title = QLabel()
        self.title.setStyleSheet("font-weight: bold;")
        self.title.setToolTip(str(session.project.folder))
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.menu_button = button("Project", "Open, close, seed frames, napari's layer list.",
                                  name="project_menu")  # fmt: skip
        self.menu_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._fill_menu()
        self.run = button("Run", "Finds dots, names them, triangulates.", name="run")
        self.export = button("Export", "Writes labels for DeepLabCut, SLEAP and others.",
                             name="export")  # fmt: skip
        self.scene = button("3D", "Shows the animal in space.", checkable=True, name="scene")
        self.plots = button("Plots", "Errors, bones and cameras over time.", checkable=True,
                            name="plots")  # fmt: skip
        self.help = button("Help", "All keys, the mouse, what the marks mean (F1).", name="help")
        layout = column(self)
        layout.addLayout(row(self.title, self.menu_button))
        layout.addLayout(row(self.run, self.export, self.scene, self.plots, self.help))
        self._elide()

    def _fill_menu(self) -> None:
        menu = QMenu(self)
        self.seed = menu.addAction("Label this frame as a seed (E)")
        self.suggest = menu.addAction("Go to a frame worth labelling (Ctrl+E)")
        menu.addSeparator()
        self.layers = menu.addAction("Show napari's layer list")
        self.layers.setCheckable(True)
        menu.addSeparator()
        self.open = menu.addAction("Open another project ...")
        self.new = menu.addAction("New project ...")
        self.close_project = menu.addAction("Close this project")
        self.menu_button.setMenu(menu)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Keep the name within its room."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = max(self.title.width(), 40)
        self.title.setText(
            self.title.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideMiddle, room)
        )
