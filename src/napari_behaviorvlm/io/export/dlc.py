"""Format ``dlc``: a DeepLabCut project of one session, one folder of images per camera.

DeepLabCut knows nothing of several views: each (session, camera) is a "video" of its own, and the
calibration, the frame map and what a NaN means (occluded, out of view, unlabelled) lie in our own
folder beside it. Layout and keys follow DeepLabCut 3.0.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export import dlc_config
from napari_behaviorvlm.io.export.images import FrameImages
from napari_behaviorvlm.io.export.names import safe_name, unique_names
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.session import ExportSession
from napari_behaviorvlm.io.export.sidecar import (
    sidecar_folder,
    write_calibration,
    write_frame_map,
    write_visibility,
)


@dataclass
class _Written:
    """What has been written so far."""

    total: int
    images: dict[tuple[str, int], str] = field(default_factory=dict)
    videos: dict[str, tuple[int, int]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def write(task: ExportTask) -> Generator[Progress, None, Outcome]:
    """Write the project: images, labels as .h5 and .csv, config.yaml and the sidecar.

    Images are written one by one; a frame is part of a camera's folder only if it has a selected
    position there.

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
    scorer = safe_name(session.scorer, "behaviorvlm")
    stems = camera_stems(session)
    written = _Written(sum(len(task.selection.frames_of(c)) for c in range(len(session.rig))))
    for c, camera in enumerate(session.rig.names):
        rows = task.selection.frames_of(c)
        if not len(rows):
            continue
        yield from _write_images(task, camera, stems[camera], rows, written)
        _write_labels(task, c, stems[camera], scorer, rows)
        _link_video(task, camera, stems[camera], written)
    dlc_config.write_config(task, scorer, written.videos)
    _write_sidecar(task, stems, written)
    return Outcome(
        ("config.yaml", *(f"labeled-data/{stems[c]}" for c in _labelled(task))),
        warnings=tuple(written.warnings),
    )


def camera_stems(session: ExportSession) -> dict[str, str]:
    """Name the folder of each camera: ``<session>_<camera>``, safe and unique.

    DeepLabCut silently drops a second folder of the same name, and not every file system tells
    ``Cam`` from ``cam``.
    """
    name = safe_name(session.name, "session")
    wanted = (f"{name}_{safe_name(camera, 'camera')}" for camera in session.rig.names)
    return dict(zip(session.rig.names, unique_names(wanted), strict=True))


def _labelled(task: ExportTask) -> list[str]:
    names = task.session.rig.names
    return [name for c, name in enumerate(names) if len(task.selection.frames_of(c))]


def image_name(frame: int, length: int) -> str:
    """File name of a frame, zero-padded to six digits or as many as the recording needs."""
    return f"img{frame:0{max(6, len(str(length - 1)))}d}.png"


def _write_images(
    task: ExportTask, camera: str, stem: str, rows: NDArray[np.intp], written: _Written
) -> Generator[Progress, None, None]:
    pictures = FrameImages(task.session, camera)
    folder = task.folder / "labeled-data" / stem
    folder.mkdir(parents=True)
    for frame in task.session.labels.frames[rows].tolist():
        yield Progress(len(written.images), written.total, f"Writing images of {camera}")
        name = image_name(frame, task.session.length)
        (folder / name).write_bytes(pictures.png(frame))
        written.images[camera, frame] = f"labeled-data/{stem}/{name}"
    assert pictures.shape is not None, "at least one frame was read"
    written.videos[_video_path(task, camera, stem)] = pictures.shape[1], pictures.shape[0]


def _write_labels(
    task: ExportTask, camera: int, stem: str, scorer: str, rows: NDArray[np.intp]
) -> None:
    import pandas as pd

    session = task.session
    values = session.labels.xy[rows, camera].copy()
    values[~task.selection.positions[rows, camera]] = np.nan
    images = [image_name(int(f), session.length) for f in session.labels.frames[rows]]
    keypoints = list(session.skeleton.keypoints)
    frame = pd.DataFrame(
        values.reshape(len(rows), -1),
        index=_object_index([["labeled-data"], [stem], images], None),
        columns=_object_index([[scorer], keypoints, ["x", "y"]], dlc_config.COLUMN_LEVELS),
    )
    path = task.folder / "labeled-data" / stem / f"CollectedData_{scorer}"
    frame.to_csv(path.with_suffix(".csv"), lineterminator="\n")
    path.with_suffix(".h5").write_bytes(_hdf5(frame))


def _hdf5(frame: Any) -> bytes:
    """Return what ``to_hdf`` would write, so that the disk sees an ordinary file."""
    import pandas as pd

    with pd.HDFStore("labels", "w", driver="H5FD_CORE", driver_core_backing_store=0) as opened:
        store: Any = opened
        store.put("df_with_missing", frame, format="fixed", track_times=False)
        store.flush()
        image: bytes = store.root._v_file.get_file_image()
    return image


def _object_index(levels: list[list[str]], names: list[str] | None) -> Any:
    """All combinations of the levels, as object strings: pandas 2 cannot read pandas 3's own."""
    import pandas as pd

    counts = [len(level) for level in levels]
    codes = np.indices(counts).reshape(len(levels), -1)
    return pd.MultiIndex(
        levels=[pd.Index(np.array(level, dtype=object), dtype=object) for level in levels],
        codes=list(codes),
        names=names,
    )


def _video_path(task: ExportTask, camera: str, stem: str) -> str:
    source = task.session.videos[camera]
    suffix = source.suffix if isinstance(source, Path) and not source.is_dir() else ""
    return str(task.out / "videos" / f"{stem}{suffix}")


def _link_video(task: ExportTask, camera: str, stem: str, written: _Written) -> None:
    """Link the recording under the name that DeepLabCut derives the folder from."""
    source = task.session.videos[camera]
    if not isinstance(source, Path):
        return
    folder = task.folder / "videos"
    folder.mkdir(exist_ok=True)
    link = folder / Path(_video_path(task, camera, stem)).name
    try:
        link.symlink_to(source.absolute(), target_is_directory=source.is_dir())
    except OSError:
        # Windows without developer mode, exFAT: the project trains without the link.
        written.warnings.append(
            f"The video of camera {camera!r} could not be linked; to analyse it in DeepLabCut, "
            f"copy {source} to videos/{link.name}."
        )


def _write_sidecar(task: ExportTask, stems: dict[str, str], written: _Written) -> None:
    folder = sidecar_folder(task.folder)
    write_calibration(task.session.rig, folder / "calibration.toml")
    write_frame_map(task.session, stems, written.images, folder / "frame_map.json")
    write_visibility(task.session, task.selection, folder / "visibility.csv", written.images)
