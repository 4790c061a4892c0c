"""Numbers of every frame of a recording, from which those of clips are taken."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.behavior.features.egocentric import Situation, egocentric_pose, situate
from napari_behaviorvlm.behavior.features.kinematics import turning_rate
from napari_behaviorvlm.behavior.features.motion import rate, smooth
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.tracks import Tracks

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NAN = float("nan")
GAP_SECONDS = 0.2
"""Gaps in the tracks up to so long are bridged."""
SMOOTHING_SECONDS = 0.05
"""Width of the smoothing: the jitter of a pose estimator is no movement."""
USUAL_WIDTH = 0.45
"""Width of a body over its length, where no outline tells it."""
ON_THE_SPOT = 0.25
"""Body lengths per second below which an animal stands."""
ENOUGH = 2.0
"""Seconds in which an animal must go for its usual length to be that of going."""
MOST_UNLIKE = 1.6
"""Times the usual length by which animals of one recording differ at most."""
QUIET_SHARE = 0.2
"""Share of the frames on the spot in which an animal is as still as it gets."""
MOMENT = 0.25
"""Seconds to each side over which stirring is averaged."""
LEAST_BENDING, LEAST_TURNING = 0.15, 0.4
"""Radians per second that are no stirring, however still a recording is otherwise."""
LEAST_ENERGY = 0.02
"""Body lengths per second of movement in pictures that are none."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """Animals frame by frame; lengths in body lengths (BL).

    Parameters
    ----------
    animals : tuple of str
    first_frame : int
    situation : Situation
        In the tracks' unit.
    length : float
        Usual distance from rear to head of all animals, in the tracks' unit: what 1 BL is.
    own_length : ndarray, shape (animals,)
        Usual for each of them while it goes, BL: what it is held against when it looks short.
    velocity : ndarray, shape (frames, animals, 2)
        BL/s.
    turning : ndarray, shape (frames, animals)
        rad/s.
    stirring : ndarray, shape (frames, animals)
        Movement within the body over what it is where the animal is as still as it gets.
    raised : ndarray, shape (frames, animals)
        Height of the head above the rear, BL (3D only).
    ends : ndarray, shape (frames, animals, 2, 2)
        Head and rear, BL.
    width, area : ndarray, shape (frames, animals)
        Across the body, BL; of the outline, over the usual.
    touching : ndarray of bool, shape (frames, animals)
    """

    animals: tuple[str, ...]
    first_frame: int
    situation: Situation
    length: float
    own_length: FloatArray
    velocity: FloatArray
    turning: FloatArray
    stirring: FloatArray
    raised: FloatArray
    ends: FloatArray
    width: FloatArray
    area: FloatArray
    touching: BoolArray

    @classmethod
    def of(
        cls, tracks: Tracks, bodies: BodyTracks | None = None, energy: FloatArray | None = None
    ) -> Self:
        """Measure a recording.

        Parameters
        ----------
        tracks : Tracks
        bodies : BodyTracks, optional
            Of the same animals; ignored where its frames are others.
        energy : ndarray, shape (frames, animals), optional
            How much the head moves within its pictures, BL/s; NaN = not seen.
        """
        plan = BodyPlan.from_names(tracks.keypoints)
        gap, sigma = round(GAP_SECONDS * tracks.fps), SMOOTHING_SECONDS * tracks.fps
        situation = situate(tracks, plan, gap, sigma)
        known = situation.length[situation.tracked]
        length = float(np.median(known)) if len(known) else NAN
        shape = situation.tracked.shape
        aligned = bodies if _aligned(bodies, tracks) else None
        area, width = np.full(shape, NAN), np.full(shape, USUAL_WIDTH)
        touching = np.zeros(shape, bool)
        if aligned is not None:
            touching = aligned.touching
            width = np.where(np.isfinite(aligned.width), aligned.width / length, USUAL_WIDTH)
            if np.isfinite(aligned.area).any():
                area = aligned.area / np.nanmedian(aligned.area)
        velocity = rate(situation.centre, tracks.fps) / length
        still = np.linalg.norm(velocity, axis=-1) < ON_THE_SPOT
        return cls(
            tracks.animals, tracks.first_frame, situation, length,
            _own_lengths(situation.length / length, still, tracks.fps), velocity,
            turning_rate(situation), _stirring(situation, plan, still, energy),
            _raised(situation, plan, length), _ends(situation, plan) / length, width, area,
            touching,
        )  # fmt: skip


def _own_lengths(lengths: FloatArray, still: BoolArray, fps: float) -> FloatArray:
    """Usual length of every animal, from when it goes: some rest curled up for hours."""
    usual = np.ones(lengths.shape[1])
    for animal in range(lengths.shape[1]):
        column = lengths[:, animal]
        going = column[~still[:, animal] & np.isfinite(column)]
        known = going if len(going) >= ENOUGH * fps else column[np.isfinite(column)]
        if len(known):
            usual[animal] = np.clip(np.median(known), 1 / MOST_UNLIKE, MOST_UNLIKE)
    return usual


def _aligned(bodies: BodyTracks | None, tracks: Tracks) -> bool:
    return bodies is not None and (len(bodies), bodies.first_frame) == (
        len(tracks), tracks.first_frame,
    )  # fmt: skip


def _stirring(
    situation: Situation, plan: BodyPlan, still: BoolArray, energy: FloatArray | None
) -> FloatArray:
    """Signs of movement on the spot over their quiet level; the geometric mean where several are.

    How much the head nods against the trunk where keypoints tell it, how much it moves in its
    pictures where there are some, else how much the body's axis turns to and fro. All hold noise of
    unknown size: what a recording shows where its animals are stillest is the measure.
    """
    signs = []
    if len(set(plan.trunk)) > 3:
        signs.append((_bending(situation, plan), LEAST_BENDING))
    if energy is not None and energy.shape == still.shape:
        signs.append((energy, LEAST_ENERGY))
    if not signs:
        signs.append((np.abs(turning_rate(situation)), LEAST_TURNING))
    logs = [_over_quiet(values, least, still, situation.fps) for values, least in signs]
    known = np.isfinite(logs)
    total = np.where(known, logs, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, np.exp(total / np.maximum(count, 1)), NAN)


def _over_quiet(values: FloatArray, least: float, still: BoolArray, fps: float) -> FloatArray:
    """Log of how much a sign is above what it is where animals are stillest."""
    mean = smooth(np.asarray(values, float), MOMENT / 2 * fps)
    quiet = mean[still & np.isfinite(mean)]
    level = float(np.quantile(quiet, QUIET_SHARE)) if len(quiet) else least
    return np.asarray(np.log(np.maximum(mean, 1e-6) / max(level, least)))


def _bending(situation: Situation, plan: BodyPlan) -> FloatArray:
    """How fast the body bends: rad/s between the way from rear to trunk and from trunk to head."""
    pose = egocentric_pose(situation)[..., :2]
    head, rear = (np.moveaxis(_part_mean(np.moveaxis(pose[:, :, part], 2, -1)), -1, 0)
                  for part in (plan.head, plan.rear))  # fmt: skip
    size = np.hypot(*head) * np.hypot(*rear)
    with np.errstate(invalid="ignore", divide="ignore"):
        bend = np.arcsin(np.clip((rear[1] * head[0] - rear[0] * head[1]) / size, -1, 1))
    return np.abs(rate(bend, situation.fps))


def _raised(situation: Situation, plan: BodyPlan, length: float) -> FloatArray:
    if situation.points.shape[-1] == 2:
        return np.full(situation.tracked.shape, NAN)
    heights = situation.points[..., 2]
    head, rear = (_part_mean(heights[:, :, part]) for part in (plan.head, plan.rear))
    return np.asarray((head - rear) / length, float)


def _ends(situation: Situation, plan: BodyPlan) -> FloatArray:
    """Head and rear, shape (frames, animals, 2, 2)."""
    plane = np.moveaxis(situation.points[..., :2], 2, -1)
    return np.stack([_part_mean(plane[..., part]) for part in (plan.head, plan.rear)], axis=2)


def _part_mean(values: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), NAN)
