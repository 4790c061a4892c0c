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


_FRACTION = 1.75
"""Reductions below this are not rounded to whole numbers."""


@dataclass(frozen=True)
class Reduction:
    """From frames to grey working pictures and back.

    Parameters
    ----------
    size : (int, int)
        Width and height of the frames, px.
    small : (int, int)
        Width and height of the working pictures.
    factor : int
        Frame px per working px where that is a whole number, which is several times faster than
        other ratios (a border narrower than that is left out); 0 where it is not.
    """

    size: tuple[int, int]
    small: tuple[int, int]
    factor: int = 0

    @classmethod
    def of(cls, picture: Picture, longest: int) -> Self:
        """Reduce pictures like this one to a longer side of at most `longest` px."""
        height, width = picture.shape[:2]
        return cls((width, height), (width, height)).smaller(longest / max(height, width))

    @property
    def scale(self) -> float:
        """Working px per px of the frame."""
        return 1 / float(np.sqrt(np.prod(self._ratio)))

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
        if self.factor > 1:
            width, height = self.small
            picture = picture[: height * self.factor, : width * self.factor]
        if self.small != self.size:
            picture = np.asarray(
                cv2.resize(picture, self.small, interpolation=cv2.INTER_AREA), np.uint8
            )
        if picture.ndim == 3:
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        return picture

    def smaller(self, share: float) -> Self:
        """Reduce further, to about that share of the width; never enlarge."""
        width, height = self.size
        times = max(1.0, width / (self.small[0] * share))
        if times < _FRACTION:
            small = max(round(width / times), 8), max(round(height / times), 8)
            return type(self)(self.size, small)
        factor = max(1, min(round(times), width // 8, height // 8))
        return type(self)(self.size, (width // factor, height // factor), factor)

    @property
    def _ratio(self) -> FloatArray:
        """Frame px per working px, across and down."""
        if self.factor:
            return np.array([self.factor, self.factor], float)
        return np.asarray(np.array(self.size) / np.array(self.small), np.float64)

    def shrink(self, picture: Picture, other: "Reduction") -> Picture:
        """Bring a working picture of another reduction to this one's size."""
        width, height = np.round(np.array(self.small) * self._ratio / other._ratio).astype(int)
        part = picture[:height, :width]
        return np.asarray(cv2.resize(part, self.small, interpolation=cv2.INTER_AREA), np.uint8)

    def to_working(self, points: FloatArray) -> FloatArray:
        """Points of the frame in px of the working picture, shape (..., 2)."""
        return np.asarray((points + 0.5) / self._ratio - 0.5)

    def to_frame(self, points: FloatArray) -> FloatArray:
        """Points of the working picture in px of the frame, shape (..., 2)."""
        return np.asarray((points + 0.5) * self._ratio - 0.5)

    def box(self, region: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
        """Part of the frame in whole working px, at least one of them."""
        ratio = 1 / self._ratio
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
