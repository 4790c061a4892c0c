"""Tables as columns: CSV and Parquet in, checked cell by cell, CSV and Parquet out.

Whole columns are parsed at once (Arrow). Only when that fails is the text gone through row by row,
to name the line that is at fault.
"""

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.atomic import PathLike, atomic_write
from napari_behaviorvlm.io.csv_lines import (
    EMPTY,
    HEADER_BYTES,
    TEXT_COLUMNS,
    find_fault,
    header,
    line_of_row,
)
from napari_behaviorvlm.io.names import composed, recognise, suggestion

if TYPE_CHECKING:
    import pyarrow as pa

FARTHEST = 1e6
"""Pixels; a coordinate beyond is an error of the program that wrote it."""

LAST_FRAME = 2**31 - 1

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Columns:
    """Columns of a table file, with checks that name file and line.

    Parameters
    ----------
    path : Path
    table : pyarrow.Table
        Numbers as float64, texts as string or dictionary.
    data : bytes or None
        The whole CSV (UTF-8), to find lines in; None for Parquet.
    """

    def __init__(self, path: Path, table: "pa.Table", data: bytes | None) -> None:
        self.path = path
        self._table = table
        self._data = data

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __contains__(self, name: str) -> bool:
        return name in self._table.column_names

    def error(self, row: int, message: str) -> TableError:
        """Return the error about one row (counted from 0), as "file, line 7: message."."""
        where = f"row {row + 1}" if self._data is None else f"line {line_of_row(self._data, row)}"
        return TableError(f"{self.path}, {where}: {message}.")

    def numbers(self, name: str) -> FloatArray:
        """Return a column of floats, shape (n,); NaN where cells are empty or it is absent."""
        if name not in self:
            return np.full(len(self), np.nan)
        values = self._table[name].to_numpy()
        return np.asarray(values, dtype=np.float64)

    def integers(self, name: str, low: int, high: int) -> IntArray:
        """Return a column of whole numbers of ``low`` to ``high``, shape (n,).

        Raises
        ------
        TableError
            Naming the first row that is empty, not whole or out of range.
        """
        values = self.numbers(name)
        whole = np.isfinite(values) & (values == np.round(values))
        self.refuse(~whole, lambda row: f"{name} {_shown(values[row])} is not a whole number")
        self.refuse(
            (values < low) | (values > high),
            lambda row: f"{name} {values[row]:.0f} is not within {low} and {high}",
        )
        return values.astype(np.int64)

    def frames(self, n_frames: int | None) -> IntArray:
        """Return the column ``frame``, shape (n,), checked against the recording's length.

        Raises
        ------
        TableError
            Naming the first row whose frame is not a whole number or does not exist.
        """
        frame = self.integers("frame", 0, LAST_FRAME)
        if n_frames is not None:
            self.refuse(
                frame >= n_frames,
                lambda row: (
                    f"frame {frame[row]} does not exist: the recording has {n_frames} frames "
                    f"(0 to {n_frames - 1})"
                ),
            )
        return frame

    def positions(self, name: str, known: Sequence[str], *, lenient: bool) -> NDArray[np.int16]:
        """Return where the names of a text column stand in ``known``, shape (n,).

        Parameters
        ----------
        name : str
        known : sequence of str
        lenient : bool
            Disregard case and outer spaces where a name is not known as it is.

        Raises
        ------
        TableError
            Naming the first row with an unknown name, and the closest known one.
        """
        codes, values = _dictionary(self._table[name])
        if lenient:
            pairs = recognise(values, known)
        else:
            exact = {composed(each): each for each in known}
            pairs = {each: exact[composed(each)] for each in values if composed(each) in exact}
        index = {each: at for at, each in enumerate(known)}
        lookup = np.array([index.get(pairs.get(each, ""), -1) for each in values] + [-1])
        found: NDArray[np.int16] = lookup[codes].astype(np.int16)

        def reason(row: int) -> str:
            if codes[row] < 0 or not values[codes[row]].strip():
                return f"{name} is empty"
            given = values[codes[row]]
            return f"there is no {name} {given!r}{suggestion(given, known)}"

        self.refuse(found < 0, reason)
        return found

    def refuse(self, wrong: NDArray[np.bool_] | np.bool_, reason: "Reason") -> None:
        """Raise `TableError` for the first row that is wrong, with what ``reason(row)`` says."""
        if wrong.any():
            row = int(np.argmax(wrong))
            raise self.error(row, reason(row))

    def refuse_repeated(self, keys: IntArray, reason: "Reason") -> NDArray[np.intp] | None:
        """Return the order that sorts ``keys``, None if they are sorted; no key may come twice.

        Parameters
        ----------
        keys : ndarray of int64, shape (n,)
        reason : callable
            What to say of the second row with a key.
        """
        steps = np.diff(keys)
        if (steps > 0).all():
            return None
        order = np.argsort(keys, kind="stable")
        repeated = np.zeros(len(keys), dtype=bool)
        repeated[order[1:]] = np.diff(keys[order]) == 0
        self.refuse(repeated, reason)
        return order


