"""When a video was recorded and whether it has sound, as far as its file tells."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av

_FIRST_YEAR = 1990
"""Cameras without a clock write 1904 or 1970."""


@dataclass(frozen=True)
class Origin:
    """Where a recording comes from.

    Parameters
    ----------
    began : datetime
        With time zone: when the recording began as the file says, else when the file was written.
    stated : bool
        Whether the file (or a person) says so.
    sound : bool
        Whether it has any.
    """

    began: datetime
    stated: bool
    sound: bool = False


def origin_of(path: Path) -> Origin | None:
    """Look at a video file or folder of images; None where it is gone."""
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
    if path.is_dir():
        return Origin(written, stated=False)
    try:
        with av.open(os.path.abspath(path), metadata_errors="replace") as container:  # noqa: PTH100
            stated = _moment(container.metadata.get("creation_time", ""))
            sound = bool(container.streams.audio)
    except (OSError, ValueError, av.error.FFmpegError):
        return Origin(written, stated=False)
    return Origin(stated or written, stated is not None, sound)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.year < _FIRST_YEAR:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
