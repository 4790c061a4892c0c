"""Write a project's labels in the format of another tool."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Labels, Poses, Source
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export import FORMATS, ExportReport, ExportSession, Only, export
from napari_behaviorvlm.io.export.selection import select
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.images import ImageSource
from napari_behaviorvlm.workflows.person import login_name
from napari_behaviorvlm.workflows.readback import ReadBack, read_back
from napari_behaviorvlm.workflows.review import project_flags, words_by_point
from napari_behaviorvlm.workflows.state import SessionState, load_state

Table = TypeVar("Table", Labels, Poses)


def export_project(
    project: Project,
    format_name: str,
    out: Path,
    *,
    only: Only | None = None,
    scorer: str = "",
    every: int = 1,
    started: datetime | None = None,
) -> Generator[Progress, None, ExportReport]:
    """Write the current labels.

    Parameters
    ----------
    format_name : str
        A key of `FORMATS`.
    out : Path
        Folder to write to.
    only : {"accepted", "all"} or None
        By default the format's own choice: accepted for training sets, all for tables.
    scorer : str
        Whose labels they are; the login name where empty.
    every : int
        Take every so many-th frame only, and all frames that a person labelled by hand: successive
        frames look alike and teach a network little.
    started : datetime or None
        When the recording started, with a time zone; NWB asks for it.

    Raises
    ------
    ExportError
        If nothing is accepted yet, or the folder holds something else.
    """
    state = load_state(project)
    flags = words_by_point(project_flags(project, state))
    with export_session(
        project, state, scorer=scorer, every=every, flags=flags, started=started
    ) as session:
        return (yield from export(session, format_name, Path(out), only=only))


@dataclass(frozen=True)
class CheckedExport:
    """An export and what reading it back found."""

    report: ExportReport
    read_back: ReadBack


def export_and_check(
    project: Project,
    format_name: str,
    out: Path,
    *,
    only: Only | None = None,
    scorer: str = "",
    every: int = 1,
    started: datetime | None = None,
) -> Generator[Progress, None, CheckedExport]:
    """Write the current labels, then read them back with another reader and compare.

    Parameters and errors are those of `export_project`.
    """
    state = load_state(project)
    flags = words_by_point(project_flags(project, state))
    with export_session(
        project, state, scorer=scorer, every=every, flags=flags, started=started
    ) as session:
        report = yield from export(session, format_name, Path(out), only=only)
        yield Progress(0, 0, "Reading back")
        chosen = select(session, only or FORMATS[format_name].default_only)
        found = yield from read_back(report, session, chosen)
    return CheckedExport(report, found)


@contextmanager
def export_session(
    project: Project,
    state: SessionState,
    *,
    scorer: str = "",
    every: int = 1,
    flags: Mapping[tuple[int, int], tuple[str, ...]] | None = None,
    started: datetime | None = None,
) -> Iterator[ExportSession]:
    """Give what the export formats take; videos are opened when a picture is asked for.

    Parameters
    ----------
    project : Project
    state : SessionState
    scorer, every, started
        As of `export_project`.
    flags : mapping of (frame number, keypoint position) to tuple of str, optional
    """
    rows = chosen_rows(project, state, every)
    with ExitStack() as stack:
        yield ExportSession(
            name=project.config.name,
            rig=project.rig,
            skeleton=project.skeleton,
            unit=project.config.unit,
            fps=project.config.fps,
            n_frames=project.config.n_frames,
            labels=_of(state.labels, rows),
            poses=_of(state.poses, rows),
            flags=flags or {},
            videos=_videos(project),
            read_image=ImageSource(project, stack, project.video),
            scorer=scorer or login_name(),
            started=started,
        )


def chosen_rows(project: Project, state: SessionState, every: int) -> NDArray[np.intp]:
    """Rows of the frames to export, ascending: every so many-th, and those labelled by hand."""
    by_hand = (state.decided & (state.labels.source == Source.HUMAN)).any(axis=(1, 2))
    by_hand[project.store.seed_frames()] = True
    return np.flatnonzero(by_hand | (state.labels.frames % every == 0))


def _of(table: Table, rows: NDArray[np.intp]) -> Table:
    """Return labels or poses of some frames."""
    kind = type(table)
    return kind(*(getattr(table, column.name)[rows] for column in fields(table)))


def _videos(project: Project) -> dict[str, Path]:
    videos = {name: project.video(name) for name in project.rig.names}
    return {name: path for name, path in videos.items() if path is not None}
