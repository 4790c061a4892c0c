"""What an export would write, without writing it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.io.export import FORMATS, WITHOUT_PICTURES, ExportSession, Only
from napari_behaviorvlm.io.export.destination import MANIFEST, check_destination
from napari_behaviorvlm.io.export.frame_files import camera_stems
from napari_behaviorvlm.io.export.lightning_pose import frame_rows, labelled_cameras, view_names
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.nwb import check_times
from napari_behaviorvlm.io.export.selection import Selection, select
from napari_behaviorvlm.io.export.sleap_model import brown_distortion
from napari_behaviorvlm.io.export.start_time import start_time
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.export import export_session
from napari_behaviorvlm.workflows.state import SessionState


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
    started: datetime | None = None,
) -> ExportPreview:
    """Select what would leave and say what would be written where.

    Parameters
    ----------
    out : Path or None
        None where no folder was chosen yet; then the place is not looked at.
    others
        As of `napari_behaviorvlm.workflows.export.export_project`.
    """
    with export_session(project, state, scorer=scorer, every=every, started=started) as session:
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
    plan = _PLANS.get(format_name)
    if plan is None:
        return (f"pose3d.{format_name}", f"labels2d.{format_name}")
    return tuple(plan(session, selection))


def _dlc_files(session: ExportSession, selection: Selection) -> Iterator[str]:
    yield "config.yaml"
    scorer = safe_name(session.scorer, "behaviorvlm")
    for stem, pictures in _pictures(session, selection).items():
        yield f"labeled-data/{stem}/  ({pictures} pictures, CollectedData_{scorer}.h5 and .csv)"


def _lightning_pose_files(session: ExportSession, selection: Selection) -> Iterator[str]:
    cameras, views = labelled_cameras(session, selection), view_names(session)
    yield f"project.yaml  ({len(frame_rows(selection))} frames, each with {len(cameras)} pictures)"
    yield from (f"CollectedData_{views[camera]}.csv" for camera in cameras)


def _coco_files(session: ExportSession, selection: Selection) -> Iterator[str]:
    yield "annotations.json"
    for stem, pictures in _pictures(session, selection).items():
        yield f"images/{stem}/  ({pictures} pictures)"


def _sleap_files(session: ExportSession, first: str) -> Iterator[str]:
    yield first
    if all(brown_distortion(camera) is not None for camera in session.rig):
        yield f"{_name(session)}.3d.slp"


def _name(session: ExportSession) -> str:
    return safe_name(session.name, "session")


def _pictures(session: ExportSession, selection: Selection) -> dict[str, int]:
    """Pictures by the folder of their camera, of cameras that have a label."""
    counts = (len(selection.frames_of(c)) for c in range(len(session.rig)))
    return {
        stem: count
        for stem, count in zip(camera_stems(session).values(), counts, strict=True)
        if count
    }


_PLANS: dict[str, Callable[[ExportSession, Selection], Iterable[str]]] = {
    "dlc": _dlc_files,
    "sleap": lambda session, _: _sleap_files(session, f"{_name(session)}.slp"),
    "sleap-pkg": lambda session, _: _sleap_files(
        session, f"{_name(session)}.pkg.slp  (with pictures)"
    ),
    "lightning-pose": _lightning_pose_files,
    "coco": _coco_files,
    "nwb": lambda session, _: [f"{_name(session)}.nwb"],
    "anipose": lambda session, _: [
        f"pose-3d/{_name(session)}.csv", "calibration/calibration.toml"
    ],
}  # fmt: skip
"""Formats whose files have names of their own; the tables do not."""


def _problem(
    session: ExportSession, selection: Selection, format_name: str, out: Path | None
) -> str:
    if format_name == "anipose" and not np.isfinite(selection.points).any():
        return "There are no 3D points of the chosen labels: accept labels in two views or more."
    if FORMATS[format_name].training_set:
        for c, camera in enumerate(session.rig.names):
            if not len(selection.frames_of(c)):
                continue
            source = session.videos.get(camera)
            if source is None:
                others = ", ".join(WITHOUT_PICTURES)
                return f"Camera {camera!r} has no video to take pictures from: choose {others}."
            if isinstance(source, Path) and not source.exists():
                return f"The video {source} of camera {camera!r} is missing: put it back."
    try:
        if format_name == "nwb":
            check_times(session.name, session.fps)
            start_time(session)
        if out is not None:
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
    if format_name == "nwb" and session.fps is not None:
        with suppress(BehaviorVLMError):  # the problem that is shown
            warnings += [note] if (note := start_time(session).note) else []
    return tuple(warnings)
