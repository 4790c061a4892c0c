"""Bodies from poses: place, direction and size of animals whose keypoints are known."""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.tracks import Tracks

FloatArray = NDArray[np.float64]

_WIDTH_TO_LENGTH = 0.45
_CONTACT = 0.5
"""Body lengths between the nearest trunk points of two animals that count as touching."""


def bodies_of(tracks: Tracks, plan: BodyPlan | None = None) -> BodyTracks:
    """Reduce keypoints to bodies.

    Parameters
    ----------
    tracks : Tracks
        Keypoints in pixels of one picture, or in three dimensions seen from above (the third
        coordinate is dropped; place and length are then in the calibration's unit).
    plan : BodyPlan, optional
        Which keypoint is what; by default told by their names.

    Returns
    -------
    BodyTracks
        Head and rear are the means of the plan's ends, the centre is the mean of the trunk, all
        NaN where none of their keypoints is known. Width and area are those of the ellipse that
        the trunk's keypoints spread over, at least the usual width of a rodent for its length.
        Animals touch where their trunks' nearest keypoints are less than half their width apart.

    Raises
    ------
    TableError
        If the names of the keypoints tell no front or no rear and no plan is given.
    """
    plan = plan or BodyPlan.from_names(tracks.keypoints)
    points = tracks.positions[..., :2]
    head, rear = _mean(points[:, :, list(plan.head)]), _mean(points[:, :, list(plan.rear)])
    trunk = points[:, :, list(plan.trunk)]
    centre = _mean(trunk)
    length = np.linalg.norm(head - rear, axis=-1)
    width = _width(trunk, centre, head - rear, length)
    touching = _touching(trunk, width)
    area = np.pi / 4 * length * width
    return BodyTracks(
        tracks.animals, tracks.fps, centre, head, rear, width, area, touching, tracks.first_frame
    )


def _mean(points: FloatArray) -> FloatArray:
    valid = np.isfinite(points)
    count = valid.sum(axis=-2)
    total = np.where(valid, points, 0.0).sum(axis=-2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _width(
    trunk: FloatArray, centre: FloatArray, axis: FloatArray, length: FloatArray
) -> FloatArray:
    """Spread across the axis; keypoints lie on the midline often, so a usual width is the least."""
    with np.errstate(invalid="ignore", divide="ignore"):
        across = np.stack([-axis[..., 1], axis[..., 0]], axis=-1) / length[..., None]
    aside = ((trunk - centre[:, :, None]) * across[:, :, None]).sum(axis=-1)
    valid = np.isfinite(aside)
    high = np.where(valid, aside, -np.inf).max(axis=-1)
    low = np.where(valid, aside, np.inf).min(axis=-1)
    spread = np.where(valid.any(axis=-1), high - low, np.nan)
    return np.fmax(spread, _WIDTH_TO_LENGTH * length)


def _touching(trunk: FloatArray, width: FloatArray) -> NDArray[np.bool_]:
    frames, animals = trunk.shape[:2]
    touching = np.zeros((frames, animals), bool)
    for one in range(animals):
        for other in range(one + 1, animals):
            gaps = np.linalg.norm(trunk[:, one, :, None] - trunk[:, other, None, :], axis=-1)
            nearest = np.where(np.isfinite(gaps), gaps, np.inf).min(axis=(1, 2))
            reach = _CONTACT * np.fmin(width[:, one], width[:, other])
            near = nearest < reach
            touching[:, one] |= near
            touching[:, other] |= near
    return touching
