"""What an export would write, without writing it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.io.export import FORMATS, ExportSession, Only
from napari_behaviorvlm.io.export.destination import MANIFEST, check_destination
from napari_behaviorvlm.io.export.dlc import camera_stems
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.selection import Selection, select
from napari_behaviorvlm.io.export.sleap_model import brown_distortion
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.export import export_session
from napari_behaviorvlm.workflows.state import SessionState

PICTURES = ("dlc", "sleap", "sleap-pkg")
"""Formats that look into the videos."""


@dataclass(frozen=True)
class ExportPreview:
    """What would be written.

    Parameters
    ----------
    files : tuple of str
        Files and folders, relative to the export's folder, each with what is in it.
    frames, labels : dict of str to int
        By camera.
    points : int
        3D points.
    warnings : tuple of str
        One sentence each.
    problem : str
        Why it cannot be written, "" if it can.
    """

    files: tuple[str, ...] = ()
    frames: dict[str, int] | None = None
    labels: dict[str, int] | None = None
    points: int = 0
    warnings: tuple[str, ...] = ()
    problem: str = ""


def preview_export(
    project: Project,
    state: SessionState,
    format_name: str,
    out: Path | None,
    *,
    only: Only | None = None,
    scorer: str = "",
    every: int = 1,
) -> ExportPreview:
    """Select what would leave and say what would be written where.

    Parameters
    ----------
    out : Path or None
        None where no folder was chosen yet; then the place is not looked at.
    others
        As of `napari_behaviorvlm.workflows.export.export_project`.
    """
    with export_session(project, state, scorer=scorer, every=every) as session:
        try:
            chosen = select(session, only or FORMATS[format_name].default_only)
        except BehaviorVLMError as error:
            return ExportPreview(problem=str(error))
        return ExportPreview(
            files=planned_files(session, chosen, format_name),
            frames={n: len(chosen.frames_of(c)) for c, n in enumerate(session.rig.names)},
            labels={n: int(chosen.positions[:, c].sum()) for c, n in enumerate(session.rig.names)},
            points=int(np.isfinite(chosen.points).all(axis=-1).sum()),
            warnings=_warnings(session, chosen, format_name, out),
            problem=_problem(session, chosen, format_name, out),
        )


def planned_files(
    session: ExportSession, selection: Selection, format_name: str
) -> tuple[str, ...]:
    """Name what a format writes (videos that are only linked are left out)."""
    name = safe_name(session.name, "session")
    if format_name == "dlc":
        scorer = safe_name(session.scorer, "behaviorvlm")
        folders = [
            f"labeled-data/{stem}/  ({len(selection.frames_of(c))} pictures, "
            f"CollectedData_{scorer}.h5 and .csv)"
            for c, stem in enumerate(camera_stems(session).values())
            if len(selection.frames_of(c))
        ]
        return ("config.yaml", *folders)
    if format_name in {"sleap", "sleap-pkg"}:
        first = f"{name}.slp" if format_name == "sleap" else f"{name}.pkg.slp  (with pictures)"
        has_3d = all(brown_distortion(camera) is not None for camera in session.rig)
        return (first, *([f"{name}.3d.slp"] if has_3d else []))
    if format_name == "anipose":
        return (f"pose-3d/{name}.csv", "calibration/calibration.toml")
    return (f"pose3d.{format_name}", f"labels2d.{format_name}")


def _problem(
    session: ExportSession, selection: Selection, format_name: str, out: Path | None
) -> str:
    if format_name == "anipose" and not np.isfinite(selection.points).any():
        return "There are no 3D points of the chosen labels: accept labels in two views or more."
    if format_name in PICTURES:
        for c, camera in enumerate(session.rig.names):
            if not len(selection.frames_of(c)):
                continue
            source = session.videos.get(camera)
            if source is None:
                return f"Camera {camera!r} has no video to take pictures from: choose csv, parquet."
            if isinstance(source, Path) and not source.exists():
                return f"The video {source} of camera {camera!r} is missing: put it back."
    if out is None:
        return ""
    try:
        check_destination(out.absolute(), session, format_name)
    except BehaviorVLMError as error:
        return str(error)
    return ""


def _warnings(
    session: ExportSession, selection: Selection, format_name: str, out: Path | None
) -> tuple[str, ...]:
    warnings = []
    if out is not None and (out / MANIFEST).is_file():
        warnings.append("This folder holds an earlier export; exporting again replaces it.")
    if FORMATS[format_name].training_set:
        if selection.only == "all":
            warnings.append("Proposals that nobody looked at will be learned from as if true.")
        warnings += [
            f"Camera {name!r} has no label to export and is left out."
            for c, name in enumerate(session.rig.names)
            if not selection.positions[:, c].any()
        ]
    if format_name in {"sleap", "sleap-pkg"}:
        lens = next((c.name for c in session.rig if brown_distortion(c) is None), None)
        if lens is not None:
            warnings.append(f"SLEAP has no lens model for camera {lens!r}: 3D is left out.")
    return tuple(warnings)
