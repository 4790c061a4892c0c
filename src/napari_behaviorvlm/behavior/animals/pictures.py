"""Pictures at the size at which animals are looked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.settings import FrameSource
from napari_behaviorvlm.core.errors import VideoError

FloatArray = NDArray[np.float64]
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Reduction:
    """From frames to grey working pictures and back.

    Parameters
    ----------
    size : (int, int)
        Width and height of the frames, px.
    small : (int, int)
        Width and height of the working pictures.
    """

    size: tuple[int, int]
    small: tuple[int, int]

    @classmethod
    def of(cls, picture: Picture, longest: int) -> Self:
        """Reduce pictures like this one to a longer side of at most `longest` px."""
        height, width = picture.shape[:2]
        scale = min(1.0, longest / max(height, width))
        small = max(round(width * scale), 1), max(round(height * scale), 1)
        return cls((width, height), small)

    @property
    def scale(self) -> float:
        """Working px per px of the frame."""
        return float(np.sqrt(self.small[0] * self.small[1] / (self.size[0] * self.size[1])))

    def reduce(self, picture: Picture) -> Picture:
        """Give the working picture of a frame, shape (height, width), noise of pixels averaged.

        Raises
        ------
        VideoError
            If the frame has another size than the first one.
        """
        if picture.shape[1::-1] != self.size:
            raise VideoError(
                f"A frame is {picture.shape[1]}x{picture.shape[0]} px, but the first one is "
                f"{self.size[0]}x{self.size[1]}: all must have one size."
            )
        if self.small != self.size:
            picture = np.asarray(
                cv2.resize(picture, self.small, interpolation=cv2.INTER_AREA), np.uint8
            )
        if picture.ndim == 3:
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        return picture

    def smaller(self, share: float) -> Self:
        """Reduce further."""
        width, height = self.small
        return type(self)(self.size, (max(round(width * share), 8), max(round(height * share), 8)))

    def shrink(self, picture: Picture) -> Picture:
        """Bring a working picture of another reduction to this one's size."""
        return np.asarray(cv2.resize(picture, self.small, interpolation=cv2.INTER_AREA), np.uint8)

    def to_frame(self, points: FloatArray) -> FloatArray:
        """Points of the working picture in px of the frame, shape (..., 2)."""
        ratio = np.array(self.size) / np.array(self.small)
        return np.asarray((points + 0.5) * ratio - 0.5)

    def box(self, region: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
        """Part of the frame in whole working px, at least one of them."""
        ratio = np.array(self.small) / np.array(self.size)
        left, top = np.clip((np.array(region[:2]) * ratio).astype(int), 0, np.array(self.small) - 1)
        right, bottom = np.ceil(np.array(region[2:]) * ratio).astype(int)
        return int(left), int(top), int(max(right, left + 1)), int(max(bottom, top + 1))


@dataclass(eq=False)
class Spread:
    """Some frames of a pass, evenly spread over it however long it is."""

    most: int
    longest: int
    reduction: Reduction | None = None
    step: int = 1
    n_frames: int = 0

    def __post_init__(self) -> None:
        self.kept: list[Picture] = []

    def add(self, pictures: Picture) -> None:
        """Take the next frames of the pass."""
        for picture in pictures:
            self.reduction = self.reduction or Reduction.of(picture, self.longest)
            if self.n_frames % self.step == 0:
                self.kept.append(self.reduction.reduce(picture))
                if len(self.kept) > 2 * self.most:
                    self.kept = self.kept[::2]
                    self.step *= 2
            self.n_frames += 1

    @property
    def stack(self) -> Picture:
        """The working pictures kept, shape (n, height, width)."""
        if not self.kept:
            raise VideoError("The recording holds no frame, so no animal can be followed in it.")
        few = np.linspace(0, len(self.kept) - 1, min(self.most, len(self.kept))).round()
        return np.stack([self.kept[int(at)] for at in few])


def passed(source: FrameSource) -> Iterator[tuple[int, Picture]]:
    """Run through a source, refusing pictures that are not 8-bit."""
    for first, pictures in source():
        if pictures.dtype != np.uint8 or pictures.ndim not in {3, 4}:
            raise VideoError(
                f"Frames from {first} on are of type {pictures.dtype} and shape {pictures.shape}; "
                "animals are followed in 8-bit pictures (n, height, width) with or without colour."
            )
        yield first, pictures
