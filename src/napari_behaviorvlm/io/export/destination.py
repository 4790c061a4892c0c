"""Where an export may be written: never over somebody's work."""

import hashlib
import json
from pathlib import Path
from typing import Any

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.atomic import explained
from napari_behaviorvlm.io.export.session import ExportSession

SIDECAR = "behaviorvlm"
"""Folder, inside every export, for what the format itself has no place for."""

MANIFEST = f"{SIDECAR}/export.json"

_FILE_SUFFIXES = {
    ".slp", ".h5", ".csv", ".parquet", ".toml", ".zip", ".yaml", ".json", ".nwb",
}  # fmt: skip


def check_destination(out: Path, session: ExportSession, format_name: str) -> None:
    """See that ``out`` is free, or holds an untouched export of the same session and scorer.

    Parameters
    ----------
    out : Path
        Folder to be written.
    session : ExportSession
    format_name : str

    Raises
    ------
    ExportError
        If something else is there, or the export there was changed or added to since (trained
        models, corrected labels): replacing it would lose that.
    """
    if out.suffix.lower() in _FILE_SUFFIXES and not out.is_dir():
        raise ExportError(f"An export is a folder of files; give {out} without {out.suffix!r}.")
    if out.exists() and not out.is_dir():
        raise ExportError(f"{out} is a file; choose a folder for the export.")
    with explained(out, ExportError):
        if not out.is_dir() or not any(out.iterdir()):
            return
    _check_ours(out, session, format_name)
    changed = _first_change(out, _read_manifest(out).get("files", {}))
    if changed:
        raise ExportError(
            f"{out} holds an earlier export but {changed} was {_verb(out, changed)} since; "
            "choose another folder, so that this work is not lost."
        )


def _check_ours(out: Path, session: ExportSession, format_name: str) -> None:
    manifest = _read_manifest(out)
    if not manifest:
        raise ExportError(f"{out} is not empty and not an export of ours; choose another folder.")
    wanted = {"format": format_name, "session": session.name, "scorer": session.scorer}
    for key, value in wanted.items():
        if manifest.get(key) != value:
            raise ExportError(
                f"{out} holds an export of {key} {manifest.get(key)!r}, not {value!r}; "
                "choose another folder."
            )


def _read_manifest(out: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def write_manifest(
    folder: Path, session: ExportSession, format_name: str, report: dict[str, object]
) -> None:
    """Record what was written, so that a later export knows whether it may replace it.

    Parameters
    ----------
    folder : Path
        The finished folder.
    session : ExportSession
    format_name : str
    report : dict
        Counts and warnings for a reader.
    """
    manifest = {
        "program": "napari-behaviorvlm",
        "version": __version__,
        "format": format_name,
        "session": session.name,
        "scorer": session.scorer,
        "unit": session.unit,
        "fps": session.fps,
        **report,
        "files": {path: _digest(folder / path) for path in _paths(folder)},
    }
    target = folder / MANIFEST
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")


def _paths(folder: Path) -> list[str]:
    # Links to videos are left out: following them would read whole recordings.
    files = (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    return sorted(p.relative_to(folder).as_posix() for p in files)


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "blake2b").hexdigest()[:32]


def _first_change(out: Path, files: dict[str, object]) -> str | None:
    present = [path for path in _paths(out) if path != MANIFEST]
    for path in sorted(set(files) ^ set(present), key=lambda path: path in files):
        return path
    return next((path for path in present if _digest(out / path) != files[path]), None)


def _verb(out: Path, path: str) -> str:
    if not (out / path).exists():
        return "removed"
    return "changed" if path in _read_manifest(out)["files"] else "added"
