"""Tables of candidates from detections or from somebody else's columns."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.candidates.numbering import reading_order
from napari_behaviorvlm.core.candidates import CandidateTable, Detections
from napari_behaviorvlm.core.errors import TableError

FARTHEST = 100_000.0  # px from the origin; no camera's picture reaches that far
OUTSIDE = 0.5  # px beyond the outermost pixel centres: the edge of the picture
REQUIRED = ("frame", "camera", "x", "y")


def table_from(
    frames: ArrayLike, cameras: ArrayLike, detections: Sequence[Detections]
) -> CandidateTable:
    """Join the detections of many pictures, in any order, to one table.

    Parameters
    ----------
    frames, cameras : array_like of int, shape (n,)
        Frame number and position on the rig's camera axis of each picture; each pair once.
    detections : sequence of Detections, length n
        Row i of a picture becomes number i + 1.
    """
    counts = np.array([len(found) for found in detections], dtype=np.intp)
    if not counts.sum():
        return CandidateTable.empty()
    table = CandidateTable(
        np.repeat(np.asarray(frames, dtype=np.int64), counts),
        np.repeat(np.asarray(cameras, dtype=np.int16), counts),
        np.concatenate([np.arange(1, count + 1) for count in counts]).astype(np.int32),
        np.concatenate([found.xy for found in detections]),
        np.concatenate([_known(found.intensity, len(found)) for found in detections]),
        np.concatenate([_known(found.size, len(found)) for found in detections]),
    )
    return CandidateTable.concatenate([table])


def _known(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Values, or as many NaN where none are known."""
    return values if len(values) == count else np.full(count, np.nan)


def table_from_columns(
    columns: Mapping[str, ArrayLike],
    camera_names: Sequence[str],
    *,
    sizes: Sequence[tuple[int, int] | None] | None = None,
    frame_count: int | None = None,
) -> CandidateTable:
    """Check imported candidates and make a table of them.

    Parameters
    ----------
    columns : mapping of str to array_like, each of shape (n,)
        ``frame``, ``camera`` (names), ``x``, ``y`` (px) and, where known, ``number``, ``intensity``
        and ``size``. Without ``number`` dots are numbered in reading order.
    camera_names : sequence of str
        The rig's cameras in order.
    sizes : sequence of (width, height) or None, optional
        Pictures' sizes in the same order; dots off the picture are refused.
    frame_count : int, optional
        Frames of the recording; later frames are refused.

    Raises
    ------
    TableError
        If a column is missing, or naming the first row (counted from 1) that cannot be right.
    """
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise TableError(f"The table of candidates has no column {missing[0]!r}.")
    names = np.asarray(columns["camera"]).astype(str)
    known = {name: index for index, name in enumerate(camera_names)}
    cameras = np.array([known.get(name, -1) for name in names.tolist()], dtype=np.int16)
    _refuse(cameras < 0, lambda row: f"there is no camera {str(names[row])!r} in the calibration")
    frames = _integers(columns["frame"], "frame")
    _refuse(frames < 0, lambda row: f"frame {frames[row]} is negative")
    xy = np.column_stack([_numbers(columns[axis], axis) for axis in ("x", "y")])
    if "number" in columns:
        numbers = _integers(columns["number"], "number")
    else:
        numbers = _reading_numbers(frames, cameras, np.nan_to_num(xy, posinf=0, neginf=0))
    count = len(frames)
    unknown = np.full(count, np.nan)
    extras = [
        _numbers(columns[name], name, missing=True) if name in columns else unknown
        for name in ("intensity", "size")
    ]
    table = CandidateTable(frames, cameras, numbers.astype(np.int32), xy, extras[0], extras[1])
    check_table(table, camera_names, sizes=sizes, frame_count=frame_count)
    return CandidateTable.concatenate([table])


