"""Tell the format of a file of poses and read it."""

from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.tracks import Tracks
from napari_behaviorvlm.io.poses.table import PoseTable

_HDF5 = b"\x89HDF\r\n\x1a\n"
KNOWN = (
    "DeepLabCut .csv or .h5 (one or several animals), SLEAP .slp or analysis .h5, "
    "pose3d.csv and labels2d.csv of this program"
)


def read_poses(
    path: Path,
    fps: float | None = None,
    *,
    view: str | None = None,
    least_likelihood: float = 0.1,
) -> Tracks:
    """Read tracked keypoints, whatever program wrote them.

    Parameters
    ----------
    path : Path
        DeepLabCut .csv or .h5 (one or several animals), SLEAP .slp or analysis .h5, or this
        package's pose3d.csv or labels2d.csv. The contents count, not the ending of the name.
    fps : float, optional
        Frames per second; 30 by default, as none of these formats tells it for certain.
    view : str, optional
        Camera of labels2d.csv, or video of an .slp file; needed where there are several.
    least_likelihood : float
        Points that a network believes in less are missing.

    Returns
    -------
    Tracks
        One row per frame from frame 0 on. Missing keypoints, also those written as (0, 0), are NaN.
        Keypoints that belong to no animal (DeepLabCut's "single" beside named individuals) are
        left out.

    Raises
    ------
    TableError
        If the file is missing, damaged, of no known format or holds no pose, or a view is needed.
    """
    path = Path(path)
    table = _read(path, view, least_likelihood)
    positions = np.array(table.positions, dtype=float)
    positions[(positions == 0).all(axis=-1)] = np.nan
    positions[~np.isfinite(positions).all(axis=-1)] = np.nan
    if not np.isfinite(positions).any():
        raise TableError(f"{path} holds no position of any keypoint.")
    return Tracks(table.animals, table.keypoints, fps or 30.0, positions)


def _read(path: Path, view: str | None, least_likelihood: float) -> PoseTable:
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        reason = "there is no such file" if not path.exists() else error.strerror
        raise TableError(f"Poses cannot be read from {path}: {reason}.") from error
    if start.startswith(_HDF5):
        return _read_hdf5(path, view, least_likelihood)
    line = start.decode("utf-8-sig", errors="replace").split("\n", 1)[0].strip()
    cells = [cell.strip().strip('"').casefold() for cell in line.split(",")]
    if cells[0] == "scorer":
        from napari_behaviorvlm.io.poses.dlc import read_csv

        return read_csv(path, least_likelihood)
    if {"frame", "keypoint", "x", "y"} <= set(cells):
        from napari_behaviorvlm.io.poses.own import read_own

        return read_own(path, view)
    raise _unknown(path)


def _read_hdf5(path: Path, view: str | None, least_likelihood: float) -> PoseTable:
    import h5py

    try:
        with h5py.File(path) as file:
            names = set(file)
            pandas = any("pandas_type" in file[name].attrs for name in names)
    except OSError as error:
        raise TableError(f"{path} is damaged: it cannot be opened as an HDF5 file.") from error
    if {"tracks", "node_names"} <= names:
        from napari_behaviorvlm.io.poses.sleap import read_analysis

        return read_analysis(path)
    if {"metadata", "frames"} <= names:
        from napari_behaviorvlm.io.poses.sleap import read_slp

        return read_slp(path, view)
    if pandas:
        from napari_behaviorvlm.io.poses.dlc import read_h5

        return read_h5(path, least_likelihood)
    raise _unknown(path)


def _unknown(path: Path) -> TableError:
    return TableError(f"{path} is in no known format of poses: {KNOWN} can be read.")
