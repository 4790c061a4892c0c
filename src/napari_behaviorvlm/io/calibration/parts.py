"""What the readers of all calibration formats share."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.core.errors import CalibrationError

FloatArray = NDArray[np.float64]

ROTATION_TOLERANCE = 1e-3
"""How far R Rᵀ may be from the identity: files with few digits pass, other matrices do not."""


class NoCameraError(CalibrationError):
    """A file that can be read but is about something else than cameras."""


def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key that puts ``cam2`` before ``cam10``."""
    parts = re.split(r"(\d+)", text.casefold())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)


def sorted_naturally(paths: Iterable[Path]) -> list[Path]:
    """Sort files by name, numbers in them by value."""
    return sorted(paths, key=lambda path: (natural_key(path.name), path.name))


def numbers(value: object, what: str, camera: str) -> FloatArray:
    """Return ``value`` as floats; CalibrationError where it is not made of numbers."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise CalibrationError(f"Camera {camera!r}: its {what} is not made of numbers.") from None


def rotation_vector(rotation: ArrayLike, camera: str) -> FloatArray:
    """Rodrigues vector of a rotation given as vector or matrix.

    Parameters
    ----------
    rotation : array_like, shape (3,), (3, 1), (1, 3) or (3, 3)
        World to camera.
    camera : str
        For the message.

    Returns
    -------
    ndarray, shape (3,)

    Raises
    ------
    CalibrationError
        If the shape is another, a number is missing, or the matrix is not a rotation.
    """
    array = numbers(rotation, "rotation", camera)
    if array.size == 3:
        return array.reshape(3)
    if array.shape != (3, 3):
        raise CalibrationError(
            f"Camera {camera!r}: its rotation has shape {array.shape}, not 3x3 or 3."
        )
    if not np.isfinite(array).all():
        raise CalibrationError(f"Camera {camera!r}: its rotation holds a non-number.")
    with np.errstate(all="ignore"):
        off = np.abs(array @ array.T - np.eye(3)).max()
    if not off <= ROTATION_TOLERANCE or np.linalg.det(array) < 0:
        raise CalibrationError(f"Camera {camera!r}: its rotation matrix is not a rotation.")
    from scipy.spatial.transform import Rotation

    vector: FloatArray = np.asarray(Rotation.from_matrix(array).as_rotvec(), dtype=np.float64)
    return vector


def picture_size(value: object, camera: str) -> tuple[int, int] | None:
    """(width, height) from a file, None where it says nothing."""
    if value is None:
        return None
    size = numbers(value, "size", camera).ravel()
    whole = size.size == 2 and np.isfinite(size).all() and (size == np.round(size)).all()
    if not whole or (size <= 0).any():
        raise CalibrationError(f"Camera {camera!r}: its size must be a width and a height.")
    return int(size[0]), int(size[1])


def untransposed(matrix: ArrayLike, what: str, camera: str) -> FloatArray:
    """Intrinsics K of a format that stores them transposed.

    Parameters
    ----------
    matrix : array_like, shape (3, 3)
        ``[[fx, 0, 0], [skew, fy, 0], [cx, cy, 1]]``.
    what, camera : str
        Name in the file and of the camera, for the message.

    Raises
    ------
    CalibrationError
        If it is not 3x3, or is stored the usual way: then nobody can tell which way the rotation
        is stored.
    """
    array = numbers(matrix, what, camera)
    if array.shape != (3, 3):
        raise CalibrationError(f"Camera {camera!r}: its {what} has shape {array.shape}, not 3x3.")
    if not np.allclose(array[:, 2], (0, 0, 1)) and np.allclose(array[2], (0, 0, 1)):
        raise CalibrationError(
            f"Camera {camera!r}: its {what} is not stored transposed, as this format has it "
            "(fx 0 0 / skew fy 0 / cx cy 1); transpose it and the rotation."
        )
    return array.T


def common_directory_error(folder: Path, names: Sequence[str]) -> CalibrationError:
    """Return the error for a folder that holds no camera."""
    seen = f"it holds {', '.join(names[:5])}" if names else "it is empty"
    return CalibrationError(
        f"{folder}: no camera calibration in this folder ({seen}); expected one .mat, .yaml, .xml "
        "or .json per camera, or a calibration.toml."
    )
