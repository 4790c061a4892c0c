"""Light and noise around dots: what a window's pixels are worth in a fit."""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.candidates import fitting
from napari_behaviorvlm.candidates.filters import BLOCK
from napari_behaviorvlm.candidates.fitting import BASE, HEIGHT, FloatArray, Pixels, Windows
from napari_behaviorvlm.candidates.pictures import Picture, saturation_level

HALF_WINDOW = 10  # px, 2.5 sigmas of the largest usual dot
REACH = 4  # blocks to each side of a dot that its background is fitted to
DOT_RADIUS = 14.0  # px around a dot that tell nothing about the background
OUTLIER = 5.0  # noise sigmas


def local_planes(blocks: NDArray[np.float32], peaks: NDArray[np.intp]) -> FloatArray:
    """Fit a plane to the light around each dot, leaving out what is near any dot.

    Parameters
    ----------
    blocks : ndarray, shape (height / 8, width / 8)
        Means of blocks of 8 x 8 pixels.
    peaks : ndarray of int, shape (n, 2)
        Columns and rows of the dots at half resolution.

    Returns
    -------
    ndarray, shape (n, 3)
        Level at the peak's pixel ``2 * peak + 0.5`` and slopes along x and y, per pixel of the
        full picture.
    """
    blocked, dots = peaks // (BLOCK // 2), np.asarray(2 * peaks + 0.5, dtype=np.float64)
    near = _near_dots(blocks.shape, blocked, dots)
    inside, (values, near) = fitting.cut(blocked, REACH, blocks, near)
    dx, dy = _block_offsets(blocked, dots, REACH)
    return _planes(dx, dy, values.astype(np.float64), (inside & ~near).astype(np.float64))


def _block_offsets(
    blocked: NDArray[np.intp], dots: FloatArray, reach: int
) -> tuple[FloatArray, FloatArray]:
    """Columns' x (n, 1, k) and rows' y (n, k, 1) around each dot's block less the dot's, px."""
    steps = np.arange(-reach, reach + 1)
    offset = BLOCK * (blocked[:, :, None] + steps) + (BLOCK - 1) / 2 - dots[:, :, None]
    return offset[:, 0, None, :], offset[:, 1, :, None]


def _near_dots(
    shape: tuple[int, ...], blocked: NDArray[np.intp], dots: FloatArray
) -> NDArray[np.bool_]:
    """Whether each block's centre lies within DOT_RADIUS of a dot."""
    near = np.zeros(shape, dtype=bool)
    reach = int(DOT_RADIUS // BLOCK) + 1
    dx, dy = _block_offsets(blocked, dots, reach)
    dot, row, column = np.nonzero(dx**2 + dy**2 < DOT_RADIUS**2)
    rows, columns = blocked[dot, 1] + row - reach, blocked[dot, 0] + column - reach
    within = (rows >= 0) & (columns >= 0) & (rows < shape[0]) & (columns < shape[1])
    near[rows[within], columns[within]] = True
    return near


def _planes(dx: FloatArray, dy: FloatArray, values: FloatArray, weight: FloatArray) -> FloatArray:
    """Weighted least squares of planes over blocks, shape (n, 3); flat where blocks are few."""
    count = len(values)
    basis = np.ones((*values.shape, 3))
    basis[..., 1], basis[..., 2] = dx, dy
    basis = basis.reshape(count, -1, 3)
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
    pictures = (picture, ignored) if level is None else (picture, ignored, level)
    inside, (values, dead, *levels) = fitting.cut(centres, HALF_WINDOW, *pictures)
    usable = inside & (dead == 0) & (values < saturation_level(picture))
    above = values.astype(np.float64)
    for window in levels:
        above -= window
    steps = np.arange(-HALF_WINDOW, HALF_WINDOW + 1) - 0.5
    above -= (planes[:, 0, None] + planes[:, 1, None] * steps)[:, None, :]
    above -= (planes[:, 2, None] * steps)[:, :, None]
    return Windows(centres - HALF_WINDOW, above.astype(np.float32), usable.astype(np.float32))


def reweighted(windows: Windows, dots: FloatArray) -> tuple[Windows, FloatArray, FloatArray]:
    """Weigh pixels by read and shot noise estimated from residuals; outliers weigh nothing.

    The variance is a constant for each window plus a gain, common to the picture, times the dots'
    light; a Gaussian that fits a bright dot badly counts as noise there as well, which is wanted.

    Parameters
    ----------
    windows : Windows
        With weights 0 or 1.
    dots : ndarray, shape (n, 5)
        As fitted with these.

    Returns
    -------
    Windows
    noise : ndarray, shape (n,)
        Sigma of the residuals of each window's darker pixels, grey levels.
    misfit : ndarray, shape (n,)
        Root mean square of the residuals of each dot's brighter pixels, grey levels.
    """
    expected = fitting.model(windows, dots, fitting.neighbours(dots, windows.side))
    squares = np.square(windows.values - expected)
    light = expected - dots[:, BASE, None, None].astype(np.float32)
    light = np.maximum(light, 0)
    height = dots[:, HEIGHT, None, None].astype(np.float32)
    usable = windows.weight
    floor = _clipped_mean(squares, usable * (light < 0.2 * height))
    bright = usable * (light >= 0.3 * height)
    variance = floor + _gain(squares, light, floor, bright) * light
    weight = usable * (squares <= OUTLIER**2 * variance) / variance
    total, count = np.einsum("nij,nij->n", squares, bright), bright.sum(axis=(1, 2))
    misfit = np.sqrt(total / count.clip(1, None), dtype=np.float64)
    return windows.weighted(weight), np.sqrt(floor[:, 0, 0], dtype=np.float64), misfit


def _clipped_mean(squares: Pixels, weight: Pixels) -> Pixels:
    """Mean square of each window without outliers, shape (n, 1, 1); never 0."""
    flat, chosen = squares.reshape(len(squares), -1), weight.reshape(len(weight), -1)
    mean = np.full((len(flat), 1), np.inf, dtype=np.float32)
    for _ in range(3):
        calm = chosen * (flat <= OUTLIER**2 * mean)
        total = np.einsum("np,np->n", flat, calm)
        mean = (total / calm.sum(axis=1).clip(1, None))[:, None]
    return mean[:, :, None].clip(1e-12, None)


def _gain(squares: Pixels, light: Pixels, floor: Pixels, bright: Pixels) -> float:
    """Grey levels squared of extra variance for each grey level of light; 0 or more."""
    chosen = np.flatnonzero(bright)
    if not chosen.size:
        return 0.0
    residual, signal = squares.ravel()[chosen], light.ravel()[chosen]
    floors = floor.ravel()[chosen // squares[0].size]
    # 0.455 is the median of a squared standard normal: a start that outliers cannot move.
    ratios = (residual / np.float32(0.455) - floors) / signal
    variance = floors + max(0.0, median(ratios)) * signal
    calm = residual <= OUTLIER**2 * variance
    precision = calm * np.square(signal / variance)
    extra = calm * (residual - floors) * signal / np.square(variance)
    return max(0.0, float(extra.sum()) / max(float(precision.sum()), 1e-30))


def median(values: Pixels) -> float:
    """Middle value, without the care that makes numpy's slow for few values."""
    middle = len(values) // 2
    return float(np.partition(values, middle)[middle])
