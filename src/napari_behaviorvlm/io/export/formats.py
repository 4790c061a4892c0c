"""The export formats and how one of them is run."""

from collections.abc import Generator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import get_args

import numpy as np

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.atomic import PathLike, atomic_directory, explained
from napari_behaviorvlm.io.export.destination import check_destination, write_manifest
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome, Writer
from napari_behaviorvlm.io.export.selection import Selection, select
from napari_behaviorvlm.io.export.session import ExportReport, ExportSession, Only


@dataclass(frozen=True)
class ExportFormat:
    """One format the program writes.

    Parameters
    ----------
    name : str
        As on the command line.
    description : str
        One line for people.
    training_set : bool
        Whether others learn from it; then it has pictures, and only accepted labels leave unless
        asked otherwise.
    has_points : bool
        Whether it has 3D points.
    module : str
        Module of this package whose ``write`` does the work, imported when it is needed.
    """

    name: str
    description: str
    training_set: bool
    has_points: bool
    module: str

    @property
    def default_only(self) -> Only:
        """What leaves if nobody says: accepted labels for training sets, else all."""
        return "accepted" if self.training_set else "all"

    @property
    def writer(self) -> Writer:
        """The function that fills the folder."""
        write: Writer = import_module(f"napari_behaviorvlm.io.export.{self.module}").write
        return write


FORMATS: dict[str, ExportFormat] = {
    entry.name: entry
    for entry in (
        ExportFormat(
            "dlc", "DeepLabCut project, a folder of images per camera", True, False, "dlc"
        ),
        ExportFormat(
            "sleap", "SLEAP labels, plain and with 3D, beside the videos", True, True, "sleap"
        ),
        ExportFormat(
            "sleap-pkg", "SLEAP labels with their images inside", True, True, "sleap_package"
        ),
        ExportFormat(
            "lightning-pose",
            "Lightning Pose project of several views",
            True,
            False,
            "lightning_pose",
        ),
        ExportFormat("coco", "COCO keypoints with images", True, False, "coco"),
        ExportFormat("nwb", "NWB file with cameras, 2D, 3D, training frames", False, True, "nwb"),
        ExportFormat("csv", "pose3d.csv and labels2d.csv", False, True, "csv_files"),
        ExportFormat("parquet", "the same two tables, typed", False, True, "parquet_files"),
        ExportFormat("anipose", "anipose 3D csv and calibration.toml", False, True, "anipose"),
    )
}
"""Every format by its name."""

WITHOUT_PICTURES = tuple(entry.name for entry in FORMATS.values() if not entry.training_set)
"""Names of the formats that need no video."""


def export(
    session: ExportSession, format_name: str, out: PathLike, *, only: str | None = None
) -> Generator[Progress, None, ExportReport]:
    """Export a session into a folder, wholly or not at all.

    The request is checked at once; the returned generator does the work. Closing it early leaves
    nothing behind.

    Parameters
    ----------
    session : ExportSession
    format_name : str
        A key of `FORMATS`.
    out : path
        Folder to make. An untouched earlier export of the same format, session and scorer is
        replaced; anything else that is there is refused.
    only : {"accepted", "all"}, optional
        Which labels leave; by default the format's own choice.

    Returns
    -------
    generator of Progress, returning ExportReport

    Raises
    ------
    ExportError
        If the format is unknown, nothing is selected, ``out`` is somebody's work, a video is
        missing, a picture does not fit, or the disk refuses.
    """
    if format_name not in FORMATS:
        raise ExportError(f"There is no format {format_name!r}; choose {', '.join(FORMATS)}.")
    chosen = FORMATS[format_name]
    path = Path(out).absolute()
    check_destination(path, session, format_name)
    selection = select(session, _only(only, chosen))
    if chosen.training_set:
        _check_videos(session, selection)
    return _run(session, chosen, path, selection)


def _only(only: str | None, chosen: ExportFormat) -> Only:
    if only is None:
        return chosen.default_only
    for choice in get_args(Only):
        if only == choice:
            known: Only = choice
            return known
    raise ExportError(f"--only takes accepted or all, not {only!r}.")


def _check_videos(session: ExportSession, selection: Selection) -> None:
    for c, name in enumerate(session.rig.names):
        if name not in session.videos and len(selection.frames_of(c)):
            raise ExportError(
                f"Session {session.name!r} has labels but no video of camera {name!r}; "
                f"formats without pictures ({', '.join(WITHOUT_PICTURES)}) can be written."
            )


def _run(
    session: ExportSession, chosen: ExportFormat, out: Path, selection: Selection
) -> Generator[Progress, None, ExportReport]:
    with explained(out, ExportError):
        out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_directory(out, exist_ok=True, error=ExportError) as folder:
        outcome = yield from chosen.writer(ExportTask(session, selection, folder, out))
        report = _report(session, chosen, out, selection, outcome)
        counts = {key: value for key, value in report.as_dict().items() if key != "out"}
        write_manifest(folder, session, chosen.name, {**counts, "only": selection.only})
        # Somebody may have written there while this took its time.
        check_destination(out, session, chosen.name)
    return report


def _report(
    session: ExportSession, chosen: ExportFormat, out: Path, selection: Selection, outcome: Outcome
) -> ExportReport:
    names = session.rig.names
    warnings = list(outcome.warnings)
    if outcome.has_points and session.poses is None:
        warnings.append("There are no 3D points because the session is not triangulated.")
    if chosen.training_set:
        warnings += [
            f"Camera {name!r} has no label to export and is left out."
            for c, name in enumerate(names)
            if not selection.positions[:, c].any()
        ]
    points = int(np.isfinite(selection.points).all(axis=-1).sum())
    return ExportReport(
        chosen.name, out, tuple(Path(file) for file in outcome.files),
        {name: len(selection.frames_of(c)) for c, name in enumerate(names)},
        {name: int(selection.positions[:, c].sum()) for c, name in enumerate(names)},
        points if outcome.has_points else 0, tuple(warnings),
    )  # fmt: skip
