"""The pictures of all views as stacks that napari can slice, decoded when they are looked at."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.video import FrameReader, MultiViewReader
from napari_behaviorvlm.workflows.videos import open_project_video

Picture = NDArray[np.uint8]

DEFAULT_SIZE = (1280, 1024)
"""Size of pictures, width and height, where neither a video nor the calibration tells it."""

FLUORESCENCE_COLOUR = (255, 140, 0)
"""Orange: stays apart from grey fur for every kind of colour vision."""

FLUORESCENCE_SHOWN = (0.08, 0.6)
"""Part of the brightness of fluorescence that is laid over a picture: less would tint it all."""

_DARK = 24
_WRITING = 110


class Channel(StrEnum):
    """What the views show."""

    REFLECTANCE = "reflectance"
    FLUORESCENCE = "fluorescence"
    BLEND = "blend"


class ChannelReader:
    """The videos of one channel, read together; views that cannot be read are left out.

    Parameters
    ----------
    project : Project
    videos : mapping of str to Path
        By camera name.
    """

    def __init__(self, project: Project, videos: Mapping[str, Path]) -> None:
        self.problems: dict[str, str] = {}
        self.readers: dict[str, FrameReader] = {}
        for name, path in videos.items():
            try:
                self.readers[name] = open_project_video(project, path)
            except VideoError as problem:
                self.problems[name] = str(problem)
        self._groups = [self._group(is_color=True), self._group(is_color=False)]
        self._shift: dict[str, int] = {}
        self._frame = -1
        self._pictures: dict[str, Picture] = {}

    def _group(self, *, is_color: bool) -> MultiViewReader | None:
        readers = {n: r for n, r in self.readers.items() if r.is_color == is_color}
        return MultiViewReader(readers, color=is_color) if readers else None

    def read(self, frame: int) -> dict[str, Picture]:
        """Pictures of a frame by camera name, (H, W) or (H, W, 3) in RGB; some may be missing."""
        if frame != self._frame:
            found: dict[str, NDArray[Any]] = {}
            for group in self._groups:
                if group is not None:
                    found |= group.read(frame, missing="skip")
            self._pictures = {name: self._narrow(name, image) for name, image in found.items()}
            self._frame = frame
        return self._pictures

    def black_and_white(self, name: str) -> tuple[int, int]:
        """Grey values of black and white in the 8-bit pictures of a view."""
        reader = self.readers.get(name)
        if reader is None or reader.is_color or reader.dtype != np.uint8:
            return 0, 255
        return reader.luma_range

    def _narrow(self, name: str, image: NDArray[Any]) -> Picture:
        """Eight bits of deeper pictures: those that the first picture seen makes use of."""
        if image.dtype == np.uint8:
            return image
        if name not in self._shift:
            self._shift[name] = max(int(image.max()).bit_length() - 8, 0)
        narrowed: Picture = np.minimum(image >> self._shift[name], 255).astype(np.uint8)
        return narrowed

    def close(self) -> None:
        """Close the videos."""
        for group in self._groups:
            if group is not None:
                group.close()


class PictureSource:
    """Pictures of a project by channel, camera and frame; never an error, but a dark picture.

    Parameters
    ----------
    project : Project

    Attributes
    ----------
    asleep : bool
        While set, pictures are black and nothing is decoded.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self.names = project.rig.names
        self.n_frames = project.config.n_frames
        self._videos = {
            Channel.REFLECTANCE: _paths(project, lambda view: view.video),
            Channel.FLUORESCENCE: _paths(project, lambda view: view.fluorescence),
        }
        self._open: dict[Channel, ChannelReader] = {}
        self.asleep = False
        self.sizes = {name: self._size(project, name) for name in self.names}

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What can be shown; one entry where there is nothing to choose."""
        have = [channel for channel, videos in self._videos.items() if videos]
        if len(have) == 2:
            have.append(Channel.BLEND)
        return tuple(have) or (Channel.REFLECTANCE,)

    @property
    def problems(self) -> dict[str, str]:
        """Why views are dark, by camera name, of the channels opened so far."""
        found: dict[str, str] = {}
        for reader in self._open.values():
            found |= reader.problems
        return found

    def is_rgb(self, name: str, channel: Channel) -> bool:
        """Whether a view's pictures of a channel are in colour."""
        if channel is Channel.BLEND:
            return True
        reader = self._reader(channel).readers.get(name)
        return reader is not None and reader.is_color

    def black_and_white(self, name: str, channel: Channel) -> tuple[int, int]:
        """Grey values that stand for black and white in a channel."""
        if channel is Channel.BLEND:
            return 0, 255
        return self._reader(channel).black_and_white(name)

    def picture(self, name: str, channel: Channel, frame: int) -> Picture:
        """Read a picture, (H, W) or (H, W, 3); a dark one with a sentence if there is none."""
        if self.asleep:
            return np.zeros(self._shape(name, channel), np.uint8)
        if channel is Channel.BLEND:
            shown = self._blend(name, frame)
        else:
            shown = self._plain(channel, name, frame)
        width, height = self.sizes[name]
        if shown is None or shown.shape[:2] != (height, width):
            shown = self._dark(name, channel, frame)
        if self.is_rgb(name, channel) and shown.ndim == 2:
            shown = np.repeat(shown[..., None], 3, axis=2)
        return shown

    def _shape(self, name: str, channel: Channel) -> tuple[int, ...]:
        width, height = self.sizes[name]
        return (height, width, 3) if self.is_rgb(name, channel) else (height, width)

    def close(self) -> None:
        """Close all videos."""
        for reader in self._open.values():
            reader.close()
        self._open.clear()

    def _reader(self, channel: Channel) -> ChannelReader:
        if channel not in self._open:
            self._open[channel] = ChannelReader(self._project, self._videos[channel])
        return self._open[channel]

    def _plain(self, channel: Channel, name: str, frame: int) -> Picture | None:
        return self._reader(channel).read(frame).get(name)

    def _blend(self, name: str, frame: int) -> Picture | None:
        below = self._plain(Channel.REFLECTANCE, name, frame)
        above = self._plain(Channel.FLUORESCENCE, name, frame)
        if below is None or above is None:
            return below if above is None else above
        ranges = [
            self._reader(channel).black_and_white(name)
            for channel in (Channel.REFLECTANCE, Channel.FLUORESCENCE)
        ]
        black, white = ranges[1]
        shown = [black + share * (white - black) for share in FLUORESCENCE_SHOWN]
        return blend(stretch(below, *ranges[0]), stretch(_grey(above), *shown))

    def _dark(self, name: str, channel: Channel, frame: int) -> Picture:
        width, height = self.sizes[name]
        picture = np.full((height, width), _DARK, np.uint8)
        videos = self._videos.get(channel, self._videos[Channel.REFLECTANCE])
        what = f"no picture of frame {frame}" if name in videos else "no video"
        size = width / 1100
        place = (round(0.04 * width), round(0.96 * height))
        cv2.putText(
            picture, f"{name}: {what}", place, cv2.FONT_HERSHEY_SIMPLEX, size, _WRITING,
            max(round(1.5 * size), 1), cv2.LINE_AA,
        )  # fmt: skip
        return picture

    def _size(self, project: Project, name: str) -> tuple[int, int]:
        for channel in (Channel.REFLECTANCE, Channel.FLUORESCENCE):
            if name in self._videos[channel]:
                reader = self._reader(channel).readers.get(name)
                if reader is not None:
                    return reader.size
        return project.config.views[name].size or project.rig[name].size or DEFAULT_SIZE


