"""Candidates of a whole recording: chunk by chunk, each written once, in any order.

Killed at any moment, it goes on where it stopped: a chunk on disk is complete, a background is a
function of its video alone, and both are found again by their content keys.
"""

import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_behaviorvlm.candidates.background import (
    Background,
    estimate_background,
    sample_frames,
)
from napari_behaviorvlm.candidates.detection import DetectionSettings, Detector
from napari_behaviorvlm.candidates.table import table_from
from napari_behaviorvlm.core.errors import ProjectError, VideoError
from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.atomic import atomic_write, explained
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import CandidateChunks, chunk_range, chunks_of
from napari_behaviorvlm.io.project.derived import content_key
from napari_behaviorvlm.io.video import FrameReader, fingerprint, open_video

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class DetectRequest:
    """What to detect.

    Parameters
    ----------
    span : FrameSpan
        Whole chunks that hold these frames are detected.
    threshold : float or None
        Noise sigmas a dot must stand out; the detector's default where None.
    jobs : int or None
        Threads; all cores where None.
    replace_imported : bool
        Drop imported candidates; they are an error otherwise.
    """

    span: FrameSpan = field(default_factory=FrameSpan)
    threshold: float | None = None
    jobs: int | None = None
    replace_imported: bool = False


@dataclass(frozen=True)
class DetectReport:
    """What was detected: frames complete in all cameras, candidates in them, chunks of work."""

    frames: int
    candidates: int
    chunks: int
    new_chunks: int


@dataclass(frozen=True)
class _CameraWork:
    """One camera's video and where its candidates go."""

    name: str
    video: Path
    chunks: CandidateChunks
    settings: DetectionSettings
    n_frames: int


def detect(project: Project, request: DetectRequest) -> Generator[Progress, None, DetectReport]:
    """Detect the dots of every camera.

    Raises
    ------
    ProjectError
        If candidates were imported, or there is no video.
    VideoError
        If a video is missing or cannot be decoded.
    """
    if project.has_imported:
        if not request.replace_imported:
            raise ProjectError(
                "This project's candidates were imported from a table; "
                "use --again to drop them and detect instead."
            )
        project.forget_imported()
    frames = request.span.within(project.config.n_frames)
    works = _prepare(project, request)
    jobs = [
        (work, chunk) for chunk in chunks_of(frames) for work in works
        if not work.chunks.has(chunk)
    ]  # fmt: skip
    yield from _run(jobs, request.jobs or os.cpu_count() or 1)
    found, total = project.candidates().counts()
    return DetectReport(found, total, len(chunks_of(frames)) * len(works), len(jobs))


def _prepare(project: Project, request: DetectRequest) -> list[_CameraWork]:
    settings = DetectionSettings()
    if request.threshold is not None:
        settings = DetectionSettings(threshold=request.threshold)
    videos = {}
    for name in project.rig.names:
        path = project.dot_video(name)
        if path is None:
            raise ProjectError(
                f"This project has no video of camera {name!r}: import candidates with "
                "`behaviorvlm candidates import`."
            )
        videos[name] = path
    n_frames = project.config.n_frames
    made_from = {
        name: {"video": fingerprint(path), "frames": n_frames, "detection": settings.key()}
        for name, path in videos.items()
    }
    keys = {name: content_key(content) for name, content in made_from.items()}
    works = []
    for name, key in keys.items():
        chunks = CandidateChunks(project.candidate_folder(key))
        with explained(chunks.folder):
            chunks.folder.mkdir(parents=True, exist_ok=True)
        chunks.describe({"camera": name, **made_from[name]})
        works.append(_CameraWork(name, videos[name], chunks, settings, n_frames))
    project.set_candidate_keys(keys)
    return works


def _run(jobs: list[tuple[_CameraWork, int]], threads: int) -> Iterator[Progress]:
    """Work on all chunks with some threads; the first error ends it, finished chunks stay."""
    total = sum(len(chunk_range(chunk, work.n_frames)) for work, chunk in jobs)
    ticks: queue.SimpleQueue[str] = queue.SimpleQueue()
    stop = threading.Event()
    cameras = _Cameras()
    done = 0
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="detect") as pool:
        futures = [
            pool.submit(_detect_chunk, work, chunk, cameras, ticks.put, stop)
            for work, chunk in jobs
        ]
        try:
            while done < total:
                _raise_first_error(futures)
                try:
                    camera = ticks.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    continue
                done += 1
                yield Progress(done, total, camera)
            for future in futures:
                future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            cameras.close()


def _raise_first_error(futures: "list[Future[None]]") -> None:
    for future in futures:
        if future.done() and not future.cancelled():
            error = future.exception()
            if error is not None:
                raise error


class _Cameras:
    """Open videos and detectors, shared by the threads.

    A reader that a chunk has finished with serves the next chunk of its camera, which usually
    begins where it stands; a video's packet index is thus made once, not once a chunk.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._backgrounds: dict[str, Background] = {}
        self._idle: dict[str, list[FrameReader]] = {}

    @contextmanager
    def reader(self, work: _CameraWork) -> Iterator[FrameReader]:
        with self._lock:
            idle = self._idle.setdefault(work.name, [])
            reader = idle.pop() if idle else None
        if reader is None:
            reader = _open(work)
        try:
            yield reader
        finally:
            with self._lock:
                idle.append(reader)

    def detector(self, work: _CameraWork) -> Detector:
        with self._lock:
            lock = self._locks.setdefault(work.name, threading.Lock())
        with lock:
            if work.name not in self._backgrounds:
                with self.reader(work) as reader:
                    self._backgrounds[work.name] = _background(work, reader)
        return Detector(self._backgrounds[work.name], work.settings)

    def close(self) -> None:
        for readers in self._idle.values():
            for reader in readers:
                reader.close()


def _detect_chunk(
    work: _CameraWork,
    chunk: int,
    cameras: _Cameras,
    tick: Callable[[str], None],
    stop: threading.Event,
) -> None:
    if stop.is_set():
        return
    detector = cameras.detector(work)
    frames = chunk_range(chunk, work.n_frames)
    found = []
    with cameras.reader(work) as reader:
        for picture in reader.iter(frames.start, frames.stop):
            if stop.is_set():
                return
            found.append(detector(picture))
            tick(work.name)
    work.chunks.write(chunk, table_from(np.asarray(frames), np.zeros(len(frames), np.int16), found))


def _open(work: _CameraWork) -> FrameReader:
    reader = open_video(work.video)
    if reader.n_frames < work.n_frames:
        reader.close()
        raise VideoError(
            f"{work.video} has {reader.n_frames} frames, but the project was made with "
            f"{work.n_frames}: was the file replaced?"
        )
    return reader


def _background(work: _CameraWork, reader: FrameReader) -> Background:
    """Return the camera's background, read from the disk or estimated and kept there."""
    path = work.chunks.folder / "background.npz"
    if not path.is_file():
        pictures = [reader.read(int(frame)) for frame in sample_frames(work.n_frames)]
        arrays = estimate_background(pictures).to_arrays()
        with atomic_write(path, error=ProjectError) as handle:
            np.savez_compressed(handle, **arrays)  # type: ignore[arg-type]
    with np.load(path, allow_pickle=False) as stored:
        return Background.from_arrays(dict(stored))
