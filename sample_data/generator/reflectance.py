"""The 850 nm picture of one camera: scene, whiskers, lens and sensor."""

import cv2
import numpy as np
from numpy.typing import NDArray
from sample_data.generator.anatomy import Primitive
from sample_data.generator.cameras import pixel_rays, project
from sample_data.generator.field import Field, march
from sample_data.generator.shading import render_animal, render_bare

from napari_behaviorvlm.core.camera import Camera

Floats = NDArray[np.float64]

EXPOSURE = 3.0
READ_NOISE = 0.9
WHISKER_RADIANCE = 0.5
SHOT_NOISE = 0.012


class ReflectanceCamera:
    """Draws reflectance pictures of one camera; keeps what does not change between frames.

    Parameters
    ----------
    camera : Camera
    seed : sequence of int
        Of the sensor's noise.
    """

    def __init__(self, camera: Camera, seed: list[int]) -> None:
        self.camera = camera
        self.center = np.array(camera.center)
        self.rays = pixel_rays(camera)
        width, height = camera.size
        self.bare = np.zeros((height, width))
        render_bare(self.center, self.rays, self.bare)
        column, row = np.meshgrid(np.arange(width), np.arange(height))
        self.scale = width / 1024
        off = np.hypot(column - camera.matrix[0, 2], row - camera.matrix[1, 2])
        self.vignette = 1 / (1 + (off / camera.matrix[0, 0]) ** 2) ** 1.0
        self.seed = seed

    def draw(self, field: Field, parts: list[Primitive], frame: int) -> tuple[NDArray, NDArray]:
        """Return the 8-bit picture and the animal's share of each pixel, both (height, width)."""
        image, cover = self.bare.copy(), np.zeros_like(self.bare)
        box = self._box(parts)
        render_animal(field, self.center, self.rays, self.bare, box, image, cover)
        self._draw_whiskers(image, field, parts)
        return self._expose(image, frame), cover

    def _box(self, parts: list[Primitive]) -> tuple[int, int, int, int]:
        """Rows and columns that the animal, its shadow and its mirror image can reach."""
        ends = np.array([(*end, part.radius_a) for part in parts for end in (part.a, part.b)])
        low, high = ends[:, :3] - ends[:, 3:], ends[:, :3] + ends[:, 3:]
        shadow = ends[:, :3] * [1, 1, 0] - ends[:, 2:3] * [0.30, -0.24, 0]
        # Half-shadows widen with the height of what casts them.
        soft = ends[:, 3:] + 0.3 * ends[:, 2:3]
        shadow = np.vstack([shadow - soft * [1, 1, 0], shadow + soft * [1, 1, 0]])
        mirrored = ends[:, :3] * [1, 1, -0.55]
        floor = np.vstack([low, high]) * [1, 1, 0]
        pixels = project(self.camera, np.vstack([low, high, shadow, mirrored, floor]))
        margin = 22 * self.scale + 3
        height, width = self.bare.shape
        column0, row0 = np.clip(np.floor(pixels.min(0) - margin), 0, [width, height]).astype(int)
        column1, row1 = np.clip(np.ceil(pixels.max(0) + margin), 0, [width, height]).astype(int)
        return int(row0), int(row1), int(column0), int(column1)

    def _draw_whiskers(self, image: Floats, field: Field, parts: list[Primitive]) -> None:
        muzzle = next(part for part in parts if part.name == "muzzle")
        ink = np.zeros(image.shape, np.uint8)
        for line in whiskers(muzzle):
            seen = [self._sees(field, point) for point in line]
            pixels = np.round(project(self.camera, line) * 16).astype(np.int32)
            for n in range(len(line) - 1):
                if seen[n] and seen[n + 1]:
                    # Whiskers taper to nothing.
                    strength = 255 - 30 * n
                    ends = tuple(map(int, pixels[n])), tuple(map(int, pixels[n + 1]))
                    cv2.line(ink, *ends, strength, 1, cv2.LINE_AA, 4)
        image += ink * (0.5 / 255) * (WHISKER_RADIANCE - image)

    def _sees(self, field: Field, point: Floats) -> bool:
        ray = point - self.center
        length = np.linalg.norm(ray)
        ray = ray / length
        hit, _, _ = march(field, *self.center, *ray, 0.0, length - 0.4)
        return hit < 0

    def _expose(self, image: Floats, frame: int) -> NDArray:
        rng = np.random.default_rng([*self.seed, frame])
        light = cv2.GaussianBlur(image * self.vignette, (0, 0), max(0.55 * self.scale, 0.3))
        level = 255 * (1 - np.exp(-EXPOSURE * light)) + 3
        noise = rng.standard_normal(level.shape, dtype=np.float32)
        level += noise * np.sqrt(READ_NOISE**2 + SHOT_NOISE * level)
        return np.clip(np.round(level), 0, 255).astype(np.uint8)


def whiskers(muzzle: Primitive) -> Floats:
    """Whiskers as polylines, shape (14, 7, 3), mm; they sweep back and outwards."""
    lines = []
    steps = np.linspace(0, 1, 7)[:, None]
    forward, left, up = muzzle.frame.T
    for sign in (1.0, -1.0):
        for n, (along, height, raise_) in enumerate(
            ((3, 0.6, 0.55), (5, 0.4, 0.3), (6, -0.2, 0.05), (4, -0.5, -0.2), (7, -0.8, -0.35),
             (5.5, 0.9, 0.75), (7.5, 0.2, 0.2))
        ):  # fmt: skip
            root = muzzle.a + along * forward + sign * 3.4 * left + (height - 0.8) * up
            length = 17.0 - 1.1 * n
            out = sign * left * 0.86 + 0.35 * forward + raise_ * up
            back = -0.55 * forward - 0.12 * up
            lines.append(root + length * (steps * out + steps**2 * back))
    return np.array(lines)
