"""Lens distortion in normalised image coordinates, its derivative and its inverse.

Normalised coordinates are x/z, y/z of the camera frame. Both models follow OpenCV's definitions
("Camera Calibration and 3D Reconstruction": pinhole model with rational, tangential, thin-prism
and tilted-sensor terms; and the fisheye model of Kannala and Brandt, 2006).

A polynomial lens model folds back on itself outside the field it was fitted in: two directions
then share a pixel. Only the branch around the optical axis is a lens; beyond it everything is NaN.
"""

from abc import ABC, abstractmethod
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Camera, FloatArray

Jacobian = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""Partial derivatives dx'/dx, dx'/dy, dy'/dx, dy'/dy."""

_TABLE_SIZE = 1024
_MAX_STEPS = 30


class Lens(ABC):
    """Distortion of one camera; arrays of any one shape, float32 or float64.

    Parameters
    ----------
    camera : Camera
    """

    limit: float
    """Largest undistorted radius (x/z, y/z) at which the model is one-to-one."""

    def __init__(self, camera: Camera) -> None:
        matrix = camera.matrix
        self.fx, self.skew, self.cx = (float(value) for value in matrix[0])
        self.fy, self.cy = float(matrix[1, 1]), float(matrix[1, 2])
        self.tolerance = min(1e-9, 1e-6 / max(self.fx, self.fy))

    @abstractmethod
    def distort(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Distorted coordinates, without a check of the model's range."""

    @abstractmethod
    def distort_with_jacobian(
        self, x: FloatArray, y: FloatArray
    ) -> tuple[FloatArray, FloatArray, Jacobian]:
        """Distorted coordinates and their partial derivatives."""

    @abstractmethod
    def _radial(self, radius: FloatArray) -> FloatArray:
        """Distorted radius of an undistorted radius, radial terms alone."""

    def to_pixels(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Pixels of distorted normalised coordinates, by the intrinsics with skew."""
        u = x * self.fx
        if self.skew:
            u += y * self.skew
        u += self.cx
        v = y * self.fy
        v += self.cy
        return u, v

    def from_pixels(self, u: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Distorted normalised coordinates of pixels."""
        y = v - self.cy
        y /= self.fy
        x = u - self.cx
        if self.skew:
            x -= y * self.skew
        x /= self.fx
        return x, y

    def _build_table(self, camera: Camera) -> None:
        """Tabulate undistorted over distorted radius against the squared distorted radius."""
        width, height = camera.size or (2 * self.cx, 2 * self.cy)
        corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], dtype=np.float64)
        reach = 1.5 * float(np.hypot(*self.from_pixels(corners[:, 0], corners[:, 1])).max())
        radius = self._radii(reach)
        distorted = np.maximum.accumulate(self._radial(radius))
        end = min(reach, float(distorted[-1]))
        self._table_step = max(end, 1e-12) ** 2 / (_TABLE_SIZE - 1)
        grid = np.sqrt(np.arange(_TABLE_SIZE) * self._table_step)
        ratio = np.ones(_TABLE_SIZE)
        ratio[1:] = np.interp(grid[1:], distorted, radius) / grid[1:]
        self._table = ratio

    def _radii(self, reach: float) -> FloatArray:
        """Undistorted radii, dense, up to the one whose image is at ``reach`` (or to the limit)."""
        end = min(self.limit, 2 * reach)
        while end < self.limit and float(self._radial(np.array([end]))[0]) < reach and end < 1e6:
            end = min(self.limit, 2 * end)
        return np.linspace(0, end, 16 * _TABLE_SIZE)

    def guess(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """First guess of the undistorted coordinates, from the radial terms alone."""
        place = x * x
        place += y * y
        place /= self._table_step
        # A far outlier and a non-number both start from the rim; they fail to converge later.
        index = np.fmin(place, _TABLE_SIZE - 1).astype(np.int32)
        scale = self._table.astype(x.dtype, copy=False)[index]
        return x * scale, y * scale

    def newton_step(
        self, target_x: FloatArray, target_y: FloatArray, x: FloatArray, y: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, Jacobian]:
        """One Newton step of the inverse: new x, new y, largest error and derivative before it."""
        error_x, error_y, jacobian = self.distort_with_jacobian(x, y)
        np.subtract(target_x, error_x, out=error_x)
        np.subtract(target_y, error_y, out=error_y)
        a, b, c, d = jacobian
        scale = 1 / (a * d - b * c)
        new_x = x + (d * error_x - b * error_y) * scale
        new_y = y + (a * error_y - c * error_x) * scale
        return new_x, new_y, np.maximum(np.abs(error_x), np.abs(error_y)), jacobian

    def undistort(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Undistorted coordinates of distorted ones (both 1-D float64); NaN where there are none.

        Newton's method with the analytic derivative, kept inside the model's range, until the
        forward model reproduces the input within 1e-9 (and within 1e-6 px).
        """
        result_x, result_y = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
        left = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        x, y = x[left], y[left]
        at_x, at_y = self.guess(x, y)
        with np.errstate(all="ignore"):
            for _ in range(_MAX_STEPS):
                new_x, new_y, error, _ = self.newton_step(x, y, at_x, at_y)
                done = error < self.tolerance
                # The step from a converged point is free and squares what error is left.
                result_x[left[done]], result_y[left[done]] = new_x[done], new_y[done]
                if done.all():
                    break
                left, x, y = left[~done], x[~done], y[~done]
                at_x, at_y = self._pull_inside(new_x[~done], new_y[~done])
        outside = ~(np.hypot(result_x, result_y) < self.limit)
        result_x[outside] = result_y[outside] = np.nan
        return result_x, result_y

    def _pull_inside(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        if not np.isfinite(self.limit):
            return x, y
        shrink = np.minimum(1, 0.999 * self.limit / np.maximum(np.hypot(x, y), 1e-300))
        return x * shrink, y * shrink


def _smallest_positive_root(coefficients: FloatArray) -> float:
    """Smallest positive real root of a polynomial (highest power first); inf if there is none."""
    # Solved for the reciprocal: the constant term is 1, the leading one may be next to nothing.
    roots = np.roots(coefficients[::-1])
    real = roots.real[(np.abs(roots.imag) <= 1e-7 * np.abs(roots)) & (roots.real > 1e-9)]
    return float(1 / real.max()) if real.size else np.inf


def _tilt(tau_x: float, tau_y: float) -> FloatArray:
    """Homography of OpenCV's tilted sensor, shape (3, 3)."""
    cx, sx, cy, sy = np.cos(tau_x), np.sin(tau_x), np.cos(tau_y), np.sin(tau_y)
    about_x = np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    turn = about_y @ about_x
    onto = np.array([[turn[2, 2], 0, -turn[0, 2]], [0, turn[2, 2], -turn[1, 2]], [0, 0, 1]])
    homography: FloatArray = onto @ turn
    return homography


class PolynomialLens(Lens):
    """OpenCV's pinhole model with 0, 4, 5, 8, 12 or 14 coefficients."""

    def __init__(self, camera: Camera) -> None:
        super().__init__(camera)
        c = np.zeros(14)
        c[: camera.distortion.size] = camera.distortion
        k1, k2, self.p1, self.p2, k3, k4, k5, k6, *prism, tau_x, tau_y = c.tolist()
        self.numerator, self.denominator = (k1, k2, k3), (k4, k5, k6)
        self.prism = tuple(prism)
        self.has_tangential = bool(self.p1 or self.p2)
        self.tilt = _tilt(tau_x, tau_y) if tau_x or tau_y else None
        self.limit = self._find_limit()
        self._build_table(camera)

    def _find_limit(self) -> float:
        """Radius at which the radial terms stop growing, or have a pole."""
        top = np.poly1d([*self.numerator[::-1], 1.0])
        bottom = np.poly1d([*self.denominator[::-1], 1.0])
        # With s = r²: d(r N/D)/dr has the sign of (N + 2 s N') D - 2 s N D'.
        s = np.poly1d([2.0, 0.0])
        slope = (top + s * top.deriv()) * bottom - s * top * bottom.deriv()
        roots = (_smallest_positive_root(p.coeffs) for p in (slope, bottom))
        return float(np.sqrt(min(roots)))

    def _radial(self, radius: FloatArray) -> FloatArray:
        s = radius * radius
        return radius * _horner(self.numerator, s) / _horner(self.denominator, s)

    def distort(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Distorted coordinates, without a check of the model's range."""
        s = x * x
        s += y * y
        gain = _horner(self.numerator, s)
        if any(self.denominator):
            gain = gain / _horner(self.denominator, s)
        new_x, new_y = x * gain, y * gain
        if self.has_tangential:
            cross = 2 * x * y
            new_x += self.p1 * cross + self.p2 * (s + 2 * x * x)
            new_y += self.p2 * cross + self.p1 * (s + 2 * y * y)
        if any(self.prism):
            s1, s2, s3, s4 = self.prism
            new_x += s * (s1 + s2 * s)
            new_y += s * (s3 + s4 * s)
        return (new_x, new_y) if self.tilt is None else _apply(self.tilt, new_x, new_y)

    def distort_with_jacobian(
        self, x: FloatArray, y: FloatArray
    ) -> tuple[FloatArray, FloatArray, Jacobian]:
        """Distorted coordinates and their partial derivatives."""
        xx, yy, xy = x * x, y * y, x * y
        s = xx + yy
        gain, slope = self._gain_and_slope(s)
        slope = 2 * slope
        new_x, new_y = x * gain, y * gain
        a, b, d = gain + xx * slope, xy * slope, gain + yy * slope
        c = b
        if self.has_tangential:
            p1, p2 = self.p1, self.p2
            new_x += (2 * p1) * xy + p2 * (s + 2 * xx)
            new_y += (2 * p2) * xy + p1 * (s + 2 * yy)
            px, py = p1 * x + p2 * y, p1 * y + p2 * x
            a += 2 * (py + 2 * p2 * x)
            d += 2 * (py + 2 * p1 * y)
            b = c = b + 2 * px
        if any(self.prism):
            s1, s2, s3, s4 = self.prism
            new_x += s * (s1 + s2 * s)
            new_y += s * (s3 + s4 * s)
            on_x, on_y = 2 * (s1 + 2 * s2 * s), 2 * (s3 + 2 * s4 * s)
            a, b, c, d = a + on_x * x, b + on_x * y, c + on_y * x, d + on_y * y
        if self.tilt is None:
            return new_x, new_y, (a, b, c, d)
        return _tilted(self.tilt, new_x, new_y, (a, b, c, d))

    def _gain_and_slope(self, s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Radial factor and its derivative by the squared radius."""
        k1, k2, k3 = self.numerator
        gain, slope = _horner(self.numerator, s), (3 * k3 * s + 2 * k2) * s + k1
        if any(self.denominator):
            k4, k5, k6 = self.denominator
            bottom = 1 / _horner(self.denominator, s)
            gain = gain * bottom
            slope = (slope - gain * ((3 * k6 * s + 2 * k5) * s + k4)) * bottom
        return gain, slope


def _horner(coefficients: tuple[float, ...], s: FloatArray) -> FloatArray:
    """Evaluate 1 + c1 s + c2 s² + c3 s³."""
    c1, c2, c3 = coefficients
    value = s * c3
    value += c2
    value *= s
    value += c1
    value *= s
    value += 1
    return value


def _apply(h: FloatArray, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Map points by a homography."""
    h = h.astype(x.dtype, copy=False)
    w = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    return (h[0, 0] * x + h[0, 1] * y + h[0, 2]) / w, (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / w


def _tilted(
    h: FloatArray, x: FloatArray, y: FloatArray, jacobian: Jacobian
) -> tuple[FloatArray, FloatArray, Jacobian]:
    """Chain a homography behind a map and its derivative."""
    a, b, c, d = jacobian
    h = h.astype(x.dtype, copy=False)
    new_x, new_y = _apply(h, x, y)
    w = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    xx, xy = (h[0, 0] - new_x * h[2, 0]) / w, (h[0, 1] - new_x * h[2, 1]) / w
    yx, yy = (h[1, 0] - new_y * h[2, 0]) / w, (h[1, 1] - new_y * h[2, 1]) / w
    return new_x, new_y, (xx * a + xy * c, xx * b + xy * d, yx * a + yy * c, yx * b + yy * d)


class FisheyeLens(Lens):
    """OpenCV's fisheye model with four coefficients (Kannala and Brandt, 2006)."""

    def __init__(self, camera: Camera) -> None:
        super().__init__(camera)
        self.k: tuple[float, ...] = tuple(camera.distortion.tolist())
        k1, k2, k3, k4 = self.k
        # d(theta_d)/d(theta) = 1 + 3 k1 t + 5 k2 t² + 7 k3 t³ + 9 k4 t⁴ with t = theta².
        slope = np.array([9 * k4, 7 * k3, 5 * k2, 3 * k1, 1.0])
        angle = np.sqrt(_smallest_positive_root(slope))
        self.limit = float(np.tan(angle)) if angle < np.pi / 2 else np.inf
        self._build_table(camera)

    def _bent(self, theta: FloatArray) -> FloatArray:
        k1, k2, k3, k4 = self.k
        t = theta * theta
        return theta * (1 + t * (k1 + t * (k2 + t * (k3 + t * k4))))

    def _radial(self, radius: FloatArray) -> FloatArray:
        return self._bent(np.arctan(radius))

    def _radii(self, reach: float) -> FloatArray:
        # Even steps in angle: the tangent would leave none near the axis.
        del reach
        end = min(np.arctan(self.limit), np.pi / 2 - 1e-4)
        return np.tan(np.linspace(0, end, 16 * _TABLE_SIZE))

    def distort(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Distorted coordinates, without a check of the model's range."""
        radius = np.maximum(np.hypot(x, y), 1e-12)
        gain = self._bent(np.arctan(radius)) / radius
        return x * gain, y * gain

    def distort_with_jacobian(
        self, x: FloatArray, y: FloatArray
    ) -> tuple[FloatArray, FloatArray, Jacobian]:
        """Distorted coordinates and their partial derivatives."""
        k1, k2, k3, k4 = self.k
        s = x * x + y * y
        radius = np.sqrt(np.maximum(s, 1e-24))
        theta = np.arctan(radius)
        t = theta * theta
        growth = 1 + t * (3 * k1 + t * (5 * k2 + t * (7 * k3 + t * 9 * k4)))
        gain = self._bent(theta) / radius
        # On the axis the quotient is 0/0; its limit is known.
        near = s < 1e-6
        slope = np.where(near, 2 * k1 - 2 / 3, (growth / (1 + s) - gain) / np.where(near, 1, s))
        b = x * y * slope
        return x * gain, y * gain, (gain + x * x * slope, b, b, gain + y * y * slope)


@lru_cache(maxsize=256)
def lens_of(camera: Camera) -> Lens:
    """Lens of a camera (cameras are immutable, so their lenses are kept)."""
    return FisheyeLens(camera) if camera.fisheye else PolynomialLens(camera)


def in_range(lens: Lens, x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Whether undistorted coordinates lie where the lens model is one-to-one."""
    inside: NDArray[np.bool_] = x * x + y * y < lens.limit**2
    return inside
