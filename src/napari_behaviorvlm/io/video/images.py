"""Folders of images as a source of frames."""

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video.reader import FrameReader, Image, VideoInfo

SUFFIXES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".tif": "tiff", ".tiff": "tiff"}
"""Image formats by file suffix, in lower case."""


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key by which ``img2`` comes before ``img10``; the full name decides ties."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return (*((int(p), "") if p.isascii() and p.isdigit() else (-1, p) for p in parts), (-2, name))


def image_files(folder: Path) -> list[Path]:
    """List the images of a folder in natural order of their names.

    Raises
    ------
    VideoError
        If the folder has no images, or images of several formats.
    """
    try:
        entries = [p for p in folder.iterdir() if not p.name.startswith(".")]
    except OSError as problem:
        raise VideoError(f"Folder {folder} cannot be read: {problem.strerror}.") from problem
    files = [p for p in entries if p.suffix.lower() in SUFFIXES]
    if not files:
        raise VideoError(f"Folder {folder} has no images (.png, .jpg or .tif).")
    formats = sorted({SUFFIXES[p.suffix.lower()] for p in files})
    if len(formats) > 1:
        raise VideoError(
            f"Folder {folder} mixes {' and '.join(formats)} images; "
            "keep those of one recording only, so that their order is clear."
        )
    return sorted(files, key=lambda p: natural_key(p.name))


class ImageFolder(FrameReader):
    """The images of a folder, in natural order of their names, as frames.

    Grey pictures come as stored (uint8 or uint16); colour ones are turned to grey with the BT.601
    weights. Orientation tags are ignored, as pixels are what a calibration refers to.

    Parameters
    ----------
    folder : Path
        Folder of .png, .jpg or .tif images of one size and type.

    Raises
    ------
    VideoError
        If there are no images or the first one cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._files = image_files(folder)
        first = _decode(self._files[0])
        self._stored = (first.shape, first.dtype)
        white = int(np.iinfo(first.dtype).max)
        self.info = VideoInfo(
            path=folder,
            n_frames=len(self._files),
            size=(first.shape[1], first.shape[0]),
            fps=None,
            dtype=first.dtype,
            is_color=first.ndim == 3,
            luma_range=(0, white),
            codec=SUFFIXES[self._files[0].suffix.lower()],
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """The image of each frame."""
        return tuple(self._files)

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def _read_run(
        self, first: int, last: int, color: bool, give_up: Callable[[], bool]
    ) -> dict[int, Image]:
        found: dict[int, Image] = {}
        for index in range(first, last + 1):
            if give_up():
                break
            found[index] = self._read_one(index, color)
        return found

    def _read_one(self, index: int, color: bool) -> Image:
        picture = _decode(self._files[index])
        if (picture.shape, picture.dtype) != self._stored:
            raise VideoError(
                f"{self._files[index]} is {_kind(picture.shape, picture.dtype)}, but the first "
                f"image of its folder is {_kind(*self._stored)}; all must be alike."
            )
        if not color:
            grey: Image = picture
            if picture.ndim == 3:
                grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            return grey
        if picture.dtype == np.uint16:
            picture = (picture >> 8).astype(np.uint8)
        code = cv2.COLOR_GRAY2RGB if picture.ndim == 2 else cv2.COLOR_BGR2RGB
        converted: Image = cv2.cvtColor(picture, code)
        return converted


def _kind(shape: tuple[int, ...], dtype: object) -> str:
    return f"{shape[1]}x{shape[0]}, {'colour' if len(shape) == 3 else 'grey'}, {dtype}"


def _decode(file: Path) -> Image:
    """Read one image as (h, w) or (h, w, 3) in BGR."""
    try:
        # cv2.imread cannot open names with non-ASCII letters on every system.
        raw = np.frombuffer(file.read_bytes(), np.uint8)
    except OSError as problem:
        raise VideoError(f"{file} cannot be read: {problem.strerror}.") from problem
    try:
        flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        picture: Image | None = cv2.imdecode(raw, flags) if raw.size else None
    except cv2.error:
        picture = None
    if picture is None:
        raise VideoError(f"{file} is empty, damaged or not an image.")
    return _plain(picture, file)


def _plain(picture: Image, file: Path) -> Image:
    """Check the type of an image and drop its transparency."""
    if picture.dtype not in (np.uint8, np.uint16):
        raise VideoError(f"{file} holds {picture.dtype} values; 8 and 16 bit images can be read.")
    if picture.ndim == 3 and picture.shape[2] == 4:
        picture = np.ascontiguousarray(picture[:, :, :3])
    elif picture.ndim == 3 and picture.shape[2] != 3:
        picture = np.ascontiguousarray(picture[:, :, 0])
    return picture
