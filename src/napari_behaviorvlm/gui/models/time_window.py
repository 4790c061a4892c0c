"""The part of a recording that a timeline shows, and how frames become pixels."""

from dataclasses import dataclass, replace

FEWEST = 20.0
"""Frames that are seen at least."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Frames ``first`` to ``last`` over so many pixels; a frame covers half a frame to each side.

    Parameters
    ----------
    n_frames : int
    first, last : float
        Left and right edge, in frames.
    left, width : float
        Where the left edge is drawn and how wide the window is, pixels.
    """

    n_frames: int
    first: float
    last: float
    left: float
    width: float

    @classmethod
    def whole(cls, n_frames: int, left: float, width: float) -> "TimeWindow":
        """Everything."""
        return cls(n_frames, -0.5, max(n_frames, 1) - 0.5, left, max(width, 1.0))

    @property
    def frames(self) -> float:
        """How many frames are seen."""
        return self.last - self.first

    @property
    def scale(self) -> float:
        """Pixels per frame."""
        return self.width / self.frames

    def x(self, frame: float) -> float:
        """Pixel of the middle of a frame."""
        return self.left + (frame - self.first) * self.scale

    def edges(self, start: float, end: float) -> tuple[float, float]:
        """Pixels of the left edge of one frame and of the right edge of another."""
        return self.x(start - 0.5), self.x(end + 0.5)

    def frame(self, x: float) -> int:
        """Frame at a pixel, one that exists."""
        at = self.first + (x - self.left) / self.scale
        return int(min(max(round(at), 0), self.n_frames - 1))

    def placed(self, left: float, width: float) -> "TimeWindow":
        """Show the same frames over other pixels."""
        return replace(self, left=left, width=max(width, 1.0))

    def zoomed(self, factor: float, x: float) -> "TimeWindow":
        """See `factor` times as many frames; the frame at a pixel stays where it is."""
        share = min(max((x - self.left) / self.width, 0.0), 1.0)
        at = self.first + share * self.frames
        frames = min(max(self.frames * factor, min(FEWEST, self.n_frames)), self.n_frames)
        return self._moved_to(at - share * frames, frames)

    def panned(self, pixels: float) -> "TimeWindow":
        """Move on by so many pixels."""
        return self._moved_to(self.first + pixels / self.scale, self.frames)

    def showing(self, start: float, end: float) -> "TimeWindow":
        """See a stretch: nothing moves if it is seen already, else it comes into the middle."""
        if self.first <= start and end <= self.last:
            return self
        frames = min(max(self.frames, 1.2 * (end - start + 1)), float(self.n_frames))
        return self._moved_to((start + end - frames) / 2, frames)

    def _moved_to(self, first: float, frames: float) -> "TimeWindow":
        first = min(max(first, -0.5), self.n_frames - 0.5 - frames)
        return replace(self, first=first, last=first + frames)


_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


def tick_step(seconds_per_pixel: float, room: float = 90.0) -> float:
    """Seconds between two ticks that are at least ``room`` pixels apart."""
    wanted = seconds_per_pixel * room
    if wanted <= _STEPS[0]:
        return next((step for step in (0.1, 0.2, 0.5) if step >= wanted), 1.0)
    return float(next((step for step in _STEPS if step >= wanted), _STEPS[-1]))


def clock(seconds: float, step: float = 1.0) -> str:
    """Write a time: "0:07", "12:30", "1:02:30", with tenths where ticks are that close."""
    tenths = round(seconds * 10)
    whole, tenth = divmod(tenths, 10) if step < 1 else (round(seconds), 0)
    minutes, rest = divmod(int(whole), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{text}.{tenth}" if step < 1 else text
