"""Where a point of one view may lie in another, and how well two views agree.

Works with distorted pixels throughout: curves bend as the lens bends them, and distances are in
pixels of the original frames.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.core.camera import Camera, FloatArray, Rig
from napari_behaviorvlm.geometry.lens import lens_of
from napari_behaviorvlm.geometry.projection import project, rays, undistort

_SAMPLES = 2048
_MARGIN = 0.05


def essential_matrix(rig: Rig, a: str, b: str) -> FloatArray:
    """Essential matrix E of two cameras: (x_b, y_b, 1) E (x_a, y_a, 1)^T = 0.

    Parameters
    ----------
    rig : Rig
    a, b : str
        Names of the cameras.

    Returns
    -------
    ndarray, shape (3, 3)
        For normalised (undistorted) coordinates; scaled by the length of the baseline.

    Raises
    ------
    CalibrationError
        If the rig has no such camera.
    """
    first, second = rig[a], rig[b]
    turn = second.rotation_matrix @ first.rotation_matrix.T
    x, y, z = second.translation - turn @ first.translation
    matrix: FloatArray = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ turn
    return matrix


def fundamental_matrix(rig: Rig, a: str, b: str) -> FloatArray:
    """Fundamental matrix of two cameras, for pixels freed of distortion.

    Parameters
    ----------
    rig : Rig
    a, b : str
        Names of the cameras.

    Returns
    -------
    ndarray, shape (3, 3)
        F with (u_b, v_b, 1) F (u_a, v_a, 1)^T = 0.
    """
    inverse_a, inverse_b = np.linalg.inv(rig[a].matrix), np.linalg.inv(rig[b].matrix)
    matrix: FloatArray = inverse_b.T @ essential_matrix(rig, a, b) @ inverse_a
    return matrix


def epipolar_curve(
    rig: Rig, from_camera: str, xy: ArrayLike, to_camera: str, *,
    near: float | None = None, far: float | None = None, n: int = 64,
) -> FloatArray:  # fmt: skip
    """Curve in one view on which a point marked in another view must lie.

    Parameters
    ----------
    rig : Rig
    from_camera, to_camera : str
        Names of the cameras.
    xy : array_like, shape (2,)
        The marked point, pixels of ``from_camera``.
    near, far : float, optional
        Range along the line of sight, in the calibration's unit of length; without them, all
        that can lie in the picture, up to twenty times the size of the rig.
    n : int
        Number of points of the curve, evenly spaced along it.

    Returns
    -------
    ndarray, shape (n, 2) or (0, 2)
        Distorted pixels of ``to_camera``; empty if no part of the line of sight can be seen.
        The ends reach a little beyond the picture.

    Raises
    ------
    CalibrationError
        If the rig has no such camera.
    """
    origin, direction = rays(rig[from_camera], np.asarray(xy, dtype=np.float64))
    camera = rig[to_camera]
    size = max(float(np.linalg.norm(other.center - origin)) for other in rig) or 1.0
    near = 1e-3 * size if near is None else near
    far = 20 * size if far is None else far
    steps = np.geomspace(max(near, 1e-9 * far), far, _SAMPLES)
    curve = project(camera, origin + steps[:, None] * direction)
    return _evenly(_longest_run(curve, _near_picture(camera, curve)), n)


def _near_picture(camera: Camera, curve: FloatArray) -> NDArray[np.bool_]:
    visible = np.asarray(np.isfinite(curve).all(axis=1), np.bool_)
    if camera.size is not None:
        size = np.array(camera.size)
        inside = (curve > -_MARGIN * size) & (curve < (1 + _MARGIN) * size)
        visible = visible & inside.all(axis=1)
    return visible


def _longest_run(curve: FloatArray, visible: NDArray[np.bool_]) -> FloatArray:
    """Longest unbroken visible part of a polyline."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], visible, [False]]).astype(np.int8)))
    if not edges.size:
        return np.zeros((0, 2))
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return curve[starts[longest] : ends[longest]]


def _evenly(curve: FloatArray, n: int) -> FloatArray:
    """Resample a polyline at equal distances."""
    if len(curve) < 2:
        return np.repeat(curve, n, axis=0) if len(curve) else curve
    travelled = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    at = np.linspace(0, travelled[-1], n)
    return np.stack([np.interp(at, travelled, curve[:, axis]) for axis in range(2)], axis=1)


@dataclass(slots=True)
class _Pairing:
    """Two views' directions and their algebraic error with its derivatives, in pixel units."""

    first: FloatArray
    second: FloatArray
    error: FloatArray
    by_first: FloatArray
    by_second: FloatArray
    strength: FloatArray
    scales: tuple[FloatArray, FloatArray]


