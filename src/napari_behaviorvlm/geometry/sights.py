"""Labels as directions: undistorted once, with the lens' derivative at the label.

Single precision is enough here (1e-7 of a normalised unit is 2e-4 px): these numbers choose views,
give first guesses and serve as derivatives; residuals are taken in double precision on the pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import FloatArray
from napari_behaviorvlm.geometry.lens import Jacobian, Lens, in_range
from napari_behaviorvlm.geometry.working_rig import Float32, WorkingRig

# A Newton step squares the error, times the bend of the lens: from 3 px to about 0.01 px.
_NEAR = 2e-3
_MAX_STEPS = 3


@dataclass(slots=True)
class Sights:
    """Labels of a block of points as undistorted directions, camera axis first.

    Parameters
    ----------
    x, y : ndarray of float32, shape (C, n)
        Undistorted normalised coordinates; 0 where there is no label.
    gain : ndarray of float32, shape (4, C, n)
        Derivative of pixels by normalised coordinates at the label, row by row.
    weight : ndarray of float32, shape (C, n)
        0 where there is no label, or no direction that the lens maps to it.
    """

    x: Float32
    y: Float32
    gain: Float32
    weight: Float32

    def select(self, which: NDArray[np.intp]) -> "Sights":
        """Those points alone."""
        return Sights(
            self.x[:, which], self.y[:, which], self.gain[:, :, which], self.weight[:, which]
        )

    @property
    def squared_scale(self) -> Float32:
        """Square of the pixels per normalised unit, (C, n)."""
        scale: Float32 = np.abs(self.gain[0] * self.gain[3] - self.gain[1] * self.gain[2])
        return scale


def read_sights(rig: WorkingRig, pixels: FloatArray, weight: FloatArray) -> Sights:
    """Undistort labels (2, C, n); weights are (C, n) with 0 where there is no label."""
    x, y = np.empty(weight.shape, np.float32), np.empty(weight.shape, np.float32)
    gain = np.empty((4, *weight.shape), np.float32)
    for index, lens in enumerate(rig.lenses):
        given = weight[index] > 0
        x[index], y[index], jacobian = _undistort(lens, pixels[:, index], given)
        _pixel_gain(lens, jacobian, gain[:, index])
    seen = (weight > 0) & np.isfinite(x) & np.isfinite(y) & np.isfinite(gain).all(axis=0)
    if not seen.all():
        x[~seen] = y[~seen] = gain[:, ~seen] = 0
    return Sights(x, y, gain, np.where(seen, weight, 0).astype(np.float32))


def _undistort(
    lens: Lens, pixels: FloatArray, given: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, Jacobian]:
    """Directions of one camera's labels, NaN where there are none, and the lens' derivative."""
    exact = lens.from_pixels(pixels[0], pixels[1])
    single: tuple[Float32, Float32] = exact[0].astype(np.float32), exact[1].astype(np.float32)
    near = lens.guess(*single)
    for _ in range(_MAX_STEPS):
        x, y, error, jacobian = lens.newton_step(*single, *near)
        poor = given & ~((error < _NEAR) & in_range(lens, x, y))
        if not poor.any():
            return x, y, jacobian
        near = x, y
    # The few beyond the reach of the quick way (outliers at the rim, folded lenses).
    x[poor], y[poor] = lens.undistort(exact[0][poor], exact[1][poor])
    return x, y, lens.distort_with_jacobian(x, y)[2]


def _pixel_gain(lens: Lens, jacobian: Jacobian, gain: Float32) -> None:
    a, b, c, d = jacobian
    np.multiply(a, lens.fx, out=gain[0])
    np.multiply(b, lens.fx, out=gain[1])
    if lens.skew:
        gain[0] += c * lens.skew
        gain[1] += d * lens.skew
    np.multiply(c, lens.fy, out=gain[2])
    np.multiply(d, lens.fy, out=gain[3])
