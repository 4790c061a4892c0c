"""DeepLabCut projects, read as DeepLabCut does (pandas)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.io.export import ExportSession
from napari_behaviorvlm.workflows.readback.found import Cells, Found
from napari_behaviorvlm.workflows.readback.pictures import camera_folders, check_pictures


def read(out: Path, session: ExportSession) -> Iterator[Found]:
    """Both label files of every folder; every image must be there, the first be the exact frame."""
    import pandas as pd

    folders = camera_folders(out)
    h5, csv = Cells(session, "CollectedData .h5"), Cells(session, "CollectedData .csv")
    positions = {h5: h5.empty(), csv: csv.empty()}
    for folder, camera in folders.items():
        (path,) = (out / "labeled-data" / folder).glob("CollectedData_*.h5")
        tables = {
            h5: pd.read_hdf(path, "df_with_missing"),
            csv: pd.read_csv(
                path.with_suffix(".csv"), header=[0, 1, 2], index_col=[0, 1, 2]
            ),
        }  # fmt: skip
        for cells, table in tables.items():
            _put_dlc(cells, table, camera, positions[cells])
        images = {_frame(index[-1]): out.joinpath(*index) for index in tables[h5].index}
        check_pictures(images, camera, session)
    yield Found("the .h5 files", xy=positions[h5])
    yield Found("the .csv files", xy=positions[csv])


def _frame(image: str) -> int:
    return int(re.findall(r"\d+", Path(image).stem)[-1])


def _put_dlc(cells: Cells, table: Any, camera: str, xy: NDArray[np.float64]) -> None:
    frames = [_frame(index[-1]) for index in table.index]
    keypoints = list(dict.fromkeys(table.columns.get_level_values("bodyparts")))
    values = table.to_numpy(float).reshape(len(frames), len(keypoints), 2)
    (at,) = cells.cameras([camera])
    xy[cells.rows(frames)[:, None], at, cells.keypoints(keypoints)[None]] = values
