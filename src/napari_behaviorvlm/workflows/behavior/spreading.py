"""The part of segmenting that every recording needs by itself, spread over processes or machines.

Following animals and describing moments take nearly all the time and need nothing of the other
recordings; only clusters are made of all of them together. What is prepared here lies in the
folder, and `segment` finds it there.
"""

from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.workflows.behavior.segmentation.describing import describe
from napari_behaviorvlm.workflows.behavior.segmentation.tracking import track
from napari_behaviorvlm.workflows.behavior.segmenting import SegmentRequest, plan_moments
from napari_behaviorvlm.workflows.cluster import spread

Result = TypeVar("Result")


def prepare(
    folder: BehaviorFolder, request: SegmentRequest, *, scheduler: str | None, processes: int
) -> Generator[Progress, None, None]:
    """Follow the animals of all recordings and describe their moments, several at a time.

    Parameters
    ----------
    folder : BehaviorFolder
    request : SegmentRequest
    scheduler, processes
        As of `spread`.

    Yields
    ------
    Progress
        In recordings.

    Raises
    ------
    BehaviorVLMError
        The first error of a recording; what is done of the others stays.
    """
    place = Path(folder.folder).absolute()
    names = [recording.name for recording in folder.recordings]
    for name in (None, *names):
        folder.derived(name)  # workers may write into these, not make them
    tracks = [(place, name, request) for name in names]
    yield from spread(_track, tracks, scheduler=scheduler, processes=processes)
    plan = yield from plan_moments(folder, request)
    jobs = [(place, name, request, plan.keypoints, plan.pixels) for name in names]
    yield from spread(_describe, jobs, scheduler=scheduler, processes=processes)


def _track(folder: Path, name: str, request: SegmentRequest) -> None:
    with BehaviorFolder.open(folder, writable=False) as opened:
        _finish(track(opened, opened.recording(name), request))


def _describe(
    folder: Path, name: str, request: SegmentRequest, keypoints: bool, pixels: bool
) -> None:
    with BehaviorFolder.open(folder, writable=False) as opened:
        tracked = _finish(track(opened, opened.recording(name), request))
        _finish(describe(opened, tracked, request, keypoints=keypoints, pixels=pixels))


def _finish(steps: Generator[Progress, None, Result]) -> Result:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
