"""Format ``parquet``: the tables of ``csv``, typed."""

from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.arrow import arrow_table
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.tables import chunks, label_columns, pose_columns


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
                batch = arrow_table(columns(task.session, task.selection, rows), task.session)
                if name not in writers:
                    writer = pq.ParquetWriter(task.folder / name, batch.schema)
                    writers[name] = stack.enter_context(writer)
                writers[name].write_table(batch)
    yield Progress(frames, frames, "Writing tables")
    return Outcome(tuple(tables), has_points=True)
