"""Frame-exact reading of videos and image folders."""

from pathlib import Path

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video.fingerprint import fingerprint
from napari_behaviorvlm.io.video.images import SUFFIXES, ImageFolder
from napari_behaviorvlm.io.video.index import PacketIndex
from napari_behaviorvlm.io.video.origin import Origin, origin_of
from napari_behaviorvlm.io.video.reader import FrameReader, Image, VideoInfo
from napari_behaviorvlm.io.video.video import VideoFile
from napari_behaviorvlm.io.video.views import MultiViewReader

__all__ = [
    "FrameReader",
    "Image",
    "ImageFolder",
    "MultiViewReader",
    "Origin",
    "PacketIndex",
    "VideoFile",
    "VideoInfo",
    "fingerprint",
    "open_video",
    "origin_of",
    "probe",
]


def open_video(path: Path, *, index: PacketIndex | None = None, threads: int = 1) -> FrameReader:
    """Open a video file or a folder of images.

    Parameters
    ----------
    path : Path
        Video file, or folder of .png, .jpg or .tif images in natural order of their names.
    index : PacketIndex, optional
        Of the video, kept from an earlier time; ignored if the file has changed since.
    threads : int
        Threads of the video decoder; more than one help a single view that is read in order.

    Returns
    -------
    FrameReader
        To be closed, or used in a ``with`` block.

    Raises
    ------
    VideoError
        If there is nothing to read, with the reason.
    """
    path = Path(path)
    if path.is_dir():
        return ImageFolder(path)
    if path.suffix.lower() in SUFFIXES:
        raise VideoError(f"{path} is a single image; give the folder that holds the images.")
    return VideoFile(path, index, threads)


def probe(path: Path) -> VideoInfo:
    """Tell size, exact number of frames, rate and type of a video file or folder of images.

    Raises
    ------
    VideoError
        If there is nothing to read, with the reason.
    """
    with open_video(path) as reader:
        return reader.info
