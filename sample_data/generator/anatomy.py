"""The animal as rounded cones and ear discs, each fixed to a bone, with a rest pose.

Every primitive carries a rigid map from the world into the rest pose; textures and hair are
defined there, so they stay with the skin whatever the animal does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sample_data.generator.motion import MUZZLE_MM, Motion

Floats = NDArray[np.float64]

CONE, EAR = 0.0, 1.0
FUR, EAR_SKIN, SKIN, EYE, TAIL = range(5)
SIDES = (("L", 1.0), ("R", -1.0))
THIGH_MM, SHANK_MM, UPPER_ARM_MM, FOREARM_MM = 15.0, 16.0, 11.0, 13.0


class Primitive(NamedTuple):
    """One rounded cone from ``a`` to ``b`` (or an ear disc at ``a`` with its normal in ``up``)."""

    name: str
    a: Floats
    b: Floats
    radius_a: float
    radius_b: float
    blend: float
    kind: float
    material: int
    frame: Floats  # (3, 3), columns forward, left, up of the bone it is fixed to


def _bone(a: Floats, b: Floats, hint: Floats) -> Floats:
    """Columns: along a to b, to the left, and ``hint`` made orthogonal."""
    forward = (b - a) / np.linalg.norm(b - a)
    left = np.cross(hint, forward)
    left /= np.linalg.norm(left)
    return np.stack([forward, left, np.cross(forward, left)], axis=1)


def _knee(hip: Floats, ankle: Floats, upper: float, lower: float, pole: Floats) -> Floats:
    """Middle joint of a limb of two bones, bent towards ``pole``."""
    reach = ankle - hip
    distance = np.clip(np.linalg.norm(reach), 4.0, 0.985 * (upper + lower))
    along = reach / np.linalg.norm(reach)
    cosine = (upper**2 + distance**2 - lower**2) / (2 * upper * distance)
    cosine = np.clip(cosine, -1, 1)
    side = pole - along * (pole @ along)
    side /= np.linalg.norm(side)
    return hip + upper * (cosine * along + np.sqrt(1 - cosine**2) * side)


def _trunk(motion: Motion, frame: int) -> list[Primitive]:
    joints, axes = motion.spine[frame], motion.axes[frame]
    breath = motion.breath[frame]
    radii = np.array([13.2, 14.0, 12.6, 10.6, 8.6, 8.6])
    radii[:3] *= breath
    rump = joints[0] - 8.0 * axes[0, :, 0] - 1.5 * axes[0, :, 2]
    parts = [Primitive("rump", rump, joints[0], 9.8, radii[0], 1, CONE, FUR, axes[0])]
    names = ("loin", "chest", "shoulders", "neck", "nape")
    for n, name in enumerate(names):
        parts.append(
            Primitive(name, joints[n], joints[n + 1], radii[n], radii[n + 1], 7, CONE, FUR, axes[n])
        )
    belly = joints[1] - 4.0 * axes[1, :, 2]
    parts.append(Primitive("belly", joints[0] - 3.0 * axes[0, :, 2], belly, 11.0, 11.5 * breath, 5,
                           CONE, FUR, axes[0]))  # fmt: skip
    return parts


def _head(motion: Motion, frame: int) -> list[Primitive]:
    skull, axes = motion.spine[frame, 5], motion.axes[frame, 5]
    forward, left, up = axes.T

    def at(x: float, y: float, z: float) -> Floats:
        return skull + x * forward + y * left + z * up

    muzzle, nose = at(MUZZLE_MM[0], 0, -1.2), at(sum(MUZZLE_MM), 0, -2.6)
    parts = [
        Primitive("head", skull, muzzle, 8.6, 5.9, 4, CONE, FUR, axes),
        Primitive("muzzle", muzzle, nose, 5.7, 2.5, 3, CONE, FUR, axes),
        Primitive("jaw", at(4, 0, -3.5), at(15, 0, -4.6), 5.0, 2.6, 3, CONE, FUR, axes),
        Primitive("nose", nose, at(22.6, 0, -2.3), 1.9, 1.5, 0.8, CONE, SKIN, axes),
    ]
    for side, sign in SIDES:
        parts.append(Primitive(f"cheek_{side}", at(3, sign * 3.6, -1), at(11, sign * 2.4, -2),
                               5.2, 3.6, 4, CONE, FUR, axes))  # fmt: skip
    for side, sign in SIDES:
        parts.append(Primitive(f"eye_{side}", at(9.2, sign * 5.1, 2.4), at(9.4, sign * 5.2, 2.4),
                               1.95, 1.95, 0.3, CONE, EYE, axes))  # fmt: skip
    for side, sign in SIDES:
        upward = _unit(-0.30 * forward + sign * 0.62 * left + 0.72 * up)
        normal = _unit(0.74 * forward + sign * 0.56 * left - 0.05 * up)
        normal = _unit(normal - upward * (normal @ upward))
        ear = np.stack([normal, np.cross(upward, normal), upward], axis=1)
        root = at(-1.5, sign * 5.4, 5.6)
        parts.append(Primitive(f"ear_{side}", root + 5.4 * upward, root, 6.9, 0.55, 1.6, EAR,
                               EAR_SKIN, ear))  # fmt: skip
    return parts


def _unit(vector: Floats) -> Floats:
    return vector / np.linalg.norm(vector)


def _hind_leg(motion: Motion, frame: int, side: str, sign: float) -> list[Primitive]:
    joints, axes = motion.spine[frame], motion.axes[frame, 0]
    foot = motion.feet[f"hindpaw_{side}"][frame] + np.array([0, 0, 1.5])
    yaw = motion.foot_heading[f"hindpaw_{side}"][frame]
    toes = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    lift = min(foot[2] / 7.0, 1.0) - 0.2
    toes = _unit(toes - np.array([0, 0, 0.5 * max(lift, 0)]))
    heel, ball = foot - 7.5 * toes, foot + 4.5 * toes
    heel[2] = max(heel[2], 2.0)
    hip = joints[0] - 1.0 * axes[:, 0] + sign * 7.4 * axes[:, 1] - 2.0 * axes[:, 2]
    knee = _knee(hip, heel, THIGH_MM, SHANK_MM, axes[:, 0] + sign * 0.55 * axes[:, 1])
    up = np.array([0.0, 0.0, 1.0])
    sole = _bone(heel, ball, up)
    parts = [
        Primitive(f"thigh_{side}", hip, knee, 8.6, 4.9, 5, CONE, FUR, axes),
        Primitive(f"shank_{side}", knee, heel, 4.0, 1.9, 2.5, CONE, FUR, axes),
        Primitive(f"hindpaw_{side}", heel, ball, 1.7, 1.9, 1.2, CONE, SKIN, sole),
    ]
    for spread in (-2.0, -0.7, 0.7, 2.0):
        base = ball + spread * 0.75 * sole[:, 1]
        tip = ball + (5.4 - 0.35 * abs(spread)) * sole[:, 0] + spread * 1.45 * sole[:, 1]
        tip[2] = max(tip[2] - 0.6, 0.6)
        parts.append(Primitive(f"hindtoe_{side}", base, tip, 0.95, 0.6, 0.8, CONE, SKIN, sole))
    return parts


def _foreleg(motion: Motion, frame: int, side: str, sign: float) -> list[Primitive]:
    joints, axes = motion.spine[frame], motion.axes[frame, 2]
    grip = motion.grip[frame]
    paw = motion.feet[f"forepaw_{side}"][frame] + np.array([0, 0, 1.3 * (1 - grip)])
    yaw = motion.foot_heading[f"forepaw_{side}"][frame]
    flat = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    head = motion.axes[frame, 5]
    held = _unit(0.8 * head[:, 0] - 0.5 * axes[:, 2] - sign * 0.5 * axes[:, 1])
    toes = _unit((1 - grip) * flat + grip * held)
    outward = head[:, 0] + 0.6 * axes[:, 0] + 0.7 * sign * axes[:, 1]
    dorsal = _unit((1 - grip) * np.array([0, 0, 1.0]) + grip * outward)
    wrist, ball = paw - 2.2 * toes, paw + 1.6 * toes
    if grip < 0.5:
        wrist = wrist + np.array([0, 0, 0.9])
    shoulder = joints[3] - 2.0 * axes[:, 0] + sign * 5.6 * axes[:, 1] - 3.5 * axes[:, 2]
    shoulder_to = wrist - shoulder
    longest = 0.98 * (UPPER_ARM_MM + FOREARM_MM)
    if np.linalg.norm(shoulder_to) > longest:
        moved = shoulder + shoulder_to * longest / np.linalg.norm(shoulder_to) - wrist
        wrist, ball = wrist + moved, ball + moved
    elbow = _knee(shoulder, wrist, UPPER_ARM_MM, FOREARM_MM, -axes[:, 0] + sign * 0.45 * axes[:, 1])
    palm = _bone(wrist, ball, dorsal)
    parts = [
        Primitive(f"arm_{side}", shoulder, elbow, 5.4, 3.4, 4, CONE, FUR, axes),
        Primitive(f"forearm_{side}", elbow, wrist, 3.1, 1.5, 2, CONE, FUR, axes),
        Primitive(f"forepaw_{side}", wrist, ball, 1.35, 1.55, 1, CONE, SKIN, palm),
    ]
    for spread in (-1.5, -0.5, 0.5, 1.5):
        base = ball + spread * 0.7 * palm[:, 1]
        tip = ball + (3.1 - 0.3 * abs(spread)) * palm[:, 0] + spread * 1.15 * palm[:, 1]
        tip = tip - 0.5 * palm[:, 2]
        if grip < 0.5:
            tip[2] = max(tip[2], 0.5)
        parts.append(Primitive(f"foretoe_{side}", base, tip, 0.75, 0.5, 0.6, CONE, SKIN, palm))
    return parts


def _tail(motion: Motion, frame: int) -> list[Primitive]:
    nodes = motion.tail[frame]
    radii = np.linspace(1, 0, len(nodes)) ** 0.85 * 1.9 + 0.65
    radii[0] = 3.0
    up = np.array([0.0, 0.0, 1.0])
    return [
        Primitive(f"tail_{n:02d}", nodes[n], nodes[n + 1], radii[n], radii[n + 1],
                  3.0 if n == 0 else 0.35, CONE, TAIL, _bone(nodes[n + 1], nodes[n], up))
        for n in range(len(nodes) - 1)
    ]  # fmt: skip


def body(motion: Motion, frame: int) -> list[Primitive]:
    """Return the primitives of one frame; number and order are the same in all frames."""
    parts = _trunk(motion, frame) + _head(motion, frame)
    for side, sign in SIDES:
        parts += _hind_leg(motion, frame, side, sign) + _foreleg(motion, frame, side, sign)
    return parts + _tail(motion, frame)


def rest_body(parts: list[Primitive]) -> list[tuple[Floats, Floats]]:
    """Origin and frame of every primitive in the rest pose, where textures are defined.

    The rest pose is the given one; pass a frame in which the animal walks straight.
    """
    return [(part.a, part.frame) for part in parts]
