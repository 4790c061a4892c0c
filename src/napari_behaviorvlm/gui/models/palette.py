"""Marks that everybody can tell apart: a colour per keypoint, a shape per side, a form per status.

The hues are Okabe and Ito's (2008), which stay apart for colour-blind readers; their yellow is kept
for warnings. Nothing is said by colour alone.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.hues import HUES
from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.core.skeleton import Skeleton

WARNING = "#F0E442"
"""Okabe and Ito's yellow, for flags only."""

_READABLE = 0.62
"""Least brightness of writing."""

_MIXES = ((0.0, 0), (0.55, 255), (0.4, 0), (0.8, 255))
"""How a hue is varied when it comes again: the share of white (255) or black (0) mixed in."""


class Shape(StrEnum):
    """Outline of a label's mark: the side of the body."""

    LEFT = "circle"
    RIGHT = "square"
    MIDDLE = "diamond"


class Form(StrEnum):
    """How the outline is filled: what is claimed of the label."""

    OPEN = "open"
    FILLED = "filled"
    RIMMED = "rimmed"
    CROSSED = "crossed"


FORMS = {
    Status.PROPOSED: Form.OPEN,
    Status.ACCEPTED: Form.FILLED,
    Status.CORRECTED: Form.RIMMED,
    Status.OCCLUDED: Form.CROSSED,
}
"""Forms of the statuses that are drawn; the others have no place in the picture."""


@dataclass(frozen=True)
class KeypointLook:
    """How a keypoint is drawn.

    Parameters
    ----------
    colour : str
        Hexadecimal.
    shape : Shape
        By side of the body.
    """

    colour: str
    shape: Shape

    @property
    def rgb(self) -> tuple[float, float, float]:
        """The colour as numbers from 0 to 1."""
        return rgb(self.colour)


def rgb(colour: str) -> tuple[float, float, float]:
    """Turn ``#rrggbb`` into numbers from 0 to 1."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def keypoint_looks(skeleton: Skeleton) -> tuple[KeypointLook, ...]:
    """Colour and shape of every keypoint, in the skeleton's order.

    The two sides of a pair share a hue, one strong and one pale, and differ in shape. Up to 24
    keypoints have colours of their own; beyond that colours come again.
    """
    left = {pair[0] for pair in skeleton.symmetric}
    right = {pair[1]: pair[0] for pair in skeleton.symmetric}
    hues, used = _hues(skeleton, right), [0] * len(HUES)
    looks: dict[str, KeypointLook] = {}
    for name in skeleton.keypoints:
        hue = hues[name]
        colour = _vary(HUES[hue], used[hue])
        used[hue] += 1
        shape = Shape.LEFT if name in left else Shape.RIGHT if name in right else Shape.MIDDLE
        looks[name] = KeypointLook(colour, shape)
    return tuple(looks[name] for name in skeleton.keypoints)


def colour_table(looks: tuple[KeypointLook, ...]) -> NDArray[np.float32]:
    """Colours of keypoints as an array to index, shape (K, 3), 0 to 1."""
    return np.array([look.rgb for look in looks], np.float32).reshape(-1, 3)


def readable(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lighten colours, shape (n, 3), until small writing in them is read on a dark edge."""
    brightness = colours @ np.array([0.299, 0.587, 0.114], np.float32)
    missing = np.clip(_READABLE - brightness, 0, None)
    share = (missing / np.maximum(1 - brightness, 1e-6))[:, None]
    lightened: NDArray[np.float32] = colours + share * (1 - colours)
    return lightened


def _hues(skeleton: Skeleton, right: dict[str, str]) -> dict[str, int]:
    """Hue of every keypoint: one after the other, the right side as the left."""
    hues: dict[str, int] = {}
    partner = right | {left: name for name, left in right.items()}
    following = 0
    for name in skeleton.keypoints:
        other = partner.get(name)
        if other in hues:
            hues[name] = hues[other]
        else:
            hues[name] = following % len(HUES)
            following += 1
    return hues


def _vary(colour: str, turn: int) -> str:
    share, towards = _MIXES[turn % len(_MIXES)]
    mixed = [round((1 - share) * 255 * value + share * towards) for value in rgb(colour)]
    return "#{:02X}{:02X}{:02X}".format(*mixed)
