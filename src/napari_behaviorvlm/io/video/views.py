"""Several synchronised views, read together."""

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.io.video.reader import FrameReader, Image
from napari_behaviorvlm.io.video.window import FrameWindow

_HISTORY = 16
"""Frames before the target of a jump that are kept, as they are decoded on the way anyway."""


class MultiViewReader:
    """Frames of several views at the same frame number, with a cache around the current one.

    Stepping forward goes on decoding, stepping back reads from the cache, and while nothing is
    asked for the frames ahead in the direction of travel are decoded in the background.

    Parameters
    ----------
    readers : mapping of str to FrameReader
        By camera name. They are closed together with this reader.
    color : bool
        Whether to give RGB or the stored brightness (see `FrameReader.read`).
    cache_frames : int
        Most frames kept of each view.
    cache_bytes : int
        Most bytes kept of all views together; at least two frames a view are kept in any case.
    prefetch : int
        Frames decoded ahead in the background; 0 for batch jobs, which need none.
    workers : int, optional
        Threads; by default one per view and at most one per core.

    Raises
    ------
    VideoError
        If there are no views.
    """

    def __init__(
        self,
        readers: Mapping[str, FrameReader],
        *,
        color: bool = False,
        cache_frames: int = 64,
        cache_bytes: int = 512 << 20,
        prefetch: int = 8,
        workers: int | None = None,
    ) -> None:
        if not readers:
            raise VideoError("There are no videos to read: a recording needs at least one view.")
        self._readers = dict(readers)
        self._color = color
        self._ahead = prefetch
        per_frame = sum(_frame_bytes(reader, color) for reader in self._readers.values())
        self._capacity = max(min(cache_frames, cache_bytes // per_frame), 2)
        self._windows = {name: FrameWindow(self._capacity) for name in self._readers}
        self._state = threading.Lock()
        self._reading = threading.Lock()
        self._current, self._direction = -1, 1
        self._urgent: int | None = None
        self._closing = False
        self._prefetching: dict[str, Future[None]] = {}
        self._damaged: set[tuple[str, int]] = set()
        count = workers or min(len(self._readers), os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="video")

    @classmethod
    def open(
        cls,
        paths: Mapping[str, Path],
        *,
        color: bool = False,
        cache_frames: int = 64,
        cache_bytes: int = 512 << 20,
        prefetch: int = 8,
    ) -> Self:
        """Open a video or image folder per camera.

        Raises
        ------
        VideoError
            If one of them cannot be read; the others are closed again.
        """
        # Here, because the package itself offers this class.
        from napari_behaviorvlm.io.video import open_video

        with contextlib.ExitStack() as stack:
            readers = {name: stack.enter_context(open_video(p)) for name, p in paths.items()}
            made = cls(
                readers,
                color=color,
                cache_frames=cache_frames,
                cache_bytes=cache_bytes,
                prefetch=prefetch,
            )
            stack.pop_all()
        return made

    @property
    def readers(self) -> Mapping[str, FrameReader]:
        """The reader of each view."""
        return MappingProxyType(self._readers)

    @property
    def names(self) -> tuple[str, ...]:
        """Camera names, in the order given."""
        return tuple(self._readers)

    @property
    def n_frames(self) -> dict[str, int]:
        """Number of frames of each view."""
        return {name: reader.n_frames for name, reader in self._readers.items()}

    @property
    def n_common(self) -> int:
        """Number of frames that every view has."""
        return min(self.n_frames.values())

    def check_equal_lengths(self) -> None:
        """Raise `VideoError` naming the views unless all have the same number of frames."""
        counts = self.n_frames
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
            raise VideoError(f"The views differ in their number of frames: {listed}.")

    def read(self, frame: int, *, missing: Literal["raise", "skip"] = "raise") -> dict[str, Image]:
        """Read one frame of every view.

        Parameters
        ----------
        frame : int
            Frame number from 0.
        missing : {"raise", "skip"}
            What to do about views that lack the frame or hold it damaged: raise, or leave them
            out of the answer.

        Returns
        -------
        dict of str to Image
            By camera name. The pictures are shared with the cache and therefore read-only.

        Raises
        ------
        VideoError
            If a view lacks the frame (and ``missing`` is "raise"), or the reader is closed.
        """
        with self._reading:
            if self._closing:
                raise VideoError("The views were closed; open them again to read from them.")
            self._move_to(frame)
            found = self._collect(frame, missing)
            self._schedule()
        return {name: found[name] for name in self._readers if name in found}

    def iter(self, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Image]]:
        """Yield the frames ``start`` to ``stop - 1`` of all views (default: all common ones)."""
        for frame in range(start, self.n_common if stop is None else stop):
            yield self.read(frame)

    def close(self) -> None:
        """Stop the background threads and close all views. May be called twice."""
        self._closing = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        for reader in self._readers.values():
            reader.close()
        for window in self._windows.values():
            window.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _move_to(self, frame: int) -> None:
        with self._state:
            step = frame - self._current
            if step:
                # After a jump the frames ahead are the likelier ones.
                self._direction = -1 if -self._capacity < step < 0 else 1
            self._previous, self._current = self._current, frame
        for window in self._windows.values():
            window.centre = frame

    def _collect(self, frame: int, missing: str) -> dict[str, Image]:
        found: dict[str, Image] = {}
        lacking: list[str] = []
        for name, window in self._windows.items():
            picture = window.get(frame)
            if picture is None:
                lacking.append(name)
            else:
                found[name] = picture
        self._urgent = frame if lacking else None
        # Views that are being decoded in the background come last: a thread that waits for them
        # would be missing elsewhere.
        lacking.sort(key=self._is_prefetching)
        waiting = {name: self._pool.submit(self._load, name, frame) for name in lacking}
        problems = []
        for name, future in waiting.items():
            try:
                found[name] = future.result()
            except VideoError as problem:
                problems.append(VideoError(f"View {name!r}: {problem}"))
        self._urgent = None
        if problems and missing == "raise":
            raise problems[0]
        return found

    def _load(self, name: str, frame: int) -> Image:
        """Read a frame that somebody waits for, and with it what comes for free."""
        reader, window = self._readers[name], self._windows[name]
        picture = window.get(frame)  # the background may have been faster
        if picture is not None:
            return picture
        first = self._first_needed(reader, window, frame)
        for index, image in reader.read_run(first, frame, color=self._color).items():
            window.put(index, image)
            picture = image
        assert picture is not None  # read_run raises unless it has the last frame
        return picture

    def _first_needed(self, reader: FrameReader, window: FrameWindow, frame: int) -> int:
        if not 0 <= frame < reader.n_frames or frame == self._previous + 1:
            return frame
        span = self._capacity // 2 if self._direction < 0 else min(_HISTORY, self._capacity // 2)
        first = max(frame - span + 1, reader.cheap_from(frame), 0)
        while first < frame and window.get(first) is not None:
            first += 1
        return first

    def _schedule(self) -> None:
        if not self._ahead:
            return
        for name in self._readers:
            if not self._is_prefetching(name) and self._next_job(name) is not None:
                self._prefetching[name] = self._pool.submit(self._prefetch, name)

    def _is_prefetching(self, name: str) -> bool:
        running = self._prefetching.get(name)
        return running is not None and not running.done()

    def _next_job(self, name: str) -> tuple[int, int] | None:
        """Frames to decode next in the background, first and last."""
        window, last = self._windows[name], self._readers[name].n_frames - 1
        with self._state:
            current, direction = self._current, self._direction
        reach = min(self._ahead, self._capacity - 1)
        for distance in range(1, reach + 1):
            frame = current + direction * distance
            if not 0 <= frame <= last:
                return None
            if window.get(frame) is None and (name, frame) not in self._damaged:
                if direction > 0:
                    return frame, frame
                return max(frame - self._capacity // 2 + 1, 0), frame
        return None

    def _prefetch(self, name: str) -> None:
        while not self._closing and self._urgent is None:
            job = self._next_job(name)
            if job is None:
                return
            first, last = job

            def give_up(first: int = first, last: int = last) -> bool:
                urgent = self._urgent
                return self._closing or (urgent is not None and not first <= urgent <= last)

            reader = self._readers[name]
            first = max(first, reader.cheap_from(last))
            try:
                found = reader.read_run(first, last, color=self._color, give_up=give_up)
            except VideoError:
                self._damaged.add((name, last))  # reported when it is asked for
                continue
            for index, image in found.items():
                self._windows[name].put(index, image)


def _frame_bytes(reader: FrameReader, color: bool) -> int:
    width, height = reader.size
    return width * height * (3 if color else reader.dtype.itemsize)
