"""A bounded cache of frames around a moving centre."""

import threading

from napari_behaviorvlm.io.video.reader import Image


class FrameWindow:
    """Keep the frames of one view that are nearest to the current one.

    Parameters
    ----------
    capacity : int
        Most frames kept.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.centre = 0
        self._frames: dict[int, Image] = {}
        self._lock = threading.Lock()

    def get(self, frame: int) -> Image | None:
        """Give the frame if it is kept."""
        return self._frames.get(frame)

    def put(self, frame: int, image: Image) -> None:
        """Keep the frame, read-only; the one furthest from the centre makes room."""
        image.setflags(write=False)
        with self._lock:
            self._frames[frame] = image
            while len(self._frames) > self.capacity:
                del self._frames[max(self._frames, key=self._distance)]

    def clear(self) -> None:
        """Forget all frames."""
        with self._lock:
            self._frames.clear()

    def __len__(self) -> int:
        return len(self._frames)

    def _distance(self, frame: int) -> int:
        return abs(frame - self.centre)
