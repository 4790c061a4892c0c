"""What every source of frames offers, be it a video or a folder of images."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import VideoError

Image = NDArray[Any]
"""Picture of shape (height, width), or (height, width, 3) in RGB; uint8 or uint16."""


@dataclass(frozen=True)
class VideoInfo:
    """What is known about a video or image folder without looking at its pictures.

    Attributes
    ----------
    path : Path
        The video file or folder.
    n_frames : int
        Number of frames that are presented, exactly.
    size : tuple of int
        Width and height in pixels, after the rotation that the file asks for.
    fps : float or None
        Mean frames per second; None for a folder of images.
    dtype : numpy dtype
        Of grey pictures: uint8 or uint16.
    is_color : bool
        Whether the pictures carry colour (a grey recording stored as YUV does not).
    luma_range : tuple of int
        Grey values of black and of white: (16, 235) for most videos, else the range of the type.
    codec : str
        Name of the codec, or of the image format.
    """

    path: Path
    n_frames: int
    size: tuple[int, int]
    fps: float | None
    dtype: np.dtype[Any]
    is_color: bool
    luma_range: tuple[int, int]
    codec: str


class FrameReader(ABC):
    """Frame-exact random access to one view; safe to use from several threads.

    Frames count from 0. Frame ``i`` is the one that a player shows as its ``i``-th, which is the
    ``i``-th that a decoder gives when it decodes the whole file from the start.
    """

    info: VideoInfo

    @property
    def path(self) -> Path:
        """The video file or folder."""
        return self.info.path

    @property
    def name(self) -> str:
        """Name of the file or folder, without the folders above it."""
        return self.info.path.name

    @property
    def n_frames(self) -> int:
        """Number of frames that are presented."""
        return self.info.n_frames

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.info.size

    @property
    def fps(self) -> float | None:
        """Mean frames per second, None where there is no clock."""
        return self.info.fps

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of grey pictures, uint8 or uint16."""
        return self.info.dtype

    @property
    def is_color(self) -> bool:
        """Whether the pictures carry colour."""
        return self.info.is_color

    @property
    def luma_range(self) -> tuple[int, int]:
        """Grey values of black and of white."""
        return self.info.luma_range

    @property
    def times(self) -> NDArray[np.float64] | None:
        """Time of each frame in seconds from the first one, shape (n_frames,), or None."""
        return None

    def __len__(self) -> int:
        return self.n_frames

    def read(self, index: int, *, color: bool = False) -> Image:
        """Read one frame.

        Parameters
        ----------
        index : int
            Frame number from 0; negative numbers are refused.
        color : bool
            False: the stored brightness, shape (height, width), ``dtype``. Videos give their luma
            plane as it is stored, without loss; `luma_range` says what is black and white.
            True: RGB in full range for looking at, shape (height, width, 3), uint8.

        Raises
        ------
        VideoError
            If there is no such frame, or if it is damaged.
        """
        return self.read_run(index, index, color=color)[index]

    def read_run(
        self,
        first: int,
        last: int,
        *,
        color: bool = False,
        give_up: Callable[[], bool] | None = None,
    ) -> dict[int, Image]:
        """Read frames ``first`` to ``last``, both included, in the order of decoding.

        Parameters
        ----------
        first, last : int
            Frame numbers from 0.
        color : bool
            As for `read`.
        give_up : callable, optional
            Asked now and then; when it returns True what was read so far is returned.

        Returns
        -------
        dict of int to Image
            By frame number. Damaged frames before ``last`` are left out.

        Raises
        ------
        VideoError
            If a frame does not exist, or if ``last`` is damaged.
        """
        self._check(first)
        self._check(last)
        return self._read_run(first, last, color, give_up or _never)

    def iter(
        self, start: int = 0, stop: int | None = None, *, color: bool = False
    ) -> Iterator[Image]:
        """Yield the frames ``start`` to ``stop - 1`` one after the other, decoding each once.

        Raises
        ------
        VideoError
            If a frame does not exist, or if it is damaged.
        """
        for index in range(start, self.n_frames if stop is None else stop):
            yield self.read(index, color=color)

    def cheap_from(self, index: int) -> int:
        """First frame that is decoded anyway on the way to frame ``index``."""
        return index

    @abstractmethod
    def _read_run(
        self, first: int, last: int, color: bool, give_up: Callable[[], bool]
    ) -> dict[int, Image]: ...

    @abstractmethod
    def close(self) -> None:
        """Free the file; further reads raise `VideoError`. May be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        width, height = self.size
        return f"<{type(self).__name__} {self.name!r}: {self.n_frames} frames, {width}x{height}>"

    def _check(self, index: int) -> None:
        if not 0 <= index < self.n_frames:
            raise VideoError(
                f"{self.path} has no frame {index}: it has {self.n_frames} frames, "
                f"numbered 0 to {self.n_frames - 1}."
            )


def _never() -> bool:
    return False
