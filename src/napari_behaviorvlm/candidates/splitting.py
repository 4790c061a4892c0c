"""Two dots where one round Gaussian does not explain the light."""

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.candidates import fitting
from napari_behaviorvlm.candidates.fitting import HEIGHT, LOG_SIGMA, FloatArray, Pixels, Windows

REACH = 8  # px from a dot; what lies farther has a peak of its own
# Two dots of the sample session 7 px apart leave 4 to 11 % of the squared residuals, 4 to 6 % of
# the height, and are 3 sigmas apart; a dot smeared by motion over 13 px comes out 2.5 sigmas
# apart; edges and lines leave 13 to 50 %, or 7 to 25 % of the height.
LEAST_GAP = 2.6  # sigmas
MOST_LEFT = 0.12  # of the squared residuals, beyond noise
MOST_UNEVEN = 0.06  # root mean square of the residuals beyond noise, as a share of the height


def split(
    windows: Windows,
    dots: FloatArray,
    doubtful: NDArray[np.bool_],
    noise: FloatArray,
    sigma_range: tuple[float, float],
) -> tuple[Windows, FloatArray]:
    """Fit a second dot to the residuals of doubtful ones; keep it where it explains them.

    Parameters
    ----------
    windows : Windows
        With weights 0 or 1.
    dots : ndarray, shape (n, 5)
        As fitted with these.
    doubtful : ndarray of bool, shape (n,)
        Which dots to try.
    noise : ndarray, shape (n,)
        Noise sigma around each dot, grey levels.
    sigma_range : (float, float)
        Sigmas that the two may have, px.

    Returns
    -------
    windows, dots
        Of n dots and m more.
    """
    tried = np.flatnonzero(doubtful)
    residual = _residual(windows, dots)
    before = _misfit(windows, dots, residual)[tried]
    start = np.concatenate([dots, _seconds(windows.select(tried), dots[tried], residual[tried])])
    start[tried, LOG_SIGMA] = np.minimum(start[tried, LOG_SIGMA], np.log(2.5))
    more = windows.select(np.concatenate([np.arange(len(dots)), tried]))
    trial = fitting.fit(more, start, iterations=10, sigma_range=sigma_range, tolerance=0.05)
    after = _misfit(more, np.concatenate([dots, dots[tried]]), _residual(more, trial))[tried]
    first, second = trial[tried], trial[len(dots) :]
    after = np.maximum(after - np.square(noise[tried]) * (2 * REACH + 1) ** 2, 0)
    uneven = np.sqrt(after) / (2 * REACH + 1) / dots[tried, HEIGHT]
    ratio = second[:, HEIGHT] / first[:, HEIGHT]
    sigma = np.exp((first[:, LOG_SIGMA] + second[:, LOG_SIGMA]) / 2)
    worth = (
        (after <= MOST_LEFT * before)
        & (uneven <= MOST_UNEVEN)
        & (np.hypot(*(first - second)[:, :2].T) >= LEAST_GAP * sigma)
        & (np.abs(trial[tried, :2] - dots[tried, :2]).max(axis=1) <= REACH)
        & (np.abs(second[:, :2] - dots[tried, :2]).max(axis=1) <= REACH + 2)
        & (ratio > 0.1)
        & (ratio < 10)
    )
    result = dots.copy()
    result[tried[worth]] = first[worth]
    kept = np.concatenate([np.arange(len(dots)), tried[worth]])
    return windows.select(kept), np.concatenate([result, second[worth]])


def _residual(windows: Windows, dots: FloatArray) -> Pixels:
    """Return what the fit leaves of each window, 0 in pixels that do not count."""
    pairs = fitting.neighbours(dots, windows.side)
    left: Pixels = (windows.values - fitting.model(windows, dots, pairs)) * windows.weight
    return left


def _misfit(windows: Windows, around: FloatArray, residual: Pixels) -> FloatArray:
    """Sum of squared residuals within REACH of given dots, shape (n,)."""
    across, down = _distances(windows, around)
    near = np.maximum(np.abs(across)[:, None, :], np.abs(down)[:, :, None]) <= REACH
    return np.asarray(np.einsum("nij,nij,nij->n", residual, residual, near), dtype=np.float64)


def _distances(windows: Windows, dots: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pixels' offsets from their dots along x and y, each (n, side)."""
    steps = np.arange(windows.side)
    offset = windows.corner[:, :, None] + steps - dots[:, :2, None]
    return offset[:, 0], offset[:, 1]


def _seconds(windows: Windows, dots: FloatArray, residual: Pixels) -> FloatArray:
    """First guesses of second dots: where smoothed residuals are highest, shape (m, 5)."""
    across, down = _distances(windows, dots)
    seconds = dots.copy()
    for index, left in enumerate(residual):
        smooth = cv2.blur(np.ascontiguousarray(left), (3, 3))
        far = np.maximum(np.abs(across[index])[None], np.abs(down[index])[:, None]) > REACH
        smooth[far] = -np.inf
        row, column = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
        seconds[index, :2] = windows.corner[index] + (column, row)
        seconds[index, HEIGHT] = max(float(smooth[row, column]), 1e-3)
    seconds[:, LOG_SIGMA] = np.log(2.0)
    return seconds
