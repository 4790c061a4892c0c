"""Reflectance pictures of a project for a model: read forward, all cameras of a frame at once."""

from collections.abc import Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.video import MultiViewReader
from napari_behaviorvlm.workflows.videos import open_project_video

KEPT = 16
"""Frames kept in memory: the examples before the current one are asked for again."""


class ProjectPictures:
    """Gives the picture of a camera and frame; a context manager.

    Parameters
    ----------
    project : Project
    kept_frames : iterable of int
        Frames that are asked for again and again (the seeds): they stay in memory.

    Raises
    ------
    VLMError
        If a camera has no video.
    VideoError
        If one cannot be read.
    """

    def __init__(self, project: Project, kept_frames: Iterable[int] = ()) -> None:
        require_pictures(project)
        self._kept_frames = {int(frame) for frame in kept_frames}
        self._kept: dict[int, dict[str, NDArray[Any]]] = {}
        with ExitStack() as stack:
            readers = {}
            for name in project.rig.names:
                path = project.video(name)
                assert path is not None
                readers[name] = stack.enter_context(open_project_video(project, path))
            coloured = any(reader.is_color for reader in readers.values())
            self._views = MultiViewReader(readers, color=coloured, cache_frames=KEPT, prefetch=2)
            stack.pop_all()

    def __call__(self, camera: str, frame: int) -> NDArray[Any]:
        """Read a picture, shape (H, W) or (H, W, 3) in RGB.

        Raises
        ------
        VideoError
            If the video lacks the frame or holds it damaged.
        """
        found = self._kept.get(frame)
        if found is None:
            found = self._views.read(frame, missing="skip")
            if frame in self._kept_frames:
                self._kept[frame] = found
        if camera not in found:
            return self._views.readers[camera].read(frame)  # says what is wrong with it
        return found[camera]

    def close(self) -> None:
        """Close the videos."""
        self._views.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()


def require_pictures(project: Project) -> None:
    """Refuse a project in which a camera has no video.

    Raises
    ------
    VLMError
    """
    without = [name for name in project.rig.names if project.video(name) is None]
    if without:
        raise VLMError(
            f"A vision-language model needs pictures, and project {project.config.name!r} has no "
            f"video of camera {without[0]!r}: make a project with --video, or use --strategy "
            "geometric, which needs none."
        )
