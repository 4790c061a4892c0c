"""The report of a behaviour folder."""

import json
import os
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.atomic import atomic_directory, explained
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.io.project.derived import content_key
from napari_behaviorvlm.workflows.asking import ANSWERS, answer_store
from napari_behaviorvlm.workflows.behavior.ethograms import ethogram_of
from napari_behaviorvlm.workflows.behavior.report import (
    ReportContents,
    Told,
    film,
    render,
    shown,
    summaries,
)
from napari_behaviorvlm.workflows.behavior.segmenting import read_clips, read_clusters

REPORT = "report"
"""Folder of the report, inside of the behaviour folder."""

PAGE = "index.html"
MARK = "report.json"
"""Tells a report from somebody's folder, and what it was made from."""

WRITTEN = "Written"


def report_behavior(
    folder: BehaviorFolder, out: Path | None = None, *, keep: bool = False
) -> Generator[Progress, None, Path]:
    """Write a page about what was found, in a folder that can be passed on and needs no network.

    Parameters
    ----------
    folder : BehaviorFolder
        Segmented.
    out : Path, optional
        Folder to make; an earlier report there is replaced. By default ``report`` in the behaviour
        folder.
    keep : bool
        Leave an earlier report as it is if nothing has changed since.

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
    yield Progress(0, 0, "reading what was found")
    contents = _contents(folder)
    mark = {"program": "napari-behaviorvlm", "version": __version__, "key": _key(contents)}
    if keep and _mark(place) == mark:
        return place / PAGE
    clusters = summaries(contents)
    if out is None and not folder.writable and not os.access(folder.folder, os.W_OK):
        raise ExportError(f"{folder.folder} cannot be written: name a folder for the report.")
    with explained(place, ExportError):
        place.parent.mkdir(parents=True, exist_ok=True)
    with atomic_directory(place, exist_ok=True, error=ExportError) as temporary:
        filmed = yield from film(folder, contents.recordings, shown(clusters), temporary)
        yield Progress(0, 0, "writing the page")
        (temporary / PAGE).write_text(render(contents, clusters, filmed), encoding="utf-8")
        (temporary / MARK).write_text(json.dumps(mark), encoding="utf-8")
    return place / PAGE


def _mark(place: Path) -> object:
    """Tell what a report was made from; None where there is none."""
    if not (place / PAGE).is_file():
        return None
    try:
        return json.loads((place / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _key(contents: ReportContents) -> str:
    """Key of everything that stands in a report but the time of writing."""
    return content_key({
        "title": contents.title, "models": list(contents.models),
        "facts": [list(row) for row in contents.facts if row[0] != WRITTEN],
        "recordings": [
            [told.ethogram.recording, [asdict(bout) for bout in told.ethogram.bouts],
             told.clips.animal, told.clips.start, told.clips.end, told.clips.cluster]
            for told in contents.recordings
        ],
    })  # fmt: skip


def _contents(folder: BehaviorFolder) -> ReportContents:
    told = [
        Told(ethogram_of(folder, one), read_clips(folder, one), read_clusters(folder, one))
        for one in folder.recordings
    ]
    return ReportContents(folder.config.name, told, _models(folder), _facts(folder))


def _models(folder: BehaviorFolder) -> list[str]:
    """Models that answered questions about this folder."""
    if not (folder.folder / ANSWERS).is_file():
        return []
    with closing(answer_store(folder.folder, writable=False)) as store:
        return [row[0] for row in store.rows("SELECT DISTINCT model FROM exchange ORDER BY model")]


_METHODS = {
    "dec": "deep embedded clustering", "kmeans": "k-means", "gmm": "Gaussian mixture",
    "hdbscan": "HDBSCAN", "umap+gmm": "UMAP and a Gaussian mixture",
}  # fmt: skip


def _facts(folder: BehaviorFolder) -> list[tuple[str, str]]:
    """With what the steps were last run."""
    settings = folder.config.settings
    segment, caption, merge = (settings.get(step, {}) for step in ("segment", "caption", "merge"))
    poses = sum(one.poses is not None for one in folder.recordings)
    n = len(folder.recordings)
    method = _METHODS.get(str(segment.get("method")), "?")
    return [
        ("Animals found by", "their poses" if poses == n else "their pixels" if not poses else
         f"poses in {poses} of {n} recordings, else pixels"),
        ("Clusters", f"{segment.get('clusters', '?')} by {method}, seed {segment.get('seed')}"),
        ("Clips", f"{segment.get('shortest', '?')} to {segment.get('longest', '?')} s"),
        ("Captions", "a vision-language model" if caption.get("captioner") == "model" else
         "measured from the tracks, no model"),
        ("Events", "merged by a language model" if merge.get("merge") == "model" else
         "merged by a rule: neighbours of one label belong together"),
        (WRITTEN, datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M")),
    ]  # fmt: skip


def _require_ours(place: Path) -> None:
    if place.is_file():
        raise ExportError(f"{place} is a file: a report is a folder.")
    if place.is_dir() and any(place.iterdir()) and not (place / MARK).is_file():
        raise ExportError(f"{place} is not empty and not a report of ours: choose another folder.")
