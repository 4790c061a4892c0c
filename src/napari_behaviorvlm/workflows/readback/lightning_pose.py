"""Lightning Pose projects, read as Lightning Pose does (pandas)."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export import ExportSession
from napari_behaviorvlm.workflows.readback.anipose import check_calibration
from napari_behaviorvlm.workflows.readback.found import Cells, Found
from napari_behaviorvlm.workflows.readback.pictures import camera_folders, check_pictures


def read(out: Path, session: ExportSession) -> Iterator[Found]:
    """Labels of all views, whose rows must be the same frames, pictures and calibration."""
    project = yaml.safe_load((out / "project.yaml").read_text("utf-8"))
    cameras = {stem.rsplit("_", 1)[1]: name for stem, name in camera_folders(out).items()}
    cells = Cells(session, "CollectedData_<view>.csv")
    xy, words = cells.empty(), cells.no_words()
    first: list[int] | None = None
    for view in project["view_names"]:
        table = _table(out, view)
        frames = _frames(table, view)
        if first is not None and frames != first:
            raise ExportError(f"CollectedData_{view}.csv has other frames than the first view.")
        first = frames
        camera = cameras[view]
        check_pictures(
            dict(zip(frames, (out / image for image in table.index), strict=True)), camera, session
        )
        names = list(dict.fromkeys(table.columns.get_level_values(1)))
        values = table.to_numpy(float).reshape(len(frames), len(names), 3)
        at = cells.rows(frames)[:, None], cells.cameras([camera]), cells.keypoints(names)[None]
        xy[at], words[at] = values[..., :2], values[..., 2] == 1
        _check_visible(view, values)
    _check_order(out, session, {cameras[view]: view for view in project["view_names"]})
    yield Found(cells.file, xy=xy, occluded=words)


def _table(out: Path, view: str) -> Any:
    import pandas as pd

    return pd.read_csv(out / f"CollectedData_{view}.csv", header=[0, 1, 2], index_col=0)


def _frames(table: Any, view: str) -> list[int]:
    folders = {Path(image).parent.name.rsplit("_", 1)[1] for image in table.index}
    if folders != {view}:
        raise ExportError(f"CollectedData_{view}.csv names pictures of another view.")
    return [int(re.findall(r"\d+", Path(image).stem)[0]) for image in table.index]


def _check_visible(view: str, values: Any) -> None:
    located = np.isfinite(values[..., :2]).all(axis=-1)
    if not np.array_equal(values[..., 2] == 2, located):
        raise ExportError(f"CollectedData_{view}.csv says visible where there is no position.")


def _check_order(out: Path, session: ExportSession, views: dict[str, str]) -> None:
    """See that the calibration has the views in their order, as Lightning Pose insists."""
    for path in (out / "calibrations").glob("*.toml"):
        check_calibration(path, session, views)
        tables = tomllib.loads(path.read_text("utf-8"))
        names = [tables[key]["name"] for key in sorted(tables) if key != "metadata"]
        if names != list(views.values()):
            raise ExportError(f"{path.name} has the cameras in another order than project.yaml.")
