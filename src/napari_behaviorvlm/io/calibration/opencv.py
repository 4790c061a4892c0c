"""Cameras in OpenCV's files: one or several a file, under the names that people give them.

OpenCV prescribes the file format but no keys; the ones known here are those of its samples, of
ROS and of common scripts. Rotation and translation are world to camera, pixels count from 0.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.io.calibration.parts import (
    FloatArray,
    NoCameraError,
    numbers,
    picture_size,
    rotation_vector,
)

# Keys are compared in lower case without _ - and spaces.
_KEYS: dict[str, tuple[str, ...]] = {
    "matrix": (
        "cameramatrix", "k", "intrinsicmatrix", "intrinsics", "intrinsic", "mtx", "cammatrix",
        "matrix",
    ),
    "distortion": (
        "distortioncoefficients", "distortioncoeffs", "distcoeffs", "distcoefs", "distcoeff",
        "dist", "d", "distortion", "distortions",
    ),
    "rotation": (
        "r", "rvec", "rotation", "rotationmatrix", "rotationvector", "rotationvectors", "rmat",
        "rcext",
    ),
    "translation": (
        "t", "tvec", "translation", "translationvector", "translationvectors", "tcext",
    ),
    "extrinsics": ("extrinsics", "extrinsicmatrix", "extrinsic", "rt"),
    "size": ("imagesize", "size", "resolution"),
    "width": ("imagewidth", "width"),
    "height": ("imageheight", "height"),
    "fisheye": ("fisheye", "fisheyemodel"),
    "model": ("distortionmodel", "cameramodel"),
    "name": ("name", "cameraname", "camname", "id"),
}  # fmt: skip

_FISHEYE_MODELS = ("fisheye", "equidistant", "kannalabrandt", "kannalabrandt4")
_PINHOLE_MODELS = ("plumbbob", "rationalpolynomial", "pinhole", "opencv", "radtan", "brownconrady")


def _short(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "").replace(" ", "")


def known_parts(content: Mapping[str, object]) -> dict[str, object]:
    """Return what a mapping says of one camera, under our names for it."""
    by_key = {_short(key): value for key, value in content.items()}
    return {
        part: by_key[next(key for key in keys if key in by_key)]
        for part, keys in _KEYS.items()
        if any(key in by_key for key in keys)
    }


def is_camera(content: object) -> bool:
    """Whether a mapping describes one camera."""
    return isinstance(content, Mapping) and isinstance(
        known_parts(content).get("matrix"), np.ndarray | list
    )


def rig_from_opencv(content: Mapping[str, object], name: str) -> Rig:
    """Rig of a file's content: one camera, a mapping or list of cameras, or OpenCV's multi-view.

    Parameters
    ----------
    content : mapping
        As `filestorage.parse_filestorage` returns it.
    name : str
        What to call the camera if the file is about one.

    Raises
    ------
    CalibrationError
        If there is no camera, or one lacks something.
    """
    if {"Ks", "Rs", "Ts"} <= set(content):
        return _multiview(content)
    if is_camera(content):
        return Rig((camera_from_opencv(content, name),))
    nested = content.get("cameras", content)
    if isinstance(nested, list):
        nested = {f"cam{at}": item for at, item in enumerate(nested)}
    cameras = {
        str(known_parts(item).get("name", key)): item
        for key, item in (nested.items() if isinstance(nested, Mapping) else ())
        if isinstance(item, Mapping) and is_camera(item)
    }
    if not cameras:
        raise NoCameraError(
            "It holds no camera (expected camera_matrix, distortion_coefficients, R and T, "
            "or such a group for each camera)."
        )
    return Rig(tuple(camera_from_opencv(item, key) for key, item in cameras.items()))


def camera_from_opencv(content: Mapping[str, object], name: str) -> Camera:
    """Return one camera of a mapping; CalibrationError if something is missing or impossible."""
    parts = known_parts(content)
    rotation, translation = _pose(parts, name)
    size = parts.get("size")
    if size is None and "width" in parts and "height" in parts:
        size = [parts["width"], parts["height"]]
    distortion = numbers(parts.get("distortion", np.zeros(5)), "distortion", name).ravel()
    fisheye = _is_fisheye(parts, name)
    return Camera(
        name=name,
        size=picture_size(size, name),
        matrix=numbers(parts["matrix"], "camera matrix", name),
        distortion=distortion[:4] if fisheye and not distortion[4:].any() else distortion,
        rotation=rotation_vector(rotation, name),
        translation=translation,
        fisheye=fisheye,
    )


def _pose(parts: Mapping[str, object], name: str) -> tuple[FloatArray, FloatArray]:
    if "rotation" in parts and "translation" in parts:
        return (
            numbers(parts["rotation"], "rotation", name),
            numbers(parts["translation"], "translation", name),
        )
    if "extrinsics" in parts:
        pose = numbers(parts["extrinsics"], "extrinsics", name)
        if pose.shape in ((3, 4), (4, 4)):
            return pose[:3, :3], pose[:3, 3]
    raise CalibrationError(
        f"Camera {name!r}: its place in the room (R and T, or rvec and tvec) is missing; "
        "the cameras must be calibrated together."
    )


def _is_fisheye(parts: Mapping[str, object], name: str) -> bool:
    if parts.get("fisheye"):
        return True
    model = parts.get("model")
    if not isinstance(model, str):
        return False
    if _short(model) not in (*_FISHEYE_MODELS, *_PINHOLE_MODELS):
        raise CalibrationError(f"Camera {name!r}: its distortion model {model!r} is not known.")
    return _short(model) in _FISHEYE_MODELS


def _multiview(content: Mapping[str, object]) -> Rig:
    """Rig of what OpenCV's ``multiview_calibration.py`` saves."""
    what = "Ks, Rs or Ts"
    Ks, Rs, Ts = (numbers(content[key], what, "all") for key in ("Ks", "Rs", "Ts"))
    count = len(Ks)
    if Ks.shape != (count, 3, 3) or len(Rs) != count or Ts.size != 3 * count:
        raise CalibrationError("Its Ks, Rs and Ts are not of equally many cameras.")
    names = str(content.get("cam_ids", "")).split(",")
    if len(names) != count:
        names = [f"cam{at}" for at in range(count)]
    fisheye = numbers(content.get("models", np.zeros(count)), "models", "all").ravel() == 1
    coefficients = _split_distortions(content.get("distortions"), fisheye)
    sizes = content.get("image_sizes")
    sizes = numbers(sizes, "image_sizes", "all").reshape(-1, 2) if sizes is not None else None
    return Rig(
        tuple(
            Camera(
                name=name.strip(),
                size=picture_size(None if sizes is None else sizes[at], name),
                matrix=Ks[at],
                distortion=coefficients[at],
                rotation=rotation_vector(Rs[at], name),
                translation=Ts.reshape(count, 3)[at],
                fisheye=bool(fisheye[at]),
            )
            for at, name in enumerate(names)
        )
    )


def _split_distortions(value: object, fisheye: NDArray[np.bool_]) -> list[FloatArray]:
    """Per-camera coefficients of the one row that the script joins them to."""
    joined = numbers([] if value is None else value, "distortions", "all").ravel()
    pinholes = int((~fisheye).sum())
    each, rest = divmod(joined.size - 4 * int(fisheye.sum()), max(pinholes, 1))
    if rest or each < 0:
        raise CalibrationError("Its distortions cannot be shared out among its cameras.")
    counts = np.where(fisheye, 4, each)
    return np.split(joined, np.cumsum(counts)[:-1])
