"""Parts of video frames as small pictures that can stand in a page."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.workflows.report.inputs import Image, ReadImage

_QUALITY = 82
_BACKGROUND = (214, 217, 222)


@dataclass(frozen=True)
class Window:
    """A rectangle of a frame, shown at some scale.

    Parameters
    ----------
    x, y : float
        Pixel of the original frame whose centre is the centre of the picture's top-left pixel.
    scale : float
        Picture pixels per pixel of the frame.
    width, height : int
        Of the picture.
    """

    x: float
    y: float
    scale: float
    width: int
    height: int

    @classmethod
    def around(
        cls, center: tuple[float, float], reach: tuple[float, float], width: int, height: int
    ) -> "Window":
        """Return the window of a given size that shows ``reach`` px to all sides of a centre."""
        scale = min((width - 1) / (2 * reach[0]), (height - 1) / (2 * reach[1]))
        return cls(
            center[0] - (width - 1) / 2 / scale, center[1] - (height - 1) / 2 / scale,
            scale, width, height,
        )  # fmt: skip

    def place(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions in the picture (SVG units, the top-left corner is 0, 0), shape (..., 2)."""
        placed: NDArray[np.float64] = (xy - np.array([self.x, self.y])) * self.scale + 0.5
        return placed

    def contains(self, xy: NDArray[np.float64], margin: float = 4.0) -> NDArray[np.bool_]:
        """Which positions lie in the picture, ``margin`` picture pixels from its border or more."""
        at = self.place(xy)
        with np.errstate(invalid="ignore"):
            inside = (at > margin) & (at < np.array([self.width, self.height]) - margin)
        both: NDArray[np.bool_] = inside[..., 0] & inside[..., 1]
        return both


def read_picture(read: ReadImage | None, camera: str, frame: int) -> Image | None:
    """Read a picture; None where it cannot be had, so that a report never fails for a picture."""
    if read is None:
        return None
    try:
        image = read(camera, frame)
    except (BehaviorVLMError, OSError, LookupError):
        return None
    if image is None or image.ndim not in (2, 3) or 0 in image.shape:
        return None
    return image


def window_uri(image: Image | None, window: Window, *, stretch: bool = True) -> str:
    """Cut a window out of a frame, as a JPEG data address; empty without an image.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, 3), or None
    window : Window
        May reach beyond the frame.
    stretch : bool
        Whether to spread the grey levels, for dark recordings.
    """
    if image is None:
        return ""
    source = _eight_bit(image, stretch=stretch)
    if window.scale < 0.7:
        # Without this, thin bright dots would come and go with the sampling.
        source = cv2.GaussianBlur(source, (0, 0), 0.4 / window.scale)
    matrix = np.array([
        [window.scale, 0, -window.x * window.scale], [0, window.scale, -window.y * window.scale],
    ])  # fmt: skip
    part = cv2.warpAffine(
        source, matrix, (window.width, window.height), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=_BACKGROUND,
    )  # fmt: skip
    _, data = cv2.imencode(".jpg", part[..., ::-1] if part.ndim == 3 else part,
                           [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])  # fmt: skip
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def _eight_bit(image: Image, *, stretch: bool) -> Image:
    if image.ndim == 3 and image.shape[2] != 3:
        image = image[..., 0]
    if image.dtype == np.uint8 and not stretch:
        return np.ascontiguousarray(image)
    sample = image[::4, ::4]
    low, high = np.percentile(sample, [0.5, 99.9])
    if image.dtype == np.uint8:
        low, high = min(low, 40), max(high, 120)
    levels = (image.astype(np.float32) - low) * (255 / max(high - low, 1))
    stretched: Image = np.clip(levels, 0, 255).astype(np.uint8)
    return stretched
