"""Video files as a source of frames."""

import threading
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video.container import check_file
from napari_behaviorvlm.io.video.decoder import FrameDecoder
from napari_behaviorvlm.io.video.index import PacketIndex
from napari_behaviorvlm.io.video.pixels import PixelFormat
from napari_behaviorvlm.io.video.reader import FrameReader, Image, VideoInfo
from napari_behaviorvlm.io.video.scan import build_index

_LOOKED_AT = 3


class VideoFile(FrameReader):
    """Frame-exact random access to a video file.

    Parameters
    ----------
    path : Path
        Video file.
    index : PacketIndex, optional
        Kept from an earlier time; ignored if the file has changed since.
    threads : int
        Threads of the decoder. One is best for jumping about and for several views at once.

    Raises
    ------
    VideoError
        If the file is missing, empty, truncated, not a video or without pictures.
    """

    def __init__(self, path: Path, index: PacketIndex | None = None, threads: int = 1) -> None:
        check_file(path)
        fits = index is not None and index.belongs_to(path)
        self.index = index if index is not None and fits else build_index(path)
        self._lock = threading.RLock()
        self._decoder: FrameDecoder | None = FrameDecoder(path, self.index, threads)
        last = min(_LOOKED_AT, self.index.n_frames) - 1
        frames = [frame for _, frame in self._decoder.run(0, last, lambda: False)]
        if not frames:
            self.close()
            raise VideoError(f"{path} is damaged: its first frames cannot be decoded.")
        self._pixels = PixelFormat(frames[0])
        is_color = any(self._pixels.has_colour(frame) for frame in frames)
        self.info = VideoInfo(
            path=path,
            n_frames=self.index.n_frames,
            size=self._pixels.size(frames[0]),
            fps=self.index.fps or self._decoder.nominal_fps,
            dtype=self._pixels.dtype,
            is_color=is_color,
            luma_range=self._pixels.luma_range,
            codec=self._decoder.codec,
        )

    @property
    def times(self) -> NDArray[np.float64] | None:
        """Time of each frame in seconds from the first one, shape (n_frames,), or None."""
        return self.index.times

    def cheap_from(self, index: int) -> int:
        """First frame that is decoded anyway on the way to frame ``index``."""
        with self._lock:
            return index if self._decoder is None else self._decoder.start_for(index)

    def close(self) -> None:
        """Free the file; further reads raise `VideoError`. May be called twice."""
        with self._lock:
            if self._decoder is not None:
                self._decoder.close()
                self._decoder = None

    def _read_run(
        self, first: int, last: int, color: bool, give_up: Callable[[], bool]
    ) -> dict[int, Image]:
        found: dict[int, Image] = {}
        with self._lock:
            if self._decoder is None:
                raise VideoError(f"{self.path} was closed; open it again to read from it.")
            for index, frame in self._decoder.run(first, last, give_up):
                found[index] = self._picture(index, frame, color)
        if last not in found and not give_up():
            raise VideoError(
                f"Frame {last} of {self.path} is damaged and cannot be decoded; "
                "the other frames keep their numbers."
            )
        return found

    def _picture(self, index: int, frame: av.VideoFrame, color: bool) -> Image:
        if self._pixels.size(frame) != self.size:
            width, height = self._pixels.size(frame)
            raise VideoError(
                f"Frame {index} of {self.path} is {width}x{height}, "
                f"but the first one is {self.size[0]}x{self.size[1]}."
            )
        return self._pixels.rgb(frame) if color else self._pixels.grey(frame)
