"""Outlines of animals in one picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.background import Background

FloatArray = NDArray[np.float64]
Picture = NDArray[np.uint8]

_MOST_COVERED = 0.4
"""Share of the picture beyond which a difference is no animal but a change of the scene."""
_TAIL_TO_WIDTH = 0.45
"""What is thinner than this share of a body's half width is tail, and taken off."""


_LEAST_AREA = 0.2
"""Share of a body's area from which an outline counts."""
_PALE = 0.5
"""Share of a body's contrast that a tail has at least."""
_TAIL_REACH = 0.5
"""Body lengths around a body in which its tail is looked for."""
_COVERED = 0.5
"""Share of a blind place's surroundings that must be animal for it to be animal as well."""

Hole = tuple[tuple[slice, slice], NDArray[np.bool_], NDArray[np.bool_]]
"""Part of the picture, and in it a blind place and what is around it."""


@dataclass(frozen=True, eq=False)
class Blob:
    """A connected outline without tails.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Its pixels (x, y), thinned to at most some hundreds.
    grey : ndarray, shape (n,)
        Their brightness, at the usual light.
    area : float
        In working px.
    """

    points: FloatArray
    grey: FloatArray
    area: float


@dataclass(frozen=True, eq=False)
class Scene:
    """What of a picture is not background.

    Parameters
    ----------
    blobs : list of Blob
    tails : ndarray, shape (n, 2)
        Pixels (x, y) that are animal but too thin for a body.
    """

    blobs: list[Blob]
    tails: FloatArray


NOTHING = Scene([], np.zeros((0, 2)))


@dataclass(frozen=True)
class BodySize:
    """Usual size of one animal's outline, in working px.

    Parameters
    ----------
    area : float
    half_width : float
        Greatest distance of a pixel from the outline's border.
    """

    area: float
    half_width: float

    @property
    def length(self) -> float:
        """Of an ellipse of that area and width."""
        return max(4 * self.area / (np.pi * 2 * self.half_width), 2 * self.half_width)


