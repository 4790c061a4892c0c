"""Format ``dlc``: a DeepLabCut project of one session, one folder of images per camera.

DeepLabCut knows nothing of several views: each (session, camera) is a "video" of its own, and the
calibration, the frame map and what a NaN means (occluded, out of view, unlabelled) lie in our own
folder beside it. Layout and keys follow DeepLabCut 3.0.
"""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export import dlc_config
from napari_behaviorvlm.io.export.frame_files import (
    FrameFiles,
    camera_stems,
    image_name,
    link_video,
    video_suffix,
)
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.sidecar import write_sidecar


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
    files = FrameFiles(task, task.selection.n_pictures)
    warnings = []
    for c, camera in enumerate(session.rig.names):
        rows = task.selection.frames_of(c)
        if not len(rows):
            continue
        stem = stems[camera]
        yield from files.write(
            camera, session.labels.frames[rows].tolist(), f"labeled-data/{stem}",
            lambda frame: image_name(frame, session.length),
        )  # fmt: skip
        _write_labels(task, c, stem, scorer, rows)
        warnings.append(link_video(task, camera, stem))
    videos = {_video_path(task, name, stems[name]): size for name, size in files.sizes.items()}
    dlc_config.write_config(task, scorer, videos)
    write_sidecar(task, stems, files.images)
    return Outcome(
        ("config.yaml", *(f"labeled-data/{stems[c]}" for c in _labelled(task))),
        warnings=tuple(warning for warning in warnings if warning),
    )


def _labelled(task: ExportTask) -> list[str]:
    names = task.session.rig.names
    return [name for c, name in enumerate(names) if len(task.selection.frames_of(c))]


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
    return str(task.out / "videos" / f"{stem}{video_suffix(task, camera)}")
