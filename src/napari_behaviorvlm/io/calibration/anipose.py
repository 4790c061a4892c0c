"""Anipose's (aniposelib's) ``calibration.toml``, also written by SLEAP, Lightning Pose and us."""

import tomllib
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.atomic import PathLike, atomic_write_text
from napari_behaviorvlm.io.calibration.parts import (
    NoCameraError,
    natural_key,
    picture_size,
    rotation_vector,
)

_REQUIRED = ("matrix", "distortions", "rotation", "translation")


def parse_anipose(text: str) -> Rig:
    """Return the rig of the text of a ``calibration.toml``; CalibrationError if it is none."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise CalibrationError(f"It is not valid TOML: {problem}.") from None
    return rig_from_mapping(content)


def rig_from_mapping(content: Mapping[str, object]) -> Rig:
    """Rig of anipose's layout: one table per camera and one called metadata.

    Tables are taken in the order of the numbers in their keys (cam_2 before cam_10, unlike
    aniposelib, which sorts them as text); only names matter after that.

    Raises
    ------
    CalibrationError
        If there is no camera, or one lacks something.
    """
    metadata = content.get("metadata", {})
    tables = {
        key: value
        for key, value in content.items()
        if key != "metadata" and isinstance(value, Mapping)
    }
    cameras = {
        key: table for key, table in tables.items() if key.startswith("cam") or "matrix" in table
    }
    if not cameras:
        raise NoCameraError("It holds no cameras (tables [cam_0], [cam_1], ... of anipose).")
    ordered = sorted(cameras, key=natural_key)
    return Rig(
        tuple(_camera(key, cameras[key]) for key in ordered),
        dict(metadata) if isinstance(metadata, Mapping) else {},
    )


def _camera(key: str, table: Mapping[str, object]) -> Camera:
    name = str(table.get("name", key))
    for part in _REQUIRED:
        if part not in table:
            raise CalibrationError(f"Camera {name!r}: its {part} is missing.")
    fisheye = bool(table.get("fisheye", False))
    return Camera(
        name=name,
        size=picture_size(table.get("size"), name),
        matrix=table["matrix"],  # type: ignore[arg-type]
        distortion=_distortion(table["distortions"], fisheye),  # type: ignore[arg-type]
        rotation=rotation_vector(table["rotation"], name),  # type: ignore[arg-type]
        translation=table["translation"],  # type: ignore[arg-type]
        fisheye=fisheye,
    )


def _distortion(value: object, fisheye: bool) -> object:
    """Coefficients; a fifth one that is zero is padding where the model has four."""
    if fisheye and isinstance(value, list) and len(value) == 5 and value[4] == 0:
        return value[:4]
    return value


def write_anipose(rig: Rig, path: PathLike) -> None:
    """Write ``calibration.toml`` as anipose reads it.

    All numbers and the metadata come back exactly as they are (`read_calibration`). Three things
    differ from what aniposelib itself writes: ``size`` is left out where it is unknown, there are
    as many distortion coefficients as the camera has (five zeros if it has none), and of more than
    ten cameras the numbers are padded (cam_02), so that readers that sort them as text keep the
    order.

    Parameters
    ----------
    rig : Rig
    path : path
        Replaced atomically.

    Raises
    ------
    CalibrationError
        If the file cannot be written, or the metadata hold something that TOML has no word for.
    """
    import tomli_w

    digits = len(str(len(rig) - 1))
    content: dict[str, object] = {
        f"cam_{number:0{digits}d}": _table(camera) for number, camera in enumerate(rig)
    }
    content["metadata"] = {key: _plain(value, key) for key, value in rig.metadata.items()}
    atomic_write_text(path, tomli_w.dumps(content), error=CalibrationError)


def _table(camera: Camera) -> dict[str, object]:
    table: dict[str, object] = {"name": camera.name}
    if camera.size is not None:
        table["size"] = list(camera.size)
    table["matrix"] = camera.matrix.tolist()
    table["distortions"] = camera.distortion.tolist() or [0.0] * 5
    table["rotation"] = camera.rotation.tolist()
    table["translation"] = camera.translation.tolist()
    if camera.fisheye:
        table["fisheye"] = True
    return table


def _plain(value: object, key: str) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist(), key)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item, key) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, key) for item in value]
    if isinstance(value, str | bool | int | float | date | time):
        return value
    raise CalibrationError(
        f"The calibration's metadata {key!r} cannot be written to a TOML file "
        f"({type(value).__name__})."
    )
