"""The head of the behaviour dock: which recording this is, and what can be opened beside it."""

from functools import partial

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QLabel, QMenu, QSizePolicy

from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.widgets.style import Panel, button, column, row

MARKS = {
    "bodies": "Show animals", "poses": "Show poses", "captions": "Show captions",
    "trails": "Show trails",
}  # fmt: skip
"""What is drawn over the video."""


class PageHeader(Panel):
    """Name of the recording, its menu, and buttons for what is beside the dock.

    Parameters
    ----------
    session : BehaviorSession
    """

    switched = Signal(str, bool)
    """Which marks are to be drawn over the video, and whether."""

    def __init__(self, session: BehaviorSession) -> None:
        super().__init__("behavior_header")
        self.title = QLabel(session.recording.name)
        self.title.setStyleSheet("font-weight: bold;")
        self.title.setToolTip(str(session.folder.folder))
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.recordings = QComboBox()
        self.recordings.setObjectName("recordings")
        self.recordings.setToolTip("Recordings of this folder; they share clusters and names.")
        self.recordings.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.recordings.addItems([each.name for each in session.folder.recordings])
        self.recordings.setCurrentText(session.recording.name)
        several = self.recordings.count() > 1
        self.recordings.setVisible(several)
        self.title.setVisible(not several)
        self.menu_button = button("Recording", "Open, add, close; what the video shows.")
        self.menu_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.timeline = button("Timeline", "The rows below the video.", checkable=True)
        self.clusters = button("Clusters", "What each cluster looks like (C).", checkable=True)
        self.export = button("Export", "Writes bouts for other programs.", name="behavior_export")
        self.report = button("Report", "A page with timelines and pictures.")
        self.help = button("Help", "All keys, the mouse, what the marks mean (F1).")
        layout = column(self)
        layout.addLayout(row(self.title, self.recordings, self.menu_button))
        layout.addLayout(row(self.timeline, self.clusters, self.export, self.report, self.help))
        self._fill_menu(in_project=bool(session.recording.view))

    def _fill_menu(self, *, in_project: bool) -> None:
        menu = QMenu(self)
        self.open_video = menu.addAction("Open another video ...")
        self.open_folder = menu.addAction("Open earlier results ...")
        self.add = menu.addAction("Add a view ..." if in_project else "Add a video ...")
        self.add.setToolTip("Its clusters and names are shared with this one.")
        self.find = menu.addAction("Find the video ...")
        self.find.setVisible(not in_project)
        menu.addSeparator()
        for what, words in MARKS.items():
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(partial(self.switched.emit, what))
        self.layers = menu.addAction("Show napari's layer list")
        self.layers.setCheckable(True)
        menu.addSeparator()
        self.close_recording = menu.addAction("Close this recording")
        self.menu_button.setMenu(menu)
