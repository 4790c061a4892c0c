"""Building the packet index of a video: demultiplex once, decode only if that is not enough."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video.container import Stream, missing_bytes, open_container
from napari_behaviorvlm.io.video.h264 import PictureOrder, UnsupportedStreamError
from napari_behaviorvlm.io.video.index import NO_TIME, PacketIndex, file_stamp

# Containers that store a presentation time for every packet, rather than letting it be guessed.
_TIMED = {"mov", "mp4", "matroska", "webm", "mpegts", "nut"}
# Codecs whose packets hold one shown picture each, in these containers.
_ONE_PICTURE = {
    "h264", "hevc", "mpeg4", "mjpeg", "ffv1", "rawvideo", "huffyuv", "ffvhuff", "png", "prores",
    "dnxhd", "mpeg1video", "mpeg2video", "vp9", "av1", "utvideo", "magicyuv", "qtrle", "gif",
    "jpeg2000", "cfhd", "tiff", "bmp",
}  # fmt: skip
# Those of them that never reorder pictures.
_IN_ORDER = {
    "mjpeg", "ffv1", "rawvideo", "huffyuv", "ffvhuff", "png", "prores", "dnxhd", "utvideo",
    "magicyuv", "qtrle", "gif", "jpeg2000", "cfhd", "tiff", "bmp",
}  # fmt: skip
# An MPEG-4 packet this short says "nothing changed" and shows no picture.
_NO_PICTURE_BYTES = 16
_PROBED_FRAMES = 8


@dataclass
class _Packets:
    """What one pass over the file tells."""

    pts: list[int] = field(default_factory=list)
    dts: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    keyframe: list[bool] = field(default_factory=list)
    discard: list[bool] = field(default_factory=list)
    smallest: int = 1 << 62
    h264: list[tuple[int, int]] | None = None
    broken: bool = False


def data_packets(packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
    """Leave out empty packets: AVI marks dropped frames by them, PyAV the end of the file."""
    return (packet for packet in packets if packet.size)


def build_index(path: Path) -> PacketIndex:
    """Make the packet index of a video file.

    The whole file is demultiplexed. Its frames are decoded too if the container keeps no reliable
    presentation times and the stream's own headers do not tell the order either.

    Raises
    ------
    VideoError
        If the file cannot be opened, breaks off, or holds no frame.
    """
    container, stream = open_container(path)
    with container:
        formats = set(container.format.name.split(","))
        codec = stream.codec_context.name
        table = _demultiplex(path, stream, want_order=codec == "h264" and not formats & _TIMED)
        _refuse_truncated(path, stream, table)
        time_base = stream.time_base
        reorders = bool(stream.codec_context.has_b_frames)
    order = _order_from_headers(formats, codec, table, reorders=reorders)
    ticks = (time_base.numerator, time_base.denominator) if time_base else (0, 1)
    if order is not None:
        index = _assemble(path, table, order, ticks)
        if _starts_as_expected(path, index):
            return index
    return _index_by_decoding(path, table, ticks)


def _demultiplex(path: Path, stream: Stream, *, want_order: bool) -> _Packets:
    table = _Packets(h264=[] if want_order else None)
    parser = _picture_order(stream) if want_order else None
    packets = data_packets(stream.container.demux(stream))
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.error.FFmpegError:
            table.broken = True
            break
        table.pts.append(NO_TIME if packet.pts is None else packet.pts)
        table.dts.append(NO_TIME if packet.dts is None else packet.dts)
        table.position.append(NO_TIME if packet.pos is None else packet.pos)
        table.keyframe.append(packet.is_keyframe)
        table.discard.append(packet.is_discard)
        table.smallest = min(table.smallest, packet.size)
        if parser is not None and table.h264 is not None:
            try:
                table.h264.append(parser.add(bytes(packet)))
            except UnsupportedStreamError:
                table.h264 = parser = None
    if not table.pts:
        raise VideoError(f"{path} has no frames: it holds the headers of a video and no pictures.")
    return table


def _picture_order(stream: Stream) -> PictureOrder | None:
    try:
        return PictureOrder(bytes(stream.codec_context.extradata or b""))
    except (UnsupportedStreamError, IndexError):
        return None


def _refuse_truncated(path: Path, stream: Stream, table: _Packets) -> None:
    missing = missing_bytes(path, stream)
    if missing or table.broken:
        lost = f"at least {missing} bytes are missing" if missing else "what follows is damaged"
        raise VideoError(
            f"{path} breaks off after {len(table.pts)} frames ({lost}); copy it again, or save the "
            f'readable part: ffmpeg -i "{path.name}" -c copy repaired{path.suffix}'
        )


def _order_from_headers(
    formats: set[str], codec: str, table: _Packets, *, reorders: bool
) -> NDArray[np.int64] | None:
    """Sort values of presentation per packet, or None where they cannot be trusted."""
    pts = np.array(table.pts)
    if table.h264 is not None and len(table.h264) == len(pts):
        return _ranks(table.h264)
    if codec not in _ONE_PICTURE:
        return None
    if codec == "mpeg4" and table.smallest < _NO_PICTURE_BYTES:
        return None
    if formats & _TIMED and not (pts == NO_TIME).any():
        shown = pts[~np.array(table.discard)]
        return pts if len(np.unique(shown)) == len(shown) else None
    if codec in _IN_ORDER or (codec == "mpeg4" and not reorders):
        return np.arange(len(pts))
    return None


def _ranks(keys: list[tuple[int, int]]) -> NDArray[np.int64] | None:
    if len(set(keys)) != len(keys):
        return None
    ranks = np.empty(len(keys), np.int64)
    ranks[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return ranks


def _assemble(
    path: Path, table: _Packets, order: NDArray[np.int64], ticks: tuple[int, int]
) -> PacketIndex:
    shown = np.flatnonzero(~np.array(table.discard))
    frames = shown[np.argsort(order[shown], kind="stable")]
    return _index(path, table, order, frames, ticks, counted=False)


def _index(
    path: Path,
    table: _Packets,
    order: NDArray[np.int64],
    frames: NDArray[np.int64],
    ticks: tuple[int, int],
    *,
    counted: bool,
) -> PacketIndex:
    if not len(frames):
        raise VideoError(f"{path} has no frames that can be decoded.")
    return PacketIndex(
        pts=np.array(table.pts, np.int64),
        dts=np.array(table.dts, np.int64),
        position=np.array(table.position, np.int64),
        keyframe=np.array(table.keyframe, bool),
        order=np.asarray(order, np.int64),
        packet_of_frame=np.asarray(frames, np.int64),
        counted=counted,
        time_base=np.array(ticks, np.int64),
        source=file_stamp(path),
    )


def decode_packets(stream: Stream, enough: Callable[[int], bool]) -> list[int]:
    """Decode from where the stream stands; give the packet number of each frame that comes out."""
    context = stream.codec_context
    found: list[int] = []
    packets = data_packets(stream.container.demux(stream))
    for number, packet in enumerate(packets):
        packet.pts = number  # which its frame inherits
        found += _numbers(context, packet)
        if enough(len(found)):
            return found
    return found + _numbers(context, None)


def _numbers(context: av.VideoCodecContext, packet: av.Packet | None) -> list[int]:
    try:
        frames = context.decode(packet)
    except av.error.FFmpegError:
        return []
    return [frame.pts for frame in frames]


def _starts_as_expected(path: Path, index: PacketIndex) -> bool:
    """Whether the first frames come out as the headers say; false e.g. for a cut open GOP."""
    container, stream = open_container(path)
    with container:
        found = decode_packets(stream, lambda count: count >= _PROBED_FRAMES)
    expected = index.packet_of_frame[: len(found)].tolist()
    return found == expected and len(found) >= min(_PROBED_FRAMES, index.n_frames)


def _index_by_decoding(path: Path, table: _Packets, ticks: tuple[int, int]) -> PacketIndex:
    container, stream = open_container(path)
    with container:
        stream.thread_type = "AUTO"
        found = decode_packets(stream, lambda _: False)
    frames = np.array(found, np.int64)
    counted = len(set(found)) != len(found)
    order = np.full(len(table.pts), NO_TIME, np.int64)
    if not counted:
        order[frames] = np.arange(len(frames))
    return _index(path, table, order, frames, ticks, counted=counted)
