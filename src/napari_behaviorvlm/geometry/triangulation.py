"""Robust triangulation of many points from the labels of several views.

For each point: if all labelled views agree within half the threshold, they are all used; else
every pair of views proposes a point and the proposal that most views support in pixels wins
(`consensus`). The agreeing views then give a weighted direct linear solution (Hartley and
Zisserman, 2004, section 12.2) that Gauss-Newton refines on the distorted pixels, with the set of
agreeing views decided there (`refinement`). Nothing is random: same input, same output.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.core.camera import FloatArray, Rig
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.geometry.consensus import PairConsensus, distances
from napari_behaviorvlm.geometry.projection import blocks
from napari_behaviorvlm.geometry.refinement import (
    BoolArray,
    Fit,
    Observations,
    fit_agreeing,
    gauss_newton,
    leave_one_out_distance,
    solve_linear,
)
from napari_behaviorvlm.geometry.sights import read_sights
from napari_behaviorvlm.geometry.working_rig import WorkingRig

_BLOCK = 4096
_TRIANGLE = ((0, 1, 2), (1, 3, 4), (2, 4, 5))
# What the pixel noise is taken for before there are residuals, and how many residuals outvote it.
_PRIOR_SIGMA = 0.5
_PRIOR_FREEDOM = 6.0


@dataclass(frozen=True)
class TriangulationSettings:
    """How labels become points.

    Parameters
    ----------
    threshold : float
        Largest reprojection error of a view that is used, px. Well above the noise (0.2-0.5 px for
        dots), well below a wrong dot; 10 px would cost a factor 2.5 in accuracy at 30 % outliers.
    min_views : int
        Views that must agree; two lines of sight that meet are weaker evidence than three.
    pixel_sigma : float or None
        Noise of a label in each direction, px, for the covariance; None estimates it from the
        residuals of the same call.
    leave_one_out : bool
        Whether to compute leave-one-out errors (about a tenth of the time).
    """

    threshold: float = 3.0
    min_views: int = 2
    pixel_sigma: float | None = None
    leave_one_out: bool = True


@dataclass(eq=False)
class Triangulation:
    """Points of N sets of labels over C cameras, with everything needed to doubt them.

    Parameters
    ----------
    points : ndarray, shape (N, 3)
        World coordinates; NaN where too few views agree.
    inliers : ndarray of bool, shape (N, C)
        Views that were used.
    error : ndarray, shape (N,)
        Root mean square distance between label and reprojection over the used views, px.
    view_error : ndarray, shape (N, C)
        Distance between label and reprojection, px; NaN without a label or a point, infinite where
        the point is behind the camera or outside its lens' range.
    leave_one_out : ndarray, shape (N, C)
        Distance between a label and the reprojection of the point that the other used views give,
        px; NaN where fewer than two others remain, or if it was not asked for.
    n_views : ndarray of int8, shape (N,)
        Number of used views; 0 without a point.
    covariance : ndarray of float32, shape (N, 3, 3)
        Of the points, in squared units of length; NaN without a point.
    pixel_sigma : float
        Noise of a label in each direction, px, that the covariance stands on.
    """

    points: FloatArray
    inliers: BoolArray
    error: FloatArray
    view_error: FloatArray
    leave_one_out: FloatArray
    n_views: NDArray[np.int8]
    covariance: NDArray[np.float32]
    pixel_sigma: float

    @classmethod
    def empty(cls, count: int, cameras: int) -> "Triangulation":
        """Return ``count`` failed points."""
        return cls(
            np.full((count, 3), np.nan), np.zeros((count, cameras), np.bool_),
            np.full(count, np.nan), np.full((count, cameras), np.nan),
            np.full((count, cameras), np.nan), np.zeros(count, np.int8),
            np.full((count, 3, 3), np.nan, np.float32), _PRIOR_SIGMA,
        )  # fmt: skip


def triangulate(
    rig: Rig,
    xy: ArrayLike,
    weights: ArrayLike | None = None,
    settings: TriangulationSettings | None = None,
) -> Triangulation:
    """Triangulate points whose labels may be wrong in some views.

    Parameters
    ----------
    rig : Rig
        At least two cameras.
    xy : array_like, shape (N, C, 2)
        Pixels of the original frames in the rig's camera order; NaN where there is no label.
    weights : array_like, shape (N, C), optional
        Confidence of each label relative to the others (inverse variance); 0 or NaN leaves it out.
    settings : TriangulationSettings, optional

    Returns
    -------
    Triangulation

    Raises
    ------
    CalibrationError
        If the rig has fewer than two cameras.
    ValueError
        If the shapes do not belong together.
    """
    settings = settings or TriangulationSettings()
    pixels, weight = _checked(rig, xy, weights)
    working = WorkingRig(rig)
    consensus = PairConsensus(working)
    result = Triangulation.empty(len(pixels), len(rig))
    squares = 0.0
    for block in blocks(len(pixels), _BLOCK):
        observed, strength = _block_arrays(pixels[block], None if weight is None else weight[block])
        with np.errstate(all="ignore"):
            fit, inliers = _solve(working, consensus, observed, strength, settings)
            squares += _store(
                working, result, block, fit,
                inliers=inliers, weight=strength, settings=settings,
            )  # fmt: skip
    _scale_covariance(result, squares, settings)
    return result


def leave_one_out(
    rig: Rig, xy: ArrayLike, result: Triangulation, weights: ArrayLike | None = None
) -> FloatArray:
    """Leave-one-out errors of points that were triangulated without them.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (N, C, 2)
        The labels that were triangulated.
    result : Triangulation
    weights : array_like, shape (N, C), optional
        The weights that were used.

    Returns
    -------
    ndarray, shape (N, C)
        As `Triangulation.leave_one_out`.
    """
    pixels, weight = _checked(rig, xy, weights)
    working = WorkingRig(rig)
    errors = np.empty(pixels.shape[:2])
    for block in blocks(len(pixels), _BLOCK):
        observed, strength = _block_arrays(pixels[block], None if weight is None else weight[block])
        inliers = np.ascontiguousarray(result.inliers[block].T)
        with np.errstate(all="ignore"):
            sights = read_sights(working, observed, strength)
            seen = Observations(observed, sights.gain, strength.astype(np.float32))
            points = working.to_working(result.points[block])
            fit = gauss_newton(working, points, seen, inliers)
            alone = leave_one_out_distance(working, fit, seen.weight, inliers)
        alone[strength == 0] = np.nan
        errors[block] = alone.T
    return errors


def _checked(
    rig: Rig, xy: ArrayLike, weights: ArrayLike | None
) -> tuple[FloatArray, FloatArray | None]:
    if len(rig) < 2:
        raise CalibrationError(
            f"Triangulation needs two calibrated cameras, but the calibration holds only "
            f"{rig.names[0]!r}."
        )
    pixels = np.asarray(xy, dtype=np.float64)
    if pixels.ndim != 3 or pixels.shape[1:] != (len(rig), 2):
        raise ValueError(f"xy has shape {pixels.shape}, not (N, {len(rig)}, 2).")
    if weights is None:
        return pixels, None
    weight = np.asarray(weights, dtype=np.float64)
    if weight.shape != pixels.shape[:2]:
        raise ValueError(f"weights have shape {weight.shape}, not {pixels.shape[:2]}.")
    return pixels, weight


def _block_arrays(pixels: FloatArray, weight: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Pixels (2, C, n) and weights (C, n), 0 where there is no label."""
    observed = np.ascontiguousarray(pixels.transpose(2, 1, 0))
    given = np.asarray(np.isfinite(observed).all(axis=0), np.bool_)
    if weight is None:
        return observed, given.astype(np.float64)
    strength: FloatArray = np.array(weight.T, order="C")
    strength[~(given & np.isfinite(strength) & (strength > 0))] = 0
    return observed, strength