class Finder:
    """Finds outlines in working pictures.

    Parameters
    ----------
    background : Background
        The empty scene.
    size : BodySize
        Of one animal.
    box : (int, int, int, int), optional
        Left, top, right, bottom of where animals can be.
    thin : int
        Greatest number of pixels kept for an area of one animal.
    """

    def __init__(
        self, background: Background, size: BodySize,
        box: tuple[int, int, int, int] | None = None, thin: int = 180,
    ) -> None:  # fmt: skip
        self.background, self.size, self.box, self.thin = background, size, box, thin
        self._thin = _TAIL_TO_WIDTH * size.half_width

        self._wide = np.ones((2 * max(1, round(0.35 * size.half_width)) + 1,) * 2, np.uint8)
        # At the border of the ground there are edges and reflections as thin as tails.
        border = cv2.dilate(np.asarray(background.blind, np.uint8), np.ones((5, 5), np.uint8)) > 0
        pale = np.maximum(_PALE * background.limit.astype(float), 8)
        self._pale = np.where(border, 255, pale).astype(np.uint8)
        self._holes = _holes(background.blind, size)

    def find(self, picture: Picture) -> Scene | None:
        """Find outlines; None where the light is not as usual."""
        found = foreground(picture, self.background, self.box)
        if found is None:
            return None
        mask, difference, gain = found
        for window, hole, ring in self._holes:
            if mask[window][ring].mean() > _COVERED * 255:
                mask[window][hole] = 255
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        blobs, tails = [], [np.zeros((0, 2))]
        for number in range(1, count):
            if stats[number, cv2.CC_STAT_AREA] >= _LEAST_AREA * self.size.area:
                window = self._around(stats[number], mask.shape)
                whole = np.asarray(labels[window] == number, np.uint8) * 255
                body, away = _without_tails(whole, self._thin)
                found_here = self._blobs(body, window, picture, gain)
                if found_here:
                    blobs += found_here
                    tails.append(self._tails(difference, away, window))
        return Scene(blobs, np.concatenate(tails))

    def _around(self, stats: NDArray[np.int32], shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Window of an outline with room for its tail."""
        left, top, width, height = (int(v) for v in stats[:4])
        room = round(_TAIL_REACH * self.size.length + 2 * self._thin) + 1
        return (
            slice(max(top - room, 0), min(top + height + room, shape[0])),
            slice(max(left - room, 0), min(left + width + room, shape[1])),
        )

    def _blobs(
        self, body: Picture, window: tuple[slice, slice], picture: Picture, gain: float
    ) -> list[Blob]:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=8)
        return [
            self._blob(
                labels == number, int(stats[number, cv2.CC_STAT_AREA]), window, picture, gain
            )
            for number in range(1, count)
            if stats[number, cv2.CC_STAT_AREA] >= _LEAST_AREA * self.size.area
        ]

    def _blob(
        self, inside: NDArray[np.bool_], area: int, window: tuple[slice, slice],
        picture: Picture, gain: float,
    ) -> Blob:  # fmt: skip
        rows, columns = np.nonzero(inside)
        step = max(1, round(area / (self.thin * max(area / self.size.area, 1.0))))
        # Every step-th pixel in row order would be a comb where the width is a multiple of it.
        kept = np.arange(0, len(rows), step)
        if step > 1:
            kept = np.minimum(kept + (kept * 7 // step) % step, len(rows) - 1)
        rows, columns = rows[kept] + window[0].start, columns[kept] + window[1].start
        points = np.stack([columns, rows], axis=1).astype(float)
        return Blob(points, picture[rows, columns] / gain, float(area))

    def _tails(
        self, difference: Picture, away: NDArray[np.float32], window: tuple[slice, slice]
    ) -> FloatArray:
        """Thin parts around bodies; tails are paler than bodies."""
        pale = difference[window] > self._pale[window]
        near = 2.0 * self._thin
        ring = (away > near) & (away < near + _TAIL_REACH * self.size.length)
        thin = np.asarray(pale & ring, np.uint8)
        # Shadows and other animals are pale or animal as well, but not thin.
        thick = cv2.morphologyEx(np.asarray(pale, np.uint8), cv2.MORPH_OPEN, self._wide)
        thin[thick > 0] = 0
        count, labels = cv2.connectedComponents(thin, connectivity=8)
        if count < 2:
            return np.zeros((0, 2))
        # What does not begin at a body is no tail: reflections and specks.
        rooted = np.zeros(count, bool)
        rooted[np.unique(labels[away < near + 2.5])] = True
        rooted[0] = False
        rows, columns = np.nonzero(rooted[labels])
        return np.stack([columns + window[1].start, rows + window[0].start], axis=1).astype(float)


def foreground(
    picture: Picture, background: Background, box: tuple[int, int, int, int] | None = None
) -> tuple[Picture, Picture, float] | None:
    """Mask (0 or 255) of all that is not background, the difference from it, the light's gain.

    Returns
    -------
    (mask, difference, gain) or None
        None where the light is not as usual or too much has changed.
    """
    gain = background.gain(picture)
    if not background.lit(gain):
        return None
    even = picture if abs(gain - 1) < 0.01 else cv2.convertScaleAbs(picture, alpha=1 / gain)
    pair = (background.picture, even) if background.dark else (even, background.picture)
    difference = np.asarray(cv2.subtract(*pair), np.uint8)
    mask = np.asarray(
        cv2.compare(cv2.blur(difference, (3, 3)), background.limit, cv2.CMP_GT), np.uint8
    )
    if box is not None:
        left, top, right, bottom = box
        inside = np.zeros_like(mask)
        inside[top:bottom, left:right] = mask[top:bottom, left:right]
        mask = inside
    if cv2.countNonZero(mask) > _MOST_COVERED * mask.size:
        return None
    return mask, difference, gain


def measure_size(
    stack: Picture, background: Background, n_animals: int,
    box: tuple[int, int, int, int] | None = None,
) -> BodySize:  # fmt: skip
    """Usual size of one animal, from frames spread over the recording.

    Where animals lie apart (as many large outlines as animals) each counts; else an outline's
    width counts, which touching hardly changes, and its area if it is that of one.
    """
    shapes = []
    for picture in stack:
        found = foreground(picture, background, box)
        if found is not None:
            shapes.append(_shapes(found[0], n_animals))
    rows = np.concatenate([shape for shape in shapes if len(shape)] or [np.zeros((0, 2))])
    if not len(rows):
        return BodySize(0.0, 0.0)
    usual = np.median(rows[:, 1])
    rows = rows[(rows[:, 1] > 0.6 * usual) & (rows[:, 1] < 1.6 * usual)]
    full = [s for s in shapes if len(s) == n_animals]
    apart = np.concatenate(full) if len(full) >= max(3, 0.1 * len(shapes)) else rows
    return BodySize(float(np.median(apart[:, 0])), float(np.median(rows[:, 1])))


def _shapes(mask: Picture, n_animals: int) -> FloatArray:
    """(area without thin parts, half width) of the n largest outlines."""
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    order = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:n_animals]
    found = []
    for number in order[: count - 1]:
        inside = labels == number
        half = float(depth[inside].max())
        thick, _ = _without_tails(inside.astype(np.uint8) * 255, _TAIL_TO_WIDTH * half)
        found.append((float(cv2.countNonZero(thick)), half))
    shape = np.array(found).reshape(-1, 2)
    if len(shape):  # specks are not animals
        shape = shape[(shape[:, 0] > 0.25 * shape[0, 0]) & (shape[:, 1] >= 2)]
    return shape


def _holes(blind: NDArray[np.bool_], size: BodySize) -> list[Hole]:
    """Small places where animals cannot be told: an animal that is around one covers it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        blind.astype(np.uint8), connectivity=8
    )
    found = []
    for number in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[number, :5])
        if not 8 <= area <= 1.2 * size.area:
            continue
        window = (
            slice(max(top - 2, 0), top + height + 2), slice(max(left - 2, 0), left + width + 2)
        )  # fmt: skip
        hole = labels[window] == number
        around = cv2.dilate(hole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        ring = around & ~blind[window]
        if ring.any():
            found.append((window, hole, ring))
    return found


def _without_tails(mask: Picture, thin: float) -> tuple[Picture, NDArray[np.float32]]:
    """Mask opened with a disc, and the distance of every pixel from the disc's centres in it.

    By distances instead of by a structuring element: their time does not grow with its radius.
    """
    core = cv2.compare(cv2.distanceTransform(mask, cv2.DIST_L2, 3), thin, cv2.CMP_GT)
    away = cv2.distanceTransform(cv2.bitwise_not(core), cv2.DIST_L2, 3)
    body = cv2.bitwise_and(cv2.compare(away, 1.3 * thin, cv2.CMP_LE), mask)
    return np.asarray(body, np.uint8), np.asarray(away, np.float32)
