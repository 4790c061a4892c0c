"""From what a person names (videos, a labelling project, a behaviour folder) to an open folder."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.export.names import file_name
from napari_behaviorvlm.io.poses import read_poses
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.video import probe
from napari_behaviorvlm.workflows.behavior.project_poses import project_recording

SUFFIX = ".behavior"
IN_PROJECT = "behavior"
"""Name of the behaviour folder inside of a labelling project."""

USUAL_FPS = 30.0
"""Of a folder of images, if nobody says otherwise."""

MOST_FPS = 2000.0
"""What a file says beyond that comes from broken times of its frames."""


@dataclass(frozen=True)
class Sources:
    """What is to be analysed.

    Parameters
    ----------
    paths : tuple of Path
        One behaviour folder, one labelling project, or any number of videos (or folders of
        images).
    poses : tuple of Path
        Tables of poses, in the order of the videos; may be fewer.
    folder : Path, optional
        Behaviour folder to use; by default beside the first video, or in the project.
    animals : int, optional
        In every video; by default as many as the poses have, else one.
    names : tuple of str
        Of the animals.
    views : tuple of str
        Cameras of the project; by default its first with a video.
    fps : float, optional
        For folders of images, and for videos that tell none or a wrong one.
    scale : float, optional
        Pixels per centimetre.
    """

    paths: tuple[Path, ...]
    poses: tuple[Path, ...] = ()
    folder: Path | None = None
    animals: int | None = None
    names: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    fps: float | None = None
    scale: float | None = None

    def __post_init__(self) -> None:
        if not self.paths:
            raise ProjectError("Name a video, a labelling project or a behaviour folder.")


def open_sources(sources: Sources) -> BehaviorFolder:
    """Open the behaviour folder of some sources, made or brought up to date where needed.

    Videos that the folder has already keep what is known of them; new ones are added.

    Raises
    ------
    ProjectError
        If a path is none of these, or the folder cannot be made.
    VideoError
        If a video cannot be read.
    TableError
        If poses cannot be read.
    """
    first = sources.paths[0]
    if len(sources.paths) == 1 and BehaviorFolder.is_one(first):
        project = _project_of(first)
        if project is not None:  # its poses may have changed
            return _of_project(replace(sources, paths=(project,), folder=first))
        _refuse_views(sources)
        return _updated(BehaviorFolder.open(first), sources)
    if _is_project(first):
        return _of_project(sources)
    _refuse_views(sources)
    _require_fitting_poses(sources, len(sources.paths))
    folder = sources.folder or default_folder(first)
    if BehaviorFolder.is_one(folder):
        opened = BehaviorFolder.open(folder)
        try:
            _add(opened, sources)
        except BaseException:
            opened.close()
            raise
        return opened
    _refuse_unknown(sources)
    recordings = [_recording(sources, at) for at in range(len(sources.paths))]
    return BehaviorFolder.create(folder, _distinct(recordings))


def _refuse_views(sources: Sources) -> None:
    if sources.views:
        raise ProjectError(
            f"{sources.paths[0]} is no labelling project: only those have views to choose."
        )


def default_folder(video: Path) -> Path:
    """``<stem>.behavior`` beside a video, or in the working directory if that is read-only."""
    video = Path(video)
    name = (video.name if video.is_dir() else video.stem) + SUFFIX
    parent = Path(os.path.abspath(video)).parent  # noqa: PTH100 - keeps the lab's links
    return parent / name if os.access(parent, os.W_OK) else Path.cwd() / name


def find_folder(path: Path) -> Path:
    """Behaviour folder that a person means: itself, that of a project, or that of a video.

    Raises
    ------
    ProjectError
        If there is none yet.
    """
    path = Path(path)
    for place in (
        path,
        path / IN_PROJECT,
        default_folder(path),
        Path.cwd() / f"{path.stem}{SUFFIX}",
    ):
        if BehaviorFolder.is_one(place):
            return place
    raise ProjectError(
        f"There is no behaviour folder of {path} yet: `behaviorvlm behavior run "
        f"{shlex.quote(str(path))}` makes one."
    )


# Videos --------------------------------------------------------------------------------------


def _recording(sources: Sources, at: int) -> Recording:
    """Look at a video and its poses."""
    video = sources.paths[at]
    info = probe(video)
    fps = sources.fps or info.fps or USUAL_FPS
    if fps > MOST_FPS:
        raise ProjectError(
            f"{video} says that it has {fps:.0f} frames per second: say how many with --fps."
        )
    made = Recording(
        _plain_name(video), video, n_animals=sources.animals or 1, animals=sources.names, fps=fps,
        n_frames=info.n_frames, size=info.size, scale=sources.scale,
    )  # fmt: skip
    poses = sources.poses[at] if at < len(sources.poses) else None
    return _named(made if poses is None else with_poses(made, poses, sources), sources)


def with_poses(recording: Recording, poses: Path, sources: Sources) -> Recording:
    """Take poses for those of a recording, if they fit it."""
    tracks = read_poses(poses, recording.fps)
    found = len(tracks.animals)
    if sources.animals not in {None, found}:
        raise ProjectError(f"{poses} holds {_animals(found)}, not {sources.animals}.")
    if recording.n_frames is not None and tracks.stop_frame > recording.n_frames:
        raise ProjectError(
            f"{poses} has poses up to frame {tracks.stop_frame - 1}, but {recording.video} has "
            f"{recording.n_frames} frames: they do not belong together."
        )
    return replace(recording, poses=poses, n_animals=found, animals=tracks.animals)


def _named(recording: Recording, sources: Sources) -> Recording:
    if not sources.names:
        return recording
    if len(sources.names) != recording.n_animals:
        raise ProjectError(
            f"{len(sources.names)} names are given, but {recording.name} has "
            f"{_animals(recording.n_animals)}."
        )
    return replace(recording, animals=sources.names)


def _animals(count: int) -> str:
    return "1 animal" if count == 1 else f"{count} animals"


def _add(folder: BehaviorFolder, sources: Sources) -> None:
    """Add videos that a folder lacks, and poses that are new."""
    known = {place_of(one.video): one for one in folder.recordings if one.video is not None}
    wanted = []
    for at, video in enumerate(sources.paths):
        kept = known.get(place_of(video))
        poses = sources.poses[at] if at < len(sources.poses) else None
        wanted.append(_recording(sources, at) if kept is None else _again(kept, poses, sources))
    named = {place_of(path) for path in sources.paths}
    rest = [
        one for one in folder.recordings if one.video is None or place_of(one.video) not in named
    ]
    merged = _distinct([*rest, *wanted])
    ordered = sorted(merged, key=lambda one: _rank(folder, one))
    if tuple(ordered) != folder.recordings:
        folder.set_recordings(ordered)


def _again(kept: Recording, poses: Path | None, sources: Sources) -> Recording:
    """Bring a recording that is known in line with what is asked for now."""
    changed = replace(
        kept, scale=sources.scale or kept.scale, fps=sources.fps or kept.fps
    )  # fmt: skip
    if poses is not None and (kept.poses is None or place_of(poses) != place_of(kept.poses)):
        changed = with_poses(changed, poses, sources)
    elif kept.poses is None and sources.animals not in {None, kept.n_animals}:
        changed = replace(changed, n_animals=sources.animals or 1, animals=())
    return _named(changed, sources)


def _updated(folder: BehaviorFolder, sources: Sources) -> BehaviorFolder:
    """Bring all recordings of a folder in line with what is asked for now."""
    try:
        _require_fitting_poses(sources, len(folder.recordings))
        pairs = zip_longest(folder.recordings, sources.poses)
        changed = tuple(_again(one, poses, sources) for one, poses in pairs)
        if changed != folder.recordings:
            folder.set_recordings(changed)
    except BaseException:
        folder.close()
        raise
    return folder


def _rank(folder: BehaviorFolder, recording: Recording) -> int:
    names = [one.name for one in folder.recordings]
    return names.index(recording.name) if recording.name in names else len(names)


def place_of(path: Path) -> Path:
    """Return where a path leads, links as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - links stay what they are


