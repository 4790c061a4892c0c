"""csv and parquet, read by pandas."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from napari_behaviorvlm.io.export import ExportSession
from napari_behaviorvlm.workflows.readback.found import Cells, Found


def read_csv(out: Path, session: ExportSession) -> Iterator[Found]:
    """Read both tables of the csv format."""
    import pandas as pd

    def table(name: str, numbers: list[str], words: list[str]) -> Any:
        # Names stay words, whatever they look like ("NA", "001").
        return pd.read_csv(
            out / name, usecols=["frame", *words, *numbers], dtype=dict.fromkeys(words, str),
            keep_default_na=False, na_values={column: [""] for column in numbers},
            encoding="utf-8",
        )  # fmt: skip

    yield from _of_tables(
        session, "csv",
        lambda name: table(name, ["x", "y"], ["camera", "keypoint"]),
        lambda name: table(name, ["x", "y", "z"], ["keypoint"]),
    )  # fmt: skip


def read_parquet(out: Path, session: ExportSession) -> Iterator[Found]:
    """Read both tables of the parquet format."""
    import pandas as pd

    def table(name: str) -> Any:
        return pd.read_parquet(out / name)

    yield from _of_tables(session, "parquet", table, table)


def _of_tables(
    session: ExportSession, suffix: str, labels: Callable[[str], Any], poses: Callable[[str], Any]
) -> Iterator[Found]:
    name = f"labels2d.{suffix}"
    cells, table = Cells(session, name), labels(name)
    table = table[table["x"].notna()]
    xy = cells.empty()
    at = (
        cells.rows(table["frame"]), cells.cameras(table["camera"]),
        cells.keypoints(table["keypoint"]),
    )  # fmt: skip
    xy[at] = table[["x", "y"]].to_numpy(float)
    yield Found(name, xy=xy)
    name = f"pose3d.{suffix}"
    cells, table = Cells(session, name), poses(name)
    table = table[table["x"].notna()]
    points = cells.no_points()
    points[cells.rows(table["frame"]), cells.keypoints(table["keypoint"])] = table[
        ["x", "y", "z"]
    ].to_numpy(float)
    yield Found(name, points=points)
