"""The 660 nm picture of one camera: dots, their mirror images, glow, specks, hot pixels, noise."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from sample_data.generator.dots import KEYPOINTS, PLACES, Glow
from sample_data.generator.settings import SCRIPT_FRAMES

from napari_behaviorvlm.core.camera import Camera

Floats = NDArray[np.float64]

DOT_SIGMA_PX = 2.1
MIRROR_SIGMA_PX = 4.2
MIRROR_SHARE = 0.20
FULL_LEVEL = 185.0
OFFSET_LEVEL = 7.0
READ_NOISE = 1.1
SHOT_NOISE = 0.10
HOT_PIXELS = 36
SPECKS_PER_FRAME = 0.45
VISIBLE_LEVEL = 7.0
VISIBLE_SHARE = 0.15


@dataclass(frozen=True)
class Drawn:
    """A fluorescence picture and what is in it.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width)
    level : ndarray, shape (K,)
        Peak of each dot above its surroundings in grey levels, before noise.
    visible : ndarray of bool, shape (K,)
        Whether the dot glows in the picture at its place.
    """

    image: NDArray[np.uint8]
    level: Floats
    visible: NDArray[np.bool_]


def missed_dots(seed: list[int], cameras: int) -> Floats:
    """Factors on the dots' brightness, shape (SCRIPT_FRAMES, cameras, K).

    Fur or dirt covers a dot for bursts of some frames: in one view mostly, sometimes in all.
    """
    rng = np.random.default_rng(seed)
    factor = np.ones((SCRIPT_FRAMES, cameras, len(KEYPOINTS)))
    factor *= 1 + 0.10 * rng.standard_normal(factor.shape).clip(-2, 2)
    for camera in range(cameras + 1):
        for dot in range(len(KEYPOINTS)):
            starts = np.flatnonzero(
                rng.random(SCRIPT_FRAMES) < (0.022 if camera < cameras else 0.003)
            )
            views = slice(camera, camera + 1) if camera < cameras else slice(None)
            for start in starts:
                length = 1 + rng.geometric(0.42)
                factor[start : start + length, views, dot] *= rng.choice([0.0, 0.0, 0.04, 0.12])
    return factor


class FluorescenceCamera:
    """Draws fluorescence pictures of one camera.

    Parameters
    ----------
    camera : Camera
    seed : sequence of int
        Of hot pixels, background, specks and noise.
    """

    def __init__(self, camera: Camera, seed: list[int]) -> None:
        self.camera = camera
        width, height = camera.size
        self.scale = width / 1024
        self.seed = seed
        rng = np.random.default_rng([*seed, 0])
        self.gain = np.array([PLACES[k][2] for k in KEYPOINTS]) * rng.normal(
            1, 0.08, len(KEYPOINTS)
        )
        self.hot = self._hot_pixels(rng, width, height)
        self.fields = rng.random((3, 6, 6))
        self.specks = self._make_specks(rng, width, height)

    def _hot_pixels(self, rng: np.random.Generator, width: int, height: int) -> Floats:
        hot = np.zeros((height, width))
        rows, columns = rng.integers(0, height, HOT_PIXELS), rng.integers(0, width, HOT_PIXELS)
        hot[rows, columns] = rng.gamma(1.6, 32.0, HOT_PIXELS) + 12
        return hot

    def _make_specks(self, rng: np.random.Generator, width: int, height: int) -> Floats:
        """Specks of dust: first frame, last frame, x, y, vx, vy, sigma, level; shape (n, 8)."""
        count = rng.poisson(SPECKS_PER_FRAME * SCRIPT_FRAMES / 2.5)
        first = rng.integers(0, SCRIPT_FRAMES, count)
        middle = (np.array([width, height]) - 1) / 2
        place = middle + rng.normal(0, 0.16, (count, 2)) * np.array([width, height])
        return np.column_stack(
            [
                first, first + rng.geometric(0.4, count) - 1, place,
                rng.normal(0, 1.5, (count, 2)), rng.uniform(1.3, 2.8, count),
                rng.uniform(10, 55, count),
            ]
        )  # fmt: skip

    def _background(self, frame: int, cover: Floats) -> Floats:
        height, width = cover.shape
        a, b, c = self.fields
        turn = 2 * np.pi * frame / 190.0
        small = 5.0 * a + 2.0 * np.sin(turn) * b + 2.0 * np.cos(0.7 * turn) * c
        glow = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
        # Fur and skin glow faintly by themselves.
        own = cv2.GaussianBlur(cover, (0, 0), 5.0 * self.scale)
        return OFFSET_LEVEL + np.maximum(glow, 0) + 3.2 * own

    def light(self, direct: Glow, mirror: Glow, factor: Floats) -> tuple[Floats, Floats]:
        """Light of dots and mirror images without background and noise, and the dots' peaks.

        Parameters
        ----------
        factor : ndarray, shape (K,)
            From ``missed_dots``.
        """
        width, height = self.camera.size
        image = np.zeros((height, width))
        level = np.zeros(len(direct.pixels))
        for dot in range(len(direct.pixels)):
            brightness = FULL_LEVEL * self.gain[dot]
            sigma = DOT_SIGMA_PX * self.scale
            patch = direct.strength[dot] * brightness * factor[dot]
            # The patch widens the dot, so a sample's Gaussian carries the light, not the peak.
            level[dot] = splat(image, direct.pixels[dot], patch, sigma)
            faint = mirror.strength[dot] * brightness * MIRROR_SHARE
            splat(image, mirror.pixels[dot], faint, MIRROR_SIGMA_PX * self.scale)
        return image, level

    def _draw_specks(self, image: Floats, frame: int) -> None:
        for first, last, x, y, vx, vy, sigma, level in self.specks:
            if first <= frame <= last:
                place = np.array([[x + vx * (frame - first), y + vy * (frame - first)]])
                splat(image, place, np.array([level]), sigma * self.scale)

    def draw(self, direct: Glow, mirror: Glow, factor: Floats, cover: Floats, frame: int) -> Drawn:
        """Return one picture.

        Parameters
        ----------
        cover : ndarray, shape (height, width)
            The animal's share of each pixel.
        """
        image, level = self.light(direct, mirror, factor)
        self._draw_specks(image, frame)
        image += self._background(frame, cover)
        rng = np.random.default_rng([*self.seed, 1, frame])
        noise = rng.standard_normal(image.shape, dtype=np.float32)
        image += noise * np.sqrt(READ_NOISE**2 + SHOT_NOISE * image) + self.hot
        width, height = self.camera.size
        place = direct.pixels[:, 0]
        inside = (place > -0.5) & (place < [width - 0.5, height - 0.5])
        open_ = direct.strength.sum(axis=1) > 0
        share = _open_share(direct)
        visible = inside.all(axis=1) & open_ & (level > VISIBLE_LEVEL) & (share > VISIBLE_SHARE)
        return Drawn(np.clip(np.round(image), 0, 255).astype(np.uint8), level, visible)


def _open_share(direct: Glow) -> Floats:
    """How much of each patch is seen, relative to its best sample times the sample count."""
    best = direct.strength.max(axis=1)
    return direct.strength.sum(axis=1) / np.maximum(best * direct.strength.shape[1], 1e-12)


def splat(image: Floats, pixels: Floats, levels: Floats, sigma: float) -> float:
    """Add Gaussians to an image; returns the peak they make together.

    Parameters
    ----------
    image : ndarray, shape (height, width)
    pixels : ndarray, shape (P, 2)
    levels : ndarray, shape (P,)
        Their peaks.
    sigma : float
        Pixels.
    """
    reach = 4.5 * sigma
    low = np.maximum(np.floor(pixels.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(pixels.max(axis=0) + reach) + 1, image.shape[::-1]).astype(int)
    if (high <= low).any() or levels.sum() <= 0:
        return 0.0
    x, y = np.arange(low[0], high[0]), np.arange(low[1], high[1])
    across = np.exp(-0.5 * ((x - pixels[:, :1]) / sigma) ** 2)
    down = np.exp(-0.5 * ((y - pixels[:, 1:]) / sigma) ** 2) * levels[:, None]
    patch = np.einsum("py,px->yx", down, across)
    image[low[1] : high[1], low[0] : high[0]] += patch
    return float(patch.max())
