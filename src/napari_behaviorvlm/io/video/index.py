"""The table of a video's packets: which one holds which frame, and where decoding may start."""

import io
import zipfile
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import VideoError

NO_TIME = np.iinfo(np.int64).min
"""Stands for a missing time stamp or position."""

_FORMAT = 1


@dataclass(frozen=True)
class PacketIndex:
    """Packets of a video in the order of decoding, and the frames that come out of them.

    Attributes
    ----------
    pts, dts, position : array of int64, shape (n_packets,)
        Presentation and decoding time in ticks of ``time_base``, place in the file in bytes;
        `NO_TIME` where unknown.
    keyframe : array of bool, shape (n_packets,)
        Whether the container says that decoding may start here.
    order : array of int64, shape (n_packets,)
        Sort value of presentation, `NO_TIME` for packets that show nothing and take no place.
    packet_of_frame : array of int64, shape (n_frames,)
        Packet that holds the frame. With ``counted``, packets may hold several frames.
    counted : bool
        Frames cannot be told from their packets: they are counted from the start of the file.
    time_base : array of int64, shape (2,)
        Numerator and denominator of a tick in seconds.
    source : array of int64, shape (2,)
        Size in bytes and modification time in ns of the file that this is about.
    """

    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    position: NDArray[np.int64]
    keyframe: NDArray[np.bool_]
    order: NDArray[np.int64]
    packet_of_frame: NDArray[np.int64]
    counted: bool
    time_base: NDArray[np.int64]
    source: NDArray[np.int64]

    @property
    def n_packets(self) -> int:
        """Number of packets."""
        return len(self.pts)

    @property
    def n_frames(self) -> int:
        """Number of frames that are presented."""
        return len(self.packet_of_frame)

    @cached_property
    def frame_of_packet(self) -> NDArray[np.int64]:
        """Frame that the packet shows, -1 for none; shape (n_packets,)."""
        frames = np.full(self.n_packets, -1, np.int64)
        frames[self.packet_of_frame] = np.arange(self.n_frames)
        return frames

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Packets at which decoding may start, ascending."""
        return np.flatnonzero(self.keyframe & (self.order != NO_TIME))

    @cached_property
    def times(self) -> NDArray[np.float64] | None:
        """Time of each frame in seconds from the first; None if the container keeps none."""
        pts = self.pts[self.packet_of_frame]
        if self.counted or not len(pts) or (pts == NO_TIME).any():
            return None
        if (np.diff(pts) <= 0).any():  # invented by the demuxer, e.g. B-frames in AVI
            pts = np.sort(pts)
        seconds = (pts - pts[0]) * (self.time_base[0] / self.time_base[1])
        return np.asarray(seconds, np.float64)

    @cached_property
    def fps(self) -> float | None:
        """Mean frame rate over the whole file."""
        times = self.times
        if times is None or len(times) < 2 or times[-1] <= 0:
            return None
        return float((len(times) - 1) / times[-1])

    def start_for(self, frame: int, unusable: set[int]) -> int:
        """Choose the packet at which decoding for ``frame`` has to start.

        It comes before the frame in decoding and in presentation: pictures that are shown before
        a keyframe but stored after it (open GOP) need the group before, which the decoder would
        not have seen. Packet 0 is always possible.
        """
        if self.counted:
            return 0
        packet = int(self.packet_of_frame[frame])
        for i in range(int(np.searchsorted(self.starts, packet, "right")) - 1, -1, -1):
            start = int(self.starts[i])
            if self.order[start] <= self.order[packet] and start not in unusable:
                return start
        return 0

    def belongs_to(self, path: Path) -> bool:
        """Whether the file is still the one from which this was made (by size and time)."""
        return bool(np.array_equal(self.source, file_stamp(path)))

    def to_bytes(self) -> bytes:
        """Serialise, so that a caller may keep it; npz inside."""
        buffer = io.BytesIO()
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        np.savez_compressed(buffer, format=np.int64(_FORMAT), **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises
        ------
        VideoError
            If it was not written by `to_bytes` of this version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                version = int(stored["format"])
                arrays = {field.name: stored[field.name] for field in fields(cls)}
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as problem:
            raise VideoError("A stored packet index is damaged; delete it.") from problem
        if version != _FORMAT:
            raise VideoError("A stored packet index is of another version; delete it.")
        arrays["counted"] = bool(arrays["counted"])
        return cls(**arrays)


def file_stamp(path: Path) -> NDArray[np.int64]:
    """Size in bytes and modification time in ns."""
    status = path.stat()
    return np.array([status.st_size, status.st_mtime_ns], np.int64)
