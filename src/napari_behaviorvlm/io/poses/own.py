"""Own tables of this package: pose3d.csv and labels2d.csv."""

from pathlib import Path
from typing import Any

import numpy as np

from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.poses.table import PoseTable


def read_own(path: Path, view: str | None) -> PoseTable:
    """Read positions of one animal from a table with a row per frame and keypoint.

    Raises
    ------
    TableError
        If a column is missing or no number, or several cameras are in it and none is named.
    """
    import pandas as pd

    try:
        data: Any = pd.read_csv(path, encoding="utf-8-sig")
        data.columns = [str(name).strip().casefold() for name in data.columns]
        axes = ["x", "y", "z"] if "z" in data.columns else ["x", "y"]
        frames = data["frame"].to_numpy(np.int64)
        places = data[axes].to_numpy(float)
    except (ValueError, KeyError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise TableError(f"{path} is damaged: {error}.") from error
    if not len(data) or frames.min() < 0:
        raise TableError(f"{path} has no rows, or frames below 0.")
    kept = np.ones(len(data), bool)
    if "camera" in data.columns:
        kept = _of_view(path, data["camera"].astype(str).to_numpy(), view)
    names = data["keypoint"].astype(str)
    keypoints = tuple(dict.fromkeys(names))
    number = names.map({name: at for at, name in enumerate(keypoints)}).to_numpy(np.int64)
    positions = np.full((int(frames.max()) + 1, 1, len(keypoints), len(axes)), np.nan)
    positions[frames[kept], 0, number[kept]] = places[kept]
    return PoseTable(("A0",), keypoints, positions)


def _of_view(path: Path, cameras: Any, view: str | None) -> Any:
    known = list(dict.fromkeys(cameras))
    if view is None and len(known) > 1:
        raise TableError(
            f"{path} holds {len(known)} cameras; say which one is meant: {', '.join(known)}."
        )
    if view is not None and view not in known:
        raise TableError(f"{path} has no camera {view!r}; it has {', '.join(known)}.")
    return cameras == (view or known[0])
