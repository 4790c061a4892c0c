"""What the 3D view shows, as arrays: the stage once a session, a handful of points a frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.geometry.stage import (
    across,
    extent,
    floor_height,
    known_points,
    picture_corners,
    up_direction,
)
from napari_behaviorvlm.gui.models.orbit import Orbit, orbit_around

FloatArray = NDArray[np.float64]

_SAMPLE = 3000
_TILES = 8
_TRAIL_POINTS = 30
_ELLIPSE = np.array([(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 25)])


@dataclass(frozen=True, eq=False)
class CameraOutline:
    """Pyramid of a camera's picture.

    Parameters
    ----------
    name : str
    center : ndarray, shape (3,)
        Optical centre.
    corners : ndarray, shape (4, 3)
        Top left, top right, bottom right, bottom left.
    """

    name: str
    center: FloatArray
    corners: FloatArray


@dataclass(frozen=True, eq=False)
class Stage:
    """What stays the same in all frames; world coordinates.

    Parameters
    ----------
    up : ndarray, shape (3,)
        Unit vector.
    center : ndarray, shape (3,)
        Middle of the space that the animal uses.
    radius : float
        Of a ball around that space.
    everything : float
        Radius of a ball around the same centre that holds the cameras too.
    floor : ndarray, shape (4, 3)
        Corners of the floor.
    grid : ndarray, shape (n, 2, 3)
        Lines on the floor.
    tile : float
        Distance between them: 1, 2 or 5 times a power of ten.
    cameras : tuple of CameraOutline
    """

    up: FloatArray
    center: FloatArray
    radius: float
    everything: float
    floor: FloatArray
    grid: FloatArray
    tile: float
    cameras: tuple[CameraOutline, ...]

    @property
    def animal_view(self) -> Orbit:
        """The animal's space from the side and above."""
        return orbit_around(self.center, self.radius, self.up)

    @property
    def whole_view(self) -> Orbit:
        """The animal's space with the cameras around it."""
        return orbit_around(self.center, self.everything, self.up)


