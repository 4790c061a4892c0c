"""Candidates as CSV or Parquet: ``frame,camera,number,x,y[,intensity,size]``."""

from collections.abc import Sequence

import numpy as np

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.io.atomic import PathLike
from napari_behaviorvlm.io.columns import (
    FARTHEST,
    Columns,
    FloatArray,
    camera_sizes,
    names_of,
    read_columns,
    write_columns,
)

REQUIRED = ("frame", "camera", "number", "x", "y")
OPTIONAL = ("intensity", "size")

HIGHEST_NUMBER = 999
"""Numbers are read by people beside the dots, and count within one picture."""

_PICTURES_AWAY = 10
"""Dots may lie off the picture, but not farther than so many widths or heights."""


def read_candidates(
    path: PathLike, cameras: Rig | Sequence[str], n_frames: int | None = None
) -> CandidateTable:
    """Read candidates that another program found.

    Numbers are kept as the file has them, because people refer to them; they need not be
    contiguous.

    Parameters
    ----------
    path : path
        CSV in UTF-8 with commas, or Parquet (told apart by content).
    cameras : Rig or sequence of str
        The camera axis. With a rig, positions are checked against the pictures' sizes.
    n_frames : int, optional
        Frames of the recording.

    Returns
    -------
    CandidateTable
        Sorted by frame, camera and number; intensity and size are NaN where the file lacks them.

    Raises
    ------
    TableError
        If the file is not such a table; naming the first line with an unknown camera, a frame or
        number that is not a whole number or out of range, a position that is not finite or far
        off the picture, or a number that comes twice in one picture.
    """
    columns = read_columns(path, REQUIRED, OPTIONAL)
    names, sizes = camera_sizes(cameras)
    frame = columns.frames(n_frames)
    camera = columns.positions("camera", names, lenient=True)
    number = columns.integers("number", 1, HIGHEST_NUMBER)
    xy = _positions(columns, sizes[camera])
    extras = [columns.numbers(name) for name in OPTIONAL]
    for name, values in zip(OPTIONAL, extras, strict=True):
        columns.refuse(np.isinf(values), lambda _, name=name: f"{name} is infinite")  # type: ignore[misc]
    key = (frame * len(names) + camera) * (HIGHEST_NUMBER + 1) + number
    order = columns.refuse_repeated(
        key,
        lambda row: (
            f"number {number[row]} comes twice in frame {frame[row]} of camera "
            f"{names[camera[row]]!r}"
        ),
    )
    table = CandidateTable(frame, camera, number.astype(np.int32), xy, extras[0], extras[1])
    return table if order is None else table.select(order)


def _positions(columns: Columns, size: FloatArray) -> FloatArray:
    """Positions of the dots, shape (n, 2), checked against the pictures' sizes, shape (n, 2)."""
    xy = np.column_stack([columns.numbers("x"), columns.numbers("y")])
    columns.refuse(~np.isfinite(xy).all(axis=1), lambda _: "x or y is empty or not a finite number")
    farthest = np.fmin(FARTHEST, _PICTURES_AWAY * size)
    columns.refuse(
        (np.abs(xy) > farthest).any(axis=1),
        lambda row: f"the position ({xy[row, 0]:g}, {xy[row, 1]:g}) is far off the picture",
    )
    return xy


def write_candidates(table: CandidateTable, camera_names: Sequence[str], path: PathLike) -> None:
    """Write candidates as `read_candidates` reads them, replacing the file atomically.

    Parameters
    ----------
    table : CandidateTable
    camera_names : sequence of str
        Names for the table's camera axis.
    path : path
        Ends with ``.csv`` or ``.parquet``.

    Raises
    ------
    TableError
        If the suffix is another, or the file cannot be written.
    """
    columns = {
        "frame": table.frame,
        "camera": names_of(table.camera, camera_names),
        "number": table.number,
        "x": table.xy[:, 0],
        "y": table.xy[:, 1],
        "intensity": table.intensity,
        "size": table.size,
    }
    write_columns(path, columns)
