"""Format ``lightning-pose``: a multi-view project of Lightning Pose (2.1.2 or later).

``CollectedData_<view>.csv`` stand at the root, one per camera; row N of each is the same frame.
After x and y of a keypoint comes ``visible``: 2 with a position, 1 occluded (the network learns to
be unsure there), 0 otherwise (left out of the loss).
"""

import re
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.frame_files import FrameFiles, link_video, video_suffix
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.selection import Selection, Visibility
from napari_behaviorvlm.io.export.session import ExportSession
from napari_behaviorvlm.io.export.sidecar import write_calibration, write_sidecar

VISIBLE, OCCLUDED, NOT_LABELLED = 2, 1, 0
"""Values of the column ``visible``."""

_BROWN = 5


def write(task: ExportTask) -> Generator[Progress, None, Outcome]:
    """Write pictures, labels, calibration, ``project.yaml``, links to the videos and the sidecar.

    Every camera that has a label anywhere gets the same frames: those in which some camera has a
    selected position.

    Parameters
    ----------
    task : ExportTask

    Yields
    ------
    Progress
        In images.

    Returns
    -------
    Outcome

    Raises
    ------
    ExportError
        If a picture does not fit or cannot be read.
    """
    session = task.session
    views, rows = view_names(session), frame_rows(task.selection)
    name = safe_name(session.name, "session")
    stems = {camera: f"{name}_{view}" for camera, view in views.items()}
    cameras = labelled_cameras(session, task.selection)
    files = FrameFiles(task, len(rows) * len(cameras))
    for camera in cameras:
        yield from files.write(
            camera, session.labels.frames[rows].tolist(), f"labeled-data/{stems[camera]}",
            image_name,
        )  # fmt: skip
        _write_labels(task, camera, views[camera], rows, files)
    warnings = [*_link_videos(task, cameras, stems), *_write_rig(task, cameras, views, name)]
    project = {
        "view_names": [views[camera] for camera in cameras],
        "keypoint_names": list(session.skeleton.keypoints),
    }
    text = yaml.safe_dump(project, sort_keys=False, allow_unicode=True, width=1000)
    (task.folder / "project.yaml").write_text(text, encoding="utf-8")
    write_sidecar(task, stems, files.images)
    labels = [f"CollectedData_{views[camera]}.csv" for camera in cameras]
    return Outcome(("project.yaml", *labels), warnings=tuple(warnings))


def image_name(frame: int) -> str:
    """File name of a frame: eight digits, the same in every view."""
    return f"frame{frame:08d}.png"


def labelled_cameras(session: ExportSession, selection: Selection) -> list[str]:
    """Names of the cameras that have a position to write."""
    names = session.rig.names
    return [names[c] for c in np.flatnonzero(selection.positions.any(axis=(0, 2)))]


def frame_rows(selection: Selection) -> NDArray[np.intp]:
    """Rows of the frames in which some camera has a position."""
    return np.flatnonzero(selection.positions.any(axis=(1, 2)))


def view_names(session: ExportSession) -> dict[str, str]:
    """Name the view of each camera as Lightning Pose can tell them apart.

    It takes what follows the last underscore of a folder's name for the view, and the first view
    whose name occurs anywhere in a video's name for that video's view. So names have letters and
    digits only, and one that occurs in another one or in the session's name (cam1 in cam10) gets
    its number behind it.

    Parameters
    ----------
    session : ExportSession

    Returns
    -------
    dict of str to str
        By camera name, in the rig's order.
    """
    name = safe_name(session.name, "session").lower()
    views = [re.sub("[-_]", "", safe_name(camera, "view")) for camera in session.rig.names]
    while True:
        taken = [name, *(view.lower() for view in views)]
        clear = [sum(view.lower() in other for other in taken) == 1 for view in views]
        if all(clear):
            return dict(zip(session.rig.names, views, strict=True))
        views = [view if clear[c] else f"{view}v{c}" for c, view in enumerate(views)]


def _write_labels(
    task: ExportTask, camera: str, view: str, rows: NDArray[np.intp], files: FrameFiles
) -> None:
    import pandas as pd

    session, c = task.session, task.session.rig.index(camera)
    columns = pd.MultiIndex.from_product(
        [[session.scorer], session.skeleton.keypoints, ["x", "y", "visible"]],
        names=["scorer", "bodyparts", "coords"],
    )
    images = [files.images[camera, frame] for frame in session.labels.frames[rows].tolist()]
    table: Any = pd.DataFrame(
        np.concatenate(_cells(task, c, rows), axis=-1).reshape(len(rows), -1),
        index=images, columns=columns,
    )  # fmt: skip
    whole = {column: np.int64 for column in columns if column[2] == "visible"}
    table.astype(whole).to_csv(
        task.folder / f"CollectedData_{view}.csv", lineterminator="\n", encoding="utf-8"
    )


def _cells(
    task: ExportTask, camera: int, rows: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions, shape (R, K, 2), NaN where there are none, and ``visible``, shape (R, K, 1)."""
    positions = task.selection.positions[rows, camera, :, None]
    xy = np.where(positions, task.session.labels.xy[rows, camera], np.nan)
    occluded = task.selection.visibility[rows, camera, :, None] == Visibility.OCCLUDED
    visible = np.where(positions, VISIBLE, np.where(occluded, OCCLUDED, NOT_LABELLED))
    return xy, visible.astype(np.float64)


def _link_videos(task: ExportTask, cameras: Sequence[str], stems: dict[str, str]) -> list[str]:
    warnings = [link_video(task, camera, stems[camera]) for camera in cameras]
    others = sorted({video_suffix(task, camera) for camera in cameras} - {".mp4"})
    if others:
        warnings.append(
            "Lightning Pose takes videos as .mp4 only (labels and pictures are complete without); "
            f"convert {', '.join(suffix or 'images' for suffix in others)} for its predictions."
        )
    return [warning for warning in warnings if warning]


def _write_rig(
    task: ExportTask, cameras: Sequence[str], views: dict[str, str], name: str
) -> list[str]:
    """Write ``calibrations/<session>.toml`` under the views' names; return warnings."""
    chosen = [task.session.rig[camera] for camera in cameras]
    fisheye = next((camera.name for camera in chosen if camera.fisheye), None)
    if fisheye is not None:
        problem = f"Lightning Pose has no lens model for the fisheye camera {fisheye!r}"
        return [f"{problem}: it trains without 3D losses; see behaviorvlm/calibration.toml."]
    length = max(_BROWN, *(camera.distortion.size for camera in chosen))
    folder = task.folder / "calibrations"
    folder.mkdir()
    renamed = tuple(_renamed(camera, views[camera.name], length) for camera in chosen)
    write_calibration(Rig(renamed, task.session.rig.metadata), folder / f"{name}.toml")
    return []


def _renamed(camera: Camera, name: str, n_coefficients: int) -> Camera:
    """Return the camera under another name, its lens model filled up with zeros."""
    distortion = np.zeros(n_coefficients)
    distortion[: camera.distortion.size] = camera.distortion
    return Camera(name, camera.size, camera.matrix, distortion, camera.rotation, camera.translation)
