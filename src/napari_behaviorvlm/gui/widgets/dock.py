"""The labelling dock: opens and closes projects, and shows what belongs to them."""

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QStackedWidget

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.gui.models.session import LabellingSession
from napari_behaviorvlm.gui.recent import RecentProjects
from napari_behaviorvlm.gui.widgets.dock_shell import DockShell, same_place
from napari_behaviorvlm.gui.widgets.project_page import ProjectPage
from napari_behaviorvlm.gui.widgets.start_page import StartPage
from napari_behaviorvlm.gui.widgets.style import column

if TYPE_CHECKING:
    from napari.viewer import Viewer


class LabellingDock(DockShell):
    """Everything an annotator needs beside the views.

    Closing the dock, or napari, stops what runs and closes the videos and the project.

    Parameters
    ----------
    napari_viewer : Viewer
        Whose canvas shows the views; napari fills it in by this name.
    recent : RecentProjects, optional
        The list of projects that were opened lately.
    """

    def __init__(self, napari_viewer: "Viewer", recent: RecentProjects | None = None) -> None:
        super().__init__(napari_viewer, "labelling_dock")
        self.page: ProjectPage | None = None
        self._recent = RecentProjects() if recent is None else recent
        self.start = StartPage(self._recent)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.start)
        column(self).addWidget(self._pages)
        self.start.open_wanted.connect(self.ask_for_project)
        self.start.new_wanted.connect(self.ask_for_new)
        self.start.sample_wanted.connect(self.open_sample)
        self.start.chosen.connect(self.open_project)

    @property
    def session(self) -> LabellingSession | None:
        """The open project, None if there is none."""
        return None if self.page is None else self.page.session

    # Opening and closing -----------------------------------------------------------------------

    def open_project(self, path: Path | str, author: str = "") -> bool:
        """Open a project folder in place of the one that is open; tell whether it worked.

        What stands in the way is shown in the dock as a sentence.

        Parameters
        ----------
        path : Path
        author : str
            Who labels; the login name by default.
        """
        path = Path(path)
        if self.session is not None and same_place(self.session.project.folder, path):
            return True
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            session = LabellingSession.open(path, author)
        except BehaviorVLMError as error:
            self._say(str(error))
            return False
        finally:
            QApplication.restoreOverrideCursor()
        self.close_project()
        return self._show(session)

    def _show(self, session: LabellingSession) -> bool:
        self.take_canvas(session.project.folder)
        self.switch_layers(False)
        try:
            page = ProjectPage(self.viewer, session)
        except BehaviorVLMError as error:
            session.close()
            self.restore_layers()
            self._say(str(error))
            return False
        self.page = page
        self.start.say("")
        self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)
        page.lost.connect(self.close_project)
        page.header.open.triggered.connect(self.ask_for_project)
        page.header.new.triggered.connect(self.ask_for_new)
        page.header.close_project.triggered.connect(self.close_project)
        page.header.layers.toggled.connect(self.switch_layers)
        self._recent.add(session.project.folder)
        page.focus_views()
        return True

    def close_project(self, *_: object, window_closing: bool = False) -> None:
        """Close the open project, if there is one; everything is saved already."""
        page, self.page = self.page, None
        if page is None:
            return
        page.end(window_closing=window_closing)
        self._pages.removeWidget(page)
        page.setParent(None)
        page.deleteLater()
        self.restore_layers()
        self._pages.setCurrentWidget(self.start)

    def _say(self, words: str) -> None:
        if self.page is None:
            self.start.say(words)
        else:
            self.page.say(words)

    def make_room(self, project: Path | None) -> None:
        """Close the project, as another dock shows something else."""
        if self.session is not None and not same_place(self.session.project.folder, project):
            name = self.session.project.folder.name
            self.close_project()
            self.start.say(f"{name} was closed, as a video is shown now; everything is saved.")

    def let_go(self, *, window_closing: bool) -> None:
        """Close the open project."""
        self.close_project(window_closing=window_closing)

    # Ways in -----------------------------------------------------------------------------------

    def ask_for_project(self, *_: object) -> None:
        """Let a person choose a project folder."""
        from napari_behaviorvlm.gui.opening import ask_for_project

        ask_for_project(self.viewer)

    def ask_for_new(self, *_: object) -> None:
        """Show the form that makes a project."""
        from napari_behaviorvlm.gui.opening import show_new_project

        show_new_project(viewer=self.viewer)

    def open_sample(self, *_: object) -> None:
        """Open the sample session."""
        from napari_behaviorvlm.gui.opening import open_sample

        open_sample(self.viewer)
