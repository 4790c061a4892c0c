"""How each animal stands and moves towards the others.

The others are taken from the nearest to the farthest, so that the numbers do not depend on the
order of the animals. Everything fades with distance and is 0 where there is nobody: an animal that
is not seen is not "far away", and no number has to be invented for it.
"""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.behavior.features.egocentric import BodyScale, Situation
from napari_behaviorvlm.behavior.features.kinematics import compressed
from napari_behaviorvlm.behavior.features.motion import rate

FloatArray = NDArray[np.float64]

REACH = 2.0
"""Body lengths over which relations fade to 1/e."""
TOUCH = 0.25
"""The same for contact between body parts."""

_RELATIONS = (
    "near", "approach", "approach_own", "facing", "faced", "parallel",
    "contact", "nose_to_body", "nose_to_nose", "nose_to_rear",
)  # fmt: skip


def social_names(n_animals: int) -> tuple[str, ...]:
    """Names of the columns of `relations`: to the nearest, and the nearness of the second."""
    if n_animals < 2:
        return ()
    return (*_RELATIONS, *(("near_second",) if n_animals > 2 else ()))


def relations(situation: Situation, plan: BodyPlan, scale: BodyScale) -> FloatArray:
    """Per frame and animal: nearness, approach, facing and contact with the nearest other.

    Parameters
    ----------
    situation : Situation
        Cleaned tracks of all animals.
    plan : BodyPlan
        Which keypoints are what.
    scale : BodyScale
        Unit of length.

    Returns
    -------
    ndarray, shape (frames, animals, features)
        Columns as `social_names`; no columns for a single animal.
    """
    frames, animals = situation.tracked.shape
    if animals < 2:
        return np.zeros((frames, animals, 0))
    pairs = np.stack([*_places(situation, scale), *_contacts(situation, plan, scale)], axis=-1)
    pairs = np.nan_to_num(pairs, nan=0.0)
    order = np.argsort(-pairs[..., 0], axis=2, kind="stable")
    nearest = np.take_along_axis(pairs, order[:, :, :1, None], axis=2)[:, :, 0]
    if animals == 2:
        return nearest
    second = np.take_along_axis(pairs[..., 0], order[:, :, 1:2], axis=2)
    return np.concatenate([nearest, second], axis=-1)


def _places(situation: Situation, scale: BodyScale) -> list[FloatArray]:
    """Relations of centres and headings, each of shape (frames, animal, other)."""
    offset = situation.centre[:, None] - situation.centre[:, :, None]
    distance = _without_self(np.linalg.norm(offset, axis=-1))
    towards = offset / np.maximum(distance, 1e-9)[..., None]
    near = np.exp(-distance / (REACH * scale.length))
    velocity = rate(situation.centre, situation.fps) / scale.length
    closing = -rate(distance, situation.fps) / scale.length
    own = (velocity[:, :, None] * towards).sum(axis=-1)
    heading = situation.heading
    facing = (heading[:, :, None] * towards).sum(axis=-1)
    faced = -(heading[:, None] * towards).sum(axis=-1)
    parallel = (heading[:, :, None] * heading[:, None]).sum(axis=-1)
    return [
        near, near * compressed(closing), near * compressed(own), near * facing, near * faced,
        near * parallel,
    ]  # fmt: skip


def _without_self(distance: FloatArray) -> FloatArray:
    """Distances with NaN for every animal to itself."""
    own = np.eye(distance.shape[1], dtype=bool)
    return np.where(own, np.nan, distance)


def _contacts(situation: Situation, plan: BodyPlan, scale: BodyScale) -> list[FloatArray]:
    """Measure closeness of body parts: any to any, nose to body, nose to nose, nose to rear."""
    plane = situation.points[..., :2]
    body = plane[:, :, sorted({*plan.trunk, *plan.rear})]
    nose, rear = plane[:, :, plan.head], plane[:, :, plan.rear]
    pairs = ((body, body), (nose, body), (nose, nose), (nose, rear))
    return [np.exp(-_without_self(_closest(a, b)) / (TOUCH * scale.length)) for a, b in pairs]


def _closest(mine: FloatArray, theirs: FloatArray) -> FloatArray:
    """Least distance of any of my points to any of theirs, shape (frames, animal, other)."""
    frames, animals = mine.shape[:2]
    least = np.full((frames, animals, animals), np.inf)
    for a in range(animals):
        for b in range(animals):
            if a != b:
                gaps = mine[:, a, :, None] - theirs[:, b, None]
                squares = np.nan_to_num((gaps**2).sum(axis=-1), nan=np.inf)
                least[:, a, b] = np.sqrt(squares.min(axis=(1, 2)))
    return least
