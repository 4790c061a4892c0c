"""Format ``parquet``: the tables of ``csv``, typed."""

from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.session import ExportSession
from napari_behaviorvlm.io.export.tables import Columns, chunks, label_columns, pose_columns

_WORDS = {"camera", "keypoint", "status", "source"}
_MISSING = {"n_views": -1, "candidate": 0}
_TYPES = {
    "frame": "int64", "candidate": "int16", "n_views": "int8", "confidence": "float32",
    "x": "float64", "y": "float64", "z": "float64", "error_px": "float64",
}  # fmt: skip


def write(task: ExportTask) -> Generator[Progress, None, Outcome]:
    """Write both tables with types: words as dictionaries, missing as null, flags as lists.

    Session name, unit and frames per second stand in each file's metadata.

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
    import pyarrow.parquet as pq

    tables = {"pose3d.parquet": pose_columns, "labels2d.parquet": label_columns}
    frames = len(task.session.labels.frames)
    with ExitStack() as stack:
        writers: dict[str, Any] = {}
        for rows in chunks(task.session):
            yield Progress(rows.start, frames, "Writing tables")
            for name, columns in tables.items():
                batch = _table(columns(task.session, task.selection, rows), task.session)
                if name not in writers:
                    writer = pq.ParquetWriter(task.folder / name, batch.schema)
                    writers[name] = stack.enter_context(writer)
                writers[name].write_table(batch)
    yield Progress(frames, frames, "Writing tables")
    return Outcome(tuple(tables), has_points=True)


def _table(columns: Columns, session: ExportSession) -> Any:
    import pyarrow as pa

    metadata = {
        "session": session.name, "unit": session.unit,
        "fps": "" if session.fps is None else repr(session.fps),
    }  # fmt: skip
    arrays = {name: _array(name, values) for name, values in columns.items()}
    return pa.table(arrays).replace_schema_metadata(metadata)


def _array(name: str, values: NDArray[Any]) -> Any:
    import pyarrow as pa

    if name in _WORDS:
        words = [word or None for word in values]
        return pa.array(words, pa.dictionary(pa.int16(), pa.string()))
    if name == "flags":
        return pa.array([list(words) for words in values], pa.list_(pa.string()))
    missing = values == _MISSING[name] if name in _MISSING else np.isnan(values)
    return pa.array(values, _TYPES[name], mask=missing)
