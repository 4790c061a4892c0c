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
    centres: NDArray[np.intp], half: int, *pictures: Picture
) -> tuple[NDArray[np.bool_], list[Picture]]:
    """Cut windows of ``2 * half + 1`` pixels around integer centres (column, row).

    Returns
    -------
    inside : ndarray of bool, shape (n, side, side)
        Whether each pixel lies in the pictures, which share one size.
    windows : list of ndarray, shape (n, side, side)
        From each picture; outside of it, the nearest pixel's value.
    """
    offsets = np.arange(-half, half + 1)
    columns, rows = centres[:, :1] + offsets, centres[:, 1:] + offsets
    height, width = pictures[0].shape
    column_inside = (columns >= 0) & (columns < width)
    row_inside = (rows >= 0) & (rows < height)
    nearest_row = np.maximum(np.minimum(rows, height - 1), 0)  # much faster than clip here
    nearest_column = np.maximum(np.minimum(columns, width - 1), 0)
    flat = nearest_row[:, :, None] * width + nearest_column[:, None, :]
    inside = row_inside[:, :, None] & column_inside[:, None, :]
    return inside, [picture.ravel().take(flat) for picture in pictures]


def _profiles(corner: NDArray[np.intp], side: int, dots: FloatArray) -> tuple[Pixels, Pixels]:
    """Offsets from the centre (in sigmas) and Gaussian profiles along x and y, (n, 2, side)."""
    offset = corner[:, :, None] + np.arange(side) - dots[:, :2, None]
    scaled = (offset / np.exp(dots[:, LOG_SIGMA, None, None])).astype(np.float32)
    return scaled, np.exp(np.float32(-0.5) * scaled * scaled)


def neighbours(dots: FloatArray, reach: float) -> NDArray[np.intp]:
    """Ordered pairs (i, j), shape (m, 2), where dot j is within ``reach`` px of dot i's window."""
    gaps = np.abs(dots[:, None, :2] - dots[None, :, :2]).max(axis=2)
    np.fill_diagonal(gaps, np.inf)
    return np.argwhere(gaps < reach)


def model(windows: Windows, dots: FloatArray, pairs: NDArray[np.intp]) -> Pixels:
    """Return what each window should hold: dot, base and neighbours, (n, side, side)."""
    return _expected(windows, dots, pairs, _profiles(windows.corner, windows.side, dots)[1])


def _expected(
    windows: Windows, dots: FloatArray, pairs: NDArray[np.intp], profile: Pixels
) -> Pixels:
    """Model of each window, given the profiles of its own dot."""
    total = _gaussians(dots, profile)
    total += dots[:, BASE, None, None].astype(np.float32)
    if len(pairs):
        others = dots[pairs[:, 1]]
        added = _gaussians(others, _profiles(windows.corner[pairs[:, 0]], windows.side, others)[1])
        for window, light in zip(pairs[:, 0].tolist(), added, strict=True):
            total[window] += light
    return total


def _gaussians(dots: FloatArray, profile: Pixels) -> Pixels:
    """Images of dots from their profiles, shape (n, side, side)."""
    height = dots[:, HEIGHT, None].astype(np.float32)
    images: Pixels = (height * profile[:, 1])[:, :, None] * profile[:, 0, None, :]
    return images


