"""An eye that orbits an animal: pure geometry of the 3D view, in world units and pixels."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Camera
from napari_behaviorvlm.geometry.stage import across

FloatArray = NDArray[np.float64]

FIELD_OF_VIEW = 35.0
_STEEPEST = 90.0
_NEAR = 0.02


@dataclass(frozen=True, eq=False)
class Orbit:
    """Where the eye is and what it looks at; ``up`` always points up on the screen.

    Parameters
    ----------
    target : ndarray, shape (3,)
        What lies in the middle of the picture, in the world.
    distance : float
        From the target, in the calibration's unit.
    azimuth, elevation : float
        Degrees: around ``up``, and above the floor (-90..90).
    up : ndarray, shape (3,)
        Unit vector in the world.
    field_of_view : float
        Degrees over the smaller side of the picture.
    """

    target: FloatArray
    distance: float
    azimuth: float
    elevation: float
    up: FloatArray
    field_of_view: float = FIELD_OF_VIEW

    @cached_property
    def axes(self) -> FloatArray:
        """Right, up and towards the eye, as rows of a right-handed rotation, shape (3, 3)."""
        first, second = across(self.up)
        azimuth, elevation = np.deg2rad([self.azimuth, self.elevation])
        around = np.cos(azimuth) * first + np.sin(azimuth) * second
        back = np.cos(elevation) * around + np.sin(elevation) * self.up
        above = np.cos(elevation) * self.up - np.sin(elevation) * around
        return np.stack([np.cross(above, back), above, back])

    @cached_property
    def eye(self) -> FloatArray:
        """Position of the eye in the world, shape (3,)."""
        eye: FloatArray = self.target + self.distance * self.axes[2]
        return eye

    def focal(self, size: tuple[int, int]) -> float:
        """Pixels per unit of slope for a picture of the given width and height."""
        return min(size) / 2 / float(np.tan(np.deg2rad(self.field_of_view) / 2))

    def project(self, points: FloatArray, size: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        """Place world points in the picture.

        Parameters
        ----------
        points : ndarray, shape (..., 3)
        size : (int, int)
            Width and height of the picture, px.

        Returns
        -------
        xy : ndarray, shape (..., 2)
            Pixels, x right and y down; NaN behind the eye.
        depth : ndarray, shape (...,)
            Distance in front of the eye along the line of sight.
        """
        seen = (points - self.eye) @ self.axes.T
        depth = -seen[..., 2]
        with np.errstate(invalid="ignore", divide="ignore"):
            front = np.where(depth > _NEAR * self.distance, depth, np.nan)
            xy = self.focal(size) * seen[..., :2] / front[..., None] * (1, -1)
        return xy + np.array(size) / 2, depth

    def turned(self, right: float, down: float) -> "Orbit":
        """Turn by a drag of the mouse, in degrees: the animal follows the hand."""
        elevation = float(np.clip(self.elevation + down, -_STEEPEST, _STEEPEST))
        return replace(self, azimuth=(self.azimuth - right) % 360, elevation=elevation)

    def zoomed(self, factor: float) -> "Orbit":
        """Come nearer (``factor`` > 1) or go away."""
        return replace(self, distance=self.distance / factor)

    def moved(self, right: float, down: float, size: tuple[int, int]) -> "Orbit":
        """Shift the picture by pixels."""
        scale = self.distance / self.focal(size)
        side, above, _ = self.axes
        return replace(self, target=self.target + scale * (down * above - right * side))

    def onto(self, target: FloatArray) -> "Orbit":
        """Look at another point from the same side."""
        return replace(self, target=np.asarray(target, dtype=np.float64))


def orbit_around(
    center: FloatArray, radius: float, up: FloatArray,
    azimuth: float = 35.0, elevation: float = 28.0,
) -> Orbit:  # fmt: skip
    """See a ball of the given radius whole, from the side and above.

    Parameters
    ----------
    center : ndarray, shape (3,)
    radius : float
        In the calibration's unit.
    up : ndarray, shape (3,)
    azimuth, elevation : float
        Degrees.
    """
    distance = 1.08 * radius / np.sin(np.deg2rad(FIELD_OF_VIEW) / 2)
    return Orbit(np.asarray(center, float), float(distance), azimuth, elevation, up)


def orbit_along(camera: Camera, around: FloatArray, up: FloatArray) -> Orbit:
    """See what a camera sees: from its place, in its direction, with its field of view.

    The picture stays upright even where the camera was mounted sideways or upside down, so that up
    is up; only a camera that looks straight down (or up) also decides which side is at the top.

    Parameters
    ----------
    camera : Camera
    around : ndarray, shape (3,)
        Roughly where the animal is: the eye turns around the point of the optical axis that is
        nearest to it.
    up : ndarray, shape (3,)
    """
    forward = camera.rotation_matrix[2]
    distance = float((np.asarray(around) - camera.center) @ forward)
    if distance <= 0:  # a camera that looks away from the animal
        distance = float(np.linalg.norm(np.asarray(around) - camera.center)) or 1.0
    first, second = across(up)
    elevation = float(np.rad2deg(np.arcsin(np.clip(-forward @ up, -1, 1))))
    # The side of the eye; straight above the animal, the lower edge of the picture tells it.
    sideways = -forward if abs(elevation) < 85 else np.sign(elevation) * camera.rotation_matrix[1]
    azimuth = float(np.rad2deg(np.arctan2(sideways @ second, sideways @ first)))
    width, height = camera.size or (2 * camera.matrix[0, 2], 2 * camera.matrix[1, 2])
    slope = min(width / camera.matrix[0, 0], height / camera.matrix[1, 1]) / 2
    target = camera.center + distance * forward
    field = float(np.rad2deg(2 * np.arctan(slope)))
    return Orbit(target, distance, azimuth % 360, elevation, up, field)
