"""Label3D's and DANNCE's MATLAB files.

MATLAB multiplies row vectors from the left: ``[u v 1] ~ ([X Y Z] r + t) K``. K and r are therefore
the transposes of the textbook's, and pixels count from 1.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.calibration.matlab import load_variables, variable_names
from napari_behaviorvlm.io.calibration.parts import (
    FloatArray,
    NoCameraError,
    numbers,
    picture_size,
    rotation_vector,
    untransposed,
)

_CAMERA_LISTS = ("camParams", "params")
_ONE_CAMERA = ("K", "r", "R", "t", "RDistort", "TDistort")
_NAMES = ("camnames", "camNames")
_SIZES = ("imageSize", "ImageSize")


def is_label3d(names: Sequence[str]) -> bool:
    """Whether a MATLAB file with these variables holds one camera or several."""
    return any(name in names for name in _CAMERA_LISTS) or {"K", "t"} <= set(names)


def read_label3d(path: Path) -> Rig:
    """Return the rig of a Label3D or ``*_dannce.mat`` file, or the camera of a single-camera file.

    Cameras are called as ``camnames`` says; without it Camera1, Camera2, ... as DANNCE does. A
    single camera is called after its file (``hires_cam1_params.mat`` is cam1).

    Raises
    ------
    CalibrationError
        If the file is damaged or holds no camera.
    """
    present = variable_names(path)
    if not is_label3d(present):
        raise NoCameraError(
            "It holds no cameras (camParams or params of Label3D, or K, r, t of one camera)."
        )
    wanted = (*_CAMERA_LISTS, *_ONE_CAMERA, *_NAMES, *_SIZES)
    content = load_variables(path, [name for name in wanted if name in present])
    listed = next((content[name] for name in _CAMERA_LISTS if name in content), None)
    if listed is None:
        return Rig((_camera(camera_name_of_file(path), content, _size(content, 0, 1)),))
    structs = listed if isinstance(listed, list) else [listed]
    names = _names(content, len(structs))
    return Rig(
        tuple(
            _camera(name, struct, _size(content, at, len(structs)))
            for at, (name, struct) in enumerate(zip(names, structs, strict=True))
        )
    )


def camera_name_of_file(path: Path) -> str:
    """Name of the camera of ``hires_cam1_params.mat`` and its like: cam1."""
    name = re.sub(r"^hires[_-]", "", path.stem, flags=re.IGNORECASE)
    name = re.sub(r"[_-]?(params|calibration|calib)$", "", name, flags=re.IGNORECASE)
    return name or path.stem


def _names(content: Mapping[str, object], count: int) -> list[str]:
    stated = next((content[name] for name in _NAMES if name in content), None)
    if stated is None or (isinstance(stated, np.ndarray) and stated.size == 0):
        return [f"Camera{number}" for number in range(1, count + 1)]
    names = stated if isinstance(stated, list) else [stated]
    flat = [str(name[0] if isinstance(name, list) and name else name).strip() for name in names]
    if len(flat) != count:
        raise CalibrationError(f"It holds {count} cameras but {len(flat)} names in camnames.")
    return flat


def _size(content: Mapping[str, object], at: int, count: int) -> object:
    """[width, height] of a camera; MATLAB says [rows, columns]."""
    stated = next((content[name] for name in _SIZES if name in content), None)
    if not isinstance(stated, np.ndarray) or stated.size != 2 * count:
        return None
    return stated.reshape(count, 2)[at, ::-1]


def _camera(name: str, struct: object, size: object) -> Camera:
    if not isinstance(struct, Mapping):
        raise CalibrationError(
            f"Camera {name!r}: its parameters are not a struct with K, r, t, RDistort and "
            "TDistort; MATLAB's cameraParameters objects must be converted to that first."
        )
    rotation = struct.get("r", struct.get("R"))
    for key, value in (("K", struct.get("K")), ("r", rotation), ("t", struct.get("t"))):
        if value is None:
            raise CalibrationError(f"Camera {name!r}: its {key} is missing.")
    matrix = untransposed(struct["K"], "K", name).copy()
    matrix[:2, 2] -= 1  # from pixels that count from 1
    turned = numbers(rotation, "r", name)
    return Camera(
        name=name,
        size=picture_size(size, name),
        matrix=matrix,
        distortion=_distortion(struct, name),
        rotation=rotation_vector(turned.T, name),
        translation=numbers(struct["t"], "t", name),
    )


def _distortion(struct: Mapping[str, object], name: str) -> FloatArray:
    """Coefficients k1 k2 p1 p2 k3 of ``RDistort`` (k1 k2 [k3]) and ``TDistort`` (p1 p2)."""
    radial = numbers(struct.get("RDistort", np.zeros(2)), "RDistort", name).ravel()
    tangential = numbers(struct.get("TDistort", np.zeros(2)), "TDistort", name).ravel()
    if radial.size not in (0, 1, 2, 3) or tangential.size not in (0, 2):
        raise CalibrationError(
            f"Camera {name!r}: RDistort must hold 2 or 3 numbers and TDistort 2, "
            f"not {radial.size} and {tangential.size}."
        )
    k1, k2, k3 = np.pad(radial, (0, 3 - radial.size))
    p1, p2 = np.pad(tangential, (0, 2 - tangential.size))
    return np.array([k1, k2, p1, p2, k3])