def _normal_equations(
    windows: Windows, dots: FloatArray, pairs: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Set up normal matrices (n, 5, 5), right sides (n, 5) and their unknowns' units (n, 5).

    All slopes of a Gaussian are products of functions of x and of y, so sums over pixels are two
    small matrix products (`SLOPES` names the functions), and slope images are never made.
    """
    count = len(dots)
    offset, profile = _profiles(windows.corner, windows.side, dots)
    rest = windows.values - _expected(windows, dots, pairs, profile)
    rest *= windows.weight
    functions = _functions(offset, profile)
    down, across = functions[:, 1], functions[:, 0].transpose(0, 2, 1)
    pull = down[:, :FIRST_ORDER] @ (rest @ across[..., :FIRST_ORDER])
    normal = down @ (windows.weight @ across)
    sides = pull.reshape(count, -1).astype(np.float64) @ PULL_SUMS
    matrices = normal.reshape(count, -1).astype(np.float64) @ NORMAL_SUMS
    units = np.ones((count, 5))
    units[:, LOG_SIGMA] = dots[:, HEIGHT]
    units[:, :2] = (dots[:, HEIGHT] / np.exp(dots[:, LOG_SIGMA]))[:, None]
    return matrices.reshape(count, 5, 5), sides, units


def _functions(offset: Pixels, profile: Pixels) -> Pixels:
    """Functions of each axis, (n, 2, 9, side): 1, g, g u, g u^2, then g^2 times u^0 .. u^4."""
    count, axes, side = offset.shape
    values = np.empty((count, axes, 9, side), dtype=np.float32)
    values[:, :, 0] = 1
    values[:, :, 1] = profile
    np.multiply(profile, profile, out=values[:, :, 4])
    for index in (2, 3, 5, 6, 7, 8):
        np.multiply(values[:, :, index - 1], offset, out=values[:, :, index])
    return values


FIRST_ORDER = 4  # of the functions, those in slopes; the others are in products of two slopes
# Each slope is a sum of products g u^i (along x) times g v^j (along y), listed as (i, j); x and y
# in units of height / sigma, log sigma in units of height. The base's slope is 1.
SLOPES: tuple[tuple[tuple[int, int], ...], ...] = (
    ((1, 0),), ((0, 1),), ((0, 0),), ((2, 0), (0, 2)), (),
)  # fmt: skip


def _pull_sums() -> FloatArray:
    """Which products of functions (y-major, 4 x 4) each slope is the sum of, shape (16, 5)."""
    sums = np.zeros((FIRST_ORDER, FIRST_ORDER, 5))
    for index, terms in enumerate(SLOPES):
        for i, j in terms:
            sums[1 + j, 1 + i, index] = 1
    sums[0, 0, BASE] = 1
    return sums.reshape(-1, 5)


def _normal_sums() -> FloatArray:
    """Which products of functions (9 x 9) each product of two slopes is the sum of, (81, 25)."""
    sums = np.zeros((9, 9, 5, 5))
    for one, terms in enumerate(SLOPES):
        for other, more in enumerate(SLOPES):
            for i, j in terms:
                for k, m in more:
                    sums[4 + j + m, 4 + i + k, one, other] += 1
        for i, j in terms:
            sums[1 + j, 1 + i, one, BASE] = sums[1 + j, 1 + i, BASE, one] = 1
    sums[0, 0, BASE, BASE] = 1
    return sums.reshape(81, 25)


PULL_SUMS = _pull_sums()
NORMAL_SUMS = _normal_sums()


def fit(
    windows: Windows,
    start: FloatArray,
    *,
    iterations: int,
    sigma_range: tuple[float, float],
    tolerance: float = 0.01,
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
    lowest, highest = np.full(5, -np.inf), np.full(5, np.inf)
    lowest[LOG_SIGMA], highest[LOG_SIGMA] = np.log(sigma_range)
    lowest[HEIGHT] = 1e-6
    pairs = neighbours(dots, windows.side / 2 + 2 * sigma_range[1])
    for _ in range(iterations):
        normal, pull, units = _normal_equations(windows, dots, pairs)
        step = _solve(normal, pull) / units
        dots += np.maximum(np.minimum(step, LARGEST_STEP), -LARGEST_STEP)
        dots = np.maximum(np.minimum(dots, highest), lowest)
        if np.abs(step[:, :2]).max(initial=0) < tolerance:
            break
    return dots


def _solve(normal: FloatArray, pull: FloatArray) -> FloatArray:
    """Solve slightly damped normal equations, changing them; 0 where there is nothing to solve."""
    diagonal = np.einsum("nii->ni", normal)
    diagonal *= 1 + 1e-4
    diagonal += 1e-9 * diagonal.max(axis=1, keepdims=True) + 1e-30
    return np.asarray(np.linalg.solve(normal, pull[..., None])[..., 0], dtype=np.float64)
