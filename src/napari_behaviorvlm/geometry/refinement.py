"""Gauss-Newton on the distorted pixels, with the set of agreeing views decided there.

Residuals are in double precision by the full camera model. The derivative is the lens' own at the
label, in single precision: where a view agrees, label and reprojection are so near that it differs
from the one at the reprojection by about 1e-4, which moves the solution by less than 1e-3 px.

The camera axis comes before the point axis here too, and points are in the working frame.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import FloatArray
from napari_behaviorvlm.geometry.lens import Lens, in_range
from napari_behaviorvlm.geometry.working_rig import Float32, WorkingRig, invert, multiply

BoolArray = NDArray[np.bool_]

# What a step leaves is at most about 1e-3 of its length (px).
_SMALL_STEP = 0.05
_MAX_STEPS = 12
_MAX_ROUNDS = 4
_NEAREST = 1e-9
_DEGENERATE = np.float32(1e-6)


@dataclass(slots=True)
class Observations:
    """What is known of a block of points.

    Parameters
    ----------
    pixels : ndarray, shape (2, C, n)
        Labels; NaN where there is none.
    gain : ndarray of float32, shape (4, C, n)
        Derivative of pixels by normalised coordinates at the label, row by row.
    weight : ndarray of float32, shape (C, n)
        Of each label; 0 where there is none.
    """

    pixels: FloatArray
    gain: Float32
    weight: Float32

    def select(self, which: NDArray[np.intp]) -> "Observations":
        """Those points alone."""
        return Observations(self.pixels[:, :, which], self.gain[:, :, which], self.weight[:, which])


@dataclass(slots=True)
class Fit:
    """Least-squares points of a block with their derivatives.

    Parameters
    ----------
    points : ndarray, shape (3, n)
    residual : ndarray, shape (2, C, n)
        Label minus reprojection, px; NaN where there is no label, infinite where the point is
        behind the camera or outside its lens' range.
    covariance : ndarray, shape (6, n)
        Upper triangle of (J^T W J)^-1, for a pixel noise of 1.
    x, y : ndarray of float32, shape (C, n)
        Undistorted normalised coordinates of the points.
    gain : ndarray of float32, shape (4, C, n)
        Derivative of pixels by the camera's x and y, row by row.
    step : ndarray, shape (n,)
        Length of the last step, px.
    """

    points: FloatArray
    residual: FloatArray
    covariance: FloatArray
    x: Float32
    y: Float32
    gain: Float32
    step: FloatArray

    def put(self, which: NDArray[np.intp], other: "Fit") -> None:
        """Replace some points by those of another fit."""
        for name in self.__slots__:
            getattr(self, name)[..., which] = getattr(other, name)

    @property
    def distance(self) -> FloatArray:
        """Reprojection error of every label, px, (C, n)."""
        u, v = self.residual
        length: FloatArray = np.sqrt(u * u + v * v)
        return length


def gauss_newton(rig: WorkingRig, points: FloatArray, seen: Observations, used: BoolArray) -> Fit:
    """Points (3, n) that minimise the weighted squared error over the used views (C, n)."""
    fit = _one_step(rig, points, seen, used)
    left = np.flatnonzero(fit.step > _SMALL_STEP)
    for _ in range(_MAX_STEPS):
        if not left.size:
            break
        again = _one_step(rig, fit.points[:, left], seen.select(left), used[:, left])
        fit.put(left, again)
        left = left[again.step > _SMALL_STEP]
    return fit


def _one_step(rig: WorkingRig, points: FloatArray, seen: Observations, used: BoolArray) -> Fit:
    local = rig.to_camera(points)
    residual = np.empty(seen.pixels.shape)
    inverse_depth = np.empty(used.shape, np.float32)
    for index, lens in enumerate(rig.lenses):
        inverse_depth[index] = _reproject(
            lens, local[index], seen.pixels[:, index], residual[:, index]
        )
    x, y = local[:, 0].astype(np.float32), local[:, 1].astype(np.float32)
    gain = seen.gain * inverse_depth
    weight = np.where(used, seen.weight, 0)
    blocks, vectors = _equations(x, y, gain, weight, residual)
    covariance, gradient = invert(rig.normal_matrix(blocks)), rig.gradient(vectors)
    step = multiply(covariance, gradient)
    # In pixels of the most trusted view, whatever the weights are relative to.
    length = np.sqrt((step * gradient).sum(axis=0) / weight.max(axis=0))
    moved = rig.turn(step)
    across, down = moved[:, 0] - x * moved[:, 2], moved[:, 1] - y * moved[:, 2]
    residual[0] -= gain[0] * across + gain[1] * down
    residual[1] -= gain[2] * across + gain[3] * down
    return Fit(points + step, residual, covariance, x, y, gain, length)


def _reproject(
    lens: Lens, local: FloatArray, pixels: FloatArray, residual: FloatArray
) -> FloatArray:
    """Fill one camera's residual (2, n), normalise ``local`` (3, n) in place, return 1 / depth."""
    hidden = ~(local[2] > _NEAREST)
    inverse: FloatArray = 1 / local[2]
    local[:2] *= inverse
    if np.isfinite(lens.limit):
        hidden |= ~in_range(lens, local[0], local[1])
    if some_hidden := bool(hidden.any()):
        local[:2, hidden] = inverse[hidden] = 0
    u, v = lens.to_pixels(*lens.distort(local[0], local[1]))
    np.subtract(pixels[0], u, out=residual[0])
    np.subtract(pixels[1], v, out=residual[1])
    if some_hidden:
        residual[:, hidden & np.isfinite(pixels[0])] = np.inf
    return inverse


