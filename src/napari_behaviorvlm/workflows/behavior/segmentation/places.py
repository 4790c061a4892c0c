"""Where results of segmenting lie, and what is known of the recordings that they come from."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from napari_behaviorvlm.core.errors import TableError, VideoError
from napari_behaviorvlm.io.atomic import atomic_write_text
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.video import FrameReader, fingerprint
from napari_behaviorvlm.workflows.videos import open_indexed

POINTER = "segmentation.json"


class Derives(Protocol):
    """What is needed of a behaviour folder to read results."""

    def derived(self, recording: Recording | str | None = None) -> Path:
        """Folder of what can be computed again."""


def name_of(recording: Recording | str) -> str:
    """Name of a recording."""
    return recording if isinstance(recording, str) else recording.name


def write_pointer(folder: Derives, content: dict[str, Any]) -> None:
    """Say which results are the valid ones, for all recordings at once."""
    atomic_write_text(folder.derived() / POINTER, json.dumps(content, indent=1))


def read_pointer(folder: Derives) -> dict[str, Any]:
    """Which results are valid; empty where nothing was segmented."""
    try:
        found = json.loads((folder.derived() / POINTER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def file_key(path: Path | None) -> str:
    """Key of a file's content; of a video, without reading all of it."""
    if path is None:
        return ""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as problem:
        raise TableError(f"{path} cannot be read: {problem.strerror}.") from None


def video_key(recording: Recording) -> str:
    """Key of a recording's video; empty where it has none."""
    return "" if recording.video is None else fingerprint(recording.video)


@contextmanager
def opened(folder: BehaviorFolder, recording: Recording) -> Iterator[FrameReader]:
    """Open a recording's video.

    Raises
    ------
    VideoError
        If it has none or it cannot be read.
    """
    if recording.video is None:
        raise VideoError(f"{recording.name} has no video: only poses can be used.")
    reader = open_indexed(recording.video, folder.derived(), writable=folder.writable)
    try:
        yield reader
    finally:
        reader.close()
