"""Bouts of a behaviour folder for other tools."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.captions.vocabulary import read_vocabulary
from napari_behaviorvlm.core.bout_changes import HUMAN
from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.core.errors import BehaviorVLMError, ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.atomic import atomic_files
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.ethogram import FORMATS, Ethogram, EthogramFormat, Stretch
from napari_behaviorvlm.workflows.behavior.segmenting import has_clips, read_bodies, read_clips

Level = Literal["events", "clips"]
Only = Literal["accepted", "all"]


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
    """

    format: str
    out: Path
    level: Level = "events"
    only: Only = "all"
    recordings: tuple[str, ...] = ()
    replace: bool = False


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
    ethograms = [_ethogram(folder, one, request) for one in _recordings(folder, request)]
    _require_bouts(folder, ethograms, request)
    groups = _groups(chosen, ethograms)
    paths = _paths(chosen, groups, request.out)
    warnings: list[str] = []
    with atomic_files(paths, replace=request.replace, error=ExportError) as temporary:
        for at, (group, place) in enumerate(zip(groups, temporary, strict=True)):
            yield Progress(at, len(paths), f"Writing {paths[at].name}")
            warnings += chosen.write(group, place)
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
        ethograms = [_ethogram(folder, one, request) for one in _recordings(folder, request)]
        groups = _groups(chosen, ethograms)
        paths = _paths(chosen, groups, request.out)
        files = tuple(
            PlannedFile(path, tuple(one.recording for one in group), sum(map(_count, group)))
            for path, group in zip(paths, groups, strict=True)
        )
        _require_bouts(folder, ethograms, request)
    except BehaviorVLMError as problem:
        return BehaviorExportPreview(problem=str(problem))
    present = [path for path in paths if path.exists()] if placed else []
    if present and not request.replace:
        return BehaviorExportPreview(
            files, problem=f"{present[0]} exists already: choose another name."
        )
    return BehaviorExportPreview(files, tuple(_warnings(ethograms, present)))


# What is written -----------------------------------------------------------------------------


def ethogram_of(
    folder: BehaviorFolder, recording: Recording, *, level: Level = "events", only: Only = "all"
) -> Ethogram:
    """Collect what exports need of a recording.

    Parameters
    ----------
    folder : BehaviorFolder
    recording : Recording
    level, only
        As of `BehaviorExport`.

    Raises
    ------
    TableError
        If it was not segmented yet.
    """
    clips = read_clips(folder, recording)
    bouts = _clip_bouts(folder, recording, clips) if level == "clips" else (
        folder.store.bouts(recording.name)
    )  # fmt: skip
    if only == "accepted":
        bouts = [bout for bout in bouts if bout.source == HUMAN]
    return Ethogram(
        recording.name, tuple(bouts), clips.animals, clips.fps, clips.n_frames, recording.video,
        recording.size, tuple(_untracked(folder, recording, clips)), _definitions(folder),
    )  # fmt: skip


def _clip_bouts(folder: BehaviorFolder, recording: Recording, clips: Clips) -> list[Bout]:
    """Clips under the names that their captions give them."""
    captions = folder.store.captions(recording.name)
    named = []
    for row, bout in enumerate(clips.bouts()):
        said = captions.get(row)
        named.append(bout if said is None else replace(
            bout, label=folder.store.name_of(said.label), description=said.description,
            source=said.source,
        ))  # fmt: skip
    return named


def _untracked(folder: BehaviorFolder, recording: Recording, clips: Clips) -> Iterator[Stretch]:
    bodies = read_bodies(folder, recording)
    seen = np.zeros((clips.n_frames, len(clips.animals)), bool)
    first = bodies.first_frame
    stop = min(bodies.stop_frame, clips.n_frames)
    seen[first:stop] = bodies.tracked[: stop - first]
    for at, animal in enumerate(clips.animals):
        for start, end in stretches(~seen[:, at]):
            yield Stretch(animal, start, end)


def stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last position of every run of true values, shape (n,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(stop) - 1) for start, stop in edges.reshape(-1, 2)]


def _definitions(folder: BehaviorFolder) -> dict[str, str]:
    if not folder.vocabulary.is_file():
        return {}
    return {word.name: word.definition for word in read_vocabulary(folder.vocabulary).words}


def _ethogram(folder: BehaviorFolder, recording: Recording, request: BehaviorExport) -> Ethogram:
    if not has_clips(folder, recording):
        raise ExportError(
            f"{recording.name} has no clips yet: run `behaviorvlm behavior segment "
            f"{folder.folder}` first."
        )
    return ethogram_of(folder, recording, level=request.level, only=request.only)


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
    chosen: EthogramFormat, groups: Sequence[Sequence[Ethogram]], out: Path
) -> list[Path]:  # fmt: skip
    """File of every group; OUT is a folder where there are several, or where it is one already."""
    out = Path(out)
    if len(groups) == 1 and not out.is_dir():
        if out.suffix.lower() != chosen.ending:
            out = out.with_name(out.name + chosen.ending)
        return [out]
    if out.exists() and not out.is_dir():
        raise ExportError(f"{out} is a file: {len(groups)} recordings need a folder.")
    return [out / f"{group[0].recording}{chosen.ending}" for group in groups]


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
        f"{folder.folder} has no events yet: run `behaviorvlm behavior merge {folder.folder}` "
        "first."
    )


def _warnings(ethograms: Sequence[Ethogram], present: Sequence[Path]) -> Iterator[str]:
    if present:
        names = ", ".join(path.name for path in present)
        yield f"{names} will be replaced."
    for one in ethograms:
        if not one.bouts:
            yield f"{one.recording} has nothing to write."
