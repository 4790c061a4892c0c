"""Grey H.264 files that players, browsers and readers agree on."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray


class GreyVideoWriter:
    """Writes 8-bit grey pictures as yuv420p H.264 in MP4: no B-frames, a key frame every 30.

    Parameters
    ----------
    path : Path
    size : (int, int)
        Width and height, even.
    rate : Fraction
        Frames per second.
    crf : float
        x264's quality; smaller is better and larger.
    tune : str
        x264 parameters, joined by colons.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], rate: Fraction, crf: float, tune: str = ""
    ) -> None:
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        stream = self._container.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = 30
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = 1
        stream.codec_context.color_range = 1  # limited range: what every reader assumes
        options = {"crf": str(crf), "preset": "fast", "profile": "high"}
        stream.options = options | ({"x264-params": tune} if tune else {})
        self._stream = stream
        self._chroma = np.full((size[1] // 2, size[0]), 128, np.uint8)

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append one picture, shape (height, width), 0..255."""
        luma = np.round(16 + image * (219 / 255)).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(np.vstack([luma, self._chroma]), format="yuv420p")
        frame.color_range = 1
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def close(self) -> None:
        """Write what the encoder still holds and finish the file."""
        self._container.mux(self._stream.encode(None))
        self._container.close()


def read_video(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield all pictures of a file as grey 0..255, shape (height, width)."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray()[: frame.height].astype(np.float64)
            yield np.clip(np.round((luma - 16) * (255 / 219)), 0, 255).astype(np.uint8)
