"""Fluorescence frames with known dots, and the Cramér-Rao bound of their positions.

The generating model of one pixel: the mean is background + sum of circular Gaussians; the light is
counted (Poisson, ``gain`` grey levels per photo-electron), read noise is added, hot pixels are
added, and the result is rounded and clipped to ``dtype``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scene:
    """What the frames of a set have in common.

    Parameters
    ----------
    amplitude, sigma : (float, float)
        Ranges of the dots' peak heights (grey levels) and sigmas (px), uniform.
    singles, pairs : int
        Dots on their own and close pairs in each frame.
    gap : (float, float)
        Range of the distance within a pair, px.
    glow : float
        Height of the slow background above its offset, grey levels.
    """

    size: tuple[int, int] = (1280, 1024)
    amplitude: tuple[float, float] = (8.0, 16.0)
    sigma: tuple[float, float] = (2.0, 4.0)
    singles: int = 12
    pairs: int = 6
    gap: tuple[float, float] = (12.0, 16.0)
    offset: float = 12.0
    glow: float = 15.0
    read_noise: float = 1.3
    gain: float = 0.05
    hot_pixels: int = 60
    dtype: str = "uint8"


HARD = Scene()
BRIGHT = Scene(amplitude=(18.0, 60.0))


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture and its truth: ``dots`` has columns x, y, amplitude, sigma."""

    image: NDArray[np.generic]
    dots: NDArray[np.float64]
    mean: NDArray[np.float64]


def gaussian(shape: tuple[int, int], dot: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of a circular Gaussian (x, y, amplitude, sigma) at pixel centres, shape (h, w)."""
    x, y, amplitude, sigma = dot
    across = np.exp(-((np.arange(shape[1]) - x) ** 2) / (2 * sigma**2))
    down = np.exp(-((np.arange(shape[0]) - y) ** 2) / (2 * sigma**2))
    return amplitude * np.outer(down, across)


def slow_background(scene: Scene, rng: np.random.Generator) -> NDArray[np.float64]:
    """Offset plus a few wide bumps, shape (h, w)."""
    width, height = scene.size
    total = np.zeros((height, width))
    for _ in range(4):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        total += gaussian((height, width), np.array([x, y, 1.0, rng.uniform(120, 300)]))
    return scene.offset + scene.glow * total / total.max()


def place_dots(scene: Scene, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw dots: singles and pairs keep 45 px from each other and 12 px from the border."""
    width, height = scene.size
    anchors: list[NDArray[np.float64]] = []
    while len(anchors) < scene.singles + scene.pairs:
        xy = rng.uniform((30, 30), (width - 30, height - 30))
        if all(np.hypot(*(xy - other)) > 45 for other in anchors):
            anchors.append(xy)
    positions = list(anchors)
    for anchor in anchors[scene.singles :]:
        angle = rng.uniform(0, 2 * np.pi)
        positions.append(
            anchor + rng.uniform(*scene.gap) * np.array([np.cos(angle), np.sin(angle)])
        )
    count = len(positions)
    return np.column_stack(
        [positions, rng.uniform(*scene.amplitude, count), rng.uniform(*scene.sigma, count)]
    )


def expose(
    mean: NDArray[np.float64], scene: Scene, rng: np.random.Generator
) -> NDArray[np.generic]:
    """Turn mean grey levels into a noisy picture of the scene's dtype."""
    light = rng.poisson(mean / scene.gain) * scene.gain if scene.gain > 0 else mean.copy()
    light = light + rng.normal(0, scene.read_noise, mean.shape)
    highest = np.iinfo(scene.dtype).max
    return np.clip(np.round(light), 0, highest).astype(scene.dtype)


def frames(scene: Scene, count: int, seed: int = 0) -> list[Frame]:
    """Draw pictures; background and hot pixels are one camera's, dots are new in each frame."""
    rng = np.random.default_rng(seed)
    background = slow_background(scene, rng)
    hot = rng.integers(0, background.size, scene.hot_pixels)
    heights = rng.uniform(15, 150, scene.hot_pixels)
    result = []
    for _ in range(count):
        dots = place_dots(scene, rng)
        mean = background + sum(gaussian(background.shape, dot) for dot in dots)
        lit = mean.copy()
        lit.flat[hot] += heights
        result.append(Frame(expose(lit, scene, rng), dots, mean))
    return result


def cramer_rao_px(
    frame: Frame, scene: Scene, *, positions_only: bool = False
) -> NDArray[np.float64]:
    """Lowest possible standard deviation of x and y of each dot, shape (n, 2), pixels.

    The Fisher information is that of all dots of the frame together; each pixel's variance is read
    noise, shot noise and rounding (1/12). With ``positions_only`` amplitudes and sigmas are taken
    as known (a lower, stricter bound); the background is known in both.
    """
    variance = scene.read_noise**2 + scene.gain * frame.mean + 1 / 12
    bound = np.empty((len(frame.dots), 2))
    for index, dot in enumerate(frame.dots):
        near = np.hypot(*(frame.dots[:, :2] - dot[:2]).T) < 40
        group = np.concatenate([[index], np.flatnonzero(near & (np.arange(len(near)) != index))])
        window = _window(dot, 40, frame.mean.shape)
        columns = [c for other in frame.dots[group] for c in _slopes(window, other, positions_only)]
        slopes = np.stack([column.ravel() for column in columns])
        fisher = (slopes / variance[window].ravel()) @ slopes.T
        bound[index] = np.sqrt(np.diag(np.linalg.inv(fisher))[:2])
    return bound


def _window(dot: NDArray[np.float64], half: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    x, y = np.round(dot[:2]).astype(int)
    return (
        slice(max(y - half, 0), min(y + half + 1, shape[0])),
        slice(max(x - half, 0), min(x + half + 1, shape[1])),
    )


def _slopes(
    window: tuple[slice, slice], dot: NDArray[np.float64], positions_only: bool
) -> list[NDArray[np.float64]]:
    """Return the derivatives of a dot's Gaussian by x, y (and amplitude, sigma) within a window."""
    x, y, amplitude, sigma = dot
    down, across = np.mgrid[window]
    dx, dy = across - x, down - y
    shape = np.exp(-(dx**2 + dy**2) / (2 * sigma**2))
    value = amplitude * shape
    slopes = [value * dx / sigma**2, value * dy / sigma**2]
    if not positions_only:
        slopes += [shape, value * (dx**2 + dy**2) / sigma**3]
    return slopes
