"""A rig prepared for least squares on many points at once.

All arrays here have the camera axis before the point axis, (C, n), so that one camera's values
are contiguous. Lengths are in the working frame: the origin between the cameras and the rig's size
as the unit, which keeps float32 exact enough whatever the calibration's own origin and unit are.

Normal equations are linear in a few per-view numbers (the camera-frame 3x3 matrix of each view),
so that they are summed over cameras by one matrix product.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import FloatArray, Rig
from napari_behaviorvlm.geometry.lens import Lens, lens_of

# Single-precision arrays; numpy's stubs do not follow the precision through arithmetic.
Float32 = NDArray[Any]

_UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


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
        self.typical_depth = self._depth_of_focus()
        self._stacked = np.ascontiguousarray(self.rotation.reshape(-1, 3))
        self._stacked32 = self._stacked.astype(np.float32)
        self._to_world = self._normal_map().astype(np.float32)
        self._to_moment = self._moment_map().astype(np.float32)
        self._from_world = self._covariance_map().astype(np.float32)

    def __len__(self) -> int:
        return len(self.lenses)

    def to_camera(self, points: FloatArray) -> FloatArray:
        """Camera-frame coordinates (C, 3, n) of working-frame points (3, n)."""
        local = (self._stacked @ points).reshape(len(self), 3, -1)
        local += self.offset[:, :, None]
        return local

    def turn(self, vectors: FloatArray) -> Float32:
        """Vectors (3, n) in each camera's frame, (C, 3, n)."""
        turned = self._stacked32 @ vectors.astype(np.float32)
        return turned.reshape(len(self), 3, -1)

    def to_working(self, points: FloatArray) -> FloatArray:
        """Working-frame points (3, n) of world points (n, 3)."""
        return np.ascontiguousarray(((points - self.origin) / self.scale).T)

    def to_calibration(self, points: FloatArray) -> FloatArray:
        """World points (n, 3) of working-frame points (3, n)."""
        world: FloatArray = points.T * self.scale + self.origin
        return world

    def normal_matrix(self, blocks: Float32) -> FloatArray:
        """Sum of R^T B R over cameras: (6, n) of the upper triangles B, (6, C, n)."""
        summed = self._to_world @ blocks.reshape(6 * len(self), -1)
        return summed.astype(np.float64)

    def moment(self, blocks: Float32) -> FloatArray:
        """Sum of -R^T B t over cameras: (3, n) of the upper triangles B, (6, C, n)."""
        summed = self._to_moment @ blocks.reshape(6 * len(self), -1)
        return summed.astype(np.float64)

    def gradient(self, vectors: Float32) -> FloatArray:
        """Sum of R^T b over cameras: (3, n) of vectors b, (C, 3, n)."""
        summed = self._stacked32.T @ vectors.reshape(3 * len(self), -1)
        return summed.astype(np.float64)

    def local_covariance(self, covariance: FloatArray) -> Float32:
        """R P R^T of each camera, (6, C, n), of the upper triangle of P, (6, n)."""
        local = self._from_world @ covariance.astype(np.float32)
        return local.reshape(6, len(self), -1)

    def _depth_of_focus(self) -> FloatArray:
        """Depth, from each camera, of the point nearest to all optical axes; (C,)."""
        axes = self.rotation[:, 2]
        across = np.eye(3) - np.einsum("ci,cj->cij", axes, axes)
        target = np.linalg.lstsq(
            across.sum(axis=0), np.einsum("cij,cj->i", across, self.centers), rcond=1e-6
        )[0]
        depth: FloatArray = np.maximum(((target - self.centers) * axes).sum(axis=1), 0.1)
        return depth

    def _normal_map(self) -> FloatArray:
        columns = []
        for unit in _UNITS:
            spread = np.einsum("cki,kl,clj->cij", self.rotation, unit, self.rotation)
            columns.append(np.array([spread[:, a, b] for a, b in _UPPER]))
        return np.concatenate(columns, axis=1)

    def _moment_map(self) -> FloatArray:
        columns = [-np.einsum("cki,kl,cl->ic", self.rotation, unit, self.offset) for unit in _UNITS]
        return np.concatenate(columns, axis=1)

    def _covariance_map(self) -> FloatArray:
        columns = []
        for unit in _UNITS:
            spread = np.einsum("cak,kl,cbl->cab", self.rotation, unit, self.rotation)
            columns.append(np.array([spread[:, a, b] for a, b in _UPPER]).reshape(-1))
        return np.array(columns).T


def _unit_matrix(i: int, j: int) -> FloatArray:
    unit = np.zeros((3, 3))
    unit[i, j] = unit[j, i] = 1
    return unit


_UNITS = tuple(_unit_matrix(i, j) for i, j in _UPPER)


def invert(normal: FloatArray) -> FloatArray:
    """Inverse of symmetric 3x3 matrices given as upper triangles (6, n); NaN where singular.

    Singular means lines of sight within about 0.1 degree of parallel: they do not fix a point.
    """
    a, b, c, d, e, f = normal
    inverse = np.empty_like(normal)
    for row, (p, q, r, s) in enumerate(
        ((d, f, e, e), (c, e, b, f), (b, e, c, d), (a, f, c, c), (b, c, a, e), (a, d, b, b))
    ):
        np.multiply(p, q, out=inverse[row])
        inverse[row] -= r * s
    determinant = a * inverse[0] + b * inverse[1] + c * inverse[2]
    size = (a + d + f) / 3
    determinant[~(determinant > 1e-6 * size * size * size)] = np.nan
    inverse /= determinant
    return inverse


def multiply(symmetric: FloatArray, vector: FloatArray) -> FloatArray:
    """Product of symmetric matrices (6, n) with vectors (3, n)."""
    a, b, c, d, e, f = symmetric
    x, y, z = vector
    return np.stack([a * x + b * y + c * z, b * x + d * y + e * z, c * x + e * y + f * z])
