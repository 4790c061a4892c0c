"""The order of presentation of H.264 pictures, read from their slice headers.

Containers such as AVI store no presentation times. The picture order count of ITU-T H.264
(08/2021), section 8.2.1, says in which order the pictures are shown, without decoding them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
_WITH_CHROMA = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_HEADER_BYTES = 64


class UnsupportedStreamError(Exception):
    """The order cannot be told from the headers alone; the stream has to be decoded."""


class _Bits:
    """Reader of the bits of a NAL unit, emulation prevention removed."""

    def __init__(self, payload: bytes) -> None:
        raw = payload.replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(raw)
        self._left = len(raw) * 8

    def u(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise UnsupportedStreamError("header ends early")
        return (self._value >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise UnsupportedStreamError("bad Exp-Golomb code")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


@dataclass(frozen=True)
class _Sequence:
    frame_num_bits: int
    order_type: int
    order_bits: int
    frames_only: bool
    separate_planes: bool


def _skip_scaling_lists(bits: _Bits, count: int) -> None:
    for i in range(count):
        if not bits.u(1):
            continue
        last = following = 8
        for _ in range(16 if i < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _sequence(payload: bytes) -> tuple[int, _Sequence]:
    bits = _Bits(payload)
    profile = bits.u(8)
    bits.u(16)
    number = bits.ue()
    separate = False
    if profile in _WITH_CHROMA:
        chroma = bits.ue()
        separate = chroma == 3 and bool(bits.u(1))
        bits.ue(), bits.ue(), bits.u(1)
        if bits.u(1):
            _skip_scaling_lists(bits, 12 if chroma == 3 else 8)
    frame_num_bits = bits.ue() + 4
    order_type = bits.ue()
    if order_type == 1:
        raise UnsupportedStreamError("picture order count type 1")
    order_bits = bits.ue() + 4 if order_type == 0 else 0
    bits.ue(), bits.u(1), bits.ue(), bits.ue()  # reference frames, gaps, width, height
    return number, _Sequence(frame_num_bits, order_type, order_bits, bool(bits.u(1)), separate)


def _annex_b(data: bytes) -> Iterator[bytes]:
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        following = data.find(b"\x00\x00\x01", start + 3)
        yield data[start + 3 : following if following >= 0 else len(data)]
        start = following


def _length_prefixed(data: bytes, width: int) -> Iterator[bytes]:
    at = 0
    while at + width < len(data):
        size = int.from_bytes(data[at : at + width])
        yield data[at + width : at + width + size]
        at += width + size


class PictureOrder:
    """Tells for packet after packet when its picture is shown.

    Parameters
    ----------
    extradata : bytes
        Of the stream: empty, Annex B, or an avcC record.
    """

    def __init__(self, extradata: bytes) -> None:
        self._sequences: dict[int, _Sequence] = {}
        self._pictures: dict[int, int] = {}
        self._length_size = 0
        self._period = 0
        self._previous = (0, 0)
        if extradata[:1] == b"\x01":
            self._length_size = (extradata[4] & 3) + 1
            self._read_avcc(extradata)
        else:
            for unit in _annex_b(extradata):
                self._parameters(unit)

    def _read_avcc(self, record: bytes) -> None:
        at = 5
        for mask in (31, 255):
            count, at = record[at] & mask, at + 1
            for _ in range(count):
                size = int.from_bytes(record[at : at + 2])
                self._parameters(record[at + 2 : at + 2 + size])
                at += 2 + size

    def _parameters(self, unit: bytes) -> None:
        kind = unit[0] & 31 if unit else 0
        if kind == _SPS:
            number, sequence = _sequence(unit[1:])
            self._sequences[number] = sequence
        elif kind == _PPS:
            bits = _Bits(unit[1:_HEADER_BYTES])
            picture = bits.ue()
            self._pictures[picture] = bits.ue()

    def add(self, packet: bytes) -> tuple[int, int]:
        """Give the sort key of the packet's picture.

        Packets must come in the order of decoding, one picture in each.

        Parameters
        ----------
        packet : bytes
            One access unit.

        Returns
        -------
        tuple of int
            Number of the coded video sequence, picture order count within it.

        Raises
        ------
        UnsupportedStreamError
            For fields, missing parameter sets and packets without a picture.
        """
        if self._length_size:
            units = _length_prefixed(packet, self._length_size)
        else:
            units = _annex_b(packet)
        for unit in units:
            kind = unit[0] & 31 if unit else 0
            if kind in (_SLICE, _IDR):
                return self._slice(unit[0] >> 5 & 3, kind == _IDR, unit[1:_HEADER_BYTES])
            self._parameters(unit)
        raise UnsupportedStreamError("packet without a picture")

    def _slice(self, reference: int, is_idr: bool, payload: bytes) -> tuple[int, int]:
        bits = _Bits(payload)
        bits.ue(), bits.ue()  # first macroblock, slice type
        try:
            sequence = self._sequences[self._pictures[bits.ue()]]
        except KeyError:
            raise UnsupportedStreamError("missing parameter set") from None
        if sequence.separate_planes:
            bits.u(2)
        bits.u(sequence.frame_num_bits)
        if not sequence.frames_only and bits.u(1):
            raise UnsupportedStreamError("fields")
        if is_idr:
            bits.ue()
            self._period += 1
            self._previous = (0, 0)
        if sequence.order_type == 2:
            # Shown in the order of decoding.
            count = self._previous[0] + 1
            self._previous = (count, 0)
            return self._period, count
        return self._period, self._count(
            bits.u(sequence.order_bits), sequence.order_bits, reference
        )

    def _count(self, low: int, bits: int, reference: int) -> int:
        """Complete the transmitted low bits (8.2.1.1)."""
        previous_high, previous_low = self._previous
        span = 1 << bits
        high = previous_high
        if low < previous_low and previous_low - low >= span // 2:
            high += span
        elif low > previous_low and low - previous_low > span // 2:
            high -= span
        if reference:
            self._previous = (high, low)
        return high + low
