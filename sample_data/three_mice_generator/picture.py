"""Draws the box, its bedding and the mice: dark fur on light bedding, lit from the upper left."""

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray
from sample_data.three_mice_generator.body import STATIONS, Body

FloatArray = NDArray[np.float64]
Picture = NDArray[np.uint8]

SIZE = (640, 480)
MARGIN = 22
"""Of the box's wall, px."""

FUR, PINK, EAR = 42.0, 128.0, 78.0
BEDDING, WALL = 176.0, 96.0
NOISE = 1.6
"""Of the camera, grey levels."""

_LIGHT = np.array([-0.45, -0.55, 0.70])
_SUPER = 2
"""Mice are drawn so many times larger and reduced."""


class Painter:
    """Paints frames of one recording.

    Parameters
    ----------
    seed : int
    px : float
        Pixels per body length.
    """

    def __init__(self, seed: int, px: float) -> None:
        self._px = px
        self._chance = np.random.default_rng(seed)
        self._floor = self._bedding()
        strands = self._chance.normal(0, 1, (96, 96)).astype(np.float32)
        self._fur = cv2.GaussianBlur(strands, (0, 0), sigmaX=2.2, sigmaY=0.7) * 9.0

    def paint(self, bodies: list[Body]) -> Picture:
        """Paint a frame, shape (480, 640)."""
        picture = self._floor.copy()
        for body in bodies:
            self._shadow(picture, body)
        # Whoever is higher up is drawn last.
        for body in sorted(bodies, key=lambda each: each.lift):
            self._tail(picture, body)
        for body in sorted(bodies, key=lambda each: each.lift):
            self._mouse(picture, body)
        picture += self._chance.normal(0, NOISE, picture.shape)
        return np.clip(np.round(picture), 0, 255).astype(np.uint8)

    # The box -----------------------------------------------------------------------------------

    def _bedding(self) -> FloatArray:
        width, height = SIZE
        chance = self._chance
        chips = chance.normal(0, 1, (height, width))
        floor = BEDDING + 26 * cv2.GaussianBlur(chips, (0, 0), 1.6)
        floor += 60 * cv2.GaussianBlur(chance.normal(0, 1, (height, width)), (0, 0), 9)
        for _ in range(420):  # shavings
            at = chance.uniform(0, 1, 2) * (width, height)
            way = chance.uniform(0, np.pi)
            half = chance.uniform(2, 7) * np.array([np.cos(way), np.sin(way)])
            ends = np.round([at - half, at + half]).astype(int)
            tone = BEDDING + chance.uniform(-26, 30)
            cv2.line(floor, ends[0].tolist(), ends[1].tolist(), tone, int(chance.integers(1, 3)),
                     cv2.LINE_AA)  # fmt: skip
        inner = np.zeros((height, width))
        cv2.rectangle(inner, (MARGIN, MARGIN), (width - MARGIN, height - MARGIN), 1.0, -1)
        soft = cv2.GaussianBlur(inner, (0, 0), 2.0)
        wall = WALL + 6 * cv2.GaussianBlur(chance.normal(0, 1, (height, width)), (0, 0), 3)
        floor = soft * floor + (1 - soft) * wall
        edge = np.clip(cv2.GaussianBlur(inner, (0, 0), 14) * 1.25 - 0.1, 0.72, 1.0)
        rows, columns = np.mgrid[:height, :width]
        away = np.hypot((columns - width / 2) / width, (rows - height / 2) / height)
        return np.asarray(floor * edge * (1 - 0.38 * away**2))

    # A mouse -----------------------------------------------------------------------------------

    def _shadow(self, picture: FloatArray, body: Body) -> None:
        mask = np.zeros(picture.shape, np.float32)
        shift = (3 + 9 * body.lift) * np.array([0.8, 1.0])
        outline = np.round(outline_of(body) + shift).astype(np.int32)
        cv2.fillPoly(mask, [outline], 1.0)
        x0, y0, x1, y1 = _window(outline, 24)
        soft = cv2.GaussianBlur(mask[y0:y1, x0:x1], (0, 0), 3.5 + 3 * body.lift)
        picture[y0:y1, x0:x1] *= 1 - 0.38 * soft

    def _tail(self, picture: FloatArray, body: Body) -> None:
        for at in range(len(body.tail) - 1):
            thick = max(round(0.085 * self._px * (1 - 0.75 * at / len(body.tail))), 1)
            one, other = (_fixed(body.tail[i]) for i in (at, at + 1))
            cv2.line(picture, one, other, 104.0 - 14 * (at % 2), thick, cv2.LINE_AA, 4)

    def _mouse(self, picture: FloatArray, body: Body) -> None:
        points = np.vstack([outline_of(body), body.ears])
        x0, y0, x1, y1 = _window(points, 12)
        width, height = (x1 - x0) * _SUPER, (y1 - y0) * _SUPER
        if width <= 0 or height <= 0:
            return
        corner = np.array([x0, y0], float)
        columns, rows = np.meshgrid(
            (np.arange(width) + 0.5) / _SUPER - 0.5, (np.arange(height) + 0.5) / _SUPER - 0.5
        )
        grid = np.stack([columns, rows], axis=2) + corner
        tone, cover = self._shaded(grid, body)
        tone = cv2.resize(tone * cover, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
        cover = cv2.resize(cover, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
        part = picture[y0:y1, x0:x1]
        picture[y0:y1, x0:x1] = part * (1 - cover) + tone

    def _shaded(self, grid: FloatArray, body: Body) -> tuple[FloatArray, FloatArray]:
        """Grey values and cover (0..1) of a patch of pixels, shape (H, W) each."""
        shape = grid.shape[:2]
        flat = grid.reshape(-1, 2)
        share, across, half = _along(flat, body)
        depth = np.clip(1 - (across / half) ** 2, 0, None)
        inside = (np.abs(across) < half) & (share > 0) & (share < 1)
        normal_x = across / half
        along = np.gradient(body.spine, axis=0)
        way = np.arctan2(*np.array([np.interp(share, STATIONS, along[:, axis])
                                    for axis in (1, 0)]))  # fmt: skip
        # The surface leans away from the spine.
        lean = np.stack([-np.sin(way) * normal_x, np.cos(way) * normal_x, np.sqrt(depth) + 0.25], 1)
        lean /= np.linalg.norm(lean, axis=1, keepdims=True)
        light = np.clip(lean @ (_LIGHT / np.linalg.norm(_LIGHT)), 0, 1)
        tone = FUR * (0.55 + 0.75 * light) + 12 * light**8
        column = np.clip(share * 95, 0, 95).astype(int)
        row = np.clip((across / half + 1) * 47.5, 0, 95).astype(int)
        tone = tone + self._fur[row, column] * (0.6 + 0.6 * light)
        tone += 16 * body.lift * np.clip((share - 0.55) / 0.3, 0, 1)  # nearer to the lamp
        tone = np.where(share > 0.965, 0.5 * tone + 0.5 * PINK * 0.8, tone)
        cover = inside.astype(float)
        for ear in body.ears:
            away = np.linalg.norm(flat - ear, axis=1) / (0.062 * self._px)
            disc = away < 1
            tone = np.where(disc, EAR - 22 * np.clip(1.2 - away, 0, 1), tone)
            cover = np.where(disc, 1.0, cover)
        return tone.reshape(shape), cover.reshape(shape)


def _along(points: FloatArray, body: Body) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Share of the spine (0 tail base, 1 nose), px across it, and half the width there."""
    share, across = _nearest(points, body.spine)
    return share, across, np.interp(share, STATIONS, body.half)


@njit(cache=True, error_model="numpy")
def _nearest(points: FloatArray, spine: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Share of the spine nearest to every point, and how far aside of it the point lies."""
    pieces = len(spine) - 1
    share, across = np.empty(len(points)), np.empty(len(points))
    for row in range(len(points)):
        x, y = points[row]
        least, cross, best = np.inf, 0.0, 0.0
        for piece in range(pieces):
            way_x = spine[piece + 1, 0] - spine[piece, 0]
            way_y = spine[piece + 1, 1] - spine[piece, 1]
            off_x, off_y = x - spine[piece, 0], y - spine[piece, 1]
            at = (off_x * way_x + off_y * way_y) / (way_x * way_x + way_y * way_y)
            at = min(max(at, 0.0), 1.0)
            square = (off_x - at * way_x) ** 2 + (off_y - at * way_y) ** 2
            if square < least:
                least, best = square, (piece + at) / pieces
                cross = way_x * off_y - way_y * off_x
        share[row] = best
        across[row] = np.sign(cross) * np.sqrt(least)
        if (best <= 0 or best >= 1) and least > 1.0:  # beyond the ends: outside
            across[row] = 1e6
    return share, across


def outline_of(body: Body) -> FloatArray:
    """Corners of the body's outline, px, once around."""
    way = np.gradient(body.spine, axis=0)
    side = np.stack([way[:, 1], -way[:, 0]], axis=1)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    left, right = body.spine + side * body.half[:, None], body.spine - side * body.half[:, None]
    return np.vstack([left, right[::-1]])


def _window(points: NDArray[np.generic], margin: int) -> tuple[int, int, int, int]:
    low = np.floor(np.min(points, axis=0)).astype(int) - margin
    high = np.ceil(np.max(points, axis=0)).astype(int) + margin
    x0, y0 = np.clip(low, 0, SIZE).tolist()
    x1, y1 = np.clip(high, 0, SIZE).tolist()
    return x0, y0, x1, y1


def _fixed(point: FloatArray) -> tuple[int, int]:
    """Pixel as OpenCV takes it with four bits behind the point."""
    x, y = np.round(point * 16).astype(int).tolist()
    return x, y
