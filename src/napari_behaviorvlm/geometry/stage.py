"""Where an animal moves: which way is up, how high the floor is, how much room the animal takes."""

import numpy as np

from napari_behaviorvlm.core.camera import Camera, FloatArray, Rig

_SNAP = np.cos(np.deg2rad(20))


def up_direction(rig: Rig, points: FloatArray) -> FloatArray:
    """Guess which way is up.

    An animal that walks about stays in a plane; the cameras say which side of it is up. Where it
    does not walk, the pictures' upper edges tell. A world axis within 20 degrees is taken for the
    vertical.

    Parameters
    ----------
    rig : Rig
    points : ndarray, shape (F, K, 3)

    Returns
    -------
    ndarray, shape (3,)
        Unit vector in the world.
    """
    up = -np.mean([camera.rotation_matrix[1] for camera in rig], axis=0)
    flat = known_points(points)
    if len(flat) > 3:
        size, axes = np.linalg.eigh(np.cov(flat.T))
        if size[0] < 0.15 * size[1]:
            above = np.mean([camera.center for camera in rig], axis=0) - flat.mean(0)
            up = axes[:, 0] * (1 if above @ axes[:, 0] > 0 else -1)
    length = np.linalg.norm(up)
    up = up / length if length > 1e-9 else np.array([0.0, 0.0, 1.0])
    axis = int(np.abs(up).argmax())
    if abs(up[axis]) > _SNAP:
        up = np.sign(up[axis]) * np.eye(3)[axis]
    direction: FloatArray = up
    return direction


def known_points(points: FloatArray) -> FloatArray:
    """Points without a missing coordinate, shape (n, 3)."""
    flat: FloatArray = points[np.isfinite(points.sum(axis=-1))]
    return flat


def across(up: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two unit vectors that span the floor; with ``up`` they form a right-handed frame."""
    side = np.eye(3)[int(np.abs(up).argmin())]
    first = np.cross(up, side)
    first /= np.linalg.norm(first)
    return first, np.cross(up, first)


def extent(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centre of the animal's world and half its size along each world axis."""
    flat = known_points(points)
    if not len(flat):
        return np.zeros(3), np.ones(3)
    low, high = np.quantile(flat, 0.002, axis=0), np.quantile(flat, 0.998, axis=0)
    half = np.maximum((high - low) / 2 * 1.1, (high - low).max() / 6)
    return (low + high) / 2, np.maximum(half, 1e-6)


def floor_height(points: FloatArray, up: FloatArray) -> float:
    """Height along ``up`` above which 99 % of the points lie: paws stand there; 0 without any."""
    flat = known_points(points)
    return float(np.quantile(flat @ up, 0.01)) if len(flat) else 0.0


def picture_corners(camera: Camera, depth: float) -> FloatArray:
    """Corners of what a camera's picture shows at a depth (lens distortion left out).

    Parameters
    ----------
    camera : Camera
    depth : float
        Along the optical axis, in the calibration's unit.

    Returns
    -------
    ndarray, shape (4, 3)
        World coordinates: top left, top right, bottom right, bottom left.
    """
    width, height = camera.size or (2 * camera.matrix[0, 2], 2 * camera.matrix[1, 2])
    wide = width / camera.matrix[0, 0] / 2
    high = height / camera.matrix[1, 1] / 2
    corners = np.array([[-wide, -high, 1], [wide, -high, 1], [wide, high, 1], [-wide, high, 1]])
    world: FloatArray = camera.center + depth * corners @ camera.rotation_matrix
    return world
