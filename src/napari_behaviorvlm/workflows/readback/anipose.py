"""anipose's 3D table, read by pandas, and its calibration as plain TOML."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.camera import Camera
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.io.export import ExportSession
from napari_behaviorvlm.workflows.readback.found import Cells, Found

_NUMBERS = ("matrix", "rotation", "translation", "distortions")


def read(out: Path, session: ExportSession) -> Iterator[Found]:
    """3D points, after the calibration was found equal."""
    import pandas as pd

    names = {name: name for name in session.rig.names}
    check_calibration(out / "calibration" / "calibration.toml", session, names)
    (path,) = (out / "pose-3d").glob("*.csv")
    table = pd.read_csv(path)
    cells = Cells(session, path.name)
    columns = [[f"{name}_{axis}" for axis in "xyz"] for name in session.skeleton.keypoints]
    values = np.stack([table[names].to_numpy(float) for names in columns], axis=1)
    present = np.isfinite(values).any(axis=(1, 2))
    points = cells.no_points()
    points[cells.rows(table["fnum"].to_numpy()[present])] = values[present]
    yield Found(path.name, points=points)


def check_calibration(path: Path, session: ExportSession, names: Mapping[str, str]) -> None:
    """See that a calibration holds the session's cameras.

    Parameters
    ----------
    path : Path
        In anipose's layout.
    session : ExportSession
    names : mapping of str to str
        Name in the file by camera name.

    Raises
    ------
    ExportError
        If a camera is missing, too many, or has other numbers.
    """
    tables = tomllib.loads(path.read_text("utf-8"))
    by_name = {table["name"]: table for key, table in tables.items() if key != "metadata"}
    for camera, name in names.items():
        if name not in by_name:
            raise ExportError(f"{path.name} lacks camera {name!r}.")
        _check_camera(path.name, by_name[name], session.rig[camera])
    unknown = sorted(by_name.keys() - names.values())
    if unknown:
        raise ExportError(f"{path.name} has the unknown camera {unknown[0]!r}.")


def _check_camera(file: str, table: Mapping[str, object], camera: Camera) -> None:
    written = {key: np.ravel(np.asarray(table[key], float)) for key in _NUMBERS}
    # Coefficients that a file fills up with zeros are the same lens.
    distortion = np.zeros(max(written["distortions"].size, camera.distortion.size))
    distortion[: camera.distortion.size] = camera.distortion
    for key, value in (
        ("matrix", camera.matrix), ("rotation", camera.rotation),
        ("translation", camera.translation), ("distortions", distortion),
    ):  # fmt: skip
        wanted = np.ravel(value)
        if written[key].shape != wanted.shape or not np.allclose(
            written[key], wanted, rtol=1e-9, atol=1e-12
        ):
            raise ExportError(f"{file} has another {key} of camera {camera.name!r}.")
