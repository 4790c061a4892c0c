"""Circular Gaussians fitted to many small windows of a picture at once.

Overlapping dots are fitted together: each window's residual leaves out what the other dots add
to it, so that at convergence every dot obeys the normal equations of the joint fit.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.candidates.pictures import Picture

FloatArray = NDArray[np.float64]
Pixels = NDArray[np.floating[Any]]  # float32: double precision would only cost time here

X, Y, HEIGHT, LOG_SIGMA, BASE = range(5)
LARGEST_STEP = np.array([2.0, 2.0, np.inf, 0.35, np.inf])


@dataclass(frozen=True, eq=False)
class Windows:
    """Square windows cut around dots.

    Parameters
    ----------
    corner : ndarray of int, shape (n, 2)
        Column and row in the picture of each window's top-left pixel.
    values : ndarray, shape (n, side, side)
        Grey levels above the background.
    weight : ndarray, shape (n, side, side)
        Inverse variances; 0 for pixels that do not count (outside, saturated, hot).
    """

    corner: NDArray[np.intp]
    values: Pixels
    weight: Pixels

    @property
    def side(self) -> int:
        """Pixels along an edge."""
        return int(self.values.shape[1])

    def select(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Windows":
        """Return the windows of some dots."""
        return Windows(self.corner[rows], self.values[rows], self.weight[rows])

    def weighted(self, weight: Pixels) -> "Windows":
        """Return the same windows with other weights, shape (n, side, side)."""
        return replace(self, weight=weight)


def cut(
    picture: Picture, centres: NDArray[np.intp], half: int
) -> tuple[NDArray[np.intp], Picture, NDArray[np.bool_]]:
    """Cut windows of ``2 * half + 1`` pixels around integer centres (column, row).

    Returns
    -------
    corner : ndarray of int, shape (n, 2)
    values : ndarray, shape (n, side, side)
        Outside of the picture, the nearest pixel's value.
    inside : ndarray of bool, shape (n, side, side)
    """
    offsets = np.arange(-half, half + 1)
    columns = centres[:, :1] + offsets
    rows = centres[:, 1:] + offsets
    height, width = picture.shape
    column_inside = (columns >= 0) & (columns < width)
    row_inside = (rows >= 0) & (rows < height)
    nearest = rows.clip(0, height - 1)[:, :, None], columns.clip(0, width - 1)[:, None, :]
    return centres - half, picture[nearest], row_inside[:, :, None] & column_inside[:, None, :]


def _profiles(
    corner: NDArray[np.intp], side: int, dots: FloatArray
) -> tuple[Pixels, Pixels, Pixels, Pixels]:
    """Offsets from the centre (in sigmas) and Gaussian profiles along x and y, each (n, side)."""
    steps = np.arange(side)
    sigma = np.exp(dots[:, LOG_SIGMA, None])
    across = ((corner[:, :1] - dots[:, X, None] + steps) / sigma).astype(np.float32)
    down = ((corner[:, 1:] - dots[:, Y, None] + steps) / sigma).astype(np.float32)
    return across, down, np.exp(-0.5 * across**2), np.exp(-0.5 * down**2)


def neighbours(dots: FloatArray, reach: float) -> NDArray[np.intp]:
    """Ordered pairs (i, j), shape (m, 2), where dot j is within ``reach`` px of dot i's window."""
    gaps = np.abs(dots[:, None, :2] - dots[None, :, :2]).max(axis=2)
    np.fill_diagonal(gaps, np.inf)
    return np.argwhere(gaps < reach)


def model(windows: Windows, dots: FloatArray, pairs: NDArray[np.intp]) -> Pixels:
    """Return what each window should hold: dot, base and neighbours, (n, side, side)."""
    _, _, across, down = _profiles(windows.corner, windows.side, dots)
    shape = down[:, :, None] * across[:, None, :]
    return _expected(windows, dots, pairs, shape)


