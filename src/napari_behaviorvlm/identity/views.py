"""The cameras as ideal pinholes, the frame of reference in which dots are matched.

Ideal pixels: lens distortion, skew and unequal focal lengths are taken out and the principal point
is the origin, so that epipolar lines are straight and one pixel is the same angle in both axes.
Distances in ideal pixels are within a few per cent of those in the picture, which is all that gates
need; final positions are triangulated on the distorted pixels by `napari_behaviorvlm.geometry`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.geometry.projection import undistort

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class IdealViews:
    """Pinhole cameras that see what the rig's cameras see.

    Parameters
    ----------
    rig : Rig
    """

    rig: Rig

    @cached_property
    def focal(self) -> FloatArray:
        """Focal length of each ideal view in pixels, shape (C,)."""
        return np.array([(c.matrix[0, 0] + c.matrix[1, 1]) / 2 for c in self.rig])

    @cached_property
    def projection(self) -> FloatArray:
        """Projection matrices world to ideal pixels, shape (C, 3, 4)."""
        scale = np.ones((len(self.rig), 3, 1))
        scale[:, :2, 0] = self.focal[:, None]
        matrices: FloatArray = scale * np.stack([camera.extrinsics for camera in self.rig])
        return matrices

    @cached_property
    def fundamental(self) -> FloatArray:
        """Fundamental matrices, shape (C, C, 3, 3): ``x_b @ F[a, b] @ x_a = 0`` in ideal pixels."""
        count = len(self.rig)
        matrices = np.zeros((count, count, 3, 3))
        for a in range(count):
            inverse = np.linalg.pinv(self.projection[a])
            center = np.append(self.rig.cameras[a].center, 1.0)
            for b in range(count):
                if a == b:
                    continue
                x, y, z = self.projection[b] @ center
                cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
                matrix = cross @ self.projection[b] @ inverse
                matrices[a, b] = matrix / np.linalg.norm(matrix)
        return matrices

    @cached_property
    def ring_normal(self) -> FloatArray | None:
        """Normal of the plane that the cameras stand about, shape (3,); None if there is none.

        Cameras around an arena make it the vertical, of either sign.
        """
        centres = np.stack([camera.center for camera in self.rig])
        if len(centres) < 3:
            return None
        _, spread, axes = np.linalg.svd(centres - centres.mean(0), full_matrices=False)
        normal: FloatArray = axes[2]
        return normal if spread[2] < 0.7 * spread[1] else None

    def to_ideal(self, xy: FloatArray, camera: int) -> FloatArray:
        """Ideal pixels of picture pixels of one camera.

        Parameters
        ----------
        xy : ndarray, shape (n, 2)
            Pixels of the original frame.
        camera : int
            Position on the rig's camera axis.

        Returns
        -------
        ndarray, shape (n, 2)
        """
        if not len(xy):
            return np.zeros((0, 2))
        ideal: FloatArray = undistort(self.rig.cameras[camera], xy) * self.focal[camera]
        return ideal

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Ideal pixels and depths of world points.

        Parameters
        ----------
        points : ndarray, shape (n, 3)

        Returns
        -------
        xy : ndarray, shape (n, C, 2)
            NaN behind a camera.
        depth : ndarray, shape (n, C)
            Along the optical axis, in the unit of the calibration.
        """
        matrices = self.projection
        homogeneous = np.einsum("cij,nj->nci", matrices[:, :, :3], points) + matrices[:, :, 3]
        depth = homogeneous[..., 2]
        safe = np.where(depth > 0, depth, np.nan)
        return homogeneous[..., :2] / safe[..., None], depth


def solve_points(
    projection: FloatArray, xy: FloatArray, used: NDArray[np.bool_], rounds: int = 2
) -> FloatArray:
    """Points nearest to their rays: linear triangulation, reweighted by depth.

    The rows of the direct linear transform are divided by the depth found in the round before,
    which makes the algebraic error the distance in pixels (Hartley & Sturm 1997).

    Parameters
    ----------
    projection : ndarray, shape (C, 3, 4)
    xy : ndarray, shape (n, C, 2)
        Ideal pixels; whatever stands in unused cells is ignored.
    used : ndarray of bool, shape (n, C)
        At least two a row.
    rounds : int
        Solutions of the linear system.

    Returns
    -------
    ndarray, shape (n, 3)
        NaN where the rays are parallel.
    """
    if not len(xy):
        return np.zeros((0, 3))
    points = np.zeros((len(xy), 3))
    weight = used.astype(np.float64)
    clean = np.where(used[..., None], xy, 0.0)
    for step in range(rounds):
        if step:
            depth = points @ projection[:, 2, :3].T + projection[:, 2, 3]
            weight = used / np.maximum(np.abs(depth), 1e-9)
        points = _normal_solution(projection, clean, weight)
    return points


def _normal_solution(projection: FloatArray, xy: FloatArray, weight: FloatArray) -> FloatArray:
    rows = xy[..., None] * projection[:, None, 2, :] - projection[:, :2, :]
    rows *= weight[..., None, None]
    rows = rows.reshape(len(xy), -1, 4)
    left = rows[..., :3]
    normal = left.transpose(0, 2, 1) @ left
    right = -(left.transpose(0, 2, 1) @ rows[..., 3:])[..., 0]
    return solve_symmetric(normal, right)


def solve_symmetric(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve many symmetric 3 x 3 systems by their adjugates.

    Parameters
    ----------
    matrix : ndarray, shape (n, 3, 3)
    right : ndarray, shape (n, 3)

    Returns
    -------
    ndarray, shape (n, 3)
        NaN where the matrix is singular.
    """
    scale = np.maximum(np.trace(matrix, axis1=1, axis2=2) / 3, 1e-300)
    a, b, c = (matrix[:, 0, i] / scale for i in range(3))
    d, e, f = matrix[:, 1, 1] / scale, matrix[:, 1, 2] / scale, matrix[:, 2, 2] / scale
    adjugate = np.empty_like(matrix)
    adjugate[:, 0, 0] = d * f - e * e
    adjugate[:, 0, 1] = adjugate[:, 1, 0] = c * e - b * f
    adjugate[:, 0, 2] = adjugate[:, 2, 0] = b * e - c * d
    adjugate[:, 1, 1] = a * f - c * c
    adjugate[:, 1, 2] = adjugate[:, 2, 1] = b * c - a * e
    adjugate[:, 2, 2] = a * d - b * b
    determinant = a * adjugate[:, 0, 0] + b * adjugate[:, 0, 1] + c * adjugate[:, 0, 2]
    determinant = np.where(np.abs(determinant) > 1e-12, determinant, np.nan)
    solved: FloatArray = np.einsum("nij,nj->ni", adjugate, right)
    solved /= (determinant * scale)[:, None]
    return solved