def _equations(
    x: Float32, y: Float32, gain: Float32, weight: Float32, residual: FloatArray
) -> tuple[Float32, Float32]:
    """Camera-frame normal matrices (6, C, n) and gradients (C, 3, n) of each view."""
    a, b, c, d = gain
    blocks = np.empty((6, *x.shape), np.float32)
    np.multiply(a * a + c * c, weight, out=blocks[0])
    np.multiply(a * b + c * d, weight, out=blocks[1])
    np.multiply(b * b + d * d, weight, out=blocks[3])
    _complete(blocks, x, y)
    u, v = residual.astype(np.float32)
    unused = weight == 0
    u[unused] = v[unused] = 0
    u *= weight
    v *= weight
    vectors = np.empty((len(x), 3, x.shape[1]), np.float32)
    vectors[:, 0] = a * u + c * v
    vectors[:, 1] = b * u + d * v
    vectors[:, 2] = -(x * vectors[:, 0] + y * vectors[:, 1])
    return blocks, vectors


def _complete(blocks: Float32, x: Float32, y: Float32) -> None:
    """Fill in the entries that depend on depth: B = [[1, 0, -x], [0, 1, -y]] on both sides."""
    np.negative(x * blocks[0] + y * blocks[1], out=blocks[2])
    np.negative(x * blocks[1] + y * blocks[3], out=blocks[4])
    np.negative(x * blocks[2] + y * blocks[4], out=blocks[5])


def solve_linear(rig: WorkingRig, x: Float32, y: Float32, strength: Float32) -> FloatArray:
    """Weighted direct linear transformation of directions (C, n).

    Parameters
    ----------
    rig : WorkingRig
    x, y : ndarray of float32, shape (C, n)
        Undistorted normalised coordinates.
    strength : ndarray of float32, shape (C, n)
        Weight times (pixels per normalised unit / depth)², which turns the algebraic into the
        pixel error.

    Returns
    -------
    ndarray, shape (3, n)
        NaN where the lines of sight are parallel.
    """
    blocks = np.empty((6, *x.shape), np.float32)
    blocks[0], blocks[1], blocks[3] = strength, 0, strength
    _complete(blocks, x, y)
    return multiply(invert(rig.normal_matrix(blocks)), rig.moment(blocks))


def fit_agreeing(
    rig: WorkingRig, points: FloatArray, seen: Observations, *,
    inliers: BoolArray, threshold: float,
) -> tuple[Fit, BoolArray]:  # fmt: skip
    """Fit to the agreeing views, deciding anew which agree until nothing changes.

    Parameters
    ----------
    rig : WorkingRig
    points : ndarray, shape (3, n)
        First guesses.
    seen : Observations
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
    fit = gauss_newton(rig, points, seen, inliers)
    agree = (seen.weight > 0) & (fit.distance <= threshold)
    left = np.arange(points.shape[1])
    for _ in range(_MAX_ROUNDS):
        changed = (agree != inliers[:, left]).any(axis=0) & (agree.sum(axis=0) >= 2)
        left = left[changed]
        if not left.size:
            break
        inliers[:, left] = agree[:, changed]
        part = seen.select(left)
        refit = gauss_newton(rig, fit.points[:, left], part, inliers[:, left])
        fit.put(left, refit)
        agree = (part.weight > 0) & (refit.distance <= threshold)
    return fit, inliers


def leave_one_out_distance(
    rig: WorkingRig, fit: Fit, weight: Float32, inliers: BoolArray
) -> FloatArray:
    """Distance of each label from the point that the other agreeing views give, px, (C, n).

    A view that is not used keeps its plain distance. For a used one, the fit without it follows
    from its leverage H = J P J^T: its residual becomes (I - H)^-1 r (Cook and Weisberg, 1982),
    exact up to the curvature of the projection. NaN where fewer than two others remain.
    """
    h11, h12, h22 = _leverage(rig, fit, weight * inliers)
    free11, free22 = 1 - h11, 1 - h22
    determinant = free11 * free22 - h12 * h12
    determinant[~(determinant > _DEGENERATE)] = np.nan
    u, v = fit.residual.astype(np.float32)
    left_u = free22 * u + h12 * v
    left_v = h12 * u + free11 * v
    alone = np.sqrt(left_u * left_u + left_v * left_v) / determinant
    count = inliers.sum(axis=0)
    alone[:, count < 3] = np.nan
    return np.where(inliers, alone, np.where(count >= 2, fit.distance, np.nan))


def _leverage(rig: WorkingRig, fit: Fit, weight: Float32) -> tuple[Float32, Float32, Float32]:
    """Upper triangle of w J P J^T of each view, each (C, n)."""
    p11, p12, p13, p22, p23, p33 = rig.local_covariance(fit.covariance)
    x, y = fit.x, fit.y
    p13 -= x * p33
    q12 = p12 - x * p23 - y * p13
    p13 *= 2
    p13 += x * p33
    q11 = p11 - x * p13
    q22 = p22 - y * (2 * p23 - y * p33)
    a, b, c, d = fit.gain
    h11 = weight * (a * (a * q11 + 2 * b * q12) + b * b * q22)
    h12 = weight * (a * (c * q11 + d * q12) + b * (c * q12 + d * q22))
    h22 = weight * (c * (c * q11 + 2 * d * q12) + d * d * q22)
    return h11, h12, h22
