"""The behaviour dock with a recording open: panels at the side, the timeline below the video."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QInputDialog,
    QLabel,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QWidget,
)

from napari_behaviorvlm.behavior.crops import egocentric_crop
from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.gui.controllers.actions import Action
from napari_behaviorvlm.gui.controllers.behavior_actions import WindowCommands, behavior_actions
from napari_behaviorvlm.gui.controllers.bout_flow import BoutFlow
from napari_behaviorvlm.gui.keymap import Keymap, behavior_keys_file
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.napari_compat import canvas_widget, views_area
from napari_behaviorvlm.gui.views.behavior_view import BehaviorView
from napari_behaviorvlm.gui.views.frames import FrameStack
from napari_behaviorvlm.gui.views.video_source import VIDEO, VideoSource
from napari_behaviorvlm.gui.widgets.behavior.bout_panel import BoutPanel
from napari_behaviorvlm.gui.widgets.behavior.label_panel import LabelPanel
from napari_behaviorvlm.gui.widgets.behavior.player import Player
from napari_behaviorvlm.gui.widgets.behavior.run_form import RunForm
from napari_behaviorvlm.gui.widgets.behavior.timeline import Timeline
from napari_behaviorvlm.gui.widgets.behavior.transport import TransportBar
from napari_behaviorvlm.gui.widgets.help_panel import HelpPanel, explaining
from napari_behaviorvlm.gui.widgets.shortcuts import Shortcuts, Stepper
from napari_behaviorvlm.gui.widgets.side_docks import SideDocks
from napari_behaviorvlm.gui.widgets.style import (
    GAP,
    MARGIN,
    ROW,
    Panel,
    Sentence,
    button,
    column,
    row,
)
from napari_behaviorvlm.gui.workers import Worker

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

TIMELINE, CLUSTERS, WHY = "Timeline", "Clusters", "What it was named from"
BOUT, LABELS, RUN = "Bout", "Labels", "Run"
CROP_SIZE = 192

MOUSE = (
    ("Click in the timeline", "Goes to the frame and chooses the bout."),
    ("Ctrl + click", "Chooses several bouts; Shift + click all between."),
    ("Drag an edge", "Moves it; a neighbour that touches it gives way."),
    ("Drag elsewhere", "Looks through the video."),
    ("Double click", "Another name."),
    ("Right click", "Everything that can be done with a bout."),
    ("Wheel", "See more or less; with Shift, moves."),
    ("Strip at the bottom", "The whole recording: click to go there."),
    ("Click an animal in the video", "Chooses its bout."),
)
MARKS = (
    "A white line below a bout: a person made it or said that it is right.",
    "Grey ground without a bout: not labelled. Crossed ground: the animal is not seen.",
    "The thin row below an animal's bouts: the clips that they were made from.",
    "In the video: an arrow from tail to head, and the way of the last second.",
)


class BehaviorPage(QWidget):
    """Everything about one recording.

    Parameters
    ----------
    viewer : Viewer
    session : BehaviorSession
    layer : Image, optional
        Of the labelling dock, where it shows this recording already.

    Raises
    ------
    VideoError
        If the video cannot be opened.
    """

    recording_wanted = Signal(str)
    lost = Signal()
    """The video was taken from the canvas."""

    def __init__(
        self, viewer: "Viewer", session: BehaviorSession, layer: "Image | None" = None
    ) -> None:  # fmt: skip
        super().__init__()
        self.setObjectName("behavior_page")
        self.viewer, self.session = viewer, session
        self._over = False
        self._source = _source_of(session)
        shared = layer is not None
        self._stack = None if self._source is None else FrameStack(
            self._source, VIDEO, self._source.channel
        )  # fmt: skip
        self.view = None if self._source is None and layer is None else BehaviorView(
            viewer, session, self._source, layer
        )  # fmt: skip
        self._shares = shared
        self.flow = BoutFlow(session)
        self.player = Player(session, self)
        self.stepper = Stepper(self.flow.step)
        self._make_parts()
        self._make_commands()
        self._lay_out()
        self._connect()
        self.toggle_timeline()
        self.say("" if session.content.clips is not None else
                 "Nothing is known of this video yet: start in the tab Run.")  # fmt: skip
        if session.content.clips is None:
            self.tabs.setCurrentIndex(2)

    # Making it ---------------------------------------------------------------------------------

    def _make_parts(self) -> None:
        session = self.session
        self.title = QLabel(session.recording.name)
        self.title.setStyleSheet("font-weight: bold;")
        self.title.setToolTip(str(session.folder.folder))
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.recordings = QComboBox()
        self.recordings.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.recordings.addItems([each.name for each in session.folder.recordings])
        self.recordings.setCurrentText(session.recording.name)
        several = self.recordings.count() > 1
        self.recordings.setVisible(several)
        self.title.setVisible(not several)
        self.menu_button = button("Recording", "Open, close, export, report.")
        self.menu_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.timeline_button = button("Timeline", "The rows below the video.", checkable=True)
        self.clusters_button = button("Clusters", "What each cluster looks like.", checkable=True)
        self.export = button("Export", "Events as csv, for BORIS, NWB, SLEAP.")
        self.report = button("Report", "A page with timelines and pictures.")
        self.help_button = button("Help", "All keys, the mouse, what the marks mean (F1).")
        self.timeline: Timeline | None = None
        self.bout_panel = BoutPanel(session, self.flow, self.close_up)
        self.labels = LabelPanel(session, self.flow)
        self.run_form = RunForm(session)
        self.status = Sentence(name="behavior_status")
        self.side = SideDocks(self.viewer, self._side_changed)
        self.help: HelpPanel | None = None
        self._reporter = Worker("Report", parent=self)

    def _make_commands(self) -> None:
        window = WindowCommands(
            self.player.toggle, self.player.toggle_bout, lambda: self._zoom(0.6),
            lambda: self._zoom(1 / 0.6), self._see_all, self._search, self.rename, self.show_help,
        )  # fmt: skip
        self.actions_: dict[str, Action] = {
            action.id: action for action in behavior_actions(self.flow, window)
        }
        self.keymap = Keymap(
            {action.id: action.keys for action in self.actions_.values()}, behavior_keys_file()
        )
        self.shortcuts = Shortcuts(
            self._key_areas, self.keymap, self.actions_, self.run, self.focus_views
        )

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for title, part in ((BOUT, _scrolled(self.bout_panel)), (LABELS, self.labels),
                            (RUN, _scrolled(self.run_form))):  # fmt: skip
            self.tabs.addTab(part, title)
        self.status.setMinimumHeight(2 * ROW)
        self.status.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        layout = column(self, margins=(MARGIN, GAP, MARGIN, GAP))
        layout.addLayout(row(self.title, self.recordings, self.menu_button))
        layout.addLayout(row(self.timeline_button, self.clusters_button, self.export, self.report,
                             self.help_button))  # fmt: skip
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.status)
        self._fill_menu()

    def _fill_menu(self) -> None:
        menu = QMenu(self)
        self.open_video = menu.addAction("Open another video ...")
        self.open_folder = menu.addAction("Open earlier results ...")
        menu.addSeparator()
        self.marks = [menu.addAction(words) for words in (
            "Show animals", "Show captions", "Show trails"
        )]  # fmt: skip
        for action, what in zip(self.marks, ("bodies", "captions", "trails"), strict=True):
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(lambda on, what=what: self._switch(what, on=on))
        self.layers = menu.addAction("Show napari's layer list")
        self.layers.setCheckable(True)
        menu.addSeparator()
        self.close_recording = menu.addAction("Close this recording")
        self.menu_button.setMenu(menu)

    def _connect(self) -> None:
        session = self.session
        links: list[tuple[Any, Any]] = [
            (session.said, self.say), (session.edited, self.say),
            (self.run_form.ran, self._reload),
            (self.labels.rename_wanted, self._rename_everywhere),
            (self.bout_panel.why_wanted, self.toggle_why),
            (self.timeline_button.clicked, self.toggle_timeline),
            (self.clusters_button.clicked, self.toggle_clusters),
            (self.export.clicked, self.show_export), (self.report.clicked, self.make_report),
            (self.help_button.clicked, self.show_help),
            (self.recordings.textActivated, self.recording_wanted.emit),
            (self._reporter.done, self._reported), (self._reporter.failed, self.say),
        ]  # fmt: skip
        if self.view is not None:
            links.append((self.view.closed, self._view_closed))
        self.run_form.links.add(*links)

    # What is beside it -------------------------------------------------------------------------

    def toggle_timeline(self, *_: object) -> None:
        """Show the timeline, or take it away."""
        height = 60 + 50 * min(len(self.session.animals), 6)
        self.side.toggle(TIMELINE, self._make_timeline, "bottom", max(height, 190))

    def _make_timeline(self) -> QWidget:
        holder = _TimelineHolder(self.session, self.player)
        self.timeline = holder.timeline
        holder.timeline.menu_wanted.connect(self._show_menu)
        holder.timeline.rename_wanted.connect(self.rename)
        holder.bar.next_wanted.connect(self.flow.next_found)
        self._bar = holder.bar
        return holder

    def toggle_clusters(self, *_: object) -> None:
        """Show what each cluster looks like, or take that away."""
        from napari_behaviorvlm.gui.widgets.behavior.cluster_panel import ClusterPanel

        self.side.toggle(
            CLUSTERS, lambda: ClusterPanel(self.session, self.flow), "bottom", 320,
            under=TIMELINE,
        )  # fmt: skip

    def toggle_why(self, *_: object) -> None:
        """Show where the name of a bout comes from, or take that away."""
        from napari_behaviorvlm.gui.widgets.behavior.caption_panel import CaptionPanel

        self.side.toggle(WHY, lambda: CaptionPanel(self.session), "bottom", 320, under=TIMELINE)

    def show_export(self, *_: object) -> None:
        """Write events in a format that other programs read."""
        from napari_behaviorvlm.gui.widgets.behavior.export_dialog import BehaviorExportDialog

        dialog = BehaviorExportDialog(self.session, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def make_report(self, *_: object) -> None:
        """Write the report and open it in the browser."""
        from napari_behaviorvlm.workflows.behavior.reporting import report_behavior

        if not self.session.totals():
            self.say("There are no events to report yet: start in the tab Run.")
            return
        self.say("Writing the report ...")
        self._reporter.start(report_behavior(self.session.folder))

    def _reported(self, path: object) -> None:
        from qtpy.QtCore import QUrl
        from qtpy.QtGui import QDesktopServices

        self.say(f"The report lies in {path}.")
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def show_help(self, *_: object) -> None:
        """Show all keys, how the mouse is used and what the marks mean."""
        if self.help is None:
            table = list(self.actions_.values())
            self.help = HelpPanel(table, self.keymap, explaining(MOUSE, MARKS), self)
        self.help.show()
        self.help.raise_()

    def _side_changed(self) -> None:
        self.timeline_button.setChecked(self.side.is_shown(TIMELINE))
        self.clusters_button.setChecked(self.side.is_shown(CLUSTERS))
        if not self.side.is_shown(TIMELINE):
            self.timeline = None

    # Commands ----------------------------------------------------------------------------------

    def say(self, words: str) -> None:
        """Show one sentence."""
        self.status.setText(words)

    def run(self, action: Action, *, held: bool = False) -> None:
        """Do what an action does, or say why it cannot be done."""
        why_not = action.why_not()
        if why_not:
            self.say(why_not)
            return
        step = getattr(action.run, "args", ())
        if action.repeats and getattr(action.run, "func", None) == self.flow.step:
            self.stepper.step(step[0], held=held)
            return
        action.run()

    def rename(self, *_: object) -> None:
        """Let a person type another name for the chosen bout."""
        self.tabs.setCurrentIndex(0)
        self.bout_panel.edit_name()

    def _rename_everywhere(self, old: str) -> None:
        new, sure = QInputDialog.getText(
            self, "Rename everywhere", f"Another word for {old!r}, in all recordings:", text=old
        )
        if sure and new.strip() and new.strip() != old:
            self.flow.rename_everywhere(old, new.strip())

    def _show_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        for name in ("accept_bout", "rename_bout", "split_bout", "merge_bouts", "take_apart",
                     "add_bout", "delete_bout", "play_bout"):  # fmt: skip
            action = self.actions_[name]
            keys = self.keymap.keys(name)
            made = menu.addAction(f"{action.title}\t{keys[0] if keys else ''}")
            made.setEnabled(not action.why_not())
            made.triggered.connect(lambda *_, action=action: self.run(action))
        menu.exec(at) if hasattr(menu, "exec") else menu.exec_(at)

    def _zoom(self, factor: float) -> None:
        if self.timeline is not None:
            self.timeline.zoom(factor)

    def _see_all(self) -> None:
        if self.timeline is not None:
            self.timeline.see_all()

    def _search(self) -> None:
        if self.timeline is None:
            self.toggle_timeline()
        self._bar.focus_search()

    def _switch(self, what: str, *, on: bool) -> None:
        if self.view is not None:
            self.view.switch(what, on=on)

    def _reload(self) -> None:
        try:
            self.session.reload()
        except BehaviorVLMError as problem:
            self.say(str(problem))

    # Pictures ----------------------------------------------------------------------------------

    def close_up(
        self, animal: int, frame: int, head_up: bool
    ) -> NDArray[Any] | None:  # fmt: skip
        """Picture of an animal, its head up if asked for; None where it is not seen."""
        bodies = self.session.content.bodies
        if bodies is None or self._stack is None:
            return None
        at = frame - bodies.first_frame
        if not 0 <= at < len(bodies) or not bodies.tracked[at, animal]:
            return None
        heading = float(bodies.heading[at, animal]) if head_up else -np.pi / 2
        length = float(np.nanmedian(bodies.length[:, animal])) or 40.0
        picture = np.asarray(self._stack[frame])
        return egocentric_crop(picture, bodies.centre[at, animal], heading, length, CROP_SIZE)

    # Keys --------------------------------------------------------------------------------------

    def _key_areas(self) -> tuple[QWidget, ...]:
        areas: tuple[QWidget, ...] = (self, *self.side.widgets)
        # With both docks open the canvas belongs to the labelling dock.
        return areas if self._shares else (*areas, views_area(self.viewer))

    def focus_views(self) -> None:
        """Give the keyboard to the timeline, or to the video where there is none."""
        if self.timeline is not None:
            self.timeline.setFocus()
        else:
            canvas_widget(self.viewer).setFocus()

    # The end -----------------------------------------------------------------------------------

    def _view_closed(self) -> None:
        if not self._over:
            self.lost.emit()

    def end(self, *, window_closing: bool = False) -> None:
        """Stop what runs and let go of everything; may be called twice."""
        if self._over:
            return
        self._over = True
        self.bout_panel.keep_words()
        self.shortcuts.close()
        self.stepper.close()
        self.player.stop()
        self.run_form.close_work()
        self._reporter.close()
        if window_closing:
            self.side.end()
        else:
            self.side.close()
        if self.help is not None:
            self.help.let_go()
        for panel in (self.bout_panel, self.labels, self.run_form):
            panel.let_go()
        self.flow.close()
        if self.view is not None:
            self.view.close()


class _TimelineHolder(Panel):
    """The timeline with its bar, as one dock."""

    def __init__(self, session: BehaviorSession, player: Player) -> None:
        super().__init__("timeline_dock")
        self.timeline = Timeline(session)
        self.bar = TransportBar(session, player, self.timeline)
        layout = column(self, gap=0)
        layout.addWidget(self.bar)
        layout.addWidget(self.timeline, 1)

    def closeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Let go of the session."""
        self.bar.let_go()
        self.timeline.let_go()
        super().closeEvent(event)


def _source_of(session: BehaviorSession) -> VideoSource | None:
    video = session.recording.video
    if video is None:
        return None
    return VideoSource(video, session.folder.derived(), writable=session.folder.writable)


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area
