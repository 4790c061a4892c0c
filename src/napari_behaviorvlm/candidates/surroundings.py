"""Light and noise around dots: what a window's pixels are worth in a fit."""

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.candidates import fitting
from napari_behaviorvlm.candidates.fitting import BASE, FloatArray, Pixels, Windows
from napari_behaviorvlm.candidates.pictures import Picture, saturation_level

HALF_WINDOW = 10  # px, 2.5 sigmas of the largest usual dot
BLOCK = 8  # px, side of the blocks that local backgrounds are fitted to
REACH = 4  # blocks to each side of a dot that its background is fitted to
DOT_RADIUS = 14.0  # px around a dot that tell nothing about the background
OUTLIER = 5.0  # noise sigmas


def local_planes(half: NDArray[np.float32], peaks: NDArray[np.intp]) -> FloatArray:
    """Fit a plane to the light around each dot, leaving out what is near any dot.

    Parameters
    ----------
    half : ndarray, shape (height / 2, width / 2)
        Picture at half resolution.
    peaks : ndarray of int, shape (n, 2)
        Columns and rows of the dots therein.

    Returns
    -------
    ndarray, shape (n, 3)
        Level at the peak's pixel ``2 * peak + 0.5`` and slopes along x and y, per pixel of the
        full picture.
    """
    size = BLOCK // 2
    rows, columns = half.shape[0] // size, half.shape[1] // size
    if min(rows, columns) < 1:
        return np.column_stack([np.full(len(peaks), np.median(half)), np.zeros((len(peaks), 2))])
    blocks = cv2.resize(
        half[: rows * size, : columns * size], (columns, rows), interpolation=cv2.INTER_AREA
    )
    _, values, inside = fitting.cut(blocks, peaks // size, REACH)
    first = peaks // size - REACH
    steps = np.arange(2 * REACH + 1)
    centre_x = BLOCK * (first[:, :1] + steps) + (BLOCK - 1) / 2
    centre_y = BLOCK * (first[:, 1:] + steps) + (BLOCK - 1) / 2
    dots = 2.0 * peaks + 0.5
    dx = (centre_x[:, None, :] - dots[:, 0, None, None]) + np.zeros((1, len(steps), 1))
    dy = (centre_y[:, :, None] - dots[:, 1, None, None]) + np.zeros((1, 1, len(steps)))
    near = _near_any(centre_x, centre_y, dots)
    return _planes(dx, dy, values.astype(np.float64), (inside & ~near).astype(np.float64))


def _near_any(centre_x: Pixels, centre_y: Pixels, dots: Pixels) -> NDArray[np.bool_]:
    """Whether the block of each row and column lies within DOT_RADIUS of any dot, (n, k, k)."""
    dx = np.square(centre_x[:, None, :] - dots[None, :, 0, None])  # (n, dots, k)
    dy = np.square(centre_y[:, None, :] - dots[None, :, 1, None])
    nearest: Pixels = np.full((len(dots), centre_y.shape[1], centre_x.shape[1]), np.inf)
    for other in range(dx.shape[1]):
        np.minimum(nearest, dy[:, other, :, None] + dx[:, other, None, :], out=nearest)
    near: NDArray[np.bool_] = nearest < DOT_RADIUS**2
    return near


def _planes(dx: FloatArray, dy: FloatArray, values: FloatArray, weight: FloatArray) -> FloatArray:
    """Weighted least squares of planes over blocks, shape (n, 3); flat where blocks are few."""
    count = len(values)
    basis = np.stack([np.ones_like(dx), dx, dy], axis=-1).reshape(count, -1, 3)
    weighted = basis * weight.reshape(count, -1, 1)
    normal = weighted.transpose(0, 2, 1) @ basis
    normal[:, range(3), range(3)] += (1e-6, BLOCK**2, BLOCK**2)
    pull = weighted.transpose(0, 2, 1) @ values.reshape(count, -1, 1)
    return np.asarray(np.linalg.solve(normal, pull)[..., 0], dtype=np.float64)


def cut_above(
    picture: Picture,
    ignored: NDArray[np.uint8],
    centres: NDArray[np.intp],
    planes: FloatArray,
    level: NDArray[np.float32] | None,
) -> Windows:
    """Cut windows and take the static level and the local planes off.

    Parameters
    ----------
    picture : ndarray, shape (height, width)
    ignored : ndarray of uint8, shape (height, width)
        Not 0 where a pixel does not count.
    centres : ndarray of int, shape (n, 2)
    planes : ndarray, shape (n, 3)
        See `local_planes`.
    level : ndarray, shape (height, width), optional

    Returns
    -------
    Windows
        With weight 1 or 0; saturated pixels weigh nothing.
    """
    corner, values, inside = fitting.cut(picture, centres, HALF_WINDOW)
    _, dead, _ = fitting.cut(ignored, centres, HALF_WINDOW)
    usable = inside & (dead == 0) & (values < saturation_level(picture))
    above = values.astype(np.float64)
    if level is not None:
        above -= fitting.cut(level, centres, HALF_WINDOW)[1]
    steps = np.arange(-HALF_WINDOW, HALF_WINDOW + 1) - 0.5
    above -= (planes[:, 0, None] + planes[:, 1, None] * steps)[:, None, :]
    above -= (planes[:, 2, None] * steps)[:, :, None]
    return Windows(corner, above.astype(np.float32), usable.astype(np.float32))


def _squares(windows: Windows, dots: FloatArray) -> tuple[Pixels, Pixels]:
    """Squared residuals and the light of the dots alone, each (n, side, side)."""
    pairs = fitting.neighbours(dots, windows.side)
    expected = fitting.model(windows, dots, pairs)
    base = dots[:, BASE, None, None].astype(np.float32)
    return np.square(windows.values - expected), expected - base


def _mean(values: Pixels, weight: Pixels) -> Pixels:
    """Weighted mean of each window, shape (n, 1, 1)."""
    total = weight.sum(axis=(1, 2), keepdims=True)
    mean: Pixels = (values * weight).sum(axis=(1, 2), keepdims=True) / np.maximum(total, 1e-9)
    return mean


def _clipped_mean(squares: Pixels, weight: Pixels) -> Pixels:
    """Mean square of each window without outliers, shape (n, 1, 1)."""
    mean = _mean(squares, weight)
    for _ in range(2):
        mean = _mean(squares, weight * (squares <= OUTLIER**2 * mean))
    return mean


def residual_variance(windows: Windows, dots: FloatArray) -> FloatArray:
    """Mean squared residual of each window without outliers, shape (n,)."""
    squares, _ = _squares(windows, dots)
    return np.maximum(_clipped_mean(squares, np.sign(windows.weight))[:, 0, 0], 1e-30)


def reweighted(windows: Windows, dots: FloatArray) -> Windows:
    """Weigh pixels by read and shot noise estimated from residuals; outliers weigh nothing.

    The variance is a constant for each window plus a gain, common to the picture, times the dots'
    light; a Gaussian that fits a bright dot badly counts as noise there as well, which is wanted.
    """
    squares, light = _squares(windows, dots)
    usable = np.sign(windows.weight)
    height = light.max(axis=(1, 2), keepdims=True)
    dark = usable * (light < 0.1 * height)
    floor = np.maximum(_clipped_mean(squares, dark), 1e-12)
    gain = _gain(squares, light, floor, usable * (light >= 0.3 * height))
    variance = floor + gain * light.clip(0, None)
    return windows.weighted(usable * (squares <= OUTLIER**2 * variance) / variance)


def _gain(squares: Pixels, light: Pixels, floor: Pixels, bright: Pixels) -> float:
    """Grey levels squared of extra variance for each grey level of light; 0 or more."""
    chosen = bright > 0
    if not chosen.any():
        return 0.0
    floors = np.broadcast_to(floor, squares.shape)[chosen]
    extra, signal = squares[chosen] - floors, light[chosen]
    # 0.455 is the median of a squared standard normal: a start that outliers cannot move.
    gain = max(0.0, float(np.median((squares[chosen] / 0.455 - floors) / signal)))
    variance = floors + gain * signal
    calm = squares[chosen] <= OUTLIER**2 * variance
    precision = np.square(signal / variance) * calm
    total = float(precision.sum())
    return max(0.0, float((extra * signal / variance**2 * calm).sum()) / total) if total else gain
