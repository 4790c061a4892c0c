"""The rig: six cameras with QD-Pi's optics, and OpenCV's camera model in both directions."""

import cv2
import numpy as np
from numpy.typing import NDArray
from sample_data.generator.settings import NATIVE_SIZE, Settings

from napari_behaviorvlm.core.camera import Camera, Rig

Floats = NDArray[np.float64]

FOCAL_PX = 727.0
RADIUS_MM = 300.0
ELEVATIONS_DEG = (17.0, 27.0, 21.0, 31.0, 14.0)


def _look_at(position: Floats, target: Floats, roll_deg: float, up: Floats) -> Floats:
    """World-to-camera rotation of a camera at ``position`` whose axis meets ``target``."""
    forward = target - position
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    roll = np.deg2rad(roll_deg)
    return np.stack(
        [
            np.cos(roll) * right + np.sin(roll) * down,
            np.cos(roll) * down - np.sin(roll) * right,
            forward,
        ]
    )


def _camera(name: str, position: Floats, up: Floats, scale: float, rng: np.random.Generator):
    target = np.array([0.0, 0.0, 14.0]) + rng.normal(0, (5.0, 5.0, 3.0))
    rotation = _look_at(position, target, float(rng.normal(0, 1.5)), up)
    fx = FOCAL_PX + rng.normal(0, 4.0)
    fy = fx + rng.normal(0, 0.8)
    cx, cy = (NATIVE_SIZE - 1) / 2 + rng.normal(0, 6.0, 2)
    # The centre of the top-left pixel is (0, 0), so scaling is about (-0.5, -0.5).
    matrix = np.array(
        [[fx * scale, 0, (cx + 0.5) * scale - 0.5], [0, fy * scale, (cy + 0.5) * scale - 0.5],
         [0, 0, 1]]
    )  # fmt: skip
    distortion = rng.normal((-0.1, 0.02, 0.0, 0.0, 0.0), (0.012, 0.006, 4e-4, 4e-4, 0.0))
    size = round(NATIVE_SIZE * scale)
    rodrigues = cv2.Rodrigues(rotation)[0].ravel()
    exact = cv2.Rodrigues(rodrigues)[0]
    return Camera(name, (size, size), matrix, distortion, rodrigues, -exact @ position)


def make_rig(settings: Settings) -> Rig:
    """Return five cameras in a pentagon about 300 mm from the arena's centre and one above it."""
    rng = np.random.default_rng([settings.seed, 1])
    cameras = []
    for number, elevation in enumerate(np.deg2rad(ELEVATIONS_DEG)):
        azimuth = np.deg2rad(90 + 72 * number + rng.normal(0, 2.5))
        distance = RADIUS_MM + rng.normal(0, 6.0)
        flat = distance * np.cos(elevation)
        position = np.array(
            [flat * np.cos(azimuth), flat * np.sin(azimuth), distance * np.sin(elevation)]
        )
        up = np.array([0.0, 0.0, 1.0])
        cameras.append(_camera(f"cam{number}", position, up, settings.scale, rng))
    above = np.array([9.0, -6.0, RADIUS_MM + 20])
    cameras.append(_camera("cam5", above, np.array([0.1, 1.0, 0.0]), settings.scale, rng))
    return Rig(tuple(cameras), {"unit": "mm"})


def project(camera: Camera, points: Floats) -> Floats:
    """Project world points with distortion.

    Parameters
    ----------
    points : ndarray, shape (..., 3)
        In mm.

    Returns
    -------
    ndarray, shape (..., 2)
        Pixels.
    """
    flat = np.ascontiguousarray(points, dtype=np.float64).reshape(-1, 1, 3)
    pixels, _ = cv2.projectPoints(
        flat, camera.rotation, camera.translation, camera.matrix, camera.distortion
    )
    return pixels.reshape(*points.shape[:-1], 2)


def _distort(camera: Camera, xy: Floats) -> Floats:
    k1, k2, p1, p2, k3 = camera.distortion
    x, y = xy[..., 0], xy[..., 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    return np.stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
        ],
        axis=-1,
    )


def pixel_rays(camera: Camera, margin: int = 1) -> Floats:
    """Directions of the rays through all pixel centres, the exact inverse of ``project``.

    Parameters
    ----------
    margin : int
        Pixels added on every side, so that sub-pixel rays can be interpolated at the border.

    Returns
    -------
    ndarray, shape (height + 2 margin, width + 2 margin, 3)
        Unit vectors in the world frame.
    """
    width, height = camera.size
    u, v = np.meshgrid(np.arange(-margin, width + margin), np.arange(-margin, height + margin))
    K = camera.matrix
    wanted = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1]], axis=-1)
    xy = wanted.copy()
    for _ in range(60):
        step = wanted - _distort(camera, xy)
        xy += step
        if np.abs(step).max() < 1e-13:
            break
    rays = np.concatenate([xy, np.ones_like(xy[..., :1])], axis=-1) @ camera.rotation_matrix
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)
