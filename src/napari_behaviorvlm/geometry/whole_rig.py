"""Bundle adjustment of a whole rig, of which too few cameras still agree.

With no cameras to hold on to, all poses and points are adjusted together, and the result is laid
over the old camera centres by a similarity transform (Umeyama, 1991): place and scale are those of
the old calibration on average, so no better than the cameras' new places are near the old ones.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.geometry.bundle import adjusted, agreeing, points_of
from napari_behaviorvlm.geometry.mending import (
    BETTER,
    FEWEST,
    MovedCamera,
    compare_poses,
    points_of_others,
)
from napari_behaviorvlm.geometry.triangulation import TriangulationSettings

FITS = 5.0
"""Median residual in px down to which every camera of the adjusted rig must come."""

MOST_POINTS = 180
"""Points that are looked at, a third of them to judge the result."""

MOST_AGREE = 0.5
"""Share of the labels that must roughly agree after the first adjustment."""

_EVERYTHING = TriangulationSettings(threshold=400.0, leave_one_out=False)
_ROUGH = TriangulationSettings(threshold=20.0, leave_one_out=False)


def estimate_rig(rig: Rig, xy: ArrayLike) -> tuple[MovedCamera, ...] | None:
    """Estimate where all cameras stand, together.

    Parameters
    ----------
    rig : Rig
    xy : array_like, shape (N, C, 2)
        Labels, pixels of the original frames in the rig's camera order; NaN where there is none.
        Every third point is kept back to judge the result.

    Returns
    -------
    tuple of MovedCamera or None
        In the rig's order; None with too few labels in common, or where the result does not fit
        every camera's labels that were kept back: the calibration is another rig's then.
    """
    labels = np.asarray(xy, dtype=np.float64)
    labels = labels[np.isfinite(labels).all(axis=2).sum(axis=1) >= 3]
    labels = labels[:: max(1, len(labels) // MOST_POINTS)]
    kept_back = np.arange(len(labels)) % 3 == 0
    if kept_back.sum() < FEWEST:
        return None
    every = list(range(len(rig)))
    # All views count at first, as nobody knows which are right; then those that roughly agree.
    used = labels[~kept_back]
    new = adjusted(rig, used, every, points_of(rig, used, _EVERYTHING), rounds=12)
    rough = agreeing(new, used, _ROUGH)
    if np.isfinite(rough).all(axis=2).sum() < MOST_AGREE * np.isfinite(used).all(axis=2).sum():
        return None
    new = adjusted(new, rough, every, rounds=12)
    new = adjusted(new, agreeing(new, used), every, rounds=25)
    new = laid_over(new, rig)
    found = []
    for name in rig.names:
        own, seen = labels[kept_back, rig.index(name)], labels[kept_back]
        after = points_of_others(new, seen, name)
        usable = np.isfinite(after).all(axis=1) & np.isfinite(own).all(axis=1)
        if usable.sum() < FEWEST:
            return None
        found.append(compare_poses(rig[name], new[name], after[usable], own[usable]))
    worth = max(one.after for one in found) < min(FITS, BETTER * max(one.before for one in found))
    return tuple(found) if worth else None


def laid_over(new: Rig, old: Rig) -> Rig:
    """Move, turn and scale a rig as a whole so that its centres lie on those of another.

    Parameters
    ----------
    new, old : Rig
        Of the same cameras, at least three of them not on a line.
    """
    source, target = (np.array([camera.center for camera in rig]) for rig in (new, old))
    middle, aim = source.mean(axis=0), target.mean(axis=0)
    u, sizes, vt = np.linalg.svd((target - aim).T @ (source - middle))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    turn = u @ np.diag(sign) @ vt
    scale = float((sizes * sign).sum() / ((source - middle) ** 2).sum())
    cameras = []
    for camera in new:
        center = scale * turn @ (np.asarray(camera.center) - middle) + aim
        matrix = camera.rotation_matrix @ turn.T
        rotation = Rotation.from_matrix(matrix).as_rotvec()
        cameras.append(replace(camera, rotation=rotation, translation=-matrix @ center))
    return Rig(tuple(cameras), dict(old.metadata))
