"""Everything that does not fit about a project that is to be made, not only the first thing."""

import os
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import BehaviorVLMError, CalibrationError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.check import check_rig
from napari_behaviorvlm.io.calibration import read_calibration
from napari_behaviorvlm.io.seed_table import read_seeds
from napari_behaviorvlm.io.skeleton import read_skeleton
from napari_behaviorvlm.io.video import VideoInfo, probe
from napari_behaviorvlm.workflows.create import NewProject, check_size

Given = TypeVar("Given")
Result = TypeVar("Result")

Looked = dict[tuple[Path, int, int], VideoInfo | str]
"""What was seen in videos, by path, size and time of change: nobody waits for it twice."""


@dataclass(frozen=True)
class Verdict:
    """What was found about a request.

    Parameters
    ----------
    problems : tuple of str
        What does not fit, a sentence each; empty if the project can be made.
    videos : dict of Path to (VideoInfo or str)
        What each video is, or why it cannot be read.
    """

    problems: tuple[str, ...] = ()
    videos: Mapping[Path, VideoInfo | str] = field(default_factory=dict)


def find_problems(
    request: NewProject, seeds: Path | None = None, looked: Looked | None = None
) -> Generator[Progress, None, Verdict]:
    """Check what `create_project` would refuse, and the seeds, without making anything.

    Parameters
    ----------
    request : NewProject
    seeds : Path, optional
        Table of seed labels.
    looked : dict, optional
        What is known of videos already; what is seen now is added.

    Yields
    ------
    Progress
        In videos.

    Returns
    -------
    Verdict
    """
    looked = {} if looked is None else looked
    problems = _folder_problems(request.folder)
    rig = _tried(problems, _calibration, request.calibration)
    skeleton = (
        Skeleton.quantum_dot_mouse()
        if request.skeleton is None
        else _tried(problems, read_skeleton, request.skeleton)
    )
    paths = [*request.videos.values(), *request.fluorescence.values()]
    videos: dict[Path, VideoInfo | str] = {}
    for done, path in enumerate(paths):
        yield Progress(done, len(paths), f"Looking at {path.name}")
        videos[path] = _look(path, looked)
    problems += dict.fromkeys(info for info in videos.values() if isinstance(info, str))
    if rig is not None:
        problems += _missing(request, rig)
        problems += _sizes(request, rig, videos)
    problems += _shared(request)
    counts = {path: info.n_frames for path, info in videos.items() if isinstance(info, VideoInfo)}
    problems += _lengths(counts, shortest=request.shortest)
    if seeds is not None and rig is not None and skeleton is not None:
        problems += _seeds(seeds, rig, skeleton, min(counts.values(), default=None))
    return Verdict(tuple(problems), videos)


def _tried(problems: list[str], read: Callable[[Given], Result], what: Given) -> Result | None:
    try:
        return read(what)
    except BehaviorVLMError as error:
        problems.append(str(error))
        return None


def _calibration(path: Path) -> Rig:
    if path == Path():
        raise CalibrationError("Choose the calibration of the cameras.")
    return read_calibration(path)


def _folder_problems(folder: Path) -> list[str]:
    if folder == Path():
        return ["Give the folder in which the project is to be made."]
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            return [f"{folder} already exists and is not empty: choose another name."]
        above = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    except OSError as error:
        return [f"{folder} cannot be looked into ({error.strerror}): choose another one."]
    if not above.is_dir():
        return [f"{above} is a file, so that no folder can be made in it: choose another name."]
    if not os.access(above, os.W_OK):
        return [f"You may not write to {above}: choose another folder."]
    return []


def _look(path: Path, looked: Looked) -> VideoInfo | str:
    try:
        status = path.stat()
    except OSError:
        return f"There is no video {path}."
    key = (path, status.st_size, status.st_mtime_ns)
    if key not in looked:
        try:
            looked[key] = probe(path)
        except BehaviorVLMError as error:
            looked[key] = str(error)
    return looked[key]


def _missing(request: NewProject, rig: Rig) -> list[str]:
    """Cameras without a video; a rig of which no camera has one is probably another one."""
    problems = []
    for what, given in (("video", request.videos), ("dots video", request.fluorescence)):
        missing = [repr(name) for name in rig.names if name not in given]
        if not missing or (what == "dots video" and not given):
            continue
        if not given:
            problems.append(f"None of the calibration's cameras has a {what}: add the files.")
        else:
            cameras = "Camera" if len(missing) == 1 else "Cameras"
            verb = "has" if len(missing) == 1 else "have"
            problems.append(f"{cameras} {', '.join(missing)} {verb} no {what}: choose one.")
    return problems


def _sizes(request: NewProject, rig: Rig, videos: Mapping[Path, VideoInfo | str]) -> list[str]:
    problems: list[str] = []
    compared = 0
    for given in (request.videos, request.fluorescence):
        for camera in rig:
            info = videos.get(given.get(camera.name, Path()))
            if isinstance(info, VideoInfo):
                compared += camera.size is not None
                try:
                    check_size(camera.name, camera.size, given[camera.name], info)
                except BehaviorVLMError as error:
                    problems.append(str(error))
    if len(problems) > 1 and len(problems) == compared:
        name = request.calibration.name
        return [f"No video has its camera's size in {name}: is it of another rig? {problems[0]}"]
    return problems


def _shared(request: NewProject) -> list[str]:
    cameras: dict[Path, set[str]] = {}
    for given in (request.videos, request.fluorescence):
        for camera, path in given.items():
            cameras.setdefault(path, set()).add(camera)
    return [
        f"{path.name} is given to more than one camera."
        for path, names in cameras.items()
        if len(names) > 1
    ]


def _lengths(counts: Mapping[Path, int], *, shortest: bool) -> list[str]:
    if len(set(counts.values())) <= 1 or shortest:
        return []
    usual = Counter(counts.values()).most_common(1)[0][0]
    others = [f"{path.name} has {count}" for path, count in counts.items() if count != usual]
    alike = len(counts) - len(others)
    verb = "has" if alike == 1 else "have"
    start = f"{alike} {verb} {usual} frames, but {', '.join(others)}"
    return [
        f"The videos differ in length: {start}; mend the recording, or use what all of them have."
    ]


def _seeds(path: Path, rig: Rig, skeleton: Skeleton, n_frames: int | None) -> list[str]:
    try:
        table = read_seeds(path, skeleton, rig, n_frames)
    except BehaviorVLMError as error:
        return [str(error)]
    problem = check_rig(rig, _points(table, rig, skeleton)).problem
    return [] if problem is None else [f"The seeds contradict the calibration. {problem}"]


def _points(table: SeedTable, rig: Rig, skeleton: Skeleton) -> np.ndarray:
    """Labels as (points, cameras, 2); NaN where there is none."""
    xy = np.full((len(table.frames), len(skeleton), len(rig), 2), np.nan)
    xy[np.searchsorted(table.frames, table.frame), table.keypoint, table.camera] = table.xy
    return xy.reshape(-1, len(rig), 2)
