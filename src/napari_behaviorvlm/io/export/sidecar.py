"""What training formats have no place for, in plain files beside them.

``behaviorvlm/calibration.toml`` (anipose layout), ``behaviorvlm/visibility.csv`` (visible,
occluded, out of view, unlabelled, unconfirmed or rejected, per cell of every exported frame) and,
for formats with one image per frame, ``behaviorvlm/frame_map.json``.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.calibration.anipose import write_anipose
from napari_behaviorvlm.io.export.destination import SIDECAR
from napari_behaviorvlm.io.export.outcome import ExportTask
from napari_behaviorvlm.io.export.selection import Selection, Visibility
from napari_behaviorvlm.io.export.session import ExportSession

VISIBILITY_COLUMNS = ("frame", "camera", "keypoint", "visibility", "status", "source", "image")


def sidecar_folder(folder: Path) -> Path:
    """Make and return the sidecar folder of an export."""
    path = folder / SIDECAR
    path.mkdir(exist_ok=True)
    return path


def write_sidecar(
    task: ExportTask, stems: Mapping[str, str], images: Mapping[tuple[str, int], str]
) -> None:
    """Write all three files beside a training set of images.

    Parameters
    ----------
    task : ExportTask
    stems : mapping of str to str
        Per camera name the safe name that stands for session and camera.
    images : mapping of (camera name, frame number) to str
        Paths relative to the export.
    """
    folder = sidecar_folder(task.folder)
    write_calibration(task.session.rig, folder / "calibration.toml")
    write_frame_map(task.session, stems, images, folder / "frame_map.json")
    write_visibility(task.session, task.selection, folder / "visibility.csv", images)


def write_calibration(rig: Rig, path: Path) -> None:
    """Write a rig as anipose reads it (`write_anipose`).

    Parameters
    ----------
    rig : Rig
    path : Path

    Raises
    ------
    CalibrationError
        If the calibration's metadata hold something that TOML has no word for.
    OSError
        If the disk refuses; the export as a whole says so.
    """
    try:
        write_anipose(rig, path)
    except CalibrationError as problem:
        if isinstance(problem.__cause__, OSError):
            raise problem.__cause__ from None
        raise


def write_visibility(
    session: ExportSession,
    selection: Selection,
    path: Path,
    images: Mapping[tuple[str, int], str] | None = None,
) -> None:
    """Write why each cell of the exported frames has a position or none.

    Parameters
    ----------
    session : ExportSession
    selection : Selection
    path : Path
        CSV file with the columns `VISIBILITY_COLUMNS`.
    images : mapping of (camera name, frame number) to str, optional
        Image of each exported frame, relative to the export. Without it the exported frames of a
        camera are those in which it has a position.
    """
    labels = session.labels
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(VISIBILITY_COLUMNS)
        for c, camera in enumerate(session.rig.names):
            for row in _exported_rows(session, selection, c, images):
                frame = int(labels.frames[row])
                image = (images or {}).get((camera, frame), "")
                cells = zip(
                    session.skeleton.keypoints, selection.visibility[row, c],
                    labels.status[row, c], labels.source[row, c], strict=True,
                )  # fmt: skip
                writer.writerows(
                    (frame, camera, keypoint, Visibility(visible).word, Status(status).word,
                     Source(source).word, image)
                    for keypoint, visible, status, source in cells
                )  # fmt: skip


def _exported_rows(
    session: ExportSession,
    selection: Selection,
    camera: int,
    images: Mapping[tuple[str, int], str] | None,
) -> Sequence[int]:
    if images is None:
        rows: list[int] = selection.frames_of(camera).tolist()
        return rows
    name = session.rig.names[camera]
    return [session.labels.row(frame) for each, frame in images if each == name]


def write_frame_map(
    session: ExportSession,
    stems: Mapping[str, str],
    images: Mapping[tuple[str, int], str],
    path: Path,
) -> None:
    """Write which image is which frame of which camera.

    Parameters
    ----------
    session : ExportSession
    stems : mapping of str to str
        Per camera name the safe name that stands for session and camera.
    images : mapping of (camera name, frame number) to str
        Paths relative to the export.
    path : Path
        JSON file.
    """
    cameras = {
        name: {"stem": stems[name], "video": _source_text(session, name)}
        for name in session.rig.names
    }
    rows = [
        {"stem": stems[camera], "camera": camera, "frame": frame, "image": image}
        for (camera, frame), image in images.items()
    ]
    document = {
        "session": session.name, "unit": session.unit, "fps": session.fps,
        "cameras": cameras, "images": rows,
    }  # fmt: skip
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def _source_text(session: ExportSession, camera: str) -> str | list[str] | None:
    source = session.videos.get(camera)
    if source is None:
        return None
    return str(source) if isinstance(source, Path) else [str(path) for path in source]
