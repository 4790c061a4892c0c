"""Much work at a time: over processes of this machine, or over a Dask cluster.

What is spread must reach the same files from everywhere: on a cluster, videos, projects and
behaviour folders lie on a disk that all its machines see, under the same paths.
"""

import multiprocessing
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from napari_behaviorvlm.core.errors import BehaviorVLMError, ProjectError
from napari_behaviorvlm.core.progress import Progress

LOCAL = "local"
"""Address that stands for a cluster of this machine's cores."""

POLL = 0.5

REACH = 10.0
"""Seconds until a scheduler counts as absent."""

Task = Callable[..., Any]


def spread(
    task: Task, jobs: Sequence[tuple[object, ...]], *, scheduler: str | None = None,
    processes: int = 1, what: str = "recordings",
) -> Generator[Progress, None, list[Any]]:  # fmt: skip
    """Call a function once per job, several at a time.

    Parameters
    ----------
    task : callable
        A function of a module, so that other processes find it.
    jobs : sequence of tuple
        Its arguments.
    scheduler : str, optional
        Address of a Dask scheduler ("tcp://host:8786"), or "local"; without it, `processes` of
        this machine work.
    processes : int
        With one, everything is done in this process.
    what : str
        What a job is, in the plural, for the progress.

    Yields
    ------
    Progress
        In jobs.

    Returns
    -------
    list
        What the function returned, in the order of the jobs.

    Raises
    ------
    BehaviorVLMError
        The first error of a job; jobs that were done stay done.
    ProjectError
        If the scheduler cannot be reached, or Dask is not installed.
    """
    if scheduler is not None:
        with _dask(scheduler) as client:
            futures = [client.submit(task, *job, pure=False) for job in jobs]
            return (yield from _follow_dask(futures, what))
    if min(processes, len(jobs)) <= 1:
        return (yield from _here(task, jobs, what))
    return (yield from _in_processes(task, jobs, min(processes, len(jobs)), what))


def _here(
    task: Task, jobs: Sequence[tuple[object, ...]], what: str
) -> Generator[Progress, None, list[Any]]:
    found = []
    for number, job in enumerate(jobs):
        yield Progress(number, len(jobs), _words(number, len(jobs), what))
        found.append(task(*job))
    return found


def _in_processes(
    task: Task, jobs: Sequence[tuple[object, ...]], processes: int, what: str
) -> Generator[Progress, None, list[Any]]:
    # A fresh interpreter for each: a forked one would share the decoders' and torch's threads.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        futures = [pool.submit(task, *job) for job in jobs]
        waiting: set[Future[Any]] = set(futures)
        while waiting:
            done, waiting = wait(waiting, POLL, FIRST_COMPLETED)
            for future in done:
                _result(future)
            finished = len(jobs) - len(waiting)
            yield Progress(finished, len(jobs), _words(finished, len(jobs), what))
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)


def _result(future: "Future[Any]") -> Any:
    try:
        return future.result()
    except BrokenProcessPool:
        raise ProjectError(
            "A process was killed (was there enough memory?): run the same command again, with "
            "fewer --jobs."
        ) from None


@contextmanager
def _dask(address: str) -> Iterator[Any]:
    """Client of a scheduler; a local cluster ends with the block."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise ProjectError(
            "--scheduler needs Dask: install it with `pip install "
            "'napari-behaviorvlm[cluster]'`, or use --jobs."
        ) from None
    if address == LOCAL:
        with LocalCluster(dashboard_address=None) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(address, timeout=REACH)
    except (OSError, TimeoutError, ValueError) as error:
        raise ProjectError(
            f"The Dask scheduler {address} cannot be reached ({type(error).__name__})."
        ) from None
    try:
        yield client
    finally:
        client.close()


def _follow_dask(futures: Sequence[Any], what: str) -> Generator[Progress, None, list[Any]]:
    try:
        while True:
            done = sum(future.done() for future in futures)
            for future in futures:
                if future.status in {"error", "lost"}:
                    _dask_result(future)
            yield Progress(done, len(futures), _words(done, len(futures), what))
            if done == len(futures):
                return [_dask_result(future) for future in futures]
            time.sleep(POLL)
    finally:
        for future in futures:
            future.cancel()


def _dask_result(future: Any) -> Any:
    try:
        return future.result()
    except BehaviorVLMError:
        raise
    except Exception as error:  # a worker's own: killed, gone, without this package
        raise ProjectError(
            f"A worker of the Dask cluster failed ({type(error).__name__}: {error}); it needs this "
            "package in the same version and must see the same files."
        ) from error


def _words(done: int, total: int, what: str) -> str:
    return f"{done} of {total} {what}"