def _plain_name(video: Path) -> str:
    stem = Path(os.path.abspath(video)).name if video.is_dir() else video.stem  # noqa: PTH100
    return file_name(stem, "recording")


def _distinct(recordings: Sequence[Recording]) -> list[Recording]:
    """Tell recordings apart by number that would have the same name."""
    taken: set[str] = set()
    named = []
    for recording in recordings:
        name, number = recording.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{recording.name} ({number})"
        taken.add(name.casefold())
        named.append(replace(recording, name=name))
    return named


def _require_fitting_poses(sources: Sources, videos: int) -> None:
    if len(sources.poses) > videos:
        raise ProjectError(
            f"There are {len(sources.poses)} files of poses for {videos} videos: give one per "
            "video, in the same order."
        )


# Labelling projects --------------------------------------------------------------------------


def _is_project(path: Path) -> bool:
    return (path / "project.toml").is_file()


def _project_of(folder: Path) -> Path | None:
    """Labelling project that a behaviour folder belongs to, if it is still there."""
    with BehaviorFolder.open(folder, writable=False) as opened:
        project = opened.project
    return project if project is not None and _is_project(project) else None


def _of_project(sources: Sources) -> BehaviorFolder:
    """Open the behaviour folder in a project; its poses are those that the project has now."""
    if len(sources.paths) > 1:
        raise ProjectError("Give one labelling project, or videos, but not both.")
    place = sources.paths[0]
    folder = sources.folder or place / IN_PROJECT
    with Project(place, writable=False) as project:
        views = sources.views or _usual_views(project, folder)
        opened = _project_folder(project, folder, views)
        try:
            made = [project_recording(project, opened, view) for view in views]
            made = [replace(one, scale=sources.scale or one.scale) for one in made]
            if tuple(made) != opened.recordings:
                opened.set_recordings(made)
        except BaseException:
            opened.close()
            raise
    return opened


def _usual_views(project: Project, folder: Path) -> tuple[str, ...]:
    if BehaviorFolder.is_one(folder):
        with BehaviorFolder.open(folder, writable=False) as known:
            return tuple(one.view for one in known.recordings)
    for view in project.rig.names:
        if project.video(view) is not None:
            return (view,)
    raise ProjectError(f"{project.folder} has no videos: behaviour needs at least one.")


def _project_folder(project: Project, folder: Path, views: Sequence[str]) -> BehaviorFolder:
    unknown = [view for view in views if view not in project.rig.names]
    if unknown:
        raise ProjectError(
            f"{project.folder} has no camera {unknown[0]!r}; it has {', '.join(project.rig.names)}."
        )
    if BehaviorFolder.is_one(folder):
        return BehaviorFolder.open(folder)
    bare = [Recording(view, project.video(view), view=view) for view in views]
    return BehaviorFolder.create(folder, bare, name=project.config.name, project=project.folder)


def _refuse_unknown(sources: Sources) -> None:
    for path in sources.paths:
        if not path.exists():
            raise ProjectError(f"There is no video or folder {path}.")
