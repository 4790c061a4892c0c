"""What training sets are made of: exact frames as files, and links to the videos."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.images import FrameImages
from napari_behaviorvlm.io.export.names import safe_name, unique_names
from napari_behaviorvlm.io.export.outcome import ExportTask
from napari_behaviorvlm.io.export.session import ExportSession


@dataclass(eq=False)
class FrameFiles:
    """Frames written so far.

    Parameters
    ----------
    task : ExportTask
    total : int
        Frames that will be written, for the progress.
    """

    task: ExportTask
    total: int
    images: dict[tuple[str, int], str] = field(default_factory=dict, init=False)
    """Path of each picture, relative to the export, by camera name and frame number."""
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)
    """Width and height by camera name."""

    def write(
        self, camera: str, frames: Iterable[int], folder: str, name: Callable[[int], str]
    ) -> Generator[Progress, None, None]:
        """Write some frames of a camera as PNG.

        Parameters
        ----------
        camera : str
            Camera name.
        frames : iterable of int
            At least one frame number.
        folder : str
            Where, relative to the export; made here.
        name : callable (frame number) -> str
            File name of a frame.

        Yields
        ------
        Progress
            In pictures of the whole export.

        Raises
        ------
        ExportError
            If a picture does not fit or cannot be read.
        """
        pictures = FrameImages(self.task.session, camera)
        (self.task.folder / folder).mkdir(parents=True)
        for frame in frames:
            yield Progress(len(self.images), self.total, f"Writing images of {camera}")
            path = f"{folder}/{name(frame)}"
            (self.task.folder / path).write_bytes(pictures.png(frame))
            self.images[camera, frame] = path
        assert pictures.shape is not None, "at least one frame was read"
        self.sizes[camera] = pictures.shape[1], pictures.shape[0]


def link_video(task: ExportTask, camera: str, stem: str) -> str | None:
    """Link a camera's recording into ``videos/`` under the name that the other tool expects.

    Parameters
    ----------
    task : ExportTask
    camera : str
        Camera name.
    stem : str
        Name of the link, without the suffix.

    Returns
    -------
    str or None
        A warning, where links cannot be made (Windows without developer mode, exFAT): labels and
        pictures are complete without them.
    """
    source = task.session.videos[camera]
    if not isinstance(source, Path):
        return None
    folder = task.folder / "videos"
    folder.mkdir(exist_ok=True)
    link = folder / f"{stem}{video_suffix(task, camera)}"
    try:
        link.symlink_to(source.absolute(), target_is_directory=source.is_dir())
    except OSError:
        return (
            f"The video of camera {camera!r} could not be linked; to analyse it, "
            f"copy {source} to videos/{link.name}."
        )
    return None


def video_suffix(task: ExportTask, camera: str) -> str:
    """Suffix of a camera's video file, "" for images."""
    source = task.session.videos[camera]
    return source.suffix if isinstance(source, Path) and not source.is_dir() else ""


def camera_stems(session: ExportSession) -> dict[str, str]:
    """Name the folder of each camera: ``<session>_<camera>``, safe and unique.

    DeepLabCut silently drops a second folder of the same name, and not every file system tells
    ``Cam`` from ``cam``.
    """
    name = safe_name(session.name, "session")
    wanted = (f"{name}_{safe_name(camera, 'camera')}" for camera in session.rig.names)
    return dict(zip(session.rig.names, unique_names(wanted), strict=True))


def image_name(frame: int, length: int) -> str:
    """File name of a frame, zero-padded to six digits or as many as the recording needs."""
    return f"img{frame:0{max(6, len(str(length - 1)))}d}.png"
