"""Posture and movement of each animal by itself.

All lengths are in body lengths, so that animals and cameras compare; rates are compressed with
asinh, so that the difference between rest and a slow step counts as much as that between a walk
and a run.
"""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.behavior.features.egocentric import (
    BodyScale,
    Situation,
    egocentric,
    egocentric_pose,
)
from napari_behaviorvlm.behavior.features.motion import rate

FloatArray = NDArray[np.float64]

SLOW = 0.25
"""Body lengths (or radians, for turning) per second below which a rate counts as it is."""


def compressed(rates: FloatArray) -> FloatArray:
    """Signed logarithm for large rates, linear below `SLOW` per second."""
    return np.asarray(np.arcsinh(rates / SLOW), float)


def expanded(values: FloatArray) -> FloatArray:
    """Rates that `compressed` made smaller."""
    return np.asarray(np.sinh(values) * SLOW, float)


def kinematic_names(keypoints: tuple[str, ...], dimensions: int) -> tuple[str, ...]:
    """Names of the columns of `kinematics`."""
    axes = ("forward", "aside", "height")[:dimensions]
    rising = ("rising",) if dimensions == 3 else ()
    return (
        "speed_forward", "speed_aside", "speed", "turning", "turning_speed", "elongation", "bend",
        "bend_size", "missing", *rising,
        *(f"{name}_{axis}" for name in keypoints for axis in axes),
        *(f"{name}_moving" for name in keypoints),
    )  # fmt: skip


def kinematic_groups(keypoints: tuple[str, ...], dimensions: int) -> tuple[str, ...]:
    """Group of each column of `kinematics`: travel, posture, movement (of parts) or quality."""
    rising = ("travel",) if dimensions == 3 else ()
    return (
        *("travel",) * 5, *("posture",) * 3, "quality", *rising,
        *("posture",) * (len(keypoints) * dimensions), *("movement",) * len(keypoints),
    )  # fmt: skip


def kinematics(situation: Situation, plan: BodyPlan, scale: BodyScale) -> FloatArray:
    """Per frame and animal: speeds, turning, elongation, bend, pose and its movement.

    Parameters
    ----------
    situation : Situation
        Cleaned tracks.
    plan : BodyPlan
        Which keypoints are what.
    scale : BodyScale
        Unit of length and the usual pose.

    Returns
    -------
    ndarray, shape (frames, animals, features)
        Columns as `kinematic_names`; 0 in frames without the animal. A missing keypoint stands at
        its usual place and does not move; the share of missing ones is a column.
    """
    pose = egocentric_pose(situation)
    moving = np.linalg.norm(rate(pose, situation.fps), axis=-1) / scale.length
    filled = np.where(np.isfinite(pose), pose, scale.pose)
    if pose.shape[-1] == 3:
        filled[..., 2] -= scale.floor
    columns = [
        *_travel(situation, scale),
        situation.length / scale.length,
        *_bend(filled, plan),
        1 - situation.observed,
    ]
    if pose.shape[-1] == 3:
        height = _height(situation, plan)
        columns.append(compressed(rate(height, situation.fps) / scale.length))
    frames, animals = situation.tracked.shape
    parts = [
        np.stack(columns, axis=-1),
        filled.reshape(frames, animals, -1) / scale.length,
        compressed(moving),
    ]
    values = np.nan_to_num(np.concatenate(parts, axis=-1), nan=0.0, posinf=0.0, neginf=0.0)
    return np.where(situation.tracked[..., None], values, 0.0)


def _travel(situation: Situation, scale: BodyScale) -> list[FloatArray]:
    """Velocity of the centre seen from the animal, and turning, both compressed."""
    velocity = rate(situation.centre, situation.fps)[:, :, None] / scale.length
    own = egocentric(situation, velocity)[:, :, 0]
    turning = turning_rate(situation)
    speed = np.linalg.norm(own, axis=-1)
    return [
        compressed(own[..., 0]), compressed(own[..., 1]), compressed(speed),
        compressed(turning), compressed(np.abs(turning)),
    ]  # fmt: skip


def turning_rate(situation: Situation) -> FloatArray:
    """Radians per second, shape (frames, animals); clockwise on the screen is positive (y down).

    From the derivative of the unit heading, so that no angle has to be unwrapped.
    """
    u = situation.heading
    change = rate(u, situation.fps)
    return np.asarray(u[..., 0] * change[..., 1] - u[..., 1] * change[..., 0], float)


def _bend(pose: FloatArray, plan: BodyPlan) -> list[FloatArray]:
    """Sine of the angle between rear-to-trunk and trunk-to-head: the body's curvature."""
    head, rear = (pose[:, :, part, :2].mean(axis=2) for part in (plan.head, plan.rear))
    cross = -rear[..., 0] * head[..., 1] + rear[..., 1] * head[..., 0]
    size = np.linalg.norm(head, axis=-1) * np.linalg.norm(rear, axis=-1)
    bend = cross / np.maximum(size, 1e-9)
    return [bend, np.abs(bend)]


def _height(situation: Situation, plan: BodyPlan) -> FloatArray:
    heights = situation.points[:, :, plan.trunk, 2]
    valid = np.isfinite(heights)
    total = np.where(valid, heights, 0).sum(axis=-1)
    return np.where(valid.any(axis=-1), total / np.maximum(valid.sum(axis=-1), 1), np.nan)
