"""Whether a calibration belongs to some labels, and which camera disagrees with the others.

Two cameras agree if their labels of the same points meet within a few pixels. The largest set of
cameras that all agree is taken for right: if it is all of them, the calibration fits; if one or few
are left out, those are named; if hardly any two agree, the calibration is another rig's.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_behaviorvlm.core.camera import FloatArray, Rig
from napari_behaviorvlm.geometry.epipolar import epipolar_distance
from napari_behaviorvlm.geometry.projection import project
from napari_behaviorvlm.geometry.triangulation import TriangulationSettings, triangulate

_FEWEST_SHARED = 4


@dataclass(frozen=True, eq=False)
class RigCheck:
    """What labels say of a calibration.

    Parameters
    ----------
    names : tuple of str
        Cameras in order.
    n_labels : ndarray of int64, shape (C,)
        Labels of each camera.
    pair_error : ndarray, shape (C, C)
        Median epipolar distance of the labels two cameras share, px; NaN with fewer than four.
    camera_error : ndarray, shape (C,)
        Median distance between a camera's labels and the points that the other trusted cameras
        give, px; NaN where they give none.
    disagreeing : tuple of str
        Cameras outside the largest agreeing set.
    problem : str or None
        One sentence for a person; None if all cameras that can be judged agree.
    """

    names: tuple[str, ...]
    n_labels: NDArray[np.int64]
    pair_error: FloatArray
    camera_error: FloatArray
    disagreeing: tuple[str, ...]
    problem: str | None


def check_rig(rig: Rig, xy: ArrayLike, *, limit: float = 8.0) -> RigCheck:
    """Compare a calibration with labels, e.g. those of the seed frames.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (N, C, 2)
        Labels of N points, pixels of the original frames in the rig's camera order; NaN where
        there is none. A dozen points suffice.
    limit : float
        Median distance up to which two cameras agree, px. Hand labels are a few pixels off; a wrong
        calibration is off by tens or hundreds.

    Returns
    -------
    RigCheck
    """
    labels = np.asarray(xy, dtype=np.float64)
    if labels.ndim != 3 or labels.shape[1:] != (len(rig), 2):
        raise ValueError(f"xy has shape {labels.shape}, not (N, {len(rig)}, 2).")
    pair_error = _pair_errors(rig, labels)
    trusted = _largest_agreeing(pair_error, limit)
    judged = np.isfinite(pair_error).any(axis=1)
    camera_error = _camera_errors(rig, labels, trusted, limit)
    off = judged & ~_among(trusted, len(rig))
    # Along an epipolar line a pair sees nothing; the point of the other cameras does.
    off |= judged & (camera_error > limit) & (len(trusted) > 2)
    disagreeing = tuple(name for name, bad in zip(rig.names, off, strict=True) if bad)
    problem = _sentence(rig, disagreeing, int(judged.sum()), camera_error)
    counts = np.isfinite(labels).all(axis=2).sum(axis=0).astype(np.int64)
    return RigCheck(rig.names, counts, pair_error, camera_error, disagreeing, problem)


def _pair_errors(rig: Rig, labels: FloatArray) -> FloatArray:
    errors = np.full((len(rig), len(rig)), np.nan)
    for a, b in combinations(range(len(rig)), 2):
        distance = epipolar_distance(rig, labels[:, a], rig.names[a], labels[:, b], rig.names[b])
        both = np.isfinite(labels[:, (a, b)]).all(axis=(1, 2))
        if both.sum() >= _FEWEST_SHARED:
            # A label that no direction of the camera maps to counts as far away.
            far = np.where(np.isfinite(distance[both]), distance[both], np.inf)
            errors[a, b] = errors[b, a] = np.median(far)
    return errors


def _among(members: tuple[int, ...], count: int) -> NDArray[np.bool_]:
    mask = np.zeros(count, np.bool_)
    mask[list(members)] = True
    return mask


def _largest_agreeing(pair_error: FloatArray, limit: float) -> tuple[int, ...]:
    """Largest set of cameras without a disagreeing pair, grown from every camera in turn."""
    disagree = pair_error > limit
    best: tuple[int, ...] = ()
    for start in range(len(pair_error)):
        # The best companions first, so that one bad camera cannot displace two good ones.
        order = np.argsort(np.where(np.isfinite(pair_error[start]), pair_error[start], np.inf))
        members = [start]
        members += [
            int(other) for other in order
            if other != start and not disagree[other][start]
        ]  # fmt: skip
        kept: list[int] = []
        for camera in members:
            if not disagree[camera, kept].any():
                kept.append(camera)
        if len(kept) > len(best) and np.isfinite(pair_error[np.ix_(kept, kept)]).any():
            best = tuple(sorted(kept))
    return best


def _camera_errors(
    rig: Rig, labels: FloatArray, trusted: tuple[int, ...], limit: float
) -> FloatArray:
    """Median distance of each camera's labels from the points of the other trusted cameras."""
    errors = np.full(len(rig), np.nan)
    settings = TriangulationSettings(threshold=2 * limit, leave_one_out=False)
    for index, camera in enumerate(rig):
        others = [other for other in trusted if other != index]
        if len(others) < 2:
            continue
        subset = rig.subset(rig.names[other] for other in others)
        points = triangulate(subset, labels[:, others], settings=settings).points
        usable = np.isfinite(points).all(axis=1) & np.isfinite(labels[:, index]).all(axis=1)
        if usable.any():
            away = np.linalg.norm(project(camera, points[usable]) - labels[usable, index], axis=1)
            errors[index] = np.median(np.where(np.isfinite(away), away, np.inf))
    return errors


def _sentence(
    rig: Rig, disagreeing: tuple[str, ...], judged: int, camera_error: FloatArray
) -> str | None:
    if not disagreeing:
        return None
    if judged - len(disagreeing) < max(2, judged / 2):
        return (
            "The calibration does not fit the labels: hardly any two cameras see the same point. "
            "Is it the calibration of another rig, or are its camera names in another order?"
        )
    errors = (camera_error[rig.index(name)] for name in disagreeing)
    named = ", ".join(
        f"{name!r} ({error:.0f} px)" if np.isfinite(error) else repr(name)
        for name, error in zip(disagreeing, errors, strict=True)
    )
    several = len(disagreeing) > 1
    return (
        f"Camera{'s' if several else ''} {named} disagree{'' if several else 's'} with the others: "
        "was it moved after the calibration, or are videos and names mixed up?"
    )