if TYPE_CHECKING:
    from collections.abc import Callable

    Reason = Callable[[int], str]


def _shown(value: float) -> str:
    return "(empty)" if np.isnan(value) else f"{value:g}"


def camera_sizes(cameras: Rig | Sequence[str]) -> tuple[tuple[str, ...], FloatArray]:
    """Names of cameras and their pictures' sizes, shape (C, 2); NaN where unknown."""
    if not isinstance(cameras, Rig):
        return tuple(cameras), np.full((len(cameras), 2), np.nan)
    sizes = [camera.size or (np.nan, np.nan) for camera in cameras]
    return cameras.names, np.array(sizes, dtype=np.float64)


def read_columns(path: PathLike, required: Sequence[str], optional: Sequence[str] = ()) -> Columns:
    """Read the named columns of a CSV or Parquet file; other columns are ignored.

    Names of columns are compared without case and outer spaces. CSV is UTF-8 (with or without
    byte order mark), separated by commas, with one header line; blank lines are ignored.

    Raises
    ------
    TableError
        If the file is missing, empty, not such a table, lacks a required column, or a cell of a
        column of numbers is not a number.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as problem:
        reason = problem.strerror or problem
        raise TableError(f"The table {path} cannot be read: {reason}.") from problem
    if not data or data.isspace():
        raise TableError(f"The table {path} is empty.")
    wanted = (*required, *optional)
    if data.startswith(b"PAR1"):
        return _read_parquet(path, required, wanted)
    _check_encoding(data, path)
    return _read_csv(path, data.removeprefix(codecs.BOM_UTF8), required, wanted)


def _check_encoding(data: bytes, path: Path) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise TableError(
            f"{path}, line {line}: it is not text in UTF-8; save it as CSV in UTF-8."
        ) from None
    if b"\x00" in data[:4096]:
        raise TableError(f"{path} is neither CSV in UTF-8 nor Parquet.")


def _read_csv(path: Path, data: bytes, required: Sequence[str], wanted: Sequence[str]) -> Columns:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names, header_lines = header(data)
    _check_header(path, data, names, required)
    types = {
        name: pa.dictionary(pa.int32(), pa.string()) if name in TEXT_COLUMNS else pa.float64()
        for name in wanted
    }
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            arrow_csv.ReadOptions(skip_rows=header_lines, column_names=names),
            arrow_csv.ParseOptions(),
            arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=[name for name in wanted if name in names],
                null_values=EMPTY,
            ),
        )
    except pa.ArrowInvalid as problem:
        if data[:HEADER_BYTES].count(b"\n", 0, len(data.rstrip())) >= header_lines:
            raise find_fault(path, data, names, wanted) or _unreadable(path, problem) from problem
        table = pa.table({name: pa.array([], types[name]) for name in wanted if name in names})
    return Columns(path, table, data)


def _check_header(path: Path, data: bytes, names: Sequence[str], required: Sequence[str]) -> None:
    first = data[:HEADER_BYTES].lstrip().partition(b"\n")[0]
    for mark, word in ((b";", "semicolons"), (b"\t", "tabs")):
        if len(names) == 1 and mark in first:
            raise TableError(
                f"{path} has {word} between its columns; save it as CSV with commas (and points "
                "in decimal numbers)."
            )
    _check_names(path, names, required)


def _check_names(path: Path, names: Sequence[str], required: Sequence[str]) -> None:
    repeated = next((name for name in required if names.count(name) > 1), None)
    if repeated:
        raise TableError(f"{path} has more than one column {repeated!r}.")
    missing = [name for name in required if name not in names]
    if missing:
        has = ", ".join(names[:12])
        raise TableError(
            f"{path} has no column {missing[0]!r}; it needs {', '.join(required)} and has {has}."
        )


def _unreadable(path: Path, problem: Exception) -> TableError:
    return TableError(f"{path} cannot be read as a table ({str(problem).splitlines()[0][:120]}).")


def _read_parquet(path: Path, required: Sequence[str], wanted: Sequence[str]) -> Columns:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        stored = parquet.read_schema(path).names
        names = [name.strip().casefold() for name in stored]
        _check_names(path, names, required)
        chosen = [name for name, short in zip(stored, names, strict=True) if short in wanted]
        raw = parquet.read_table(path, columns=chosen)
    except (pa.ArrowException, OSError) as problem:
        raise _unreadable(path, problem) from problem
    columns = {}
    for stored_name in chosen:
        name = stored_name.strip().casefold()
        goal = pa.string() if name in TEXT_COLUMNS else pa.float64()
        try:
            columns[name] = raw[stored_name].cast(goal)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            kind = "texts" if name in TEXT_COLUMNS else "numbers"
            raise TableError(
                f"{path}: the column {name!r} holds {raw[stored_name].type}, not {kind}."
            ) from None
    return Columns(path, pa.table(columns), None)


def _dictionary(column: "pa.ChunkedArray") -> tuple[IntArray, list[str]]:
    """Codes (-1 where empty) and the distinct texts of a column."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if not len(column):
        return np.zeros(0, np.int64), []
    encoded = column.unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, [str(value) for value in encoded.dictionary.to_pylist()]


