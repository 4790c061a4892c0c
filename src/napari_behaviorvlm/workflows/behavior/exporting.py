"""Bouts of a behaviour folder for other tools."""

from pathlib import Path

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.atomic import explained
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.ethogram import FORMATS, Ethogram
from napari_behaviorvlm.workflows.behavior.segmenting import read_clips


def export_behavior(folder: BehaviorFolder, format_name: str, out: Path) -> list[Path]:
    """Write the bouts of all recordings.

    Parameters
    ----------
    folder : BehaviorFolder
    format_name : str
        A key of `FORMATS`.
    out : Path
        File for a folder with one recording, else a folder that gets a file per recording.

    Returns
    -------
    list of Path
        Files that were written.

    Raises
    ------
    ExportError
        If there is nothing to write, or it cannot be written.
    """
    if format_name not in FORMATS:
        raise ExportError(f"There is no format {format_name!r}: choose {', '.join(FORMATS)}.")
    ending, write = FORMATS[format_name]
    made = [ethogram_of(folder, recording) for recording in folder.recordings]
    if not any(one.bouts for one in made):
        raise ExportError(
            f"{folder.folder} has no events yet: run `behaviorvlm behavior merge "
            f"{folder.folder}` first."
        )
    out = Path(out)
    if len(made) == 1 and not out.is_dir():
        files = [out]
    else:
        files = [out / f"{one.recording}{ending}" for one in made]
    with explained(files[0].parent, ExportError):
        files[0].parent.mkdir(parents=True, exist_ok=True)
    for one, file in zip(made, files, strict=True):
        write(one, file)
    return files


def ethogram_of(folder: BehaviorFolder, recording: Recording) -> Ethogram:
    """Collect what exports need of a recording.

    Raises
    ------
    TableError
        If it was not segmented yet.
    """
    clips = read_clips(folder, recording)
    return Ethogram(
        recording.name, tuple(folder.store.bouts(recording.name)), clips.animals, clips.fps,
        clips.n_frames, recording.video,
    )  # fmt: skip
