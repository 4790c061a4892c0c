"""Opening behaviour folders and videos away from the window's thread."""

from collections.abc import Collection, Generator
from dataclasses import dataclass
from pathlib import Path

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.views.video_source import VideoSource
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.behavior.sources import IN_PROJECT, Sources, open_sources


@dataclass(frozen=True)
class Opened:
    """An open folder, and the video of one of its recordings.

    Parameters
    ----------
    folder : BehaviorFolder
    recording : Recording
    source : VideoSource or None
        None where there is no video, or it cannot be read.
    problem : str
        Why it cannot; empty where all is well.
    """

    folder: BehaviorFolder
    recording: Recording
    source: VideoSource | None = None
    problem: str = ""

    def close_video(self) -> None:
        """Close the video."""
        if self.source is not None:
            self.source.close()


def opening(
    sources: Sources, show: str = "", new_to: Collection[str] = ()
) -> Generator[Progress, None, Opened]:
    """Open a folder and the video of one of its recordings.

    Parameters
    ----------
    sources : Sources
    show : str
        Name of the recording; the first one by default.
    new_to : collection of str
        Names of recordings that were there before: a new one is shown.
    """
    yield Progress(0, 0, "opening")
    folder = open_sources(sources)
    try:
        names = [one.name for one in folder.recordings]
        new = [name for name in names if new_to and name not in new_to]
        opened = yield from opening_recording(folder, show or (new or names)[0])
    except BaseException:
        folder.close()
        raise
    return opened


def opening_recording(folder: BehaviorFolder, name: str) -> Generator[Progress, None, Opened]:
    """Open the video of a recording; a folder can be looked at without it."""
    yield Progress(0, 0, "opening")
    recording = folder.recording(name)
    if recording.video is None:
        return Opened(folder, recording)
    try:
        source = VideoSource(recording.video, folder.derived(), writable=folder.writable)
    except BehaviorVLMError as problem:
        return Opened(folder, recording, problem=str(problem))
    try:
        yield Progress(1, 1)
    except GeneratorExit:  # nobody wants it any more
        source.close()
        raise
    return Opened(folder, recording, source)


def views_in(project: Path) -> list[str]:
    """Cameras of a labelling project that have a video."""
    with Project(project, writable=False) as opened:
        return [name for name in opened.rig.names if opened.video(name) is not None]


def views_of(project: Path) -> tuple[str, ...]:
    """Cameras of a labelling project that its behaviour folder has already."""
    place = project / IN_PROJECT
    if not BehaviorFolder.is_one(place):
        return ()
    with BehaviorFolder.open(place, writable=False) as folder:
        return tuple(one.view for one in folder.recordings)