def write_columns(path: PathLike, columns: Mapping[str, Any]) -> None:
    """Write columns as CSV or Parquet, by the suffix of ``path``, replacing the file atomically.

    Parameters
    ----------
    path : path
        ``.csv``, ``.parquet`` or ``.pq``.
    columns : mapping of str to array_like, each of shape (n,)
        NaN becomes an empty cell; floats keep all their digits.

    Raises
    ------
    TableError
        If the suffix is another, or the file cannot be written.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet", ".pq"):
        raise TableError(f"{path} cannot be written: its name must end with .csv or .parquet.")
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    with atomic_write(path, error=TableError) as handle:
        if suffix == ".csv":
            handle.write(f"{','.join(columns)}\n".encode())
            style = "needed" if _needs_quotes(table) else "none"  # "needed" quotes every text
            options = arrow_csv.WriteOptions(include_header=False, quoting_style=style)
            arrow_csv.write_csv(table, handle, options)
        else:
            parquet.write_table(table, handle)


def _needs_quotes(table: "pa.Table") -> bool:
    texts = [
        value
        for name in TEXT_COLUMNS
        if name in table.column_names
        for value in table[name].unique().to_pylist()
    ]
    return any(mark in text for text in texts for mark in ',"\r\n')


def names_of(positions: NDArray[np.int16], names: Sequence[str]) -> "pa.Array":
    """Return the names that stand at the given positions, as a column for `write_columns`."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(
        pa.array(positions.astype(np.int32)), pa.array(list(names), pa.string())
    ).cast(pa.string())
