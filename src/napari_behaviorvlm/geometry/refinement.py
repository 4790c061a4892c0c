"""Gauss-Newton on the distorted pixels, with the set of agreeing views decided there.

The camera axis comes before the point axis here too, and points are in the working frame.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import FloatArray
from napari_behaviorvlm.geometry.working_rig import WorkingRig, invert, linearise, multiply

# Convergence is quadratic but for a factor residual / focal length (about 1e-3), so that after a
# step of this size (px) what is left is far below 1e-3 px.
_SMALL_STEP = 0.05
_MAX_STEPS = 12
_MAX_ROUNDS = 4
_DEGENERATE = 1e-9


@dataclass(slots=True)
class Fit:
    """Least-squares points of a block with their derivatives (see `Linearised`).

    Parameters
    ----------
    points : ndarray, shape (3, n)
    residual : ndarray, shape (2, C, n)
        Label minus reprojection, px.
    covariance : ndarray, shape (6, n)
        Upper triangle of (J^T W J)^-1, for a pixel noise of 1.
    x, y : ndarray, shape (C, n)
    gain : ndarray, shape (4, C, n)
    step : ndarray, shape (n,)
        Length of the last step, px.
    """

    points: FloatArray
    residual: FloatArray
    covariance: FloatArray
    x: FloatArray
    y: FloatArray
    gain: FloatArray
    step: FloatArray

    def put(self, which: NDArray[np.intp], other: "Fit") -> None:
        """Replace some points by those of another fit."""
        for name in self.__slots__:
            getattr(self, name)[..., which] = getattr(other, name)

    @property
    def distance(self) -> FloatArray:
        """Reprojection error of every label, px, (C, n)."""
        length: FloatArray = np.sqrt(np.square(self.residual).sum(axis=0))
        return length


def gauss_newton(
    rig: WorkingRig, points: FloatArray, pixels: FloatArray, weight: FloatArray
) -> Fit:
    """Points (3, n) that minimise the weighted squared error on pixels (2, C, n)."""
    fit = _one_step(rig, points, pixels, weight)
    left = np.flatnonzero(fit.step > _SMALL_STEP)
    for _ in range(_MAX_STEPS):
        if not left.size:
            break
        again = _one_step(rig, fit.points[:, left], pixels[:, :, left], weight[:, left])
        fit.put(left, again)
        left = left[again.step > _SMALL_STEP]
    return fit


def _one_step(rig: WorkingRig, points: FloatArray, pixels: FloatArray, weight: FloatArray) -> Fit:
    at = linearise(rig, points, pixels, weight)
    covariance, _ = invert(at.normal)
    step = multiply(covariance, at.gradient)
    length = np.sqrt(np.einsum("in,in->n", step, at.gradient))
    moved = (rig.rotation.reshape(-1, 3) @ step).reshape(len(rig), 3, -1)
    across, down = moved[:, 0] - at.x * moved[:, 2], moved[:, 1] - at.y * moved[:, 2]
    at.residual[0] -= at.gain[0] * across + at.gain[1] * down
    at.residual[1] -= at.gain[2] * across + at.gain[3] * down
    return Fit(points + step, at.residual, covariance, at.x, at.y, at.gain, length)


def fit_agreeing(
    rig: WorkingRig, points: FloatArray, pixels: FloatArray, weight: FloatArray, *,
    inliers: NDArray[np.bool_], threshold: float,
) -> tuple[Fit, NDArray[np.bool_]]:  # fmt: skip
    """Fit to the agreeing views, deciding anew which agree until nothing changes.

    Parameters
    ----------
    rig : WorkingRig
    points : ndarray, shape (3, n)
        First guesses.
    pixels : ndarray, shape (2, C, n)
        Labels; NaN where there is none.
    weight : ndarray, shape (C, n)
    inliers : ndarray of bool, shape (C, n)
        Views that agree with the first guess.
    threshold : float
        Largest distance of an agreeing view, px.

    Returns
    -------
    fit : Fit
    inliers : ndarray of bool, shape (C, n)
        Views used by the fit.
    """
    fit = gauss_newton(rig, points, pixels, weight * inliers)
    given = weight > 0
    left = np.arange(points.shape[1])
    for _ in range(_MAX_ROUNDS):
        agree = given[:, left] & (fit.distance[:, left] <= threshold)
        changed = (agree != inliers[:, left]).any(axis=0) & (agree.sum(axis=0) >= 2)
        left = left[changed]
        if not left.size:
            break
        inliers[:, left] = agree[:, changed]
        refit = gauss_newton(
            rig, fit.points[:, left], pixels[:, :, left], weight[:, left] * inliers[:, left]
        )
        fit.put(left, refit)
    return fit, inliers


def leave_one_out_distance(
    rig: WorkingRig, fit: Fit, weight: FloatArray, inliers: NDArray[np.bool_]
) -> FloatArray:
    """Distance of each label from the point that the other agreeing views give, px, (C, n).

    A view that is not used keeps its plain distance. For a used one, the fit without it follows
    from its leverage H = J P J^T: its residual becomes (I - H)^-1 r (Cook and Weisberg, 1982),
    exact up to the curvature of the projection. NaN where fewer than two others remain.
    """
    used = weight * inliers
    h11, h12, h22 = _leverage(rig, fit, used)
    free11, free22 = 1 - h11, 1 - h22
    determinant = free11 * free22 - h12 * h12
    determinant[determinant < _DEGENERATE] = np.nan
    u, v = fit.residual
    left_u = (free22 * u + h12 * v) / determinant
    left_v = (h12 * u + free11 * v) / determinant
    alone = np.sqrt(left_u * left_u + left_v * left_v)
    count = inliers.sum(axis=0)
    alone[:, count < 3] = np.nan
    return np.where(inliers, alone, np.where(count >= 2, fit.distance, np.nan))


def _leverage(
    rig: WorkingRig, fit: Fit, weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Upper triangle of w J P J^T of each view, each (C, n)."""
    p11, p12, p13, p22, p23, p33 = rig.local_covariance(fit.covariance)
    x, y = fit.x, fit.y
    q11 = p11 - x * (2 * p13 - x * p33)
    q12 = p12 - x * p23 - y * (p13 - x * p33)
    q22 = p22 - y * (2 * p23 - y * p33)
    a, b, c, d = fit.gain
    h11 = weight * (a * a * q11 + 2 * a * b * q12 + b * b * q22)
    h12 = weight * (a * c * q11 + (a * d + b * c) * q12 + b * d * q22)
    h22 = weight * (c * c * q11 + 2 * c * d * q12 + d * d * q22)
    return h11, h12, h22
