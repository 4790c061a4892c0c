"""What the dock shows of an open project, and how its parts work together."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QSplitter, QTabWidget, QWidget

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.controllers.actions import Action, ViewCommands, actions
from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.controllers.review_flow import ReviewFlow
from napari_behaviorvlm.gui.keymap import Keymap, user_file
from napari_behaviorvlm.gui.links import Links
from napari_behaviorvlm.gui.models.session import Fresh, LabellingSession
from napari_behaviorvlm.gui.napari_compat import canvas_widget, views_area
from napari_behaviorvlm.gui.running import close_runs, runs_of
from napari_behaviorvlm.gui.views.grid import ViewGrid
from napari_behaviorvlm.gui.widgets.header import Header
from napari_behaviorvlm.gui.widgets.help_panel import HelpPanel, mouse_page
from napari_behaviorvlm.gui.widgets.history_panel import HistoryPanel
from napari_behaviorvlm.gui.widgets.keypoint_panel import KeypointPanel
from napari_behaviorvlm.gui.widgets.label_bar import LabelBar
from napari_behaviorvlm.gui.widgets.pointing import Pointing
from napari_behaviorvlm.gui.widgets.review_panel import ReviewPanel
from napari_behaviorvlm.gui.widgets.run_panel import RunPanel
from napari_behaviorvlm.gui.widgets.shortcuts import Shortcuts, Stepper
from napari_behaviorvlm.gui.widgets.side_docks import TALL, SideDocks
from napari_behaviorvlm.gui.widgets.style import (
    BUTTON,
    GAP,
    MARGIN,
    ROW,
    Colours,
    Sentence,
    column,
)
from napari_behaviorvlm.gui.widgets.track_bar import bars
from napari_behaviorvlm.gui.widgets.view_panel import ViewPanel
from napari_behaviorvlm.gui.workers import Worker

SCENE, PLOTS, WHY = "3D view", "Plots", "Why?"
REVIEW, HISTORY, RUN = "Review", "History", "Run"

TYPING_PAUSE = 1200
"""Milliseconds after a digit until it counts as the whole number."""


class ProjectPage(QWidget):
    """Everything about an open project; `end` takes it all apart again.

    Parameters
    ----------
    viewer : Viewer
    session : LabellingSession
        Closed together with the page.
    """

    lost = Signal()
    """The views were taken away: the project cannot be shown any more."""

    def __init__(self, viewer: Any, session: LabellingSession) -> None:
        super().__init__()
        self.setObjectName("project_page")
        self.viewer, self.session = viewer, session
        self.links = Links()
        self._over = False
        # Long sessions take a second to be judged: beside the making of the views.
        self._judge = Worker(parent=self)
        self.links.add((self._judge.done, self._judged), (self._judge.failed, self.say))
        self._judge.start(_judging(session))
        self.colours = Colours.of(viewer)
        self.flow = LabelFlow(session)
        self.review = ReviewFlow(self.flow)
        self.grid = ViewGrid(viewer, session)
        self._make_parts()
        self._make_commands()
        self.header = Header(session)
        self.label_bar = LabelBar(session, self.actions, self.keymap, self.run)
        self._lay_out()
        # What takes no keys itself hands them to the views.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocusProxy(canvas_widget(viewer))
        self._connect()
        self._first_words()

    # Making it ---------------------------------------------------------------------------------

    def _make_parts(self) -> None:
        session = self.session
        self.pointing = Pointing(self.grid, self.flow)
        self.views = ViewPanel(self.grid)
        self.keypoints = KeypointPanel(session, self.colours)
        self.review_panel = ReviewPanel(self.review)
        self.history = HistoryPanel(self.flow)
        self.runs = RunPanel(session)
        self.track_bar, self.seed_bar = bars(self.flow)
        self.side = SideDocks(self.viewer, self._side_changed)
        self.help: HelpPanel | None = None
        self.status = Sentence(name="status")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_PAUSE)

    def _make_commands(self) -> None:
        view = ViewCommands(
            self.views.toggle_zoom, self.grid.fit, self.views.toggle_follow,
            self.views.toggle_focus, self.views.next_channel, self.toggle_why, self.show_help,
        )  # fmt: skip
        table = actions(self.flow, self.review, view)
        self.actions: dict[str, Action] = {action.id: action for action in table}
        self.keymap = Keymap({action.id: action.keys for action in table}, user_file())
        self.stepper = Stepper(self.flow.jump)
        self.shortcuts = Shortcuts(
            self._key_areas, self.keymap, self.actions, self.run, self.focus_views
        )

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for title, part in ((REVIEW, self.review_panel), (HISTORY, self.history),
                            (RUN, self.runs)):  # fmt: skip
            self.tabs.addTab(part, title)
        upper = QWidget()
        layout = column(upper)
        layout.addWidget(self.keypoints, 1)
        layout.addWidget(self.label_bar)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(GAP)
        self.splitter.addWidget(upper)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([self.keypoints.sizeHint().height() + BUTTON + GAP, 1000])
        self.status.setMinimumHeight(2 * ROW)
        self.status.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        layout = column(self, margins=(MARGIN, GAP, MARGIN, GAP))
        for part in (self.header, self.views):
            layout.addWidget(part)
        layout.addWidget(self.splitter, 1)
        for part in (self.seed_bar, self.track_bar, self.status):
            layout.addWidget(part)

    def _connect(self) -> None:
        session, header, runs = self.session, self.header, runs_of(self.session)
        self.links.add(
            (session.said, self.say),
            (session.edited, self._propose),
            (session.frame_changed, self._propose),
            (session.selection_changed, self._propose),
            (session.reloaded, self._propose),
            (self.flow.seeding.active_changed, self._propose),
            (self.flow.pending_changed, self._show_typed),
            (self._typing.timeout, self.flow.commit_pending),
            (self.review.arrived, self._arrived),
            (self.grid.closed, self._views_closed),
            (self.viewer.events.theme, self._follow_theme),
            (runs.progressed, self._show_run),
            (runs.changed, self._run_changed),
            (header.run.clicked, self.show_run),
            (header.export.clicked, self.show_export),
            (header.scene.clicked, self.toggle_scene),
            (header.plots.clicked, self.toggle_plots),
            (header.help.clicked, self.show_help),
            (header.seed.triggered, self._action("seed")),
            (header.suggest.triggered, self._action("suggest_seed")),
        )

    def _first_words(self) -> None:
        problems = list(self.grid.problems.values())
        self.say(problems[0] if problems else self.keymap.problem)
        self._propose()
        if len(self.session.candidates(self.session.frame)):
            self.grid.follow()  # an animal in a large arena is a speck otherwise

    def _judged(self, fresh: Fresh) -> None:
        self.session.take(fresh)

    # Keys --------------------------------------------------------------------------------------

    def _key_areas(self) -> tuple[QWidget, ...]:
        return (self, views_area(self.viewer), *self.side.widgets)

    def focus_views(self) -> None:
        """Give the keyboard to the views."""
        canvas_widget(self.viewer).setFocus()

    def run(self, action: Action, *, held: bool = False) -> None:
        """Do what an action does, or say why it cannot be done."""
        why_not = action.why_not()
        if why_not:
            self.say(why_not)
            return
        step = getattr(action.run, "args", ())
        if action.repeats and getattr(action.run, "func", None) == self.flow.jump:
            self.stepper.step(step[0], held=held)
            return
        self.stepper.flush()
        action.run()

    def _action(self, name: str) -> Any:
        def run(*_: object) -> None:
            self.run(self.actions[name])

        return run

    def _show_typed(self, digits: str) -> None:
        if digits:
            self.status.setText(f"Dot {digits} ... (type on, or press Enter)")
            self._typing.start()
        else:
            self._typing.stop()
            self.status.clear()

    # What happens ------------------------------------------------------------------------------

    def say(self, words: str) -> None:
        """Show one sentence in the status line."""
        self.status.setText(words)

    def _arrived(self, _: object) -> None:
        self.grid.zoom_to_keypoint()

    def _propose(self, *_: object) -> None:
        """Draw what seeding proposes for this frame."""
        found = self.flow.proposals
        proposals = None
        if found:
            proposals = np.full((len(self.session.rig), len(self.session.skeleton), 2), np.nan)
            for each in found:
                proposals[each.camera, each.keypoint] = each.x, each.y
        if proposals is not None or self._proposed:
            self.grid.propose(proposals)
        self._proposed = proposals is not None

    _proposed = False

    def _views_closed(self) -> None:
        if not self._over:
            self.lost.emit()

    def _follow_theme(self, *_: object) -> None:
        self.colours = Colours.of(self.viewer)
        self.keypoints.set_colours(self.colours)

    def _side_changed(self) -> None:
        self.header.scene.setChecked(self.side.is_shown(SCENE))
        self.header.plots.setChecked(self.side.is_shown(PLOTS))

    def _show_run(self, step: Progress) -> None:
        share = f" {100 * step.done // step.total} %" if step.total else " ..."
        self.tabs.setTabText(self.tabs.count() - 1, RUN + share)

    def _run_changed(self) -> None:
        if runs_of(self.session).step is None:
            self.tabs.setTabText(self.tabs.count() - 1, RUN)

    # Windows -----------------------------------------------------------------------------------

    def show_run(self, *_: object) -> None:
        """Show the panel that runs things."""
        self.tabs.setCurrentIndex(self.tabs.count() - 1)

    def show_export(self, *_: object) -> None:
        """Show the dialog that exports."""
        from napari_behaviorvlm.gui.widgets.export_dialog import ExportDialog

        dialog = ExportDialog(self.session, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def toggle_scene(self, *_: object) -> None:
        """Show the 3D view, or take it away."""
        from napari_behaviorvlm.gui.views.scene3d import Scene3D

        self.side.toggle(SCENE, lambda: Scene3D(self.session), "bottom")

    def toggle_plots(self, *_: object) -> None:
        """Show the plots, or take them away."""
        from napari_behaviorvlm.gui.widgets.plots import Plots

        self.side.toggle(PLOTS, lambda: Plots(self.session), "bottom")

    def toggle_why(self, *_: object) -> None:
        """Show where the selected label comes from, or take that away."""
        from napari_behaviorvlm.gui.widgets.why_panel import WhyPanel

        self.side.toggle(WHY, lambda: WhyPanel(self.session), "bottom", TALL)

    def show_help(self, *_: object) -> None:
        """Show all keys, how the mouse is used and what the marks mean."""
        if self.help is None:
            table = list(self.actions.values())
            self.help = HelpPanel(table, self.keymap, mouse_page(self.colours), self)
            self.help.links.add((self.help.changed, self.label_bar.refresh))
        self.help.show()
        self.help.raise_()

    # The end -----------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """Folder of the project."""
        return self.session.project.folder

    def end(self, *, window_closing: bool = False) -> None:
        """Stop what runs, let go of everything and close the project; may be called twice.

        Parameters
        ----------
        window_closing : bool
            napari's window is going: its docks need not be taken away one by one.
        """
        if self._over:
            return
        self._over = True
        self.shortcuts.close()
        self.stepper.close()
        self._typing.stop()
        self.links.cut()
        self._judge.close()
        close_runs(self.session)
        if window_closing:
            self.side.end()
        else:
            self.side.close()
        for dialog in self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if dialog.isWindow():
                dialog.close()
        for panel in self._panels():
            panel.let_go()
        self.runs.close()
        self.pointing.close()
        self.flow.close()
        self.grid.close()
        self.session.close()

    def _panels(self) -> tuple[Any, ...]:
        panels = (
            self.views, self.keypoints, self.review_panel, self.history, self.track_bar,
            self.seed_bar, self.label_bar, self.header,
        )  # fmt: skip
        return panels if self.help is None else (*panels, self.help)


def _judging(session: LabellingSession) -> Generator[Progress, None, Fresh]:
    yield Progress(0, 0, "Looking for doubtful labels")
    return session.judge()
