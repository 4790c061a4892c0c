"""Passes over a video for following animals."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.settings import FrameSource
from napari_behaviorvlm.io.video import FrameReader

ENOUGH = 25.0
"""Frames per second in which animals are looked at: faster recordings show no more behaviour."""


def pace(fps: float) -> int:
    """Of how many frames one is looked at, so that `ENOUGH` a second are."""
    return max(1, int(fps / ENOUGH + 1e-6))


def paced(reader: FrameReader, step: int) -> FrameSource:
    """Make a source of every `step`-th frame, numbered one after the other from 0."""
    if step == 1:
        return frames_of(reader)
    every = frames_of(reader, step=step)

    def start() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for frame, pictures in every():
            yield frame // step, pictures

    return start


def frames_of(
    reader: FrameReader, *, chunk: int = 16, step: int = 1, color: bool = False
) -> FrameSource:
    """Make a source of a video or folder of images.

    Parameters
    ----------
    reader : FrameReader
        Open while the source is used. Pictures of 16 bits are scaled to 8.
    chunk : int
        Frames handed out at a time, less for large pictures (at most about 16 MB).
    step : int
        Take every that-many-th frame only: for learning the background. Each piece then holds one.
    color : bool
        RGB instead of the stored brightness.

    Returns
    -------
    callable
        See `FrameSource`.
    """
    width, height = reader.size
    chunk = 1 if step > 1 else max(1, min(chunk, 16_000_000 // max(width * height, 1)))

    def start() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        if step > 1:
            for frame in range(0, reader.n_frames, step):
                yield frame, _bytes(reader.read(frame, color=color))[None]
            return
        for first in range(0, reader.n_frames, chunk):
            stop = min(first + chunk, reader.n_frames)
            yield first, np.stack([_bytes(p) for p in reader.iter(first, stop, color=color)])

    return start


def _bytes(picture: NDArray[Any]) -> NDArray[np.uint8]:
    if picture.dtype == np.uint8:
        return picture
    # Cameras of 10 and 12 bits write the low bits of 16.
    bits = max(int(picture.max()).bit_length(), 10)
    return np.asarray(picture >> (16 - 8 if bits > 12 else 4 if bits > 10 else 2), np.uint8)
