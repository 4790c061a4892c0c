"""Where the pixels of a picture lie in the frame it was cut from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.vlm.facts import ImageFacts
from napari_behaviorvlm.vlm.tokens import ImageLimits

FloatArray = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1; of pixel centres."""


@dataclass(frozen=True)
class PictureMap:
    """Exact map between a frame and a picture of it (or of a part of it).

    Pixel centres have whole coordinates in both. The area of the picture is the area of the window:
    the picture's left edge (-0.5) lies on the window's left edge.

    Parameters
    ----------
    origin : (float, float)
        Frame pixel that the centre of the picture's top-left pixel shows.
    scale : float
        Picture pixels per frame pixel.
    width, height : int
        Of the picture.
    """

    origin: tuple[float, float]
    scale: float
    width: int
    height: int

    @classmethod
    def of_frame(
        cls, width: int, height: int, limits: ImageLimits, *, n_images: int = 1, most: float = 1.0
    ) -> "PictureMap":
        """Map of a whole frame, shrunk to the model's limits; never above the scale ``most``."""
        fits = limits.scale(width, height, n_images=n_images)
        return cls._of(0, 0, width, height, min(fits, most))

    @classmethod
    def of_window(
        cls, window: Box, frame: tuple[int, int], limits: ImageLimits, *,
        long_side: int = 784, largest: float = 4.0, smallest: float = 64.0, n_images: int = 1,
    ) -> "PictureMap":  # fmt: skip
        """Map of a part of a frame, enlarged.

        Parameters
        ----------
        window : (x0, y0, x1, y1)
            In the frame; grown to whole pixels and to ``smallest``, moved and cut to lie inside.
        frame : (int, int)
            Width and height.
        limits : ImageLimits
        long_side : int
            Of the picture, px.
        largest : float
            Scale that enlarging does not pass: beyond it there is only blur.
        smallest : float
            Length of the window's sides at least, frame px.
        n_images : int
            Pictures in the request.
        """
        x0, x1 = _side(window[0], window[2], frame[0], smallest)
        y0, y1 = _side(window[1], window[3], frame[1], smallest)
        width, height = x1 - x0, y1 - y0
        scale = min(largest, long_side / max(width, height))
        enlarged = round(width * scale), round(height * scale)
        scale *= limits.scale(*enlarged, n_images=n_images)
        return cls._of(x0, y0, width, height, scale)

    @classmethod
    def _of(cls, x0: int, y0: int, width: int, height: int, scale: float) -> "PictureMap":
        shift = 0.5 / scale - 0.5
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return cls((x0 + shift, y0 + shift), scale, *size)

    def to_picture(self, xy: ArrayLike) -> FloatArray:
        """Frame pixels to picture pixels, shape (..., 2)."""
        placed: FloatArray = (np.asarray(xy, np.float64) - self.origin) * self.scale
        return placed

    def to_frame(self, xy: ArrayLike) -> FloatArray:
        """Picture pixels to frame pixels, shape (..., 2)."""
        placed: FloatArray = np.asarray(xy, np.float64) / self.scale + self.origin
        return placed

    def box_to_frame(self, box: Box) -> Box:
        """Box of the picture in the frame."""
        (x0, y0), (x1, y1) = self.to_frame([box[:2], box[2:]])
        return float(x0), float(y0), float(x1), float(y1)

    def shows(self, xy: ArrayLike, margin: float = 3.0) -> NDArray[np.bool_]:
        """Which frame positions lie in the picture, ``margin`` picture pixels from its edge."""
        at = self.to_picture(xy)
        size = np.array([self.width, self.height])
        with np.errstate(invalid="ignore"):
            inside = (at >= margin - 0.5) & (at <= size - 0.5 - margin)
        both: NDArray[np.bool_] = inside[..., 0] & inside[..., 1]
        return both

    @property
    def matrix(self) -> FloatArray:
        """Affine matrix frame -> picture, shape (2, 3), as OpenCV takes it."""
        return np.array([
            [self.scale, 0, -self.origin[0] * self.scale],
            [0, self.scale, -self.origin[1] * self.scale],
        ])  # fmt: skip

    def facts(self) -> ImageFacts:
        """Map as the facts of a request tell it."""
        return ImageFacts(
            width=self.width, height=self.height, origin=self.origin, scale=self.scale
        )


def grown(box: Box, share: float) -> Box:
    """Box with a margin of ``share`` of its longer side all around."""
    more = share * max(box[2] - box[0], box[3] - box[1])
    return box[0] - more, box[1] - more, box[2] + more, box[3] + more


def _side(low: float, high: float, length: int, smallest: float) -> tuple[int, int]:
    """Whole pixels from ``low`` to ``high``, at least ``smallest`` of them, inside the frame."""
    missing = max(smallest - (high - low), 0) / 2
    start, end = int(np.floor(low - missing)), int(np.ceil(high + missing))
    size = min(end - start, length)
    start = min(max(start, 0), length - size)
    return start, start + size
