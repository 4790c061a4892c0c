"""Detection on all cores: processes, because the many small steps of a frame hold Python's lock."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event
from typing import Any

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.project.chunks import chunk_range
from napari_behaviorvlm.workflows.detect_work import CameraWork, Worker

POLL_SECONDS = 0.1

Job = tuple[CameraWork, int]


def detect_chunks(jobs: Sequence[Job], processes: int) -> Generator[Progress, None, None]:
    """Work on all chunks; the first error ends it, finished chunks stay.

    Parameters
    ----------
    jobs : sequence of (CameraWork, int)
        Cameras and chunk numbers.
    processes : int
        With one, everything is done in this process.

    Raises
    ------
    BehaviorVLMError
        The first error of a chunk.
    """
    if jobs:
        run = _in_this_process if min(processes, len(jobs)) == 1 else _in_processes
        yield from run(jobs, min(processes, len(jobs)))


def _frames(jobs: Sequence[Job]) -> int:
    return sum(len(chunk_range(chunk, work.n_frames)) for work, chunk in jobs)


def _cameras(jobs: Sequence[Job]) -> list[CameraWork]:
    return list({work.name: work for work, _ in jobs}.values())


def _in_this_process(jobs: Sequence[Job], _: int) -> Generator[Progress, None, None]:
    worker, total, done = Worker(), _frames(jobs), 0
    try:
        for work in _cameras(jobs):
            yield Progress(0, total, f"background of {work.name}")
            worker.prepare(work)
        for work, chunk in jobs:
            yield Progress(done, total, work.name)
            worker.detect(work, chunk, lambda _: None, lambda: False)
            done += len(chunk_range(chunk, work.n_frames))
    finally:
        worker.close()


def _in_processes(jobs: Sequence[Job], processes: int) -> Generator[Progress, None, None]:
    # A fresh interpreter for each: a forked one would share the decoders' and napari's threads.
    context = multiprocessing.get_context("spawn")
    ticks, cancelled = context.Queue(), context.Event()
    pool = ProcessPoolExecutor(processes, context, _start_worker, (ticks, cancelled))
    total = _frames(jobs)
    try:
        yield Progress(0, total, "backgrounds")
        preparing = [pool.submit(_prepare, work) for work in _cameras(jobs)]
        yield from _follow(preparing, ticks, total)
        yield from _follow([pool.submit(_detect, *job) for job in jobs], ticks, total)
    finally:
        cancelled.set()
        pool.shutdown(cancel_futures=True)


def _follow(
    futures: "Sequence[Future[None]]", ticks: Any, total: int
) -> Generator[Progress, None, None]:
    """Yield progress until all futures are done; raise the first error."""
    done = 0
    while True:
        finished = all(future.done() for future in futures)
        for future in futures:
            if future.done():
                _raise_error(future)
        try:
            while True:
                camera = ticks.get(timeout=0 if finished else POLL_SECONDS)
                done += 1
                yield Progress(min(done, total), total, camera)
        except queue.Empty:
            if finished:
                return


def _raise_error(future: "Future[None]") -> None:
    try:
        future.result()
    except BrokenProcessPool:
        raise ProjectError(
            "A detection process was killed (was there enough memory?): run `behaviorvlm detect` "
            "again, with fewer --jobs."
        ) from None


# In the worker processes ---------------------------------------------------------------------

_worker: Worker
_ticks: Any
_cancelled: Event


def _start_worker(ticks: Any, cancelled: Event) -> None:
    global _worker, _ticks, _cancelled
    _worker, _ticks, _cancelled = Worker(), ticks, cancelled
    # Ctrl+C is the parent's to handle; and nobody needs this process when the parent was killed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _prepare(work: CameraWork) -> None:
    _worker.prepare(work)


def _detect(work: CameraWork, chunk: int) -> None:
    if not _cancelled.is_set():
        _worker.detect(work, chunk, _ticks.put, _cancelled.is_set)
