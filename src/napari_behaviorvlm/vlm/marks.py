"""Numbers on a picture, in one frozen style.

Colour, size and place of marks change what a model answers, so there is one style, it has a
version, and the version is part of every request.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.vlm.placement import place_labels

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class MarkStyle:
    """How numbered dots are drawn; colours are RGB.

    Parameters
    ----------
    version : str
        Goes up with every change.
    font_scale : float
        Of OpenCV's font; at 0.8 digits are 17 px high.
    thickness : int
        Of the strokes.
    padding : int
        Between a number and the border of its plate, px.
    narrowest : float
        Width that a number takes at least, relative to its height: lone digits on narrow plates are
        overlooked by text readers (90 % read instead of 99 %).
    ring : float
        Radius of the ring around a dot, px.
    ink, plate, line, halo : (int, int, int)
        Of numbers, plates, rings and leaders, and of the dark edge around these.
    """

    version: str = "marks-1"
    font_scale: float = 0.8
    thickness: int = 2
    padding: int = 5
    narrowest: float = 1.6
    ring: float = 7.0
    ink: Colour = (0, 0, 0)
    plate: Colour = (255, 255, 255)
    line: Colour = (255, 220, 0)
    halo: Colour = (0, 0, 0)

    @property
    def words(self) -> str:
        """Style as the prompt describes it."""
        return (
            "Every candidate is a small yellow ring around a dot. Its number stands in black on a "
            "white plate nearby, joined to the ring by a yellow line."
        )


STYLE = MarkStyle()

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SHIFT = 4  # sub-pixel drawing, 1/16 px


def draw_marks(
    picture: Picture, numbers: Sequence[int], xy: NDArray[np.float64], style: MarkStyle = STYLE
) -> Picture:
    """Draw numbered dots on a copy of a picture.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3)
        RGB.
    numbers : sequence of int
    xy : ndarray, shape (n, 2)
        Dots in picture pixels.
    style : MarkStyle

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
    """
    drawn = np.ascontiguousarray(picture).copy()
    texts = [str(number) for number in numbers]
    sizes = np.array([_label_size(text, style) for text in texts], float).reshape(-1, 2)
    height, width = picture.shape[:2]
    places = place_labels(xy, sizes, (width, height), style.ring)
    centers = np.round(places.center)
    for dot, center in zip(xy, centers, strict=True):
        _leader(drawn, dot, center, style)
    for dot in xy:
        for colour, thickness in ((style.halo, 4), (style.line, 2)):
            cv2.circle(
                drawn, _fixed(dot), round(style.ring * 2**_SHIFT), colour, thickness,
                cv2.LINE_AA, _SHIFT,
            )  # fmt: skip
    for text, center, size in zip(texts, centers, sizes, strict=True):
        _plate(drawn, text, center, size, style)
    return drawn


def _label_size(text: str, style: MarkStyle) -> tuple[int, int]:
    (width, height), _ = cv2.getTextSize(text, _FONT, style.font_scale, style.thickness)
    width = max(width, round(style.narrowest * height))
    return width + 2 * style.padding, height + 2 * style.padding


def _leader(
    drawn: Picture, dot: NDArray[np.float64], center: NDArray[np.float64], style: MarkStyle
) -> None:
    """Line from the ring to the plate's border."""
    way = center - dot
    length = float(np.linalg.norm(way))
    if length == 0:
        return
    way = way / length
    # The plate is drawn later and covers the line's end.
    start, end = dot + style.ring * way, center
    if np.dot(end - start, way) <= 0:
        return
    for colour, thickness in ((style.halo, 4), (style.line, 2)):
        cv2.line(drawn, _fixed(start), _fixed(end), colour, thickness, cv2.LINE_AA, _SHIFT)


def _plate(
    drawn: Picture, text: str, center: NDArray[np.float64], size: NDArray[np.float64],
    style: MarkStyle,
) -> None:  # fmt: skip
    left, top = (int(v) for v in center - size // 2)
    right, bottom = left + int(size[0]) - 1, top + int(size[1]) - 1
    cv2.rectangle(drawn, (left - 1, top - 1), (right + 1, bottom + 1), style.halo, cv2.FILLED)
    cv2.rectangle(drawn, (left, top), (right, bottom), style.plate, cv2.FILLED)
    (wide, _), _ = cv2.getTextSize(text, _FONT, style.font_scale, style.thickness)
    base = (left + (int(size[0]) - wide) // 2, bottom - style.padding)
    cv2.putText(
        drawn, text, base, _FONT, style.font_scale, style.ink, style.thickness, cv2.LINE_AA
    )  # fmt: skip


def _fixed(xy: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(xy[0]) * 2**_SHIFT), round(float(xy[1]) * 2**_SHIFT)
