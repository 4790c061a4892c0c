"""Opening a project's videos, with what was found out about them kept in `derived/`.

Finding out where the frames of a long video lie means reading through it once; the next time it is
opened this is known already.
"""

import hashlib
from pathlib import Path

from napari_behaviorvlm.core.errors import BehaviorVLMError, VideoError
from napari_behaviorvlm.io.atomic import atomic_write_bytes
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.video import FrameReader, PacketIndex, VideoFile, open_video

MANY_FRAMES = 2000
"""Shorter videos are read through in no time."""


def open_project_video(project: Project, path: Path) -> FrameReader:
    """Open a video or folder of images of a project.

    Raises
    ------
    VideoError
        If there is nothing to read, with the reason.
    """
    return open_indexed(path, project.derived, writable=project.writable)


def open_indexed(path: Path, derived: Path, *, writable: bool) -> FrameReader:
    """Open a video or folder of images; where its frames lie is kept in a folder of results.

    Parameters
    ----------
    path : Path
    derived : Path
        Of the project or behaviour folder.
    writable : bool
        Whether something may be kept there.

    Raises
    ------
    VideoError
        If there is nothing to read, with the reason.
    """
    place = _place(derived, path)
    kept = _read(place)
    reader = open_video(path, index=kept)
    if writable and isinstance(reader, VideoFile) and reader.index is not kept:
        _keep(place, reader.index)
    return reader


def _place(derived: Path, path: Path) -> Path:
    name = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]
    return derived / "videos" / f"{name}.npz"


def _read(place: Path) -> PacketIndex | None:
    try:
        return PacketIndex.from_bytes(place.read_bytes())
    except (OSError, VideoError):
        return None  # never kept, or by another version: it is made again


def _keep(place: Path, index: PacketIndex) -> None:
    if index.n_frames < MANY_FRAMES:
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_bytes(place, index.to_bytes())
    except (OSError, BehaviorVLMError):
        return  # a full or read-only disk costs only time
