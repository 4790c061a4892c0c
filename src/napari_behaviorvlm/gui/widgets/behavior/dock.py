"""The behaviour dock: opens and closes recordings, and shows what belongs to them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QInputDialog, QStackedWidget

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.recent import RecentProjects, recent_behavior
from napari_behaviorvlm.gui.widgets.behavior.behavior_page import BehaviorPage
from napari_behaviorvlm.gui.widgets.behavior.opened import (
    Opened,
    opening,
    opening_recording,
    views_in,
    views_of,
)
from napari_behaviorvlm.gui.widgets.behavior.start_page import BehaviorStartPage
from napari_behaviorvlm.gui.widgets.dock_shell import DockShell, open_docks, same_place
from napari_behaviorvlm.gui.widgets.style import column
from napari_behaviorvlm.gui.workers import Worker
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.workflows.behavior.recordings import find_video
from napari_behaviorvlm.workflows.behavior.sources import Sources

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

VIDEOS = "Videos (*.mp4 *.avi *.mkv *.mov *.m4v *.webm *.mpg *.wmv);;All files (*)"


class BehaviorDock(DockShell):
    """Finds, shows and corrects what animals do in a video.

    Closing the dock, or napari, stops what runs and closes the video; everything is saved already.

    Parameters
    ----------
    napari_viewer : Viewer
        Whose canvas shows the video; napari fills it in by this name.
    recent : RecentProjects, optional
        The list of folders that were opened lately.
    """

    def __init__(self, napari_viewer: "Viewer", recent: RecentProjects | None = None) -> None:
        super().__init__(napari_viewer, "behavior_dock")
        self.page: BehaviorPage | None = None
        self._folder: BehaviorFolder | None = None
        self._recent = recent_behavior() if recent is None else recent
        self._opener = Worker("Opening", parent=self)
        self._opener.done.connect(self._opened)
        self._opener.failed.connect(self._not_opened)
        self.start = BehaviorStartPage(self._recent)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.start)
        column(self).addWidget(self._pages)
        self.start.video_wanted.connect(self.ask_for_video)
        self.start.folder_wanted.connect(self.ask_for_folder)
        self.start.project_wanted.connect(self.open_labelled)
        self.start.sample_wanted.connect(self.open_sample)
        self.start.chosen.connect(self.open)
        self._look_for_labelling()

    @property
    def session(self) -> BehaviorSession | None:
        """The open recording, None if there is none."""
        return None if self.page is None else self.page.session

    # Opening -----------------------------------------------------------------------------------

    def open(self, *paths: Path | str, **given: Any) -> None:
        """Open videos, a labelling project or a behaviour folder; what stands in the way is said.

        A long video is read through once, so that this works on in the background.

        Parameters
        ----------
        *paths : Path
        **given
            Further fields of `napari_behaviorvlm.workflows.behavior.sources.Sources`.
        """
        self.open_sources(Sources(tuple(Path(path) for path in paths), **given))

    def open_sources(self, sources: Sources, show: str = "") -> None:
        """Open sources, and show the recording of a name, the first one by default."""
        self.close_recording()
        self.start.say(f"Opening {sources.paths[0].name} ...", busy=True)
        self._opener.start(opening(sources, show))

    def show_recording(self, name: str) -> None:
        """Show another recording of the open folder."""
        folder = self._folder
        if folder is None or (self.session and self.session.recording.name == name):
            return
        self._end_page()
        self._pages.setCurrentWidget(self.start)
        self.start.say(f"Opening {name} ...", busy=True)
        self._opener.start(opening_recording(folder, name))

    def _opened(self, opened: Opened) -> None:
        self.start.say("")
        self._folder = opened.folder
        self._recent.add(opened.folder.folder)
        self._show(opened)

    def _not_opened(self, sentence: str) -> None:
        self.close_recording()
        self.start.say(sentence)

    def _show(self, opened: Opened) -> None:
        layer = self._labelled_layer(opened.recording)
        if layer is None and opened.source is not None:
            self.take_canvas(None)
        self.switch_layers(False)
        try:
            session = BehaviorSession(opened.folder, opened.recording)
        except BehaviorVLMError as error:
            opened.close_video()
            self._not_opened(str(error))
            return
        page = self.page = BehaviorPage(self.viewer, session, opened.source, layer)
        self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)
        page.lost.connect(self._lost)
        page.recording_wanted.connect(self.show_recording)
        header = page.header
        header.open_video.triggered.connect(self.ask_for_video)
        header.open_folder.triggered.connect(self.ask_for_folder)
        header.add.triggered.connect(self.ask_to_add)
        header.find.triggered.connect(self.ask_where)
        header.close_recording.triggered.connect(self.close_recording)
        header.layers.toggled.connect(self.switch_layers)
        if opened.problem:
            page.say(f"{opened.problem} Recording > Find the video says where it is now.")
        page.focus_views()

    def close_recording(self, *_: object, window_closing: bool = False) -> None:
        """Close the open recording and its folder, if there is one; everything is saved."""
        self._end_page(window_closing=window_closing)
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.close()
        self.restore_layers()
        self._pages.setCurrentWidget(self.start)
        self._look_for_labelling()

    def make_room(self, project: Path | None) -> None:
        """Close the video, as a labelling project is shown; one of its views comes back."""
        page, folder = self.page, self._folder
        if page is None or folder is None or page.shares:
            return
        name, place = page.session.recording.name, folder.folder
        belongs = folder.project
        self.close_recording()
        if same_place(belongs, project):
            self._come_back_later(place, name, belongs)
        else:
            self.start.say(f"{name} was closed, as a labelling project is shown now.")

    def _lost(self) -> None:
        """Close what has no video on the canvas; show it again if it was the labelling dock's."""
        page, folder = self.page, self._folder
        assert page is not None
        assert folder is not None
        shared, name, place = page.shares, page.session.recording.name, folder.folder
        project = folder.project
        self.close_recording()
        if shared:
            self._come_back_later(place, name, project)

    def _come_back_later(self, place: Path, name: str, project: Path | None) -> None:
        """Show a recording again once the labelling dock has done what it is about."""
        later = QTimer(self)
        later.setSingleShot(True)
        later.timeout.connect(partial(self._come_back, place, name, project))
        later.timeout.connect(later.deleteLater)
        later.start(0)

    def _come_back(self, place: Path, name: str, project: Path | None) -> None:
        labelling = self._labelling()
        if self.is_over or self.page is not None or self._opener.busy:
            return
        if labelling is not None and not same_place(labelling.session.project.folder, project):
            self.start.say(f"{name} was closed, as another labelling project is shown now.")
            return
        self.open_sources(Sources((place,)), name)

    def _end_page(self, *, window_closing: bool = False) -> None:
        page, self.page = self.page, None
        if page is None:
            return
        page.end(window_closing=window_closing)
        self._pages.removeWidget(page)
        page.setParent(None)
        page.deleteLater()

    def let_go(self, *, window_closing: bool) -> None:
        """Stop what runs and close the recording."""
        self._opener.close()
        self.close_recording(window_closing=window_closing)

    # The labelling dock ------------------------------------------------------------------------

    def _labelling(self) -> Any:
        """Return the page of the labelling dock of this window, None if it shows no project."""
        for dock in open_docks(self.viewer):
            page = getattr(dock, "page", None)
            if dock is not self and hasattr(page, "grid"):
                return page
        return None

    def _look_for_labelling(self) -> None:
        self.start.offer_project(possible=self._labelling() is not None)

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Offer the project that is open now."""
        super().showEvent(event)
        self._look_for_labelling()

    def _labelled_layer(self, recording: Recording) -> "Image | None":
        """Picture of a recording that the labelling dock shows already."""
        page = self._labelling()
        if page is None or not recording.view or recording.view not in page.session.rig.names:
            return None
        if self._folder is None or not same_place(
            self._folder.project, page.session.project.folder
        ):
            return None
        return page.grid.layers[page.session.rig.names.index(recording.view)]

    def open_labelled(self, *_: object) -> None:
        """Open a view of the project of the labelling dock; a person chooses which."""
        page = self._labelling()
        if page is None:
            self.start.say("No labelling project is open.")
            return
        project = page.session.project
        views = [name for name in page.session.rig.names if project.video(name) is not None]
        view = self._choose(views, "Which view shows the animals best?")
        if view:
            self.open_view(project.folder, view)

    def open_view(self, project: Path, view: str) -> None:
        """Open a view of a labelling project, besides those that were opened before."""
        known = views_of(project)
        views = known if view in known else (*known, view)
        self.open_sources(Sources((project,), views=views), view)

    def _choose(self, entries: list[str], question: str) -> str:
        """Let a person choose one of several; the only one needs no question."""
        if len(entries) < 2:
            return entries[0] if entries else ""
        chosen, sure = QInputDialog.getItem(
            self, "Label behaviour", question, entries, 0, editable=False
        )
        return str(chosen) if sure else ""

    # Ways in -----------------------------------------------------------------------------------

    def ask_for_video(self, *_: object) -> None:
        """Let a person choose a video."""
        chosen, _kind = QFileDialog.getOpenFileName(self.window(), "Open a video", "", VIDEOS)
        if chosen:
            self.open(chosen)

    def ask_for_folder(self, *_: object) -> None:
        """Let a person choose a folder of earlier results."""
        chosen = QFileDialog.getExistingDirectory(self.window(), "Open a behaviour folder")
        if chosen:
            self.open(chosen)

    def ask_to_add(self, *_: object) -> None:
        """Let a person choose a further video, or view, for the open folder."""
        folder = self._folder
        if folder is None:
            return
        if folder.project is not None:
            known = {one.view for one in folder.recordings}
            others = [view for view in views_in(folder.project) if view not in known]
            view = self._choose(others, "Which view is to be added?")
            if view:
                self.open_view(folder.project, view)
            elif not others and self.page is not None:
                self.page.say("All views of the project are here already.")
            return
        chosen, _kind = QFileDialog.getOpenFileName(self.window(), "Add a video", "", VIDEOS)
        if chosen:
            self.add_video(Path(chosen))

    def add_video(self, video: Path) -> None:
        """Add a video to the open folder, and show it."""
        folder, session = self._folder, self.session
        if folder is None or session is None:
            return
        animals, before = session.recording.n_animals, {one.name for one in folder.recordings}
        place = folder.folder
        self.close_recording()
        self.start.say(f"Opening {video.name} ...", busy=True)
        sources = Sources((video,), folder=place, animals=animals)
        self._opener.start(opening(sources, new_to=before))

    def ask_where(self, *_: object) -> None:
        """Let a person say where the video of the recording lies now."""
        if self.session is None:
            return
        chosen, _kind = QFileDialog.getOpenFileName(self.window(), "Find the video", "", VIDEOS)
        if chosen:
            self.find_video(Path(chosen))

    def find_video(self, video: Path) -> None:
        """Take a video for the one of the recording that is shown, if it fits."""
        folder, session = self._folder, self.session
        if folder is None or session is None:
            return
        name = session.recording.name
        try:
            find_video(folder, name, video)
        except BehaviorVLMError as problem:
            assert self.page is not None
            self.page.say(str(problem))
            return
        self._end_page()
        self._pages.setCurrentWidget(self.start)
        self._opener.start(opening_recording(folder, name))

    def open_sample(self, *_: object) -> None:
        """Open the three mice."""
        from napari_behaviorvlm.workflows.behavior.sample import sample_sources

        try:
            sources = sample_sources()
        except BehaviorVLMError as problem:
            self.start.say(str(problem))
            return
        self.open_sources(sources)
