"""What the behaviour dock shows while no recording is open."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFrame, QLabel, QProgressBar, QPushButton, QWidget

from napari_behaviorvlm.gui.recent import RecentProjects
from napari_behaviorvlm.gui.widgets.style import GAP, MARGIN, Sentence, button, column

_WELCOME = (
    "Find out what animals do in a video. Open one and press Start: it is cut into clips, each "
    "clip gets a caption, and clips are joined to named events. Correct them in the timeline, "
    "then export."
)


class BehaviorStartPage(QWidget):
    """Ways in: a video, a labelling project, a folder of earlier results, the sample.

    Parameters
    ----------
    recent : RecentProjects
    """

    video_wanted = Signal()
    folder_wanted = Signal()
    project_wanted = Signal()
    sample_wanted = Signal()
    chosen = Signal(object)
    """A recent folder."""

    def __init__(self, recent: RecentProjects) -> None:
        super().__init__()
        self.setObjectName("behavior_start_page")
        self._recent = recent
        self.message = Sentence(name="behavior_start_message")
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setVisible(False)
        self.video = self._large("Open a video ...", "One or several animals, seen by one camera.",
                                 self.video_wanted.emit)  # fmt: skip
        self.project = self._large("Use the open labelling project",
                                   "One of its views, with the 3D poses that were labelled.",
                                   self.project_wanted.emit)  # fmt: skip
        self.folder = self._large("Open earlier results ...", "A folder that ends in .behavior.",
                                  self.folder_wanted.emit)  # fmt: skip
        self.sample = self._large("Open the sample: three mice", "Comes with the program.",
                                  self.sample_wanted.emit)  # fmt: skip
        self.list = QWidget()
        self._rows = column(self.list, gap=2)
        layout = column(self, gap=MARGIN, margins=(MARGIN,) * 4)
        layout.addWidget(Sentence(_WELCOME))
        for part in (self.video, self.project, self.folder, self.sample):
            layout.addWidget(part)
        layout.addSpacing(GAP)
        for part in (self.bar, self.message, self.list):
            layout.addWidget(part)
        layout.addStretch(1)
        self.offer_project(possible=False)

    def offer_project(self, *, possible: bool) -> None:
        """Offer the project of the labelling dock, where one is open."""
        self.project.setVisible(possible)

    def say(self, words: str, *, busy: bool = False) -> None:
        """Show one sentence, "" for nothing, and whether something is being opened."""
        self.message.setText(words)
        self.message.setVisible(bool(words))
        self.bar.setVisible(busy)
        for part in (self.video, self.project, self.folder, self.sample, self.list):
            part.setEnabled(not busy)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Read the list of recent folders anew."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """List the recent folders."""
        while self._rows.count():
            widget = self._rows.takeAt(0).widget()
            widget.setParent(None)
            widget.deleteLater()
        folders = self._recent.folders
        if not folders:
            return
        heading = QLabel("Recent results")
        heading.setStyleSheet("font-weight: bold;")
        self._rows.addWidget(heading)
        for folder in folders:
            self._rows.addWidget(self._row(folder))

    def _row(self, folder: Path) -> QPushButton:
        made = button("", str(folder), name="recent_behavior")
        parent = made.fontMetrics().elidedText(
            str(folder.parent), Qt.TextElideMode.ElideMiddle, 170
        )
        made.setText(f"{folder.name}    {parent}")
        made.clicked.connect(partial(self._choose, folder))
        return made

    def _choose(self, folder: Path, *_: object) -> None:
        self.chosen.emit(folder)

    def _large(self, title: str, about: str, action: Callable[[], object]) -> QFrame:
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
