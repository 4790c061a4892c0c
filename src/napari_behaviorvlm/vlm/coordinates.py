"""How a model counts in pictures.

Claude answers in pixels of the picture it was sent, Qwen-VL in thousandths of width and height,
Gemini in thousandths with y first. The convention belongs to the endpoint's profile.
"""

from collections.abc import Sequence
from enum import StrEnum


class Coordinates(StrEnum):
    """Convention of boxes and points."""

    PIXELS = "pixels"
    THOUSANDTHS = "thousandths"
    THOUSANDTHS_Y_FIRST = "thousandths_y_first"


BOX_WORDS = {
    Coordinates.PIXELS: "x0, y0, x1, y1 in pixels of the picture to solve",
    Coordinates.THOUSANDTHS: (
        "x0, y0, x1, y1 in thousandths of the sides of the picture to solve (0-1000)"
    ),
    Coordinates.THOUSANDTHS_Y_FIRST: (
        "ymin, xmin, ymax, xmax in thousandths of the sides of the picture to solve (0-1000)"
    ),
}


def box_to_pixels(
    box: Sequence[float], coordinates: Coordinates, width: int, height: int
) -> list[float]:
    """Box as a model gave it to x0, y0, x1, y1 in pixels of the picture sent."""
    if coordinates is Coordinates.PIXELS:
        return [float(value) for value in box]
    if coordinates is Coordinates.THOUSANDTHS_Y_FIRST:
        box = [box[1], box[0], box[3], box[2]]
    sides = (width, height, width, height)
    return [value * side / 1000 for value, side in zip(box, sides, strict=True)]


def box_from_pixels(
    box: Sequence[float], coordinates: Coordinates, width: int, height: int
) -> list[float]:
    """Inverse of `box_to_pixels`."""
    if coordinates is Coordinates.PIXELS:
        return [float(value) for value in box]
    sides = (width, height, width, height)
    scaled = [value * 1000 / side for value, side in zip(box, sides, strict=True)]
    if coordinates is Coordinates.THOUSANDTHS_Y_FIRST:
        scaled = [scaled[1], scaled[0], scaled[3], scaled[2]]
    return scaled
