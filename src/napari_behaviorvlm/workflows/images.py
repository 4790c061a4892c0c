"""Pictures of a project by camera and frame."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export import WITHOUT_PICTURES
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.video import FrameReader, open_video


class ImageSource:
    """The pictures of a project by camera and frame; videos are opened when first asked for."""

    def __init__(
        self, project: Project, stack: ExitStack, path: Callable[[str], Path | None]
    ) -> None:
        self._name = project.config.name
        self._stack = stack
        self._path = path
        self._readers: dict[str, FrameReader] = {}

    def __call__(self, camera: str, frame: int) -> NDArray[np.uint8]:
        """Read a picture as 8 bit, grey or RGB as the recording has it.

        Raises
        ------
        ExportError
            If the project has no video for the camera.
        """
        if camera not in self._readers:
            path = self._path(camera)
            if path is None:
                raise ExportError(
                    f"Project {self._name!r} has no video of camera {camera!r}: "
                    f"pictures cannot be exported ({', '.join(WITHOUT_PICTURES)} need none)."
                )
            self._readers[camera] = self._stack.enter_context(open_video(path))
        reader = self._readers[camera]
        return as_8_bit(reader.read(frame, color=reader.is_color))


def as_8_bit(picture: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return 8-bit pictures as they are and deeper ones by their upper eight bits."""
    if picture.dtype == np.uint8:
        return picture.astype(np.uint8, copy=False)
    return (picture.astype(np.uint16) >> 8).astype(np.uint8)
