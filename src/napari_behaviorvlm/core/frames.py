"""A run of frames that a person asks for."""

from dataclasses import dataclass

from napari_behaviorvlm.core.errors import ProjectError


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """Frames ``first`` to ``end - 1``; ``end`` None means the end of the recording."""

    first: int = 0
    end: int | None = None

    def within(self, n_frames: int) -> range:
        """Return the frames of a recording that the span covers.

        Raises
        ------
        ProjectError
            If the span begins after the last frame.
        """
        if self.first >= n_frames:
            raise ProjectError(
                f"Frame {self.first} is past the end: the recording has {n_frames} frames "
                f"(0 to {n_frames - 1})."
            )
        return range(self.first, n_frames if self.end is None else min(self.end, n_frames))
