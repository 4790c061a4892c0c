"""The behaviour dock with a recording open: its panels, commands and keys."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QPoint, Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFrame, QInputDialog, QMenu, QScrollArea, QTabWidget, QWidget

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.controllers.actions import Action
from napari_behaviorvlm.gui.controllers.behavior_actions import WindowCommands, behavior_actions
from napari_behaviorvlm.gui.controllers.bout_flow import BoutFlow
from napari_behaviorvlm.gui.keymap import Keymap, behavior_keys_file
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.shown_poses import read_shown_poses
from napari_behaviorvlm.gui.napari_compat import canvas_widget, views_area
from napari_behaviorvlm.gui.views.behavior_view import BehaviorView
from napari_behaviorvlm.gui.views.close_up import CloseUp
from napari_behaviorvlm.gui.views.frames import FrameStack
from napari_behaviorvlm.gui.views.video_source import VIDEO, VideoSource
from napari_behaviorvlm.gui.widgets.behavior.beside import CLUSTERS, TIMELINE, WHY, Beside
from napari_behaviorvlm.gui.widgets.behavior.bout_panel import BoutPanel
from napari_behaviorvlm.gui.widgets.behavior.label_panel import LabelPanel
from napari_behaviorvlm.gui.widgets.behavior.page_header import PageHeader
from napari_behaviorvlm.gui.widgets.behavior.player import Player
from napari_behaviorvlm.gui.widgets.behavior.run_form import RunForm
from napari_behaviorvlm.gui.widgets.help_panel import HelpPanel, explaining
from napari_behaviorvlm.gui.widgets.shortcuts import Shortcuts, Stepper
from napari_behaviorvlm.gui.widgets.style import GAP, MARGIN, ROW, Sentence, column
from napari_behaviorvlm.gui.workers import Work, Worker

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_behaviorvlm.gui.widgets.behavior.beside import TimelineDock

BOUT, LABELS, RUN = "Bout", "Labels", "Run"

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
    "In the video: outline, an arrow from tail to head, and the way of the last second.",
)


class BehaviorPage(QWidget):
    """Everything about one recording.

    Parameters
    ----------
    viewer : Viewer
    session : BehaviorSession
    source : VideoSource or None
        None where there is no video; closed at the end.
    layer : Image, optional
        Of the labelling dock, where it shows this recording already.
    """

    recording_wanted = Signal(str)
    lost = Signal()
    """The video was taken from the canvas."""

    def __init__(
        self, viewer: "Viewer", session: BehaviorSession, source: VideoSource | None,
        layer: "Image | None" = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.setObjectName("behavior_page")
        self.viewer, self.session = viewer, session
        self._over = False
        self.shares = layer is not None
        self.view: BehaviorView | None = None
        if source is not None or layer is not None:
            self.view = BehaviorView(viewer, session, source, layer)
        stack = None if source is None else FrameStack(source, VIDEO, source.channel)
        self.close_up = CloseUp(session, stack)
        self.flow = BoutFlow(session)
        self.player = Player(session, self)
        self.stepper = Stepper(self.flow.step)
        self._make_parts()
        self._make_commands()
        self._lay_out()
        self._connect()
        self.toggle_timeline()
        self._read_poses()
        if session.content.clips is None:
            self.tabs.setCurrentIndex(2)
            self.say("Nothing is known of this video yet: say how many animals it shows, "
                     "then press Start.")  # fmt: skip

    # Making it ---------------------------------------------------------------------------------

    def _make_parts(self) -> None:
        session = self.session
        self.header = PageHeader(session)
        self.bout_panel = BoutPanel(session, self.flow, self.close_up)
        self.labels = LabelPanel(session, self.flow)
        self.run_form = RunForm(session)
        self.status = Sentence(name="behavior_status")
        self.beside = Beside(
            self.viewer, session, self.flow, self.player,
            model=lambda: self.run_form.model.choice, changed=self._side_changed,
        )  # fmt: skip
        self.beside.connect_timeline = self._connect_timeline
        self.help: HelpPanel | None = None
        self._reporter, self._poser = Worker("Report", parent=self), Worker(parent=self)

    def _make_commands(self) -> None:
        window = WindowCommands(
            self.player.toggle, self.player.toggle_bout, lambda: self._zoom(0.6),
            lambda: self._zoom(1 / 0.6), self._see_all, self.fit, self._search, self.rename,
            self.toggle_why, self.toggle_clusters, self.show_help,
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
        layout.addWidget(self.header)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.status)

    def _connect(self) -> None:
        session, header = self.session, self.header
        links: list[tuple[Any, Any]] = [
            (session.said, self.say), (session.edited, self.say),
            (self.run_form.ran, self._reload),
            (self.labels.rename_wanted, self._rename_everywhere),
            (self.bout_panel.why_wanted, self.toggle_why),
            (header.timeline.clicked, self.toggle_timeline),
            (header.clusters.clicked, self.toggle_clusters),
            (header.export.clicked, self.show_export), (header.report.clicked, self.make_report),
            (header.help.clicked, self.show_help),
            (header.recordings.textActivated, self.recording_wanted.emit),
            (header.switched, self._switch),
            (self._reporter.done, self._reported), (self._reporter.failed, self.say),
            (self._reporter.progressed, self._reporting),
            (self._poser.done, session.take_poses), (self._poser.failed, self.say),
        ]  # fmt: skip
        if self.view is not None:
            links.append((self.view.closed, self._view_closed))
        header.links.add(*links)

    def _connect_timeline(self, made: "TimelineDock") -> None:
        made.timeline.menu_wanted.connect(self._show_menu)
        made.timeline.rename_wanted.connect(self.rename)
        made.bar.next_wanted.connect(self.flow.next_found)

    # What is beside it -------------------------------------------------------------------------

    def toggle_timeline(self, *_: object) -> None:
        """Show the timeline, or take it away."""
        self.beside.toggle_timeline()

    def toggle_clusters(self, *_: object) -> None:
        """Show what each cluster looks like, or take that away."""
        self.beside.toggle_clusters()

    def toggle_why(self, *_: object) -> None:
        """Show where the name of a bout comes from, or take that away."""
        self.beside.toggle_why()

    def _side_changed(self) -> None:
        self.header.timeline.setChecked(self.beside.is_shown(TIMELINE))
        self.header.clusters.setChecked(self.beside.is_shown(CLUSTERS))
        self.bout_panel.why.setChecked(self.beside.is_shown(WHY))

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
        self._reporter.start(report_behavior(self.session.folder, keep=True))

    def _reporting(self, step: Progress) -> None:
        share = f" {100 * step.done // step.total} %" if step.total else ""
        self.say(f"Report: {step.message} ...{share}")

    def _reported(self, path: object) -> None:
        self.say(f"The report lies in {path}.")
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def show_help(self, *_: object) -> None:
        """Show all keys, how the mouse is used and what the marks mean."""
        if self.help is None:
            table = list(self.actions_.values())
            self.help = HelpPanel(table, self.keymap, explaining(MOUSE, MARKS), self)
        self.help.show()
        self.help.raise_()

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
                     "add_bout", "delete_bout", "play_bout", "why"):  # fmt: skip
            action = self.actions_[name]
            keys = self.keymap.keys(name)
            made = menu.addAction(f"{action.title}\t{keys[0] if keys else ''}")
            made.setEnabled(not action.why_not())
            made.triggered.connect(lambda *_, action=action: self.run(action))
        menu.exec(at) if hasattr(menu, "exec") else menu.exec_(at)
        menu.deleteLater()

    def _zoom(self, factor: float) -> None:
        if self.beside.timeline is not None:
            self.beside.timeline.timeline.zoom(factor)

    def _see_all(self) -> None:
        if self.beside.timeline is not None:
            self.beside.timeline.timeline.see_all()

    def fit(self, *_: object) -> None:
        """Show the whole picture."""
        if self.view is not None:
            self.view.fit()

    def _search(self) -> None:
        if self.beside.timeline is None:
            self.toggle_timeline()
        assert self.beside.timeline is not None
        self.beside.timeline.bar.focus_search()

    def _switch(self, what: str, on: bool) -> None:
        if self.view is not None:
            self.view.switch(what, on=on)

    def _reload(self) -> None:
        poses = self.session.recording.poses
        try:
            self.session.reload()
        except BehaviorVLMError as problem:
            self.say(str(problem))
        if self.session.recording.poses != poses:
            self._read_poses()

    def _read_poses(self) -> None:
        """Read poses to draw in a thread: tables of long recordings take their time."""
        folder, recording = self.session.folder, self.session.recording

        def reading() -> Work:
            yield Progress(0, 0)
            return read_shown_poses(folder, recording)

        self._poser.start(reading())

    # Keys --------------------------------------------------------------------------------------

    def _key_areas(self) -> tuple[QWidget, ...]:
        areas: tuple[QWidget, ...] = (self, *self.beside.widgets)
        # With both docks open the canvas belongs to the labelling dock.
        return areas if self.shares else (*areas, views_area(self.viewer))

    def focus_views(self) -> None:
        """Give the keyboard to the timeline, or to the video where there is none."""
        if self.beside.timeline is not None:
            self.beside.timeline.timeline.setFocus()
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
        self._poser.close()
        self.beside.close(window_closing=window_closing)
        if self.help is not None:
            self.help.let_go()
        for panel in (self.header, self.bout_panel, self.labels, self.run_form):
            panel.let_go()
        self.flow.close()
        if self.view is not None:
            self.view.close()


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area
