"""What the dock shows while no project is open."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFrame, QLabel, QPushButton, QWidget

from napari_behaviorvlm.gui.recent import RecentProjects
from napari_behaviorvlm.gui.widgets.style import GAP, MARGIN, Sentence, button, column

_WELCOME = "Label the body points of an animal in several synchronised views."
_HEADING = "font-weight: bold;"


class StartPage(QWidget):
    """Three ways in, and the projects of the last days.

    Parameters
    ----------
    recent : RecentProjects
    """

    open_wanted = Signal()
    new_wanted = Signal()
    sample_wanted = Signal()
    chosen = Signal(object)
    """Folder of a recent project."""

    def __init__(self, recent: RecentProjects) -> None:
        super().__init__()
        self.setObjectName("start_page")
        self._recent = recent
        self.message = Sentence(name="start_message")
        self.open = self._large("Open project ...", "A folder that this program made.",
                                self.open_wanted.emit)  # fmt: skip
        self.new = self._large("New project from your own videos ...",
                               "Synchronised videos of one animal and a calibration.",
                               self.new_wanted.emit)  # fmt: skip
        self.sample = self._large("Open the sample: a six-view mouse",
                                  "Comes with the program; a good start.",
                                  self.sample_wanted.emit)  # fmt: skip
        self.list = QWidget()
        self._rows = column(self.list, gap=2)
        layout = column(self, gap=MARGIN, margins=(MARGIN, MARGIN, MARGIN, MARGIN))
        layout.addWidget(Sentence(_WELCOME))
        for part in (self.open, self.new, self.sample):
            layout.addWidget(part)
        layout.addSpacing(GAP)
        layout.addWidget(self.list)
        layout.addWidget(self.message)
        layout.addStretch(1)

    def say(self, words: str) -> None:
        """Show one sentence, "" for nothing."""
        self.message.setText(words)
        self.message.setVisible(bool(words))

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Read the list of recent projects anew."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """List the recent projects."""
        while self._rows.count():
            widget = self._rows.takeAt(0).widget()
            widget.setParent(None)
            widget.deleteLater()
        folders = self._recent.folders
        if not folders:
            return
        heading = QLabel("Recent projects")
        heading.setStyleSheet(_HEADING)
        self._rows.addWidget(heading)
        for folder in folders:
            self._rows.addWidget(self._row(folder))

    def _row(self, folder: Path) -> QPushButton:
        made = button("", str(folder), name="recent_project")
        parent = made.fontMetrics().elidedText(
            str(folder.parent), Qt.TextElideMode.ElideMiddle, 190
        )
        made.setText(f"{folder.name}    {parent}")
        made.clicked.connect(partial(self._choose, folder))
        return made

    def _choose(self, folder: Path, *_: object) -> None:
        self.chosen.emit(folder)

    def _large(self, title: str, about: str, action: Callable[[], object]) -> QWidget:
        """Return a large button with a line that explains it."""
        frame = QFrame()
        made = QPushButton(title)
        made.setMinimumHeight(40)
        made.clicked.connect(lambda *_: action())
        layout = column(frame, gap=2)
        layout.addWidget(made)
        layout.addWidget(Sentence(about))
        frame.button = made
        return frame
