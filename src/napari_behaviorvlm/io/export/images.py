"""Exact frames as lossless PNG."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export.session import ExportSession


@dataclass(eq=False)
class FrameImages:
    """Pictures of one camera, read one at a time and checked to be alike.

    Parameters
    ----------
    session : ExportSession
    camera : str
        Camera name.
    """

    session: ExportSession
    camera: str
    shape: tuple[int, int, int] | None = field(default=None, init=False)
    """Height, width and channels (1 or 3), known after the first picture."""

    def read(self, frame: int) -> NDArray[np.uint8]:
        """Return a frame, (height, width) grey or (height, width, 3) RGB.

        Raises
        ------
        ExportError
            If the picture is not 8 bit, is neither grey nor RGB, or its size is not that of the
            calibration or of the pictures before it.
        """
        image = np.asarray(self.session.read_image(self.camera, frame))
        if image.ndim == 3 and image.shape[2] == 1:
            image = image[..., 0]
        grey, colour = image.ndim == 2, image.ndim == 3 and image.shape[2] == 3
        if image.dtype != np.uint8 or not (grey or colour):
            raise ExportError(
                f"Frame {frame} of camera {self.camera!r} is {image.dtype} with shape "
                f"{image.shape}; training sets take 8 bit grey or RGB pictures."
            )
        self._check_size(frame, (image.shape[0], image.shape[1], 1 if grey else 3))
        return image

    def png(self, frame: int) -> bytes:
        """Return a frame as PNG (see `read`)."""
        image = self.read(frame)
        if image.ndim == 3:
            image = image[..., ::-1]
        done, data = cv2.imencode(".png", np.ascontiguousarray(image))
        if not done:
            raise ExportError(f"Frame {frame} of camera {self.camera!r} cannot be made a PNG.")
        return data.tobytes()

    def _check_size(self, frame: int, shape: tuple[int, int, int]) -> None:
        size = self.session.rig[self.camera].size
        if size is not None and shape[:2] != (size[1], size[0]):
            raise ExportError(
                f"Frame {frame} of camera {self.camera!r} has {shape[1]}x{shape[0]} pixels but "
                f"the calibration says {size[0]}x{size[1]}."
            )
        if self.shape is not None and shape != self.shape:
            raise ExportError(
                f"Frame {frame} of camera {self.camera!r} has another size or number of channels "
                "than the frames before it."
            )
        self.shape = shape
