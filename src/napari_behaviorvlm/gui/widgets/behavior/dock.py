"""The behaviour dock: opens and closes recordings, and shows what belongs to them."""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QStackedWidget

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.recent import RecentProjects, recent_behavior
from napari_behaviorvlm.gui.widgets.behavior.behavior_page import BehaviorPage
from napari_behaviorvlm.gui.widgets.behavior.start_page import BehaviorStartPage
from napari_behaviorvlm.gui.widgets.dock_shell import DockShell, open_docks
from napari_behaviorvlm.gui.widgets.style import column
from napari_behaviorvlm.gui.workers import Worker
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.workflows.behavior.sources import Sources, open_sources

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
        sources = Sources(tuple(Path(path) for path in paths), **given)
        self.close_recording()
        self.start.say(f"Opening {sources.paths[0].name} ...", busy=True)
        self._opener.start(_opening(sources))

    def _opened(self, folder: BehaviorFolder) -> None:
        self.start.say("")
        self._folder = folder
        self._recent.add(folder.folder)
        self._show(folder.recordings[0])

    def _not_opened(self, sentence: str) -> None:
        self.start.say(sentence)

    def _show(self, recording: Recording) -> None:
        folder = self._folder
        assert folder is not None
        layer = self._labelled_layer(recording)
        self.switch_layers(False)
        try:
            session = BehaviorSession(folder, recording)
            page = BehaviorPage(self.viewer, session, layer)
        except BehaviorVLMError as error:
            self.close_recording()
            self.start.say(str(error))
            return
        self.page = page
        self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)
        page.lost.connect(self.close_recording)
        page.recording_wanted.connect(self.show_recording)
        page.open_video.triggered.connect(self.ask_for_video)
        page.open_folder.triggered.connect(self.ask_for_folder)
        page.close_recording.triggered.connect(self.close_recording)
        page.layers.toggled.connect(self.switch_layers)
        page.focus_views()

    def show_recording(self, name: str) -> None:
        """Show another recording of the open folder."""
        if self._folder is None or (self.session and self.session.recording.name == name):
            return
        self._end_page()
        self._show(self._folder.recording(name))

    def close_recording(self, *_: object, window_closing: bool = False) -> None:
        """Close the open recording and its folder, if there is one; everything is saved."""
        self._end_page(window_closing=window_closing)
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.close()
        self.restore_layers()
        self._pages.setCurrentWidget(self.start)
        self._look_for_labelling()

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
        if self._folder is None or self._folder.project != page.session.project.folder:
            return None
        return page.grid.layers[page.session.rig.names.index(recording.view)]

    def open_labelled(self, *_: object) -> None:
        """Open the project of the labelling dock."""
        page = self._labelling()
        if page is None:
            self.start.say("No labelling project is open.")
            return
        self.open(page.session.project.folder)

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

    def open_sample(self, *_: object) -> None:
        """Open the three mice."""
        from napari_behaviorvlm.workflows.behavior.sample import sample_sources

        try:
            sources = sample_sources()
        except BehaviorVLMError as problem:
            self.start.say(str(problem))
            return
        self.close_recording()
        self.start.say("Opening the three mice ...", busy=True)
        self._opener.start(_opening(sources))


def _opening(sources: Sources) -> Generator[Progress, None, BehaviorFolder]:
    yield Progress(0, 0, "opening")
    return open_sources(sources)