def _paths(project: Project, written: Callable[[Any], str | None]) -> dict[str, Path]:
    from napari_behaviorvlm.io.settings_file import absolute_path

    found = {name: written(view) for name, view in project.config.views.items()}
    return {
        name: absolute_path(path, project.folder)
        for name, path in found.items()
        if path is not None
    }


def stretch(picture: Picture, black: float, white: float) -> Picture:
    """Spread grey values so that ``black`` becomes 0 and ``white`` 255."""
    if (black, white) == (0, 255):
        return picture
    levels = np.arange(256, dtype=np.float64)
    table = np.clip(255 * (levels - black) / max(white - black, 1), 0, 255).astype(np.uint8)
    stretched: Picture = cv2.LUT(picture, table)
    return stretched


def blend(below: Picture, above: Picture) -> Picture:
    """Lay fluorescence in its colour over a picture: seen on bright fur and on black alike.

    Parameters
    ----------
    below : ndarray, shape (H, W) or (H, W, 3)
    above : ndarray, shape (H, W)

    Returns
    -------
    ndarray, shape (H, W, 3)
    """
    if above.shape != below.shape[:2]:
        above = np.asarray(cv2.resize(above, below.shape[1::-1]), np.uint8)
    mixed = []
    for channel, colour in enumerate(FLUORESCENCE_COLOUR):
        plane = below if below.ndim == 2 else below[..., channel]
        kept = cv2.multiply(plane, 255 - above, scale=1 / 255)
        mixed.append(cv2.addWeighted(kept, 1.0, above, colour / 255, 0.0))
    result: Picture = cv2.merge(mixed)
    return result


def _grey(picture: Picture) -> Picture:
    if picture.ndim == 2:
        return picture
    grey: Picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return grey


class FrameStack:
    """All frames of a view as an array that napari can slice: (F, H, W) or (F, H, W, 3), uint8.

    Only single frames are ever decoded: whoever asks for more of them at once is answered with
    black, because a hundred thousand frames do not fit into memory.

    Parameters
    ----------
    source : PictureSource
    name : str
        Camera.
    channel : Channel

    Attributes
    ----------
    tone : (float, float)
        Values shown as black and as white; used for colour only.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, source: PictureSource, name: str, channel: Channel) -> None:
        self._source, self._name, self._channel = source, name, channel
        width, height = source.sizes[name]
        colours = (3,) if source.is_rgb(name, channel) else ()
        self.shape: tuple[int, ...] = (source.n_frames, height, width, *colours)
        self.tone = (0.0, 255.0)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Picture:
        keys = key if isinstance(key, tuple) else (key,)
        first, rest = (keys[0], keys[1:]) if keys else (slice(None), ())
        if isinstance(first, int | np.integer):
            return self._picture(int(first))[rest]
        frames = range(len(self))[first] if isinstance(first, slice) else range(0)
        if len(frames) == 1:
            return self._picture(frames[0])[None][(slice(None), *rest)]
        black: Picture = np.broadcast_to(np.uint8(0), self.shape)[key]
        return black

    def _picture(self, frame: int) -> Picture:
        picture = self._source.picture(self._name, self._channel, frame)
        # napari gives contrast to grey pictures only.
        return stretch(picture, *self.tone) if self.ndim == 4 else picture
