"""Small films of moving animals with known places and directions."""

from dataclasses import dataclass

import cv2
import numpy as np

LENGTH = 36.0


@dataclass
class Film:
    """Pictures (n, height, width), centres (n, animals, 2) and headings (n, animals), radians."""

    pictures: np.ndarray
    centre: np.ndarray
    heading: np.ndarray
    fps: float = 30.0

    def source(self, chunk=16):
        def start():
            for first in range(0, len(self.pictures), chunk):
                yield first, self.pictures[first : first + chunk]

        return start


def draw(canvas, at, heading, *, shade, size=1.0, tail=True):
    """A drop with its narrow end at the head, and a bent tail."""
    ahead = np.array([np.cos(heading), np.sin(heading)])
    aside = np.array([-ahead[1], ahead[0]])
    length = LENGTH * size
    turn = np.linspace(0, 2 * np.pi, 40)
    along = np.cos(turn) * length / 2
    across = np.sin(turn) * length * 0.24 * (1 - 0.45 * np.cos(turn))
    outline = at + along[:, None] * ahead + across[:, None] * aside
    if tail:
        way = np.linspace(0, 1, 8)
        bend = at - (length / 2 + way * length * 0.8)[:, None] * ahead
        bend = bend + (0.15 * length * np.sin(3 * way))[:, None] * aside
        cv2.polylines(
            canvas, [np.round(bend * 8).astype(np.int32)], False, shade, 3, cv2.LINE_AA, 3
        )
    cv2.fillPoly(canvas, [np.round(outline * 8).astype(np.int32)], shade, cv2.LINE_AA, 3)


def ground(height=240, width=320, seed=0):
    chance = np.random.default_rng(seed)
    coarse = chance.normal(0, 14, (height // 8, width // 8)).astype(np.float32)
    return 170 + cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def film(centre, heading, *, shades, sizes=None, tail=True, empty=None, seed=0):
    """Draw animals along given ways; `empty` is the ground."""
    chance = np.random.default_rng(seed)
    empty = ground() if empty is None else empty
    sizes = sizes or [1.0] * len(shades)
    pictures = []
    for places, directions in zip(centre, heading, strict=True):
        canvas = empty.copy()
        for a, (at, direction) in enumerate(zip(places, directions, strict=True)):
            if np.isfinite(at).all():
                draw(canvas, at, direction, shade=float(shades[a]), size=sizes[a], tail=tail)
        noisy = canvas + chance.normal(0, 2, canvas.shape)
        pictures.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return Film(np.stack(pictures), np.asarray(centre), np.asarray(heading))


def circles(frames=90, n=2, radius=60, middle=(160, 120), turns=1.0):
    """Animals that run in a circle, evenly spread on it."""
    turn = 2 * np.pi * turns * np.arange(frames) / frames
    angle = turn[:, None] + 2 * np.pi * np.arange(n) / n
    centre = np.array(middle) + radius * np.stack([np.cos(angle), np.sin(angle)], -1)
    return centre, angle + np.pi / 2


def meeting(frames=150, stay=50):
    """Two that walk towards each other, stay side by side and walk back.

    They leave the way they came, heads first: whoever passes them through each other exchanges
    them.
    """
    walk = (frames - stay) // 2
    x = np.concatenate([np.linspace(60, 148, walk), np.full(stay, 148), np.linspace(148, 60, walk)])
    away = np.arange(len(x)) > walk + stay // 2
    left = np.stack([x, np.full(len(x), 112.0)], -1)
    right = np.stack([320 - x, np.full(len(x), 121.0)], -1)
    heading = np.where(away[:, None], [np.pi, 0.0], [0.0, np.pi])
    return np.stack([left, right], 1), heading


def run(generator):
    """Result of a generator that reports progress."""
    steps = []
    while True:
        try:
            steps.append(next(generator))
        except StopIteration as stop:
            return stop.value, steps
