"""What the behaviour dock shows while no recording is open."""

from qtpy.QtCore import Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QProgressBar, QWidget

from napari_behaviorvlm.gui.recent import RecentProjects
from napari_behaviorvlm.gui.widgets.start_parts import LargeButton, RecentFolders
from napari_behaviorvlm.gui.widgets.style import GAP, MARGIN, Sentence, column

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
        self.message = Sentence(name="behavior_start_message")
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setVisible(False)
        self.video = LargeButton("Open a video ...", "One or several animals, seen by one camera.",
                                 self.video_wanted.emit)  # fmt: skip
        self.project = LargeButton("Use the open labelling project",
                                   "One of its views, with the 3D poses that were labelled.",
                                   self.project_wanted.emit)  # fmt: skip
        self.folder = LargeButton("Open earlier results ...", "A folder that ends in .behavior.",
                                  self.folder_wanted.emit)  # fmt: skip
        self.sample = LargeButton("Open the sample: three mice", "Comes with the program.",
                                  self.sample_wanted.emit)  # fmt: skip
        self.list = RecentFolders(recent, "Recent results", "recent_behavior")
        self.list.chosen.connect(self.chosen)
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
        self.list.refresh()
