"""Format ``csv``: ``pose3d.csv`` and ``labels2d.csv``."""

from collections.abc import Generator
from contextlib import ExitStack
from typing import IO, Any

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.arrow import arrow_table
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.tables import chunks, label_columns, pose_columns


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
    tables = {"pose3d.csv": pose_columns, "labels2d.csv": label_columns}
    frames = len(task.session.labels.frames)
    with ExitStack() as stack:
        files = {name: stack.enter_context((task.folder / name).open("wb")) for name in tables}
        for rows in chunks(task.session):
            yield Progress(rows.start, frames, "Writing tables")
            for name, columns in tables.items():
                batch = arrow_table(columns(task.session, task.selection, rows), task.session)
                _append(files[name], batch, header=rows.start == 0)
    yield Progress(frames, frames, "Writing tables")
    return Outcome(tuple(tables), has_points=True)


def _append(file: IO[bytes], table: Any, *, header: bool) -> None:
    import pyarrow as pa
    from pyarrow.csv import WriteOptions, write_csv

    if header:
        # Arrow would put the names into quotes.
        file.write((",".join(table.column_names) + "\n").encode())
    plain = pa.table([_text(column) for column in table.columns], table.column_names)
    # Arrow quotes every word as soon as it may quote at all.
    quoting = "needed" if any(map(_has_separators, plain.columns)) else "none"
    write_csv(plain, file, WriteOptions(include_header=False, quoting_style=quoting))


def _text(column: Any) -> Any:
    """Words as plain strings, flags joined by ``;`` (null where there are none)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    if pa.types.is_list(column.type):
        joined = pc.binary_join(column, ";")
        return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)
    return column


def _has_separators(column: Any) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type):
        return False
    return bool(pc.any(pc.match_substring_regex(column, '[",\r\n]')).as_py())