def _local_scale(camera: Camera, normalised: FloatArray) -> FloatArray:
    """Pixels per normalised unit at some directions."""
    lens = lens_of(camera)
    _, _, (a, b, c, d) = lens.distort_with_jacobian(normalised[..., 0], normalised[..., 1])
    scale: FloatArray = np.sqrt(np.abs(a * d - b * c) * lens.fx * lens.fy)
    return scale


def _pair(rig: Rig, xy_a: ArrayLike, a: str, xy_b: ArrayLike, b: str) -> _Pairing:
    first, second = undistort(rig[a], xy_a), undistort(rig[b], xy_b)
    scale_a, scale_b = _local_scale(rig[a], first), _local_scale(rig[b], second)
    matrix = essential_matrix(rig, a, b)
    line_in_b = first @ matrix[:, :2].T + matrix[:, 2]
    line_in_a = second @ matrix[:2] + matrix[2]
    error = (second * line_in_b[..., :2]).sum(axis=-1) + line_in_b[..., 2]
    by_first, by_second = line_in_a[..., :2], line_in_b[..., :2]
    strength = (by_first**2).sum(-1) / scale_a**2 + (by_second**2).sum(-1) / scale_b**2
    return _Pairing(first, second, error, by_first, by_second, strength, (scale_a, scale_b))


def epipolar_distance(rig: Rig, xy_a: ArrayLike, a: str, xy_b: ArrayLike, b: str) -> FloatArray:
    """How far two labels are from seeing one point, px.

    The Sampson distance (Hartley and Zisserman, 2004, section 11.4.3): the smallest shift of both
    labels together, to first order, that makes their lines of sight meet.

    Parameters
    ----------
    rig : Rig
    xy_a, xy_b : array_like, shape (..., 2)
        Pixels; the leading axes broadcast, so that (Na, 1, 2) and (Nb, 2) give all combinations.
    a, b : str
        Names of the cameras.

    Returns
    -------
    ndarray, shape (...)
        NaN where a label is NaN.
    """
    with np.errstate(all="ignore"):
        pair = _pair(rig, xy_a, a, xy_b, b)
        distance: FloatArray = np.abs(pair.error) / np.sqrt(pair.strength)
    return distance


def triangulate_pair(
    rig: Rig, a: str, xy_a: ArrayLike, b: str, xy_b: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Triangulate every label of one view with every label of another.

    Both labels are moved onto each other's epipolar line by the Sampson correction; the point is
    where their lines of sight then meet. This is the maximum-likelihood point to first order.

    Parameters
    ----------
    rig : Rig
    a, b : str
        Names of the cameras.
    xy_a : array_like, shape (Na, 2)
    xy_b : array_like, shape (Nb, 2)
        Pixels.

    Returns
    -------
    points : ndarray, shape (Na, Nb, 3)
        World coordinates; NaN where the lines of sight meet behind a camera or run parallel.
    distance : ndarray, shape (Na, Nb)
        As `epipolar_distance`, px; infinite where there is no point.
    """
    first = np.asarray(xy_a, dtype=np.float64).reshape(-1, 1, 2)
    second = np.asarray(xy_b, dtype=np.float64).reshape(1, -1, 2)
    with np.errstate(all="ignore"):
        pair = _pair(rig, first, a, second, b)
        distance = np.abs(pair.error) / np.sqrt(pair.strength)
        shift = (pair.error / pair.strength)[..., None]
        on_first = pair.first - shift * pair.by_first / pair.scales[0][..., None] ** 2
        on_second = pair.second - shift * pair.by_second / pair.scales[1][..., None] ** 2
        points = _meet(rig[a], on_first, rig[b], on_second)
    lost = ~np.isfinite(points).all(axis=-1) | ~np.isfinite(distance)
    points[lost], distance[lost] = np.nan, np.inf
    return points, distance


def _meet(a: Camera, on_a: FloatArray, b: Camera, on_b: FloatArray) -> FloatArray:
    """Midpoint between lines of sight; NaN behind a camera or where the lines are parallel."""
    ahead_a = _directions(a, on_a)
    ahead_b = _directions(b, on_b)
    baseline = b.center - a.center
    aa, bb = (ahead_a**2).sum(-1), (ahead_b**2).sum(-1)
    ab = (ahead_a * ahead_b).sum(-1)
    to_a, to_b = ahead_a @ baseline, ahead_b @ baseline
    determinant = aa * bb - ab * ab
    # The third coordinate of a direction is 1 in its camera, so that s and t are depths.
    s = (bb * to_a - ab * to_b) / determinant
    t = (ab * to_a - aa * to_b) / determinant
    points: FloatArray = (a.center + s[..., None] * ahead_a + b.center + t[..., None] * ahead_b) / 2
    points[~((s > 0) & (t > 0) & (determinant > 1e-10 * aa * bb))] = np.nan
    return points


def _directions(camera: Camera, normalised: FloatArray) -> FloatArray:
    ahead: FloatArray = normalised @ camera.rotation_matrix[:2] + camera.rotation_matrix[2]
    return ahead
