"""The text of a CSV file, row by row: for its header, and to say which line is at fault."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from napari_behaviorvlm.core.errors import TableError

HEADER_BYTES = 65536
"""The header lies within so many bytes."""

TEXT_COLUMNS = ("camera", "keypoint")

EMPTY = ["", "nan", "NaN", "NAN", "NA", "N/A", "null"]
"""What a cell without a number may hold."""


def header(data: bytes) -> tuple[list[str], int]:
    """Names of the columns, and how many lines they and blank lines before them take."""
    reader = csv.reader(io.StringIO(data[:HEADER_BYTES].decode(errors="ignore"), newline=""))
    for row in reader:
        if any(cell.strip() for cell in row):
            return [cell.strip().casefold() for cell in row], reader.line_num
    return [], reader.line_num


def _rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Line number (of the last line of the row) and cells of each row that is not blank."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""))
    for row in reader:
        if row:
            yield reader.line_num, row


def line_of_row(data: bytes, row: int) -> int:
    """Return the line of the file on which a data row (counted from 0) ends."""
    for at, (line, _) in enumerate(_rows(data)):
        if at == row + 1:  # the header is the first
            return line
    return row + 2


def find_fault(
    path: Path, data: bytes, names: Sequence[str], wanted: Collection[str]
) -> TableError | None:
    """Find the first row that is not a row of numbers and names."""
    for at, (line, row) in enumerate(_rows(data)):
        if at == 0:
            continue
        if len(row) != len(names):
            return TableError(
                f"{path}, line {line}: it has {len(row)} values, the header has {len(names)}."
            )
        for name, cell in zip(names, row, strict=True):
            if name in wanted and name not in TEXT_COLUMNS and not _is_number(cell):
                return TableError(f"{path}, line {line}: {name} {cell!r} is not a number.")
    return None


def _is_number(cell: str) -> bool:
    if cell in EMPTY:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
