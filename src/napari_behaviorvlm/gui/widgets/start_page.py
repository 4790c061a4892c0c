"""What the dock shows while no project is open."""

from qtpy.QtCore import Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QWidget

from napari_behaviorvlm.gui.recent import RecentProjects
from napari_behaviorvlm.gui.widgets.start_parts import LargeButton, RecentFolders
from napari_behaviorvlm.gui.widgets.style import GAP, MARGIN, Sentence, column

_WELCOME = "Label the body points of an animal in several synchronised views."


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
        self.message = Sentence(name="start_message")
        self.open = LargeButton("Open project ...", "A folder that this program made.",
                                self.open_wanted.emit)  # fmt: skip
        self.new = LargeButton("New project from your own videos ...",
                               "Synchronised videos of one animal and a calibration.",
                               self.new_wanted.emit)  # fmt: skip
        self.sample = LargeButton("Open the sample: a six-view mouse",
                                  "Comes with the program; a good start.",
                                  self.sample_wanted.emit)  # fmt: skip
        self.list = RecentFolders(recent, "Recent projects", "recent_project")
        self.list.chosen.connect(self.chosen)
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
        self.list.refresh()
