"""Bouts of a behaviour folder for other tools."""

import shlex
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from napari_behaviorvlm.core.errors import BehaviorVLMError, ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.atomic import atomic_files
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.ethogram import FORMATS, Ethogram, EthogramFormat
from napari_behaviorvlm.io.export.names import file_name
from napari_behaviorvlm.io.export.start_time import SAY_WHEN
from napari_behaviorvlm.workflows.behavior.ethograms import Level, Only, Scope, ethogram_of


@dataclass(frozen=True)
class BehaviorExport:
    """What is to be written where.

    Parameters
    ----------
    format : str
        A key of `FORMATS`.
    out : Path
        A file, or the folder that gets one for each recording.
    level : {"events", "clips"}
        Named events, or the clips that they were made from.
    only : {"accepted", "all"}
        Everything, or what people made or said is right.
    recordings : tuple of str
        Names; empty for all.
    replace : bool
        Whether files that are there already may be replaced.
    started : datetime, optional
        When the recordings began, with time zone; by default as their files tell.
    """

    format: str
    out: Path
    level: Level = "events"
    only: Only = "all"
    recordings: tuple[str, ...] = ()
    replace: bool = False
    started: datetime | None = None


@dataclass(frozen=True)
class PlannedFile:
    """One file of an export.

    Parameters
    ----------
    path : Path
    recordings : tuple of str
        Whose bouts are in it.
    bouts : int
    """

    path: Path
    recordings: tuple[str, ...]
    bouts: int


