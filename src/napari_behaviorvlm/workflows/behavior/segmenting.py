"""From recordings to clips: tracks, features, clusters over all animals and recordings, clips.

Each stage is kept in the behaviour folder under a key of what it was made from, written whole or
not at all, and is done again only where that has changed.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.io.derived_arrays import remove_older
from napari_behaviorvlm.workflows.behavior.segmentation.clustering import Cut, Fitted, cut, fit
from napari_behaviorvlm.workflows.behavior.segmentation.describing import Described, describe
from napari_behaviorvlm.workflows.behavior.segmentation.places import read_pointer, write_pointer
from napari_behaviorvlm.workflows.behavior.segmentation.request import (
    METHODS,
    SegmentReport,
    SegmentRequest,
)
from napari_behaviorvlm.workflows.behavior.segmentation.results import (
    Clusters,
    has_clips,
    made_from_poses,
    read_bodies,
    read_clips,
    read_clusters,
    read_moments,
)
from napari_behaviorvlm.workflows.behavior.segmentation.tracking import Tracked, poses_of, track

__all__ = [
    "METHODS",
    "Clusters",
    "SegmentReport",
    "SegmentRequest",
    "has_clips",
    "made_from_poses",
    "plan_moments",
    "read_bodies",
    "read_clips",
    "read_clusters",
    "read_moments",
    "segment",
]

Result = TypeVar("Result")


def segment(
    folder: BehaviorFolder, request: SegmentRequest
) -> Generator[Progress, None, SegmentReport]:
    """Segment all recordings of a folder, as far as something has changed since the last time.

    Yields
    ------
    Progress

    Returns
    -------
    SegmentReport

    Raises
    ------
    VideoError
        If a video cannot be read, or no animal is seen in it.
    TableError
        If poses cannot be read, or nothing can be clustered.
    ProjectError
        If results cannot be written.
    """
    plan = yield from plan_moments(folder, request)
    described = yield from _each(
        describe(folder, one, request, keypoints=plan.keypoints, pixels=plan.pixels)
        for one in plan.tracked
    )
    fitted = yield from fit(folder, described, request)
    cuts = yield from _each(cut(folder, one, fitted, request) for one in described)
    _keep(folder, described, cuts, fitted)
    return SegmentReport(
        sum(one.clips for one in cuts), max((one.n_clusters for one in cuts), default=0),
        tuple(recording.name for recording in folder.recordings),
        _computed(plan.tracked, described, fitted, cuts), fitted.folder,
        (*plan.notes, *fitted.notes),
    )  # fmt: skip


def _each(
    steps: Iterable[Generator[Progress, None, Result]],
) -> Generator[Progress, None, list[Result]]:
    """Do one after the other."""
    results: list[Result] = []
    for one in steps:
        result = yield from one
        results += [result]
    return results


@dataclass(frozen=True)
class _Plan:
    """What describes the moments of all recordings alike."""

    tracked: list[Tracked]
    keypoints: bool
    pixels: bool
    notes: tuple[str, ...]


def plan_moments(
    folder: BehaviorFolder, request: SegmentRequest
) -> Generator[Progress, None, _Plan]:
    """Find out where all animals are, and what describes the moments of all recordings alike."""
    tracked = yield from _each(track(folder, one, request) for one in folder.recordings)
    notes = [note for one in tracked for note in one.notes]
    bodies = {
        (poses.keypoints, poses.positions.shape[-1])
        for poses in (poses_of(one.recording) for one in tracked if one.from_poses)
    }
    keypoints = len(bodies) == 1 and all(one.from_poses for one in tracked)
    if bodies and not keypoints:
        notes.append(
            "Recordings differ in their keypoints, so only head, middle and rear were used."
        )
    pixels = request.features != "poses" and all(
        one.pixels and one.recording.video is not None for one in tracked
    )
    if request.features in {"pixels", "both"} and not pixels:
        notes.append("Pictures were not used: a recording has no video, or no places in it.")
    return _Plan(tracked, keypoints, pixels, tuple(notes))


def _computed(
    tracked: Sequence[Tracked], described: Sequence[Described], fitted: Fitted, cuts: Sequence[Cut]
) -> tuple[str, ...]:
    found = []
    for one, features, clips in zip(tracked, described, cuts, strict=True):
        kinds = (("bodies", one.computed), ("features", features.computed),
                 ("clips", clips.computed))  # fmt: skip
        found += [f"{kind} of {one.recording.name}" for kind, done in kinds if done]
    return (*found, *(("clusters",) if fitted.computed else ()))


def _keep(
    folder: BehaviorFolder, described: Sequence[Described], cuts: Sequence[Cut], fitted: Fitted
) -> None:
    """Declare the results valid, then delete those that they replace."""
    valid = {
        one.tracked.recording.name: {
            "bodies": one.tracked.folder.name, "features": one.folder.name,
            "clusters": clips.folder.name,
        }
        for one, clips in zip(described, cuts, strict=True)
    }  # fmt: skip
    content: dict[str, object] = {"recordings": valid, "model": fitted.folder.name}
    if fitted.folder.absolute().parent != folder.derived().absolute():
        content["model_folder"] = fitted.folder.absolute().as_posix()
    if read_pointer(folder) != content:
        write_pointer(folder, content)
    for name, names in valid.items():
        for kind in ("bodies", "clusters"):
            remove_older(folder.derived(name), kind, {names[kind]})
        remove_older(folder.derived(name), "features", {names["features"]})
    remove_older(folder.derived(), "model", {fitted.folder.name})
