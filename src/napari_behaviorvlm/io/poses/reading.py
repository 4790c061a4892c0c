"""Tell the format of a file of poses and read it."""

from pathlib import Path

from napari_behaviorvlm.core.tracks import Tracks


def read_poses(path: Path, fps: float | None = None) -> Tracks:
    """Read tracked keypoints.

    Parameters
    ----------
    path : Path
        DeepLabCut .csv or .h5 (one or several animals), SLEAP .slp or analysis .h5, or this
        package's pose3d.csv or labels2d.csv.
    fps : float, optional
        Frames per second; by default what the file says, else 30.

    Returns
    -------
    Tracks
        Missing keypoints, also those written as (0, 0), are NaN.

    Raises
    ------
    TableError
        If the file is missing, damaged or in no known format.
    """
    raise NotImplementedError
