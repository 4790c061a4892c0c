"""Format ``anipose``: 3D points as anipose writes them, and the calibration.

The folder is an anipose session: ``pose-3d/<session>.csv`` and ``calibration/calibration.toml``.
"""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.sidecar import write_calibration
from napari_behaviorvlm.io.export.tables import FRAMES_PER_CHUNK


def write(task: ExportTask) -> Generator[Progress, None, Outcome]:
    """Write one row per frame of the recording, as anipose does: rows are frames counted from 0.

    Columns are ``<keypoint>_x, _y, _z, _error, _ncams, _score`` per keypoint, then the frame of
    reference ``M_00``..``M_22`` (identity) and ``center_0``..``center_2`` (zero), then ``fnum``.
    Frames without a point have empty cells.

    Parameters
    ----------
    task : ExportTask

    Yields
    ------
    Progress
        In frames.

    Returns
    -------
    Outcome

    Raises
    ------
    ExportError
        If there is no 3D point to write.
    """
    import pandas as pd

    if not np.isfinite(task.selection.points).any():
        raise ExportError(
            f"Session {task.session.name!r} has no 3D points of the chosen labels; "
            "triangulate it, accept labels in at least two views, or pass --only all."
        )
    name = f"pose-3d/{safe_name(task.session.name, 'session')}.csv"
    for folder in ("pose-3d", "calibration"):
        (task.folder / folder).mkdir()
    write_calibration(task.session.rig, task.folder / "calibration/calibration.toml")
    length = task.session.length
    for start in range(0, length, FRAMES_PER_CHUNK):
        yield Progress(start, length, "Writing 3D points")
        numbers = np.arange(start, min(start + FRAMES_PER_CHUNK, length))
        pd.DataFrame(_columns(task, numbers)).to_csv(
            task.folder / name, mode="a", header=start == 0, index=False, lineterminator="\n"
        )
    yield Progress(length, length, "Writing 3D points")
    return Outcome((name, "calibration/calibration.toml"), has_points=True)


def _columns(task: ExportTask, numbers: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    values = _values(task, numbers)
    columns: dict[str, NDArray[Any]] = {}
    for k, keypoint in enumerate(task.session.skeleton.keypoints):
        for column, name in enumerate(("x", "y", "z", "error", "ncams", "score")):
            columns[f"{keypoint}_{name}"] = values[:, k, column]
    for i, j in np.ndindex(3, 3):
        columns[f"M_{i}{j}"] = np.full(len(numbers), float(i == j))
    for i in range(3):
        columns[f"center_{i}"] = np.zeros(len(numbers))
    columns["fnum"] = numbers
    return columns


def _values(task: ExportTask, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """x, y, z, error, views and confidence, shape (frames, K, 6), NaN where there is no point."""
    frames, poses = task.session.labels.frames, task.session.poses
    assert poses is not None, "points are finite only where there are poses"
    values = np.full((len(numbers), len(task.session.skeleton), 6), np.nan)
    low, high = np.searchsorted(frames, (numbers[0], numbers[-1] + 1))
    rows = np.arange(low, high)[task.selection.pose_rows[low:high] >= 0]
    source = task.selection.pose_rows[rows]
    target = frames[rows] - numbers[0]
    values[target, :, :3] = task.selection.points[rows]
    values[target, :, 3] = poses.error[source]
    values[target, :, 4] = poses.n_views[source]
    values[target, :, 5] = poses.confidence[source]
    values[~np.isfinite(values[..., :3]).all(axis=-1)] = np.nan
    return values
