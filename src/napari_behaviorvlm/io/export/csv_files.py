"""Format ``csv``: ``pose3d.csv`` and ``labels2d.csv``."""

from collections.abc import Generator
from typing import Any

import numpy as np

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.tables import Columns, chunks, label_columns, pose_columns


def write(task: ExportTask) -> Generator[Progress, None, Outcome]:
    """Write both tables as text; missing values are empty, flags are joined by ``;``.

    Numbers are written with as many digits as it takes to read back the same number.

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
    """
    frames = len(task.session.labels.frames)
    for rows in chunks(task.session):
        yield Progress(rows.start, frames, "Writing tables")
        poses = pose_columns(task.session, task.selection, rows)
        poses["flags"] = np.array([";".join(words) for words in poses["flags"]], dtype=object)
        poses["n_views"] = _blank(poses["n_views"], -1)
        labels = label_columns(task.session, task.selection, rows)
        labels["candidate"] = _blank(labels["candidate"], 0)
        _append(task, "pose3d.csv", poses)
        _append(task, "labels2d.csv", labels)
    yield Progress(frames, frames, "Writing tables")
    return Outcome(("pose3d.csv", "labels2d.csv"), has_points=True)


def _blank(numbers: np.ndarray[Any, Any], missing: int) -> np.ndarray[Any, Any]:
    """Numbers as objects with None for ``missing``, so that pandas leaves the cell empty."""
    cells = numbers.astype(object)
    cells[numbers == missing] = None
    return cells


def _append(task: ExportTask, name: str, columns: Columns) -> None:
    import pandas as pd

    path = task.folder / name
    pd.DataFrame(columns).to_csv(
        path, mode="a", header=not path.exists(), index=False, lineterminator="\n"
    )
