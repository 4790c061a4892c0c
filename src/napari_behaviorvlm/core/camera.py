"""Calibrated cameras and the rig they form.

Frames of reference
-------------------
World: the calibration's own, in its unit of length. Camera: x right, y down, z forward.
Pixels: x right, y down, the centre of the top-left pixel is (0, 0).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.core.errors import CalibrationError

FloatArray = NDArray[np.float64]

COEFFICIENT_COUNTS = (0, 4, 5, 8, 12, 14)


def _floats(value: ArrayLike, shape: tuple[int, ...] | None = None) -> FloatArray:
    array = np.array(value, dtype=np.float64)
    array.setflags(write=False)
    return array if shape is None else array.reshape(shape)


def rotation_matrix(rotation: ArrayLike) -> FloatArray:
    """Rotation matrix of a Rodrigues vector (axis times angle in radians), shape (3, 3)."""
    vector = np.asarray(rotation, dtype=np.float64).reshape(3)
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrix: FloatArray = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return matrix


@dataclass(frozen=True, eq=False)
class Camera:
    """One calibrated camera.

    Parameters
    ----------
    name : str
        Cameras are matched to videos by name, never by order.
    size : (int, int) or None
        Width and height in pixels; None where the calibration does not tell.
    matrix : array_like, shape (3, 3)
        Intrinsics K, skew ``K[0, 1]`` included; the last row is 0 0 1.
    distortion : array_like, shape (0,), (4,), (5,), (8,), (12,) or (14,)
        OpenCV's coefficients k1 k2 p1 p2 k3 k4 k5 k6 s1..s4 tx ty; four fisheye coefficients where
        ``fisheye`` is set.
    rotation : array_like, shape (3,)
        Rodrigues vector, world to camera.
    translation : array_like, shape (3,)
        World to camera, in the calibration's unit.
    fisheye : bool
        Whether ``distortion`` is OpenCV's fisheye (Kannala-Brandt) model.

    Raises
    ------
    CalibrationError
        If a number is missing, not finite, or the intrinsics cannot be a camera's.
    """

    name: str
    size: tuple[int, int] | None
    matrix: FloatArray
    distortion: FloatArray = field(default_factory=lambda: np.zeros(5))
    rotation: FloatArray = field(default_factory=lambda: np.zeros(3))
    translation: FloatArray = field(default_factory=lambda: np.zeros(3))
    fisheye: bool = False

    def __post_init__(self) -> None:
        shapes: dict[str, tuple[int, ...]] = {
            "matrix": (3, 3), "distortion": (-1,), "rotation": (3,), "translation": (3,),
        }  # fmt: skip
        for name, shape in shapes.items():
            try:
                array = _floats(getattr(self, name), shape)
            except (ValueError, TypeError):
                message = f"Camera {self.name!r}: its {name} does not have the right shape."
                raise CalibrationError(message) from None
            if not np.isfinite(array).all():
                raise CalibrationError(f"Camera {self.name!r}: its {name} holds a non-number.")
            object.__setattr__(self, name, array)
        self._check_intrinsics()

    def _check_intrinsics(self) -> None:
        if not np.allclose(self.matrix[2], (0, 0, 1)):
            raise CalibrationError(
                f"Camera {self.name!r}: the last row of its matrix must be 0 0 1 "
                "(is the matrix stored transposed?)."
            )
        if self.matrix[0, 0] <= 0 or self.matrix[1, 1] <= 0:
            raise CalibrationError(f"Camera {self.name!r}: its focal lengths must be positive.")
        counts = (4,) if self.fisheye else COEFFICIENT_COUNTS
        if self.distortion.size not in counts:
            raise CalibrationError(
                f"Camera {self.name!r}: {self.distortion.size} distortion coefficients are not "
                f"one of OpenCV's models ({', '.join(map(str, counts))})."
            )

    @cached_property
    def rotation_matrix(self) -> FloatArray:
        """World-to-camera rotation, shape (3, 3)."""
        return rotation_matrix(self.rotation)

    @cached_property
    def extrinsics(self) -> FloatArray:
        """World-to-camera ``[R | t]``, shape (3, 4)."""
        return np.column_stack([self.rotation_matrix, self.translation])

    @cached_property
    def center(self) -> FloatArray:
        """Optical centre in world coordinates, shape (3,)."""
        position: FloatArray = -self.rotation_matrix.T @ self.translation
        return position


@dataclass(frozen=True, eq=False)
class Rig:
    """Cameras calibrated together; the camera axis of every array follows this order.

    Parameters
    ----------
    cameras : tuple of Camera
    metadata : dict
        What the calibration file says beside the cameras, kept for round trips.

    Raises
    ------
    CalibrationError
        If there are no cameras or two have the same name.
    """

    cameras: tuple[Camera, ...]
    metadata: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.cameras:
            raise CalibrationError("The calibration holds no cameras.")
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        if repeated:
            raise CalibrationError(f"The calibration names camera {repeated[0]!r} more than once.")

    def __len__(self) -> int:
        return len(self.cameras)

    def __iter__(self) -> Iterator[Camera]:
        return iter(self.cameras)

    def __getitem__(self, name: str) -> Camera:
        return self.cameras[self.index(name)]

    @property
    def names(self) -> tuple[str, ...]:
        """Camera names in order."""
        return tuple(camera.name for camera in self.cameras)

    def index(self, name: str) -> int:
        """Position of a camera on the camera axis; CalibrationError if there is none."""
        try:
            return self.names.index(name)
        except ValueError:
            raise CalibrationError(f"The calibration has no camera {name!r}.") from None

    def subset(self, names: Iterable[str]) -> Self:
        """Return the rig of the named cameras in that order; CalibrationError if one is unknown."""
        return type(self)(tuple(self[name] for name in names), dict(self.metadata))
