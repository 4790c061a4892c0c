"""Changing what is known of a recording that a behaviour folder has already."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.video import probe
from napari_behaviorvlm.workflows.behavior.sources import Sources, place_of, with_poses


@dataclass(frozen=True)
class RecordingChange:
    """What a person chose for a recording that a folder has already.

    Parameters
    ----------
    animals : int
        Where no poses tell it.
    poses : Path or None
        None for none.
    scale : float or None
        Pixels per centimetre; None where nobody knows it.
    fps : float or None
        Frames per second; None for what is known already.
    """

    animals: int
    poses: Path | None = None
    scale: float | None = None
    fps: float | None = None


def change_recording(folder: BehaviorFolder, name: str, change: RecordingChange) -> Recording:
    """Bring a recording in line with what a person chose; steps that depend on it are done anew.

    Poses of a view of a labelling project are the project's and stay.

    Raises
    ------
    ProjectError
        If there is no such recording, or the poses do not fit it.
    TableError
        If the poses cannot be read.
    """
    known = folder.recording(name)
    if known.view:
        return known
    changed = replace(known, scale=change.scale, fps=change.fps or known.fps)
    if change.poses is None:
        changed = replace(changed, poses=None)
        if known.poses is not None or known.n_animals != change.animals:
            changed = replace(changed, n_animals=change.animals, animals=())
    elif known.poses is None or place_of(known.poses) != place_of(change.poses):
        changed = with_poses(changed, change.poses, Sources((change.poses,)))
    if changed != known:
        folder.set_recordings([changed if one.name == name else one for one in folder.recordings])
    return changed


def find_video(folder: BehaviorFolder, name: str, video: Path) -> Recording:
    """Say where the video of a recording lies now; everything that is known of it stays.

    Raises
    ------
    ProjectError
        If it is another video: of other length or size.
    VideoError
        If it cannot be read.
    """
    known, info = folder.recording(name), probe(video)
    if (known.n_frames, known.size) != (info.n_frames, info.size):
        raise ProjectError(
            f"{video} is not the video of {name}: it has {info.n_frames} frames of "
            f"{_times(info.size)} px, and {name} has {known.n_frames} of {_times(known.size)}."
        )
    found = replace(known, video=Path(os.path.abspath(video)))  # noqa: PTH100 - links stay
    folder.set_recordings([found if one.name == name else one for one in folder.recordings])
    return found


def _times(size: tuple[int, int] | None) -> str:
    return "unknown size" if size is None else f"{size[0]} x {size[1]}"
