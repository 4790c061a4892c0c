"""What the detector and the background model need to know about a picture's pixels."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import VideoError

Picture = NDArray[Any]  # grey levels of any real type

SMALLEST = 8  # px; nothing smaller holds a dot


def as_grey(picture: Picture) -> Picture:
    """Return a picture as one grey channel of uint8, uint16 or float32.

    Parameters
    ----------
    picture : ndarray, shape (height, width) or (height, width, 1 | 3 | 4)
        Grey, RGB or RGBA (alpha is ignored) of any real type.

    Raises
    ------
    VideoError
        If it has another shape or holds no real numbers.
    """
    if picture.ndim == 3 and picture.shape[2] in (1, 3, 4):
        picture = _without_colour(picture)
    if picture.ndim != 2:
        shape = " x ".join(map(str, picture.shape))
        raise VideoError(
            f"A fluorescence picture of shape {shape} cannot be searched for dots: expected "
            "height x width, or height x width x 3 for colour."
        )
    if picture.dtype == bool:
        picture = picture.astype(np.uint8)
    if picture.dtype.kind not in "uif":
        raise VideoError(f"A picture of type {picture.dtype} cannot be searched for dots.")
    if picture.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(picture)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(picture, dtype=np.float32)


def _without_colour(picture: Picture) -> Picture:
    """Luma of RGB (ITU-R BT.601 weights), rounded where the picture is of integers."""
    if picture.shape[2] == 1 or picture.size == 0:
        return picture[..., 0]
    if picture.dtype.kind not in "uif":
        return picture[..., 0]
    grey = picture[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return grey.round().astype(picture.dtype) if picture.dtype.kind in "ui" else grey


def saturation_level(picture: Picture) -> float:
    """Grey level from which pixels count as saturated: near the top of an integer type.

    Compressed video smears saturated pixels by a few levels, hence 98 %.
    """
    return 0.98 * float(np.iinfo(picture.dtype).max) if picture.dtype.kind == "u" else np.inf


def pixel_noise(picture: Picture) -> float:
    """Noise sigma of single pixels from differences of every 128th row, grey levels.

    Pixels two columns apart are compared (neighbours may share what compression did to them); the
    root mean square is clipped at 3 sigma until it settles, which, unlike a median, works for noise
    of less than a grey level. Integer pictures have at least the noise of rounding.
    """
    rows = picture[16::128] if picture.shape[0] > 512 else picture[::2]
    squares = np.square(rows[:, 2:].astype(np.float32) - rows[:, :-2]).ravel()
    squares = squares[np.isfinite(squares)] if picture.dtype.kind == "f" else squares
    mean = float(squares.mean()) if squares.size else 0.0
    for _ in range(4):
        squares = squares[squares <= max(9 * mean, 1e-12)]
        mean = float(squares.mean()) if squares.size else 0.0
    return max(float(np.sqrt(mean / 2)), noise_floor(picture))


def noise_floor(picture: Picture) -> float:
    """Least noise sigma that is believed: rounding (integers) or arithmetic (floats)."""
    if picture.dtype.kind == "u":
        return float(np.sqrt(1 / 12))
    finite = picture[np.isfinite(picture)]
    return max(1e-6 * float(np.abs(finite).max(initial=0)), 1e-30)


def lone_pixels(picture: Picture, noise: float, *, least: float = 6.0) -> NDArray[np.intp]:
    """Flat positions of bright pixels that no neighbour shares, as a dot of light would.

    A pixel is hot where it stands ``least`` noise sigmas above the median of its 3 x 3
    neighbourhood and that median has less than 40 % of its height above the surroundings (a
    Gaussian of sigma 1 px has 61 %, of 2 px 88 %).
    """
    median = cv2.medianBlur(picture, 3)
    excess = cv2.subtract(picture, median)
    limit = least * noise
    if picture.dtype.kind == "u":  # integers compare without conversion
        limit = min(int(limit), int(np.iinfo(picture.dtype).max))
    suspects = np.flatnonzero(excess > limit)
    if not suspects.size:
        return suspects
    around = _surroundings(median, suspects)
    value = picture.ravel()[suspects].astype(np.float64)
    shared = median.ravel()[suspects].astype(np.float64)
    lone: NDArray[np.intp] = suspects[shared - around < 0.4 * (value - around)]
    return lone


def _surroundings(median: Picture, positions: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the (upper) median of twelve smoothed pixels 6 px from each position."""
    angles = np.arange(12) * (np.pi / 6)
    down, right = np.round(6 * np.sin(angles)).astype(int), np.round(6 * np.cos(angles)).astype(int)
    # At the border some of the twelve lie elsewhere in the picture: a median bears that.
    around = positions[:, None] + (down * median.shape[1] + right)
    ring = median.ravel().take(np.maximum(np.minimum(around, median.size - 1), 0))
    return np.partition(ring, 6, axis=1)[:, 6].astype(np.float64)
