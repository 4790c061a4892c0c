"""Opening video files, and saying clearly why one cannot be opened."""

import os
from pathlib import Path
from typing import TypeAlias

import av
import av.container
import av.video.stream

from napari_behaviorvlm.core.errors import VideoError

Container: TypeAlias = av.container.InputContainer
Stream: TypeAlias = av.video.stream.VideoStream

# Demuxers that take text, still images or lists of other files for a video.
_NOT_VIDEOS = ("tty", "image2", "hls", "concat", "dash", "bin", "xbin", "adf", "idf", "srt", "ass")


def open_container(path: Path) -> tuple[Container, Stream]:
    """Open a video file.

    Returns
    -------
    container, stream
        The caller closes the container. The stream is the first that is no cover picture.

    Raises
    ------
    VideoError
        If the file is missing, empty, incomplete, no video, or has sound only.
    """
    check_file(path)
    try:
        container = av.open(os.path.abspath(path), metadata_errors="replace")  # noqa: PTH100
    except (av.error.FFmpegError, ValueError, OSError) as problem:
        raise VideoError(_why_unreadable(path, problem)) from problem
    try:
        return container, _video_stream(path, container)
    except VideoError:
        container.close()
        raise


def check_file(path: Path) -> None:
    """Raise `VideoError` unless ``path`` is a file with content that may be read."""
    try:
        with path.open("rb") as stream:
            if not stream.read(1):
                raise VideoError(f"{path} is empty (0 bytes); copy or record it again.")
    except FileNotFoundError:
        raise VideoError(f"{path} does not exist.") from None
    except OSError as problem:
        raise VideoError(f"{path} cannot be read: {problem.strerror}.") from problem


def _video_stream(path: Path, container: Container) -> Stream:
    names = container.format.name.split(",")
    if any(name in _NOT_VIDEOS or name.endswith("_pipe") for name in names):
        raise VideoError(f"{path} is not a video.")
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            if stream.codec_context is None:
                raise VideoError(f"{path} is coded in a way that this version cannot decode.")
            return stream
    raise VideoError(f"{path} has no pictures: it holds sound or data only.")


def _why_unreadable(path: Path, problem: Exception) -> str:
    boxes = list(_mp4_boxes(path))
    if boxes and b"moov" not in boxes:
        return (
            f"{path} is incomplete: its table of contents (moov), which is written last, is "
            "missing; copy it again, or repair it with a recovery tool such as untrunc."
        )
    if isinstance(problem, PermissionError):
        return f"{path} cannot be read: you lack the permission."
    return f"{path} is not a video that can be read, or its beginning is damaged."


def _mp4_boxes(path: Path) -> list[bytes]:
    """Types of the top-level boxes if the file starts like an MP4 or MOV, else nothing."""
    found: list[bytes] = []
    end = path.stat().st_size
    with path.open("rb") as stream:
        at = 0
        while at + 8 <= end:
            stream.seek(at)
            head = stream.read(16)
            size, kind = int.from_bytes(head[:4]), head[4:8]
            if not found and kind not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
                return []
            found.append(kind)
            size = int.from_bytes(head[8:16]) if size == 1 else size
            if size < 8:
                break
            at += size
    return found


def missing_bytes(path: Path, stream: Stream) -> int:
    """Count the bytes by which the file is shorter than its own headers say (0 if unknown)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(256)
    declared = size
    if head[:4] == b"RIFF" and int.from_bytes(head[4:8], "little"):
        declared = int.from_bytes(head[4:8], "little") + 8
    elif head[:4] == b"\x1a\x45\xdf\xa3":
        declared = _matroska_size(head) or size
    elif head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide"):
        # Absent in older versions of PyAV, which then tell only what they can read.
        entries = getattr(stream, "index_entries", None) or ()
        declared = max((e.pos + e.size for e in entries), default=size)
    return max(declared - size, 0)


def _matroska_size(head: bytes) -> int:
    """End of the segment in bytes; 0 where it is open-ended, as in a live recording."""
    length, at = _vint(head, 4)
    at += length
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return 0
    length, start = _vint(head, at + 4)
    return 0 if length < 0 else start + length


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length integer; -1 stands for unknown."""
    width = 9 - data[at].bit_length()
    bits = 7 * width
    value = int.from_bytes(data[at : at + width]) & ((1 << bits) - 1)
    return (-1 if value == (1 << bits) - 1 else value), at + width
