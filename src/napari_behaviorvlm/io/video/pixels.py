"""From decoded frames to arrays."""

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

# av.video.reformatter.ColorRange.JPEG: the luma plane uses all values.
_FULL_RANGE = 2


class PixelFormat:
    """How the pictures of a stream become arrays; made from its first decoded frame.

    The luma plane is handed out as it is stored: expanding the limited range of most videos to
    0-255 would clip recordings whose camera wrote full-range values without saying so. Formats
    without a luma plane of their own (RGB, palettes, packed YUV) are converted, full range.

    Parameters
    ----------
    frame : av.VideoFrame
        Any frame of the stream.
    """

    def __init__(self, frame: av.VideoFrame) -> None:
        layout = frame.format
        luma = layout.components[0]
        bits = luma.bits
        self.format_name = layout.name
        self.has_luma_plane = (
            luma.is_luma
            and not layout.is_rgb
            and not layout.has_palette
            and not layout.is_bit_stream
            and not layout.name.startswith(("p0", "p2", "p4", "ya"))
            and (layout.is_planar or layout.name.startswith("gray"))
            and (bits == 8 or 8 < bits <= 16)
        )
        self.dtype: np.dtype[Any] = np.dtype(np.uint8 if bits <= 8 else np.uint16)
        self._stored = (
            np.dtype(np.uint8) if bits <= 8 else np.dtype(">u2" if layout.is_big_endian else "<u2")
        )
        self.quarter_turns = round(frame.rotation / 90) % 4
        full = not self.has_luma_plane or _is_full_range(frame)
        scale = 1 << max(bits - 8, 0)
        white = (1 << bits) - 1 if self.has_luma_plane else int(np.iinfo(self.dtype).max)
        self.luma_range = (0, white) if full else (16 * scale, 235 * scale)

    def size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Width and height of the picture as it is handed out."""
        size = (frame.width, frame.height)
        return size[::-1] if self.quarter_turns % 2 else size

    def grey(self, frame: av.VideoFrame) -> NDArray[Any]:
        """Brightness as stored, shape (height, width)."""
        if self.has_luma_plane:
            picture = _plane(frame, self._stored)
        else:
            name = "gray" if self.dtype == np.uint8 else "gray16le"
            picture = _plane(frame.reformat(format=name), self.dtype)
        return self._finish(picture, self.dtype)

    def rgb(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """RGB in full range, shape (height, width, 3)."""
        return self._finish(frame.to_ndarray(format="rgb24"), np.dtype(np.uint8))

    def has_colour(self, frame: av.VideoFrame) -> bool:
        """Whether any pixel is not grey (two levels of coding noise allowed)."""
        if self.format_name.startswith("gray"):
            return False
        # Channel by channel: reducing over a last axis of three is twenty times slower.
        red, green, blue = np.moveaxis(frame.to_ndarray(format="rgb24"), -1, 0)
        highest = np.maximum(np.maximum(red, green), blue)
        lowest = np.minimum(np.minimum(red, green), blue)
        return bool((highest - lowest).max() > 6)

    def _finish(self, picture: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        if self.quarter_turns:
            picture = np.rot90(picture, self.quarter_turns)
        # A copy: the decoder reuses its buffers.
        return np.array(picture, dtype=dtype, order="C", copy=True)


def _plane(frame: av.VideoFrame, dtype: np.dtype[Any]) -> NDArray[Any]:
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height]
    return rows[:, : frame.width * dtype.itemsize].view(dtype)


def _is_full_range(frame: av.VideoFrame) -> bool:
    name = frame.format.name
    return name.startswith(("gray", "yuvj")) or int(frame.color_range) == _FULL_RANGE
