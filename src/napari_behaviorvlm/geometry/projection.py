"""From the world to pixels and back to rays, for one camera or a whole rig.

Pixels are those of the original (distorted) frame, the centre of the top-left one at (0, 0).
Skew is kept. What a camera cannot see is NaN: points behind it, and points outside the field in
which its lens model is one-to-one (there OpenCV would fold them back into the picture).
"""

import numpy as np
from numpy.typing import ArrayLike

from napari_behaviorvlm.core.camera import Camera, FloatArray, Rig
from napari_behaviorvlm.geometry.lens import Lens, in_range, lens_of

_BLOCK = 8192


def distort(camera: Camera, normalised: ArrayLike) -> FloatArray:
    """Pixels of normalised camera coordinates.

    Parameters
    ----------
    camera : Camera
    normalised : array_like, shape (..., 2)
        x/z and y/z in the camera's frame.

    Returns
    -------
    ndarray, shape (..., 2)
        Pixels; NaN outside the range of the lens model.
    """
    points = np.asarray(normalised, dtype=np.float64)
    lens = lens_of(camera)
    x, y = points[..., 0], points[..., 1]
    with np.errstate(all="ignore"):
        pixels = np.stack(lens.to_pixels(*lens.distort(x, y)), axis=-1)
        pixels[~in_range(lens, x, y)] = np.nan
    return pixels


def undistort(camera: Camera, xy: ArrayLike) -> FloatArray:
    """Normalised camera coordinates of pixels, accurate to 1e-9 and to 1e-6 px.

    Parameters
    ----------
    camera : Camera
    xy : array_like, shape (..., 2)
        Pixels of the original frame.

    Returns
    -------
    ndarray, shape (..., 2)
        x/z and y/z in the camera's frame; NaN where the pixel is NaN or where no direction inside
        the lens model's range maps to it.
    """
    pixels = np.asarray(xy, dtype=np.float64)
    lens = lens_of(camera)
    flat = pixels.reshape(-1, 2)
    x, y = lens.undistort(*lens.from_pixels(flat[:, 0], flat[:, 1]))
    return np.stack([x, y], axis=-1).reshape(pixels.shape)


def _camera_frame(camera: Camera, points: FloatArray) -> FloatArray:
    coordinates: FloatArray = points @ camera.rotation_matrix.T + camera.translation
    return coordinates


def project(camera: Camera, points: ArrayLike) -> FloatArray:
    """Pixels of world points.

    Parameters
    ----------
    camera : Camera
    points : array_like, shape (..., 3)
        World coordinates in the calibration's unit.

    Returns
    -------
    ndarray, shape (..., 2)
        Pixels of the original frame (they may lie outside the picture); NaN for points that are
        NaN, behind the camera, or outside the range of the lens model.
    """
    x, y, z = np.moveaxis(_camera_frame(camera, np.asarray(points, dtype=np.float64)), -1, 0)
    with np.errstate(all="ignore"):
        front = np.where(z > 0, z, np.nan)
        return distort(camera, np.stack([x / front, y / front], axis=-1))


def project_jacobian(camera: Camera, points: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Pixels of world points and their derivative by the world coordinates (analytic).

    Parameters
    ----------
    camera : Camera
    points : array_like, shape (..., 3)
        World coordinates.

    Returns
    -------
    pixels : ndarray, shape (..., 2)
        As `project` gives them.
    jacobian : ndarray, shape (..., 2, 3)
        Pixels per unit of length; NaN where the pixels are NaN.
    """
    x, y, z = np.moveaxis(_camera_frame(camera, np.asarray(points, dtype=np.float64)), -1, 0)
    lens = lens_of(camera)
    with np.errstate(all="ignore"):
        z = np.where(z > 0, z, np.nan)
        x, y = x / z, y / z
        new_x, new_y, derivative = lens.distort_with_jacobian(x, y)
        pixels = np.stack(lens.to_pixels(new_x, new_y), axis=-1)
        by_normalised = pixel_jacobian(lens, derivative)
        rotation = camera.rotation_matrix
        by_world = np.stack(
            [(rotation[row] - at[..., None] * rotation[2]) / z[..., None]
             for row, at in enumerate((x, y))], axis=-2,
        )  # fmt: skip
        jacobian = by_normalised @ by_world
        hidden = ~in_range(lens, x, y)
    pixels[hidden], jacobian[hidden] = np.nan, np.nan
    return pixels, jacobian


def pixel_jacobian(lens: Lens, derivative: tuple[FloatArray, ...]) -> FloatArray:
    """Chain the intrinsics behind a lens' partial derivatives; shape (..., 2, 2), px."""
    a, b, c, d = derivative
    rows = (a * lens.fx + c * lens.skew, b * lens.fx + d * lens.skew, c * lens.fy, d * lens.fy)
    stacked = np.stack(np.broadcast_arrays(*rows), axis=-1)
    return stacked.reshape(*stacked.shape[:-1], 2, 2)


def rays(camera: Camera, xy: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Lines of sight of pixels, in the world.

    Parameters
    ----------
    camera : Camera
    xy : array_like, shape (..., 2)
        Pixels of the original frame.

    Returns
    -------
    origin : ndarray, shape (3,)
        Optical centre.
    direction : ndarray, shape (..., 3)
        Unit vectors; NaN where `undistort` gives NaN.
    """
    normalised = undistort(camera, xy)
    ahead = np.concatenate([normalised, np.ones_like(normalised[..., :1])], axis=-1)
    ahead /= np.linalg.norm(ahead, axis=-1, keepdims=True)
    return camera.center, ahead @ camera.rotation_matrix


def project_rig(rig: Rig, points: ArrayLike) -> FloatArray:
    """Pixels of world points in every camera.

    Parameters
    ----------
    rig : Rig
    points : array_like, shape (N, 3)
        World coordinates.

    Returns
    -------
    ndarray, shape (N, C, 2)
        Pixels; NaN as in `project`.
    """
    world = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    pixels = np.empty((len(world), len(rig), 2))
    for block in blocks(len(world)):
        for index, camera in enumerate(rig):
            pixels[block, index] = project(camera, world[block])
    return pixels


def undistort_rig(rig: Rig, xy: ArrayLike) -> FloatArray:
    """Normalised camera coordinates of pixels in every camera.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (N, C, 2)
        Pixels of the original frames.

    Returns
    -------
    ndarray, shape (N, C, 2)
        x/z and y/z; NaN as in `undistort`.
    """
    pixels = np.asarray(xy, dtype=np.float64).reshape(-1, len(rig), 2)
    normalised = np.empty_like(pixels)
    for block in blocks(len(pixels)):
        for index, camera in enumerate(rig):
            normalised[block, index] = undistort(camera, pixels[block, index])
    return normalised


def blocks(count: int, size: int = _BLOCK) -> list[slice]:
    """Consecutive slices small enough that temporary arrays stay in the processor's cache."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