def _expected(windows: Windows, dots: FloatArray, pairs: NDArray[np.intp], shape: Pixels) -> Pixels:
    """Model of each window, given its own dot's Gaussian of height 1."""
    dots = dots.astype(np.float32)
    total: Pixels = shape * dots[:, HEIGHT, None, None] + dots[:, BASE, None, None]
    if len(pairs):
        others = dots[pairs[:, 1]]
        _, _, across, down = _profiles(windows.corner[pairs[:, 0]], windows.side, others)
        added = (others[:, HEIGHT, None] * down)[:, :, None] * across[:, None, :]
        for window, light in zip(pairs[:, 0], added, strict=True):
            total[window] += light
    return total


def _model_and_slopes(
    windows: Windows, dots: FloatArray, pairs: NDArray[np.intp]
) -> tuple[Pixels, Pixels]:
    """Model of each window and its derivatives by the dot's parameters, (n, 5, side, side)."""
    across, down, gx, gy = _profiles(windows.corner, windows.side, dots)
    heights = dots[:, HEIGHT, None].astype(np.float32)
    scale = (dots[:, HEIGHT] / np.exp(dots[:, LOG_SIGMA])).astype(np.float32)[:, None]
    slopes = np.empty((len(dots), 5, windows.side, windows.side), dtype=np.float32)
    np.multiply(gy[:, :, None], (scale * gx * across)[:, None, :], out=slopes[:, X])
    np.multiply((scale * gy * down)[:, :, None], gx[:, None, :], out=slopes[:, Y])
    np.multiply(gy[:, :, None], gx[:, None, :], out=slopes[:, HEIGHT])
    radius = (heights * down**2)[:, :, None] + (heights * across**2)[:, None, :]
    np.multiply(slopes[:, HEIGHT], radius, out=slopes[:, LOG_SIGMA])
    slopes[:, BASE] = 1
    return _expected(windows, dots, pairs, slopes[:, HEIGHT]), slopes


def fit(
    windows: Windows,
    start: FloatArray,
    *,
    iterations: int,
    sigma_range: tuple[float, float],
    tolerance: float = 2e-3,
) -> FloatArray:
    """Fit one circular Gaussian and a base to each window by damped Gauss-Newton steps.

    Parameters
    ----------
    windows : Windows
    start : ndarray, shape (n, 5)
        x, y (px of the picture), height, log of sigma (px), base.
    iterations : int
        At most so many steps; fewer once no centre moves by more than ``tolerance``.
    sigma_range : (float, float)
        Sigmas are kept within, px.
    tolerance : float
        Pixels.

    Returns
    -------
    ndarray, shape (n, 5)
    """
    dots = start.copy()
    count, pixels = len(dots), windows.side**2
    weight = windows.weight.reshape(count, 1, pixels)
    low, high = np.log(sigma_range)
    pairs = neighbours(dots, windows.side / 2 + 2 * sigma_range[1])
    for _ in range(iterations):
        expected, slopes = _model_and_slopes(windows, dots, pairs)
        residual = (windows.values - expected).reshape(count, pixels, 1)
        slopes = slopes.reshape(count, 5, pixels)
        pull = slopes * weight
        normal = (pull @ slopes.transpose(0, 2, 1)).astype(np.float64)
        step = _solve(normal, (pull @ residual)[..., 0].astype(np.float64))
        dots += np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        dots[:, LOG_SIGMA] = dots[:, LOG_SIGMA].clip(low, high)
        dots[:, HEIGHT] = dots[:, HEIGHT].clip(1e-6, None)
        if np.abs(step[:, :2]).max(initial=0) < tolerance:
            break
    return dots


def _solve(normal: FloatArray, pull: FloatArray) -> FloatArray:
    """Solve the scaled, slightly damped normal equations; 0 where there is nothing to solve."""
    diagonal = np.einsum("nii->ni", normal)
    scale = 1 / np.sqrt(np.maximum(diagonal, 1e-30))
    scaled = normal * scale[:, :, None] * scale[:, None, :]
    scaled[:, range(5), range(5)] = 1 + 1e-4
    step: FloatArray = np.linalg.solve(scaled, (pull * scale)[..., None])[..., 0] * scale
    return step