def _solve(
    rig: WorkingRig, consensus: PairConsensus, pixels: FloatArray, weight: FloatArray,
    settings: TriangulationSettings,
) -> tuple[Fit, BoolArray]:  # fmt: skip
    """Points of one block and the views they stand on, (C, n)."""
    sights = read_sights(rig, pixels, weight)
    depth = rig.typical_depth.astype(np.float32)[:, None]
    strength = sights.weight * sights.squared_scale
    points = solve_linear(rig, sights.x, sights.y, strength / (depth * depth))
    squared, _ = distances(rig, sights, points)
    given = sights.weight > 0
    # No subset can beat all views agreeing, so that those points need no consensus.
    inliers = given.copy()
    agreed = ((squared <= (settings.threshold / 2) ** 2) | ~given).all(axis=0)
    split = np.flatnonzero(~agreed)
    if split.size:
        part = sights.select(split)
        best = consensus.best(part, settings.threshold)
        squared, inverse = distances(rig, part, best)
        close = given[:, split] & (squared <= settings.threshold**2)
        strength = strength[:, split] * inverse * inverse
        points[:, split] = solve_linear(rig, part.x, part.y, np.where(close, strength, 0))
        inliers[:, split] = close
    seen = Observations(pixels, sights.gain, weight.astype(np.float32))
    return fit_agreeing(rig, points, seen, inliers=inliers, threshold=settings.threshold)


def _store(
    rig: WorkingRig, result: Triangulation, block: slice, fit: Fit, *,
    inliers: BoolArray, weight: FloatArray, settings: TriangulationSettings,
) -> float:  # fmt: skip
    """Write one block of results, failed points as NaN; return the weighted sum of squares."""
    count = inliers.sum(axis=0)
    failed = (count < settings.min_views) | ~np.isfinite(fit.points).all(axis=0)
    inliers[:, failed] = False
    distance = fit.distance
    used = np.where(inliers, distance, 0)
    error = np.sqrt((used * used).sum(axis=0) / np.maximum(count, 1))
    fit.points[:, failed] = fit.covariance[:, failed] = error[failed] = np.nan
    distance[:, failed] = np.nan
    distance[weight == 0] = np.nan
    result.points[block] = rig.to_calibration(fit.points)
    result.inliers[block] = inliers.T
    result.n_views[block] = np.where(failed, 0, count)
    result.error[block] = error
    result.view_error[block] = distance.T
    result.covariance[block] = (fit.covariance[_TRIANGLE, :] * rig.scale**2).transpose(2, 0, 1)
    if settings.leave_one_out:
        alone = leave_one_out_distance(rig, fit, weight.astype(np.float32), inliers)
        alone[(weight == 0) | failed] = np.nan
        result.leave_one_out[block] = alone.T
    used[:, failed] = 0
    return float((used * used * weight).sum())


def _scale_covariance(
    result: Triangulation, squares: float, settings: TriangulationSettings
) -> None:
    """Turn inverse normal matrices into covariances by the noise of the labels."""
    if settings.pixel_sigma is None:
        views = result.n_views[result.n_views > 0].astype(np.float64)
        freedom = float((2 * views - 3).sum())
        prior = _PRIOR_FREEDOM * _PRIOR_SIGMA**2
        result.pixel_sigma = float(np.sqrt((squares + prior) / (freedom + _PRIOR_FREEDOM)))
    else:
        result.pixel_sigma = settings.pixel_sigma
    result.covariance *= np.float32(result.pixel_sigma**2)