@dataclass(frozen=True)
class BehaviorExportPreview:
    """What an export would write.

    Parameters
    ----------
    files : tuple of PlannedFile
    warnings : tuple of str
        One sentence each.
    problem : str
        Why it cannot be written, empty if it can.
    """

    files: tuple[PlannedFile, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class BehaviorExportReport:
    """What an export wrote.

    Parameters
    ----------
    files : tuple of Path
    bouts : int
        In all files.
    warnings : tuple of str
        One sentence each.
    """

    files: tuple[Path, ...]
    bouts: int
    warnings: tuple[str, ...] = ()


def export_behavior(
    folder: BehaviorFolder, request: BehaviorExport
) -> Generator[Progress, None, BehaviorExportReport]:
    """Write bouts, all files or none.

    Yields
    ------
    Progress
        In files.

    Returns
    -------
    BehaviorExportReport

    Raises
    ------
    ExportError
        If there is nothing to write, a file exists, or the disk refuses; nothing is changed then.
    TableError
        If a recording was not segmented yet.
    """
    chosen = _format(request)
    ethograms = _collected(folder, request, chosen)
    _require_bouts(folder, ethograms, request)
    groups = _groups(chosen, ethograms)
    paths = _paths(chosen, groups, request.out, file_name(folder.config.name, "behavior"))
    present = [path for path in paths if path.exists()]
    if present and not request.replace:
        raise ExportError(_exists(present[0]))
    warnings: list[str] = []
    with atomic_files(paths, replace=request.replace, error=ExportError) as temporary:
        for at, (group, place) in enumerate(zip(groups, temporary, strict=True)):
            yield Progress(at, len(paths), f"Writing {paths[at].name}")
            warnings += chosen.write(group, place, paths[at])
    yield Progress(len(paths), len(paths))
    bouts = sum(len(one.bouts) for one in ethograms)
    return BehaviorExportReport(tuple(paths), bouts, tuple(dict.fromkeys(warnings)))


def preview_behavior_export(
    folder: BehaviorFolder, request: BehaviorExport, *, placed: bool = True
) -> BehaviorExportPreview:
    """Say what `export_behavior` would write.

    Parameters
    ----------
    folder : BehaviorFolder
    request : BehaviorExport
    placed : bool
        False where no place was chosen yet: then nobody looks whether files exist there.
    """
    try:
        chosen = _format(request)
        ethograms = _collected(folder, request, chosen, whole=False)
        groups = _groups(chosen, ethograms)
        paths = _paths(chosen, groups, request.out, file_name(folder.config.name, "behavior"))
        files = tuple(
            PlannedFile(path, tuple(one.recording for one in group), sum(map(_count, group)))
            for path, group in zip(paths, groups, strict=True)
        )
        _require_bouts(folder, ethograms, request)
    except BehaviorVLMError as problem:
        return BehaviorExportPreview(problem=str(problem))
    present = [path for path in paths if path.exists()] if placed else []
    if present and not request.replace:
        return BehaviorExportPreview(files, problem=_exists(present[0]))
    return BehaviorExportPreview(files, tuple(_warnings(ethograms, present)))


# What is written -----------------------------------------------------------------------------


def _collected(
    folder: BehaviorFolder, request: BehaviorExport, chosen: EthogramFormat, *, whole: bool = True
) -> list[Ethogram]:
    """Collect all recordings; for a preview not the whole of what the format needs."""
    recordings = _recordings(folder, request)
    if chosen.dated and request.started is None:
        for one in recordings:
            _require_file(one)
    scope = Scope(request.level, request.only, whole and chosen.timed, whole and chosen.framewise,
                  request.started)  # fmt: skip
    return [ethogram_of(folder, one, scope) for one in recordings]


def _require_file(recording: Recording) -> None:
    if recording.video is None or not recording.video.exists():
        raise ExportError(
            f"No file of {recording.name} tells when it was recorded, which NWB wants to know: "
            f"{SAY_WHEN}."
        )


def _count(ethogram: Ethogram) -> int:
    return len(ethogram.bouts)


# Where it is written -------------------------------------------------------------------------


def _format(request: BehaviorExport) -> EthogramFormat:
    if request.format not in FORMATS:
        raise ExportError(f"There is no format {request.format!r}: choose {', '.join(FORMATS)}.")
    return FORMATS[request.format]


def _recordings(folder: BehaviorFolder, request: BehaviorExport) -> list[Recording]:
    if not request.recordings:
        return list(folder.recordings)
    return [folder.recording(name) for name in dict.fromkeys(request.recordings)]


def _groups(chosen: EthogramFormat, ethograms: list[Ethogram]) -> list[list[Ethogram]]:
    """Sort recordings by the file that they go into."""
    return [ethograms] if chosen.whole else [[one] for one in ethograms]


def _paths(
    chosen: EthogramFormat, groups: Sequence[Sequence[Ethogram]], out: Path, whole: str
) -> list[Path]:  # fmt: skip
    """File of every group; OUT is a folder where there are several, or where it is one already.

    A file of all recordings is called like the experiment in a folder.
    """
    out = Path(out)
    if len(groups) == 1 and not out.is_dir():
        if out.suffix.lower() != chosen.ending:
            out = out.with_name(out.name + chosen.ending)
        return [out]
    if (out.exists() or out.suffix.lower() == chosen.ending) and not out.is_dir():
        raise ExportError(f"{len(groups)} recordings need a folder, and {out} is a file.")
    names = [whole] if chosen.whole else [group[0].recording for group in groups]
    return [out / f"{name}{chosen.ending}" for name in names]


def _require_bouts(
    folder: BehaviorFolder, ethograms: Sequence[Ethogram], request: BehaviorExport
) -> None:
    if any(one.bouts for one in ethograms):
        return
    if request.only == "accepted":
        raise ExportError(
            f"Nobody has made or accepted a bout in {folder.folder} yet: leave `--only accepted` "
            "out to write what was computed."
        )
    raise ExportError(
        f"{folder.folder} has no events yet: run `behaviorvlm behavior merge "
        f"{shlex.quote(str(folder.folder))}` first."
    )


def _exists(path: Path) -> str:
    return f"{path} exists already: choose another name, or ask to replace it (--replace)."


def _warnings(ethograms: Sequence[Ethogram], present: Sequence[Path]) -> Iterator[str]:
    if present:
        names = ", ".join(path.name for path in present)
        yield f"{names} will be replaced."
    for one in ethograms:
        if not one.bouts:
            yield f"{one.recording} has nothing to write."
