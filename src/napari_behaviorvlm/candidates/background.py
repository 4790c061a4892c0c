"""The part of a fluorescence stream that does not move: glow, fixed reflections and hot pixels.

QD-Pi subtracts a rolling mean, which dims the dots of an animal that rests and makes a frame's
dots depend on the frames before it. Here one model per camera comes from frames spread evenly over
the recording, so that each frame gives the same dots whatever is computed first or again; and what
is as small as a dot never becomes background, however long it rests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.candidates.filters import halved
from napari_behaviorvlm.candidates.pictures import Picture, as_grey, lone_pixels, pixel_noise
from napari_behaviorvlm.core.errors import VideoError

SAMPLE_FRAMES = 31
DOT_AREA = 900  # px; brighter spots of less area are kept out of the background (sigma 4: 450 px)


@dataclass(frozen=True, eq=False)
class Background:
    """What one camera sees without dots.

    Parameters
    ----------
    level : ndarray of float32, shape (height, width)
        Grey levels of the static light.
    hot : ndarray of bool, shape (height, width)
        Pixels that shine on their own.
    """

    level: NDArray[np.float32]
    hot: NDArray[np.bool_]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays for ``numpy.savez``; hot pixels as flat positions."""
        return {"level": self.level, "hot": np.flatnonzero(self.hot)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Undo ``to_arrays``."""
        level = np.asarray(arrays["level"], dtype=np.float32)
        hot = np.zeros(level.shape, dtype=bool)
        hot.flat[np.asarray(arrays["hot"], dtype=np.intp)] = True
        return cls(level, hot)


def sample_frames(frame_count: int, sample: int = SAMPLE_FRAMES) -> NDArray[np.int64]:
    """Frame numbers to estimate a background from: evenly spread, the same for every run.

    Parameters
    ----------
    frame_count : int
        Frames of the recording, whatever part of it is being processed.
    sample : int
        At most so many.
    """
    count = min(frame_count, sample)
    return ((np.arange(count) + 0.5) * frame_count / max(count, 1)).astype(np.int64)


def estimate_background(frames: Sequence[Picture]) -> Background:
    """Estimate what stays the same in frames spread over a recording of one camera.

    Parameters
    ----------
    frames : sequence of ndarray, each (height, width) or with a colour axis
        ``sample_frames`` tells which. A few are enough; the order does not matter.

    Raises
    ------
    VideoError
        If there are no frames or their sizes or types differ.
    """
    if not len(frames):
        raise VideoError("A background needs at least one frame.")
    pictures = [as_grey(frame) for frame in frames]
    shapes = {(picture.shape, picture.dtype) for picture in pictures}
    if len(shapes) > 1:
        raise VideoError("The frames for a background differ in size or type.")
    middle = _interquartile_mean(pictures)
    if not middle.size:
        return Background(middle, np.zeros(middle.shape, dtype=bool))
    hot = np.zeros(middle.shape, dtype=bool)
    hot.flat[lone_pixels(middle, pixel_noise(middle))] = True
    cleaned = np.where(hot, cv2.medianBlur(middle, 3), middle)
    return Background(_without_dots(cleaned), hot)


def _interquartile_mean(pictures: list[Picture]) -> NDArray[np.float32]:
    """Mean over time of the middle half of each pixel's values: deaf to dots that pass.

    Unlike a median it resolves fractions of a grey level.
    """
    height, width = pictures[0].shape
    first, last = len(pictures) // 4, len(pictures) - len(pictures) // 4
    middle = np.empty((height, width), dtype=np.float32)
    for top in range(0, height, 64):  # strips bound the memory
        strip = np.stack([picture[top : top + 64] for picture in pictures], axis=-1)
        if strip.dtype.kind == "f":
            strip = np.nan_to_num(strip, nan=0.0, posinf=0.0, neginf=0.0)
        strip.sort(axis=-1)
        middle[top : top + 64] = strip[..., first:last].mean(axis=-1, dtype=np.float32)
    return middle


def _without_dots(middle: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut off bright spots smaller than DOT_AREA (area opening) and smooth, shape unchanged.

    An area opening (Vincent 1993) lowers each bright spot until it is larger than the area, and
    leaves wide glow and long edges as they are, so a dot that never moves stays a dot.
    """
    from skimage.morphology import area_opening

    height, width = middle.shape
    if min(height, width) < 4:
        return np.full_like(middle, np.median(middle))
    half = halved(middle)
    opened = area_opening(half, area_threshold=min(DOT_AREA // 4, half.size // 2))
    smooth = cv2.GaussianBlur(opened.astype(np.float32), (0, 0), 2.0)
    return np.asarray(cv2.resize(smooth, (width, height)))
