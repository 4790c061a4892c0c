"""The report of a behaviour folder."""

from collections.abc import Generator
from pathlib import Path

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.atomic import atomic_directory
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.workflows.behavior.ethograms import ethogram_of
from napari_behaviorvlm.workflows.behavior.report import ReportContents, Told, render
from napari_behaviorvlm.workflows.behavior.segmenting import read_clips

REPORT = "report"
"""Folder of the report, inside of the behaviour folder."""

PAGE = "index.html"
MARK = "report.json"
"""Tells a report from somebody's folder."""


def report_behavior(
    folder: BehaviorFolder, out: Path | None = None
) -> Generator[Progress, None, Path]:
    """Write a page about what was found, in a folder that can be passed on and needs no network.

    Parameters
    ----------
    folder : BehaviorFolder
        Segmented.
    out : Path, optional
        Folder to make; an earlier report there is replaced. By default ``report`` in the behaviour
        folder.

    Yields
    ------
    Progress

    Returns
    -------
    Path
        Of the page, ``index.html``.

    Raises
    ------
    ExportError
        If something else lies there, or the disk refuses.
    TableError
        If a recording was not segmented yet.
    """
    place = folder.folder / REPORT if out is None else Path(out)
    _require_ours(place)
    yield Progress(0, 1, "Reading")
    contents = ReportContents(folder.config.name, [
        Told(ethogram_of(folder, one), read_clips(folder, one)) for one in folder.recordings
    ])  # fmt: skip
    with atomic_directory(place, exist_ok=True, error=ExportError) as temporary:
        (temporary / PAGE).write_text(render(contents), encoding="utf-8")
        (temporary / MARK).write_text("{}", encoding="utf-8")
    yield Progress(1, 1)
    return place / PAGE


def _require_ours(place: Path) -> None:
    if place.is_file():
        raise ExportError(f"{place} is a file: a report is a folder.")
    if place.is_dir() and any(place.iterdir()) and not (place / MARK).is_file():
        raise ExportError(f"{place} is not empty and not a report of ours: choose another folder.")
