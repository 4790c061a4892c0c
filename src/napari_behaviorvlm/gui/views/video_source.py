"""The pictures of one video for napari, decoded when they are looked at."""

from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.gui.views.frames import Channel, Picture
from napari_behaviorvlm.io.video import FrameReader, MultiViewReader
from napari_behaviorvlm.workflows.videos import open_indexed

VIDEO = "video"


class VideoSource:
    """Pictures of a video by frame; a black one where a frame cannot be read.

    Parameters
    ----------
    path : Path
    derived : Path
        Where the index of the video is kept.
    writable : bool
        Whether it may be written there.

    Raises
    ------
    VideoError
        If the video cannot be opened.
    """

    channel = Channel.REFLECTANCE

    def __init__(self, path: Path, derived: Path, *, writable: bool) -> None:
        self._reader: FrameReader = open_indexed(path, derived, writable=writable)
        colour = self._reader.is_color
        self._views = MultiViewReader({VIDEO: self._reader}, color=colour)
        self.sizes = {VIDEO: self._reader.size}
        self.n_frames = len(self._reader)
        self.asleep = False
        self.problem = ""
        self._shift: int | None = None

    def is_rgb(self, _name: str, _channel: Channel) -> bool:
        """Whether the video is in colour."""
        return self._reader.is_color

    def picture(self, _name: str, _channel: Channel, frame: int) -> Picture:
        """Read a picture, (H, W) or (H, W, 3) in RGB, eight bits deep."""
        if not self.asleep and 0 <= frame < self.n_frames:
            try:
                found = self._views.read(frame)
            except VideoError as problem:
                self.problem = str(problem)
            else:
                return self._narrow(found[VIDEO])
        width, height = self.sizes[VIDEO]
        return np.zeros((height, width, 3) if self._reader.is_color else (height, width), np.uint8)

    def _narrow(self, picture: np.ndarray) -> Picture:
        if picture.dtype == np.uint8:
            return picture
        if self._shift is None:
            self._shift = max(int(picture.max()).bit_length() - 8, 0)
        narrowed: Picture = np.minimum(picture >> self._shift, 255).astype(np.uint8)
        return narrowed

    def close(self) -> None:
        """Close the video."""
        self._views.close()