def make_stage(rig: Rig, points: FloatArray) -> Stage:
    """Lay out the stage from the cameras and a sample of the session.

    Up is normal to the plane in which the animal walks about, on the side where the cameras are;
    where it does not walk, the upper edges of the pictures tell; a world axis within 20 degrees is
    taken for the vertical. The floor is where 1 % of the points are lower, and the world's zero
    where that is as good.

    Parameters
    ----------
    rig : Rig
    points : ndarray, shape (F, K, 3)
        3D points of the session; NaN where unknown. About `_SAMPLE` frames are looked at.
    """
    sample = points[:: max(1, len(points) // _SAMPLE)]
    sample = np.where(np.isfinite(sample), sample, np.nan)
    if not len(known_points(sample)):
        sample = _meeting_point(rig)
    up = up_direction(rig, sample)
    center, half = extent(sample)
    height = _floor(sample, up)
    center = center + (max(center @ up, height) - center @ up) * up
    radius = float(np.linalg.norm(half))
    far = [float(np.linalg.norm(camera.center - center)) for camera in rig]
    floor, grid, tile = _floor_lines(center + (height - center @ up) * up, half, up)
    size = 0.12 * float(np.median(far))
    outlines = tuple(_outline(camera, size) for camera in rig)
    return Stage(up, center, radius, max(radius, 1.05 * max(far)), floor, grid, tile, outlines)


def _meeting_point(rig: Rig) -> FloatArray:
    """Where the cameras look, with some room around it, before anything is labelled."""
    centers = np.array([camera.center for camera in rig])
    ahead = np.array([camera.rotation_matrix[2] for camera in rig])
    across_sight = np.eye(3) - ahead[:, :, None] * ahead[:, None, :]
    point = np.linalg.lstsq(
        across_sight.sum(0), np.einsum("cij,cj->i", across_sight, centers), rcond=None
    )[0]
    room = 0.15 * float(np.median(np.linalg.norm(centers - point, axis=1))) or 1.0
    corners: FloatArray = point + room * np.array([[[-1.0, -1, -1]], [[1.0, 1, 1]]])
    return corners


def _floor(points: FloatArray, up: FloatArray) -> float:
    height = floor_height(points, up)
    heights = known_points(points) @ up
    aligned = np.abs(up).max() > 1 - 1e-9
    near_zero = abs(height) < 0.1 * float(np.ptp(heights)) if len(heights) else True
    return 0.0 if aligned and near_zero else height


def _floor_lines(
    middle: FloatArray, half: FloatArray, up: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    first, second = across(up)
    reach = [float(np.abs(axis) @ half) for axis in (first, second)]
    tile = round_length(2 * max(reach) / _TILES)
    a, b = (tile * np.ceil(size / tile) for size in reach)
    corners = middle + np.array([-a, a, a, -a])[:, None] * first
    corners = corners + np.array([-b, -b, b, b])[:, None] * second
    along = [(x * first - b * second, x * first + b * second)
             for x in np.arange(-a, a + tile / 2, tile)]  # fmt: skip
    along += [(y * second - a * first, y * second + a * first)
              for y in np.arange(-b, b + tile / 2, tile)]  # fmt: skip
    return corners, middle + np.array(along), tile


def round_length(length: float) -> float:
    """Nearest length that is 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(power * min((1, 2, 5, 10), key=lambda step: abs(step - length / power)))


def _outline(camera: Camera, size: float) -> CameraOutline:
    return CameraOutline(camera.name, camera.center, picture_corners(camera, size))


def trail(points: FloatArray, row: int, fps: float | None, seconds: float = 1.0) -> FloatArray:
    """Paths of the keypoints up to a frame.

    Parameters
    ----------
    points : ndarray, shape (F, K, 3)
    row : int
        The frame at which the paths end.
    fps : float or None
        Frames per second; 30 is assumed where unknown.
    seconds : float

    Returns
    -------
    ndarray, shape (T, K, 3)
        Oldest first, the frame itself last; at most some thirty, however fast the recording.
    """
    frames = max(1, round((fps or 30.0) * seconds))
    step = -(-frames // _TRAIL_POINTS)
    rows = np.arange(row, max(-1, row - frames - 1), -step)[::-1]
    path: FloatArray = points[rows]
    return path


def ellipses(
    orbit: Orbit, size: tuple[int, int], points: FloatArray, covariance: FloatArray,
    sigmas: float = 2.0,
) -> FloatArray:  # fmt: skip
    """Outlines of where points may be, as they look in the picture.

    Parameters
    ----------
    orbit : Orbit
    size : (int, int)
        Of the picture, px.
    points : ndarray, shape (K, 3)
    covariance : ndarray, shape (K, 3, 3)
        Unit squared; NaN where unknown.
    sigmas : float
        Size of the ellipsoid in standard deviations.

    Returns
    -------
    ndarray, shape (K, 25, 2)
        Pixels; NaN where unknown.
    """
    xy, depth = orbit.project(points, size)
    offset = (xy - np.array(size) / 2) / orbit.focal(size)
    right, above, back = orbit.axes
    scale = orbit.focal(size) / depth
    # Derivative of the picture by the world; moving back by one unit is one unit less of depth.
    across_x = right + offset[:, :1] * back
    across_y = -above + offset[:, 1:] * back
    jacobian = scale[:, None, None] * np.stack([across_x, across_y], axis=1)
    known = np.isfinite(covariance).all(axis=(1, 2)) & np.isfinite(xy).all(axis=1)
    result = np.full((len(points), len(_ELLIPSE), 2), np.nan)
    spread = jacobian[known] @ covariance[known] @ jacobian[known].transpose(0, 2, 1)
    size_2, axes = np.linalg.eigh(spread)
    half = sigmas * np.sqrt(np.maximum(size_2, 0.0))
    result[known] = xy[known, None] + (_ELLIPSE * half[:, None]) @ axes.transpose(0, 2, 1)
    return result
