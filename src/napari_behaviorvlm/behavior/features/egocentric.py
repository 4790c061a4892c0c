"""Every animal in its own frame of reference: centre, heading and the pose seen from there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.behavior.features.motion import fill_gaps, smooth
from napari_behaviorvlm.behavior.features.sampling import Thinned
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.tracks import Tracks

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Situation:
    """Animals in a stretch of frames, cleaned and described by place and direction.

    Parameters
    ----------
    fps : float
        Frames per second.
    points : ndarray, shape (frames, animals, keypoints, 2 or 3)
        Smoothed positions, short gaps filled; NaN = missing still.
    observed : ndarray, shape (frames, animals)
        Share of keypoints that were there before gaps were filled.
    centre : ndarray, shape (frames, animals, 2)
        Mean of the trunk in the plane.
    heading : ndarray, shape (frames, animals, 2)
        Unit vector from rear to head in the plane.
    length : ndarray, shape (frames, animals)
        Distance from rear to head in the plane.
    tracked : ndarray of bool, shape (frames, animals)
        The animal's place and direction are known. All else is NaN where it is not.
    """

    fps: float
    points: FloatArray
    observed: FloatArray
    centre: FloatArray
    heading: FloatArray
    length: FloatArray
    tracked: BoolArray


def situate(tracks: Tracks, plan: BodyPlan, longest_gap: int, sigma: float) -> Situation:
    """Clean the tracks and find every animal's centre and heading.

    Parameters
    ----------
    tracks : Tracks
        Raw positions.
    plan : BodyPlan
        Which keypoints are what.
    longest_gap : int
        Frames; longer gaps stay missing.
    sigma : float
        Smoothing in frames.

    Returns
    -------
    Situation
    """
    points = smooth(fill_gaps(tracks.positions, longest_gap), sigma)
    plane = points[..., :2]
    axis = _mean(plane[:, :, plan.head]) - _mean(plane[:, :, plan.rear])
    length = np.linalg.norm(axis, axis=-1)
    enough = np.isfinite(plane[:, :, plan.trunk, 0]).sum(axis=-1) >= min(3, len(plan.trunk))
    tracked = enough & (np.nan_to_num(length) > 0)
    heading = np.where(tracked[..., None], axis / np.where(tracked, length, 1)[..., None], np.nan)
    return Situation(
        fps=tracks.fps,
        points=np.where(tracked[..., None, None], points, np.nan),
        observed=np.isfinite(tracks.positions[..., 0]).mean(axis=-1),
        centre=np.where(tracked[..., None], _mean(plane[:, :, plan.trunk]), np.nan),
        heading=heading,
        length=np.where(tracked, length, np.nan),
        tracked=tracked,
    )


def _mean(points: FloatArray) -> FloatArray:
    """Mean over the keypoints that are there; NaN where none is."""
    valid = np.isfinite(points)
    count = valid.sum(axis=-2)
    total = np.where(valid, points, 0).sum(axis=-2)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def egocentric(situation: Situation, vectors: FloatArray) -> FloatArray:
    """Turn vectors of the plane into (forward, to the side), third coordinates kept.

    Parameters
    ----------
    situation : Situation
        Gives the headings.
    vectors : ndarray, shape (frames, animals, n, 2 or 3)
        Vectors in the recording's axes.

    Returns
    -------
    ndarray, same shape
        "To the side" grows clockwise on the screen for pixels (y down).
    """
    u = situation.heading[:, :, None]
    x, y = vectors[..., 0], vectors[..., 1]
    forward = x * u[..., 0] + y * u[..., 1]
    aside = y * u[..., 0] - x * u[..., 1]
    return np.concatenate([np.stack([forward, aside], axis=-1), vectors[..., 2:]], axis=-1)


def egocentric_pose(situation: Situation) -> FloatArray:
    """Keypoints seen from the animal's centre, in the tracks' unit (third coordinate kept)."""
    offset = situation.points.copy()
    offset[..., :2] -= situation.centre[:, :, None]
    return egocentric(situation, offset)


@dataclass(frozen=True, eq=False)
class BodyScale:
    """What is usual in a recording; one for all its animals, so that they are comparable.

    Parameters
    ----------
    length : float
        Median distance from rear to head: the unit of every feature.
    pose : ndarray, shape (keypoints, 2 or 3)
        Median egocentric pose in the tracks' unit; stands in for missing keypoints.
    floor : float
        Height of the floor (lowest percent of all heights); 0 in 2D.
    """

    length: float
    pose: FloatArray
    floor: float = 0.0

    @classmethod
    def measure(cls, pieces: Iterable[Tracks], plan: BodyPlan, most: int = 20_000) -> Self:
        """Measure it on frames taken evenly from a recording, in one pass.

        Parameters
        ----------
        pieces : iterable of Tracks
            The recording, in order.
        plan : BodyPlan
            Which keypoints are what.
        most : int
            Frames kept at once: memory does not grow with the recording.

        Raises
        ------
        TableError
            If no animal is seen with head and rear in any frame.
        """
        kept = Thinned(most)
        fps = 1.0
        for piece in pieces:
            fps = piece.fps
            kept.add(piece.positions)
        if not len(kept):
            raise TableError("The tracks hold no frame.")
        n, animals, keypoints, _ = kept.rows.shape
        names = tuple(f"animal {i}" for i in range(animals))
        points = tuple(f"point {i}" for i in range(keypoints))
        situation = situate(Tracks(names, points, fps, np.asarray(kept.rows, float)), plan, 0, 0.0)
        if not situation.tracked.any():
            raise TableError(f"No animal is seen with head and rear in any of {n} frames.")
        seen = egocentric_pose(situation)[situation.tracked]
        return cls(float(np.nanmedian(situation.length)), _pose(seen), _floor(seen))


def _pose(seen: FloatArray) -> FloatArray:
    empty = ~np.isfinite(seen).any(axis=0)
    filled = np.where(empty, 0.0, seen)
    return np.asarray(np.nanmedian(filled, axis=0), float)


def _floor(seen: FloatArray) -> float:
    if seen.shape[-1] == 2 or not np.isfinite(seen[..., 2]).any():
        return 0.0
    return float(np.nanpercentile(seen[..., 2], 1))
