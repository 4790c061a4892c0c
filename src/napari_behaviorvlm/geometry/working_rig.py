"""A rig prepared for least squares on many points at once.

All arrays here have the camera axis before the point axis, (C, n), so that one camera's values
are contiguous. Lengths are in the working frame: the origin between the cameras and the rig's size
as the unit, which keeps float32 exact enough whatever the calibration's own origin and unit are.

Normal equations are linear in a few per-view numbers (the camera-frame 3x3 matrix of each view),
so that they are summed over cameras by one matrix product.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import FloatArray, Rig
from napari_behaviorvlm.geometry.lens import Lens, in_range, lens_of

_UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_NEAREST = 1e-9


class WorkingRig:
    """Cameras of a rig as stacked matrices in the working frame.

    Parameters
    ----------
    rig : Rig
    """

    def __init__(self, rig: Rig) -> None:
        centers = np.array([camera.center for camera in rig])
        self.origin: FloatArray = centers.mean(axis=0)
        spread = float(np.linalg.norm(centers - self.origin, axis=1).max())
        self.scale = spread if spread > 0 else 1.0
        self.lenses: tuple[Lens, ...] = tuple(lens_of(camera) for camera in rig)
        self.rotation = np.array([camera.rotation_matrix for camera in rig])
        self.centers: FloatArray = (centers - self.origin) / self.scale
        self.offset: FloatArray = -np.einsum("cij,cj->ci", self.rotation, self.centers)
        self._stacked = np.ascontiguousarray(self.rotation.reshape(-1, 3))
        self._to_world = self._normal_map()
        self._to_moment = self._moment_map()
        self._from_world = self._covariance_map()

    def __len__(self) -> int:
        return len(self.lenses)

    def to_camera(self, points: FloatArray) -> FloatArray:
        """Camera-frame coordinates (C, 3, n) of working-frame points (3, n)."""
        local = (self._stacked @ points).reshape(len(self), 3, -1)
        local += self.offset[:, :, None]
        return local

    def to_working(self, points: FloatArray) -> FloatArray:
        """Working-frame points (3, n) of world points (n, 3)."""
        return np.ascontiguousarray(((points - self.origin) / self.scale).T)

    def to_calibration(self, points: FloatArray) -> FloatArray:
        """World points (n, 3) of working-frame points (3, n)."""
        world: FloatArray = points.T * self.scale + self.origin
        return world

    def normal_matrix(self, blocks: FloatArray) -> FloatArray:
        """Sum of R^T B R over cameras: (6, n) of the upper triangles B, (6, C, n)."""
        return self._to_world @ blocks.reshape(6 * len(self), -1)

    def moment(self, blocks: FloatArray) -> FloatArray:
        """Sum of -R^T B t over cameras: (3, n) of the upper triangles B, (6, C, n)."""
        return self._to_moment @ blocks.reshape(6 * len(self), -1)

    def gradient(self, blocks: FloatArray) -> FloatArray:
        """Sum of R^T b over cameras: (3, n) of vectors b, (C, 3, n)."""
        return self._stacked.T @ blocks.reshape(3 * len(self), -1)

    def local_covariance(self, covariance: FloatArray) -> FloatArray:
        """R P R^T of each camera, (6, C, n), of the upper triangle of P, (6, n)."""
        return (self._from_world @ covariance).reshape(6, len(self), -1)

    def _normal_map(self) -> FloatArray:
        columns = []
        for i, j in _UPPER:
            unit = _unit_matrix(i, j)
            spread = np.einsum("cki,kl,clj->cij", self.rotation, unit, self.rotation)
            columns.append(np.array([spread[:, a, b] for a, b in _UPPER]))
        return np.concatenate(columns, axis=1)

    def _moment_map(self) -> FloatArray:
        columns = [
            -np.einsum("cki,kl,cl->ic", self.rotation, _unit_matrix(i, j), self.offset)
            for i, j in _UPPER
        ]
        return np.concatenate(columns, axis=1)

    def _covariance_map(self) -> FloatArray:
        columns = []
        for i, j in _UPPER:
            spread = np.einsum("cak,kl,cbl->cab", self.rotation, _unit_matrix(i, j), self.rotation)
            columns.append(np.array([spread[:, a, b] for a, b in _UPPER]).reshape(-1))
        return np.array(columns).T


def _unit_matrix(i: int, j: int) -> FloatArray:
    unit = np.zeros((3, 3))
    unit[i, j] = unit[j, i] = 1
    return unit


def view_blocks(x: FloatArray, y: FloatArray, weight: FloatArray) -> FloatArray:
    """Upper triangles of w B^T B with B = [[1, 0, -x], [0, 1, -y]]; (6, C, n) of (C, n)."""
    blocks = np.empty((6, *x.shape), x.dtype)
    blocks[0], blocks[1], blocks[3] = weight, 0, weight
    np.multiply(x, weight, out=blocks[2])
    np.multiply(y, weight, out=blocks[4])
    np.multiply(blocks[2], x, out=blocks[5])
    blocks[5] += blocks[4] * y
    np.negative(blocks[2], out=blocks[2])
    np.negative(blocks[4], out=blocks[4])
    return blocks


def invert(normal: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Inverse of symmetric 3x3 matrices given as upper triangles (6, n), and whether it exists."""
    a, b, c, d, e, f = normal
    cofactors = np.stack(
        [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
    )
    determinant = a * cofactors[0] + b * cofactors[1] + c * cofactors[2]
    size = (a + d + f) / 3
    # Lines of sight that are parallel (within about 1e-5 rad) do not fix a point.
    regular = determinant > 1e-10 * size * size * size
    cofactors /= np.where(regular, determinant, np.nan)
    return cofactors, regular


def multiply(symmetric: FloatArray, vector: FloatArray) -> FloatArray:
    """Product of symmetric matrices (6, n) with vectors (3, n)."""
    a, b, c, d, e, f = symmetric
    x, y, z = vector
    return np.stack([a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z])


@dataclass(slots=True)
class Linearised:
    """Reprojection residuals of points and everything that follows from their derivative.

    Parameters
    ----------
    residual : ndarray, shape (2, C, n)
        Label minus reprojection, px; NaN where there is no label, infinite where the point is
        behind the camera or outside its lens' range.
    normal : ndarray, shape (6, n)
        Upper triangle of J^T W J.
    gradient : ndarray, shape (3, n)
        J^T W r.
    x, y : ndarray, shape (C, n)
        Undistorted normalised coordinates of the points.
    gain : ndarray, shape (4, C, n)
        Pixels by normalised coordinates over depth, row by row.
    """

    residual: FloatArray
    normal: FloatArray
    gradient: FloatArray
    x: FloatArray
    y: FloatArray
    gain: FloatArray


def linearise(
    rig: WorkingRig, points: FloatArray, pixels: FloatArray, weight: FloatArray
) -> Linearised:
    """Residuals of points on the distorted pixels, and their normal equations.

    Parameters
    ----------
    rig : WorkingRig
    points : ndarray, shape (3, n)
        In the working frame.
    pixels : ndarray, shape (2, C, n)
        Labels; NaN where there is none.
    weight : ndarray, shape (C, n)
        Of each view; 0 leaves it out of the equations.
    """
    local = rig.to_camera(points)
    residual = np.empty(pixels.shape)
    gain = np.empty((4, len(rig), points.shape[1]))
    for index, lens in enumerate(rig.lenses):
        _linearise_view(lens, local[index], pixels[:, index], residual[:, index], gain[:, index])
    x, y = local[:, 0], local[:, 1]
    used = weight > 0
    pull = np.where(used, residual, 0) * weight
    strength = np.where(used, weight, 0)
    blocks, vectors = _equations(x, y, gain, strength, pull)
    return Linearised(residual, rig.normal_matrix(blocks), rig.gradient(vectors), x, y, gain)


def _linearise_view(
    lens: Lens, local: FloatArray, pixels: FloatArray, residual: FloatArray, gain: FloatArray
) -> None:
    """Fill one camera's residual (2, n) and gain (4, n); normalise ``local`` (3, n) in place."""
    depth = np.maximum(local[2], _NEAREST)
    inverse = 1 / depth
    local[:2] *= inverse
    hidden = (local[2] < _NEAREST) | ~in_range(lens, local[0], local[1])
    if some_hidden := bool(hidden.any()):
        local[:2, hidden] = 0
        inverse[hidden] = 0
    x, y, (a, b, c, d) = lens.distort_with_jacobian(local[0], local[1])
    u, v = lens.to_pixels(x, y)
    np.subtract(pixels[0], u, out=residual[0])
    np.subtract(pixels[1], v, out=residual[1])
    if some_hidden:
        residual[:, hidden & np.isfinite(pixels[0])] = np.inf
    np.multiply(a * lens.fx + c * lens.skew, inverse, out=gain[0])
    np.multiply(b * lens.fx + d * lens.skew, inverse, out=gain[1])
    inverse *= lens.fy
    np.multiply(c, inverse, out=gain[2])
    np.multiply(d, inverse, out=gain[3])


def _equations(
    x: FloatArray, y: FloatArray, gain: FloatArray, weight: FloatArray, pull: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Camera-frame normal matrices (6, C, n) and gradients (C, 3, n) of each view."""
    a, b, c, d = gain
    blocks = np.empty((6, *x.shape))
    blocks[0] = (a * a + c * c) * weight
    blocks[1] = (a * b + c * d) * weight
    blocks[3] = (b * b + d * d) * weight
    blocks[2] = -(x * blocks[0] + y * blocks[1])
    blocks[4] = -(x * blocks[1] + y * blocks[3])
    blocks[5] = -(x * blocks[2] + y * blocks[4])
    vectors = np.empty((len(x), 3, x.shape[1]))
    vectors[:, 0] = a * pull[0] + c * pull[1]
    vectors[:, 1] = b * pull[0] + d * pull[1]
    vectors[:, 2] = -(x * vectors[:, 0] + y * vectors[:, 1])
    return blocks, vectors
