"""How animals are followed, and what hands in the pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import TableError

FrameSource = Callable[[], Iterator[tuple[int, NDArray[np.uint8]]]]
"""Starts a pass over the recording: (number of the first frame, pictures), in order.

Pictures are of shape (n, height, width) or (n, height, width, 3), all of one size. Frames that were
left out (damaged ones, say) are untracked.
"""


@dataclass(frozen=True)
class FollowSettings:
    """How animals are found and followed.

    Parameters
    ----------
    fps : float
        Frames per second of the recording; where the rate varies, its mean.
    n_frames : int
        Of the recording, for the progress; 0 where unknown.
    names : tuple of str
        Of the animals; empty: A0, A1, ...
    shade : {"auto", "dark", "bright"}
        Whether animals are darker or brighter than what they walk on.
    region : (float, float, float, float), optional
        Left, top, right, bottom of the part of the picture where animals can be, px.
    working_size : int
        Longer side, px, at which animals are looked for; larger pictures are reduced.
    background_frames : int
        Frames, spread over the recording, that the background is learned from.
    usual_share : float
        Share of the time that a place must be free of animals for its background to be known.
    """

    fps: float = 30.0
    n_frames: int = 0
    names: tuple[str, ...] = ()
    shade: Literal["auto", "dark", "bright"] = "auto"
    region: tuple[float, float, float, float] | None = None
    working_size: int = 720
    background_frames: int = 96
    usual_share: float = 0.04

    def __post_init__(self) -> None:
        if not self.fps > 0:
            raise TableError(f"A frame rate of {self.fps} per second is impossible.")
        if self.working_size < 32 or self.background_frames < 1:
            raise TableError(
                "Animals cannot be followed at less than 32 px or without a background frame."
            )

    def animals(self, n_animals: int) -> tuple[str, ...]:
        """Names of that many animals.

        Raises
        ------
        TableError
            If there are none, or if another number of names was given.
        """
        if n_animals < 1:
            raise TableError(f"{n_animals} animals cannot be followed: give at least one.")
        names = self.names or tuple(f"A{i}" for i in range(n_animals))
        if len(names) != n_animals:
            raise TableError(f"{len(names)} names were given for {n_animals} animals.")
        return names
