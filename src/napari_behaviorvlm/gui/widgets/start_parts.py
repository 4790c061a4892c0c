"""What the start pages of both docks are made of: large buttons, and folders used lately."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QLabel, QPushButton, QWidget

from napari_behaviorvlm.gui.recent import RecentProjects
from napari_behaviorvlm.gui.widgets.style import Sentence, button, column

_PARENT_WIDTH = 190  # px, of the path behind a folder's name


class LargeButton(QFrame):
    """A large button with a line that explains it.

    Parameters
    ----------
    title, about : str
    action : callable
        Called when it is pressed.
    """

    def __init__(self, title: str, about: str, action: Callable[[], object]) -> None:
        super().__init__()
        self.button = QPushButton(title)
        self.button.setMinimumHeight(40)
        self.button.clicked.connect(lambda *_: action())
        layout = column(self, gap=2)
        layout.addWidget(self.button)
        layout.addWidget(Sentence(about))


class RecentFolders(QWidget):
    """A button for each folder that was open lately.

    Parameters
    ----------
    recent : RecentProjects
    heading : str
    name : str
        Qt's name of the buttons.
    """

    chosen = Signal(object)
    """A folder."""

    def __init__(self, recent: RecentProjects, heading: str, name: str) -> None:
        super().__init__()
        self._recent, self._heading, self._name = recent, heading, name
        self._rows = column(self, gap=2)

    def refresh(self) -> None:
        """List them anew."""
        while self._rows.count():
            widget = self._rows.takeAt(0).widget()
            widget.setParent(None)
            widget.deleteLater()
        folders = self._recent.folders
        if not folders:
            return
        heading = QLabel(self._heading)
        heading.setStyleSheet("font-weight: bold;")
        self._rows.addWidget(heading)
        for folder in folders:
            self._rows.addWidget(self._row(folder))

    def _row(self, folder: Path) -> QPushButton:
        made = button("", str(folder), name=self._name)
        parent = made.fontMetrics().elidedText(
            str(folder.parent), Qt.TextElideMode.ElideMiddle, _PARENT_WIDTH
        )
        made.setText(f"{folder.name}    {parent}")
        made.clicked.connect(partial(self._choose, folder))
        return made

    def _choose(self, folder: Path, *_: object) -> None:
        self.chosen.emit(folder)
