"""Human labels of the seed frames: ``frame,camera,keypoint,x,y``."""

from collections.abc import Sequence

import numpy as np

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.core.skeleton import Skeleton
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

REQUIRED = ("frame", "camera", "keypoint", "x", "y")

_EDGE = 1.0
"""Pixels beyond the outermost pixel centres that a click on the edge may have."""


def read_seeds(
    path: PathLike,
    skeleton: Skeleton,
    cameras: Rig | Sequence[str],
    n_frames: int | None = None,
) -> SeedTable:
    """Read what a person labelled in the seed frames.

    Parameters
    ----------
    path : path
        CSV in UTF-8 with commas, or Parquet. Empty x and y: the person says it is occluded.
    skeleton : Skeleton
        The keypoint axis; names are matched exactly.
    cameras : Rig or sequence of str
        The camera axis. With a rig, positions must lie in the pictures.
    n_frames : int, optional
        Frames of the recording.

    Returns
    -------
    SeedTable
        Sorted by frame, camera and keypoint.

    Raises
    ------
    TableError
        If the file is not such a table or has no rows; naming the first line with an unknown
        camera or keypoint (and the closest known one), a frame that does not exist, only one of x
        and y, a position outside the picture, or a label given twice.
    """
    columns = read_columns(path, REQUIRED)
    if not len(columns):
        raise TableError(f"{columns.path} holds no labels.")
    names, sizes = camera_sizes(cameras)
    frame = columns.frames(n_frames)
    camera = columns.positions("camera", names, lenient=True)
    keypoint = columns.positions("keypoint", skeleton.keypoints, lenient=False)
    xy = _positions(columns, sizes[camera])
    key = (frame * len(names) + camera) * len(skeleton) + keypoint
    order = columns.refuse_repeated(
        key,
        lambda row: (
            f"{skeleton.keypoints[keypoint[row]]} is labelled twice in frame {frame[row]} of "
            f"camera {names[camera[row]]!r}"
        ),
    )
    rows = slice(None) if order is None else order
    return SeedTable(frame[rows], camera[rows], keypoint[rows], xy[rows])


def _positions(columns: Columns, size: FloatArray) -> FloatArray:
    """Labelled positions, shape (n, 2), NaN where occluded; pictures' sizes have shape (n, 2)."""
    xy = np.column_stack([columns.numbers("x"), columns.numbers("y")])
    empty = np.isnan(xy)
    columns.refuse(
        empty[:, 0] != empty[:, 1],
        lambda row: (
            f"{'x' if empty[row, 0] else 'y'} is empty but {'y' if empty[row, 0] else 'x'} is "
            "not; leave both empty if the point is occluded"
        ),
    )
    # Comparisons with NaN (occluded, or size unknown) are false.
    outside = (xy < -_EDGE) | (xy > size - 1 + _EDGE) | (np.abs(xy) > FARTHEST)
    columns.refuse(
        outside.any(axis=1),
        lambda row: f"the position ({xy[row, 0]:g}, {xy[row, 1]:g}) is outside the picture",
    )
    return xy


def write_seeds(
    seeds: SeedTable, skeleton: Skeleton, camera_names: Sequence[str], path: PathLike
) -> None:
    """Write seeds as `read_seeds` reads them, replacing the file atomically.

    Parameters
    ----------
    seeds : SeedTable
    skeleton : Skeleton
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
        "frame": seeds.frame,
        "camera": names_of(seeds.camera, camera_names),
        "keypoint": names_of(seeds.keypoint, skeleton.keypoints),
        "x": seeds.xy[:, 0],
        "y": seeds.xy[:, 1],
    }
    write_columns(path, columns)
