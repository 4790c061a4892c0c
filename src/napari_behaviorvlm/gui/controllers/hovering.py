"""What the mouse is over."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hovered:
    """What is under the mouse.

    Parameters
    ----------
    camera : int
    number : int
        Dot, 0 for none.
    keypoint : int
        Keypoint whose label is there, -1 for none.
    """

    camera: int
    number: int = 0
    keypoint: int = -1
