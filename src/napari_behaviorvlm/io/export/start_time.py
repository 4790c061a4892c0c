"""When a recording began: told by a person, else guessed from its files, and said so."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from napari_behaviorvlm.core.errors import ExportError, VideoError
from napari_behaviorvlm.io.export.session import ExportSession
from napari_behaviorvlm.io.video import origin_of
from napari_behaviorvlm.io.video.images import image_files

SAY_WHEN = "say when it began (--session-start, or 'Recording began' in the window)"


@dataclass(frozen=True)
class StartTime:
    """When a recording started.

    Parameters
    ----------
    when : datetime
        With a time zone.
    note : str
        Where it comes from if nobody said it, one sentence; "" otherwise.
    """

    when: datetime
    note: str = ""


def parse_start(text: str) -> datetime | None:
    """Read ``2026-05-01T14:30`` and the like (ISO 8601); local time where no zone is given.

    None of an empty text.

    Raises
    ------
    ExportError
        If it is no date and time.
    """
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise ExportError(
            f"{text!r} is not a date and time; write it like 2026-05-01T14:30."
        ) from None


def start_time(session: ExportSession) -> StartTime:
    """Return the session's start, or else the earliest time its video files tell.

    A file tells the time its camera wrote into it, or when it was last changed.

    Parameters
    ----------
    session : ExportSession

    Raises
    ------
    ExportError
        If nobody said it and there is no file to ask.
    """
    if session.started is not None:
        return StartTime(session.started)
    files = [file for source in session.videos.values() if (file := _first_file(source))]
    if not files:
        raise ExportError(
            f"No file of session {session.name!r} tells when it was recorded, which NWB wants to "
            f"know: {SAY_WHEN}."
        )
    when, file, what = min(map(_written, files))
    return StartTime(
        when,
        f"Nobody said when the recording began: taken from {what} {file.name}, "
        f"{when:%Y-%m-%d %H:%M}. If that is wrong, {SAY_WHEN}.",
    )


def _first_file(source: object) -> Path | None:
    path = source if isinstance(source, Path) else next(iter(source), None)  # type: ignore[call-overload]
    try:
        if path is not None and path.is_dir():
            return image_files(path)[0]
    except VideoError:
        return None
    return path if path is not None and path.is_file() else None


def _written(file: Path) -> tuple[datetime, Path, str]:
    """When a file was recorded, as far as it tells, and by what it tells."""
    origin = origin_of(file)
    assert origin is not None  # it was there a moment ago
    what = "the time that is written in" if origin.stated else "the time of the file"
    return origin.began.astimezone(), file, what
