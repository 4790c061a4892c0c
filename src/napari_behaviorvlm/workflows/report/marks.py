"""Marks over a picture: what is drawn where, with names placed so that they do not overlap."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_CHARACTER = 0.65
_DIRECTIONS = tuple(
    (float(np.cos(angle)), float(np.sin(angle)))
    for angle in np.deg2rad([-35, 35, -145, 145, 0, 180, -90, 90, -60, 60, -120, 120])
)


@dataclass(frozen=True)
class Mark:
    """One mark.

    Parameters
    ----------
    kind : str
        "label", "candidate" or "reprojection".
    x, y : float
        In the picture.
    colour, shape : str
        See `KeypointStyle`.
    text : str
        Written beside it.
    text_x, text_y : float
        Left end of the text's middle line.
    title : str
        Shown when the pointer rests on it.
    leader : bool
        Whether a thin line joins text and mark.
    """

    kind: str
    x: float
    y: float
    colour: str = "#ffffff"
    shape: str = "circle"
    text: str = ""
    text_x: float = 0.0
    text_y: float = 0.0
    title: str = ""
    leader: bool = False


@dataclass(frozen=True)
class Line:
    """A straight line; ``kind`` is "bone" or "error"."""

    kind: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Picture:
    """A picture with its marks, ready for the page.

    Parameters
    ----------
    camera : str
    width, height : int
    uri, fluorescence : str
        Pictures as data addresses; empty where there is none.
    lines, marks : list
    caption : str
        One line under the picture.
    named : bool
        Whether this is the view that disagrees.
    font : int
        Size of the writing in picture pixels.
    """

    camera: str
    width: int
    height: int
    uri: str = ""
    fluorescence: str = ""
    lines: list[Line] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    caption: str = ""
    named: bool = False
    font: int = 15


class TextPlacer:
    """Finds a free place for each text near its mark, greedily.

    Parameters
    ----------
    width, height : float
        Of the picture.
    font : float
        Size of the writing.
    marks : ndarray, shape (n, 2)
        Places that should stay free.
    """

    def __init__(self, width: float, height: float, font: float, marks: FloatArray) -> None:
        self._size = width, height
        self._font = font
        self._marks = marks
        self._boxes: list[tuple[float, float, float, float]] = []

    def place(self, x: float, y: float, text: str, radius: float) -> tuple[float, float, bool]:
        """Choose a place.

        Returns
        -------
        text_x, text_y : float
            Left end of the text's middle line.
        leader : bool
            Whether the text is so far that a line should join it to its mark.
        """
        wide, high = len(text) * self._font * _CHARACTER, self._font * 1.15
        best, best_cost = (x + radius + 3, y, False), np.inf
        for ring, distance in enumerate((radius + 3, radius + 14, radius + 30, radius + 50)):
            for turn, (dx, dy) in enumerate(_DIRECTIONS):
                left = x + dx * distance - (wide if dx < -0.1 else 0 if dx > 0.1 else wide / 2)
                middle = y + dy * (distance + high / 2 - 3)
                box = (left, middle - high / 2, left + wide, middle + high / 2)
                cost = self._cost(box) + 0.35 * ring + 0.01 * turn
                if cost < best_cost:
                    best, best_cost = (left, middle, ring > 1), cost
        left, middle, leader = best
        self._boxes.append((left, middle - high / 2, left + wide, middle + high / 2))
        return left, middle, leader

    def _cost(self, box: tuple[float, float, float, float]) -> float:
        left, top, right, bottom = box
        width, height = self._size
        outside = max(0, 2 - left) + max(0, right - width + 2)
        outside += max(0, 2 - top) + max(0, bottom - height + 2)
        cost = outside / 2
        area = (right - left) * (bottom - top)
        for other in self._boxes:
            overlap_x = min(right, other[2]) - max(left, other[0])
            overlap_y = min(bottom, other[3]) - max(top, other[1])
            if overlap_x > 0 and overlap_y > 0:
                cost += 2 + 6 * overlap_x * overlap_y / area
        if len(self._marks):
            x, y = self._marks.T
            covered = (x > left - 3) & (x < right + 3) & (y > top - 3) & (y < bottom + 3)
            cost += 1.2 * float(covered.sum())
        return cost