def check_table(
    table: CandidateTable,
    camera_names: Sequence[str],
    *,
    sizes: Sequence[tuple[int, int] | None] | None = None,
    frame_count: int | None = None,
) -> None:
    """Refuse a table with impossible values; parameters as in `table_from_columns`.

    Raises
    ------
    TableError
        Naming the first offending row (counted from 1) with its frame and camera.
    """

    def place(row: int) -> str:
        return f"frame {table.frame[row]}, camera {camera_names[table.camera[row]]!r}"

    unknown = ~np.isin(table.camera, np.arange(len(camera_names)))
    _refuse(
        unknown,
        lambda row: f"camera position {table.camera[row]} is not in the calibration",
    )
    if frame_count is not None:
        late = table.frame >= frame_count
        _refuse(late, lambda row: f"{place(row)}: the recording has only {frame_count} frames")
    x, y = table.xy.T
    lost = ~np.isfinite(table.xy).all(axis=1)
    _refuse(lost, lambda row: f"{place(row)}: x or y is not a finite number")
    far = (np.abs(table.xy) > FARTHEST).any(axis=1)
    _refuse(
        far,
        lambda row: f"{place(row)}: ({x[row]:g}, {y[row]:g}) is far off any picture",
    )
    if sizes is not None:
        highest = np.array([size or (FARTHEST, FARTHEST) for size in sizes], dtype=np.float64)
        off = (table.xy < -OUTSIDE) | (table.xy > highest[table.camera] - OUTSIDE)
        _refuse(
            off.any(axis=1),
            lambda row: f"{place(row)}: ({x[row]:g}, {y[row]:g}) is off the picture",
        )
    _check_numbers(table, place)


def _check_numbers(table: CandidateTable, place: Callable[[int], str]) -> None:
    """Refuse numbers that repeat or leave gaps within a frame and camera."""
    order = np.lexsort((table.number, table.camera, table.frame))
    frame, camera, number = table.frame[order], table.camera[order], table.number[order]
    same = np.zeros(len(order), dtype=bool)
    same[1:] = (frame[1:] == frame[:-1]) & (camera[1:] == camera[:-1])
    previous = np.where(same, np.concatenate([[0], number[:-1]]), 0)
    wrong = np.zeros(len(order), dtype=bool)
    wrong[order] = number != previous + 1
    _refuse(
        wrong,
        lambda row: (
            f"{place(row)}: number {table.number[row]} repeats or leaves a gap; numbers count "
            "from 1 within a frame and camera"
        ),
    )


def _refuse(wrong: NDArray[np.bool_] | np.bool_, reason: Callable[[int], str]) -> None:
    """Raise TableError for the first row that is wrong."""
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TableError(f"Row {row + 1} of the table of candidates: {reason(row)}.")


def _numbers(column: ArrayLike, name: str, *, missing: bool = False) -> NDArray[np.float64]:
    """Column of floats; empty cells become NaN where values may be missing."""
    values = np.asarray(column)
    if values.dtype.kind in "iufb":
        return values.astype(np.float64)
    numbers = np.empty(len(values))
    for row, value in enumerate(values.tolist()):
        if missing and value in ("", None):
            numbers[row] = np.nan
            continue
        try:
            numbers[row] = float(value)
        except (TypeError, ValueError):
            raise TableError(
                f"Row {row + 1} of the table of candidates: {name} {value!r} is not a number."
            ) from None
    return numbers


def _integers(column: ArrayLike, name: str) -> NDArray[np.int64]:
    """Column of whole numbers."""
    values = _numbers(column, name)
    whole = np.isfinite(values) & (values == np.round(values)) & (np.abs(values) < 2**31)
    _refuse(~whole, lambda row: f"{name} {values[row]:g} is not a whole number")
    return values.astype(np.int64)


def _reading_numbers(
    frames: NDArray[np.int64], cameras: NDArray[np.int16], xy: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Numbers in reading order within each frame and camera, shape (n,)."""
    numbers = np.empty(len(frames), dtype=np.int64)
    order = np.lexsort((cameras, frames))
    changes = np.diff(frames[order]) | np.diff(cameras[order])
    for rows in np.split(order, np.flatnonzero(changes) + 1):
        numbers[rows[reading_order(xy[rows])]] = np.arange(1, len(rows) + 1)
    return numbers
