"""Frames of one video in any order, from a decoder that is kept where it is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video.container import open_container
from napari_behaviorvlm.io.video.index import NO_TIME, PacketIndex
from napari_behaviorvlm.io.video.scan import data_packets

# A frame that has not come out after so many more packets was lost to damage: longer than the
# reordering of any codec (16 pictures) and the delay of the decoder's threads.
_PATIENCE = 64
# A jump that lands further before the wanted packet than this is tried in another way.
_NEAR = 8


class FrameDecoder:
    """Decode frames by number.

    The presentation time of every packet is replaced by the packet's number before it is decoded.
    A decoder hands that on to the frame, so that frames are recognised without trusting time
    stamps. (`Packet.opaque` is meant for this, but PyAV loses it for small numbers.)

    Parameters
    ----------
    path : Path
        Video file.
    index : PacketIndex
        Of the same file.
    threads : int
        Threads of the decoder; with more than one, frames are decoded ahead, which makes
        sequential reading faster and jumps slower.
    """

    # State since the last jump.
    _packets: Iterator[av.Packet]
    _next: int  # number of the packet that comes next
    _count: int  # frames that came out
    _ended: bool
    _ready: dict[int, av.VideoFrame]  # came out, not yet asked for
    _last_order: int  # of the frames that came out, the highest
    _trusted_from: int  # frames of a lower order refer to pictures that were never decoded
    _unproven: int | None  # the packet of the jump, until its picture is seen
    _complete_from: int  # frames below this may have been skipped
    _skipping: str

    def __init__(self, path: Path, index: PacketIndex, threads: int = 1) -> None:
        self._path = path
        self._index = index
        self._threads = threads
        self._lookup = _Identities(index)
        self._unusable: set[int] = set()
        self._open()

    def _open(self) -> None:
        self._container, self._stream = open_container(self._path)
        self._context = self._stream.codec_context
        self._context.thread_count = self._threads
        if self._threads > 1:
            self._context.thread_type = "AUTO"
        # Only here a frame that nothing refers to can be told from its own header.
        self._may_skip = self._context.name == "h264" and not self._index.counted
        self._skipping = "DEFAULT"
        self._restart(0, data_packets(self._container.demux(self._stream)))

    @property
    def codec(self) -> str:
        """Name of the codec."""
        return str(self._context.name)

    @property
    def nominal_fps(self) -> float | None:
        """Frame rate that the file states."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(rate) if rate else None

    def close(self) -> None:
        """Free the file."""
        self._ready.clear()
        self._container.close()

    def start_for(self, frame: int) -> int:
        """First frame that is decoded on the way to ``frame`` after a jump."""
        start = self._index.start_for(frame, self._unusable)
        first = int(self._index.frame_of_packet[start])
        return first if 0 <= first <= frame else frame

    def run(
        self, first: int, last: int, give_up: Callable[[], bool]
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield the frames from ``first`` to ``last`` that can be decoded, ascending."""
        for frame in range(first, last + 1):
            found = self._frame(frame, first, give_up)
            if found is not None:
                yield frame, found
            elif give_up():
                return

    def _frame(
        self, frame: int, keep_from: int, give_up: Callable[[], bool]
    ) -> av.VideoFrame | None:
        """Decode one frame; None if it is damaged or the caller gave up."""
        for old in [f for f in self._ready if f < frame]:
            del self._ready[old]
        if frame not in self._ready and not self._will_come(frame):
            self._seek(self._index.start_for(frame, self._unusable))
        packet = int(self._index.packet_of_frame[frame])
        while frame not in self._ready:
            if give_up() or self._ended or self._next > packet + _PATIENCE:
                return None
            if not self._step(frame, keep_from):
                self._seek(self._index.start_for(frame, self._unusable))
        return self._ready.pop(frame)

    def _will_come(self, frame: int) -> bool:
        """Whether going on is the way to the frame, rather than a jump."""
        if self._index.counted:
            return self._count <= frame
        if frame < self._complete_from:
            return False
        order = self._index.order[self._index.packet_of_frame[frame]]
        if order <= self._last_order or order < self._trusted_from or self._ended:
            return False
        return self._index.start_for(frame, self._unusable) <= self._next

    def _step(self, wanted: int, keep_from: int) -> bool:
        """Feed one packet. False if the decoder shows that it should not have started there."""
        packet = next(self._packets, None)
        if packet is None:
            self._ended = True
            return self._collect(None, wanted)
        number = self._next
        if self._identity(packet) != self._lookup.by_number(number):
            raise VideoError(f"{self._path} changed while it was being read; open it again.")
        self._next += 1
        packet.pts = number
        if self._may_skip:
            shown = int(self._index.frame_of_packet[number])
            passed_over = 0 <= shown < min(wanted, keep_from)
            self._skip("NONREF" if passed_over else "DEFAULT")
            if passed_over:
                self._complete_from = max(self._complete_from, shown + 1)
        return self._collect(packet, wanted)

    def _collect(self, packet: av.Packet | None, wanted: int) -> bool:
        try:
            frames = self._context.decode(packet)
        except av.error.FFmpegError:
            return True  # damaged: the frames that do not come are reported when they are asked for
        for frame in frames:
            number = self._count
            self._count += 1
            if not self._index.counted:
                order = int(self._index.order[frame.pts])
                if order < self._trusted_from:
                    continue
                if self._unproven is not None and not self._prove(self._unproven, frame):
                    return False
                self._last_order = max(self._last_order, order)
                number = int(self._index.frame_of_packet[frame.pts])
            if number >= wanted:
                self._ready[number] = frame
        return True

    def _prove(self, start: int, frame: av.VideoFrame) -> bool:
        """Check that decoding could start at the packet: its own picture comes first, and whole."""
        self._unproven = None
        whole = frame.key_frame or frame.pict_type == av.video.frame.PictureType.I
        if frame.pts == start and whole:
            return True
        self._unusable.add(start)
        return False

    def _restart(self, number: int, packets: Iterator[av.Packet]) -> None:
        """Begin with an empty decoder at the packet ``number``."""
        self._packets = packets
        self._next = number
        self._count = 0
        self._ended = False
        self._ready = {}
        self._complete_from = 0
        self._last_order = NO_TIME
        self._trusted_from = int(self._index.order[number]) if number else NO_TIME
        shown = bool(self._index.frame_of_packet[number] >= 0)
        self._unproven = number if number and shown else None
        self._skip("DEFAULT")

    def _skip(self, which: str) -> None:
        if which != self._skipping:
            self._context.skip_frame = self._skipping = which

    def _seek(self, number: int) -> None:
        if number and self._seek_by_time(number):
            return
        # The way that always works: from the beginning of the file.
        self._container.close()
        self._open()
        for _ in range(number):
            next(self._packets, None)
        self._restart(number, self._packets)

    def _seek_by_time(self, number: int) -> bool:
        times = [int(t) for t in (self._index.pts[number], self._index.dts[number]) if t != NO_TIME]
        # Some demuxers look for the packet by the one, some by the other.
        for near in (_NEAR, self._index.n_packets):
            for time in times:
                if self._land(number, time, near):
                    return True
        return False

    def _land(self, number: int, time: int, near: int) -> bool:
        try:
            self._container.seek(time, stream=self._stream, backward=True)
            packets = data_packets(self._container.demux(self._stream))
            packet = next(packets, None)
            here = None if packet is None else self._lookup.find(self._identity(packet))
            if packet is None or here is None or not number - near <= here <= number:
                return False
            while here < number:
                packet, here = next(packets), here + 1
        except (av.error.FFmpegError, StopIteration):
            return False
        self._restart(number, _chain(packet, packets))
        return True

    def _identity(self, packet: av.Packet) -> int:
        value = packet.pos if self._lookup.by_position else packet.dts
        return NO_TIME if value is None else value


def _chain(first: av.Packet, rest: Iterator[av.Packet]) -> Iterator[av.Packet]:
    yield first
    yield from rest


class _Identities:
    """Recognise packets by their place in the file or, where that is shared, by their time."""

    def __init__(self, index: PacketIndex) -> None:
        self.by_position = _distinct(index.position)
        self._values = index.position if self.by_position else index.dts
        usable = self.by_position or _distinct(index.dts)
        self._numbers = {int(v): i for i, v in enumerate(self._values)} if usable else {}

    def by_number(self, number: int) -> int:
        return int(self._values[number]) if number < len(self._values) else NO_TIME

    def find(self, identity: int) -> int | None:
        return self._numbers.get(identity)


def _distinct(values: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> bool:
    return bool((values != NO_TIME).all() and len(np.unique(values)) == len(values))
