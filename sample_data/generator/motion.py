"""From the script to joints: path, gait with stance and swing, spine, limbs and trailing tail."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sample_data.generator.script import Script, make_script
from sample_data.generator.settings import SCRIPT_FRAMES
from scipy.ndimage import gaussian_filter1d

Floats = NDArray[np.float64]

SPINE_MM = np.array([15.0, 14.0, 12.0, 8.0, 7.0])
MUZZLE_MM = (10.5, 11.0)
TAIL_SEGMENTS = 14
TAIL_STEP_MM = 6.0
STRIDE_MM = 46.0
STANCE_SHARE = 0.62
# A walking trot: diagonal feet almost together, each hind foot a little ahead of its partner.
FEET = ("forepaw_L", "forepaw_R", "hindpaw_L", "hindpaw_R")
PHASES = {"forepaw_L": 0.06, "hindpaw_R": 0.0, "forepaw_R": 0.56, "hindpaw_L": 0.5}
SIDE = {"forepaw_L": 1.0, "forepaw_R": -1.0, "hindpaw_L": 1.0, "hindpaw_R": -1.0}


@dataclass(frozen=True)
class Motion:
    """Joints of all script frames in mm; F frames.

    Parameters
    ----------
    spine : ndarray, shape (F, 6, 3)
        Pelvis, loin, chest, shoulders, neck, skull.
    axes : ndarray, shape (F, 6, 3, 3)
        Columns forward, left, dorsal of the five spine segments and of the head.
    feet : dict of str to ndarray, shape (F, 3)
        Middle of each paw's sole.
    foot_heading : dict of str to ndarray, shape (F,)
        Direction of the toes in rad.
    grip : ndarray, shape (F,)
        0: the forepaws stand; 1: they are held.
    tail : ndarray, shape (F, 15, 3)
        Nodes from root to tip.
    breath : ndarray, shape (F,)
        Factor on the trunk's radius.
    behaviour : ndarray of str, shape (F,)
    """

    spine: Floats
    axes: Floats
    feet: dict[str, Floats]
    foot_heading: dict[str, Floats]
    grip: Floats
    tail: Floats
    breath: Floats
    behaviour: NDArray[np.str_]


def _path(script: Script, rate: float) -> tuple[Floats, Floats]:
    """Pelvis on the floor, shape (F, 2), and heading in rad, shape (F,)."""
    heading = np.deg2rad(-35) + np.cumsum(script.turning) / rate
    step = script.speed[:, None] / rate * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    path = np.cumsum(step, axis=0)
    # The tail trails behind the first frame: keep that inside the arena too.
    tail = path[0] - 60 * np.array([np.cos(heading[0]), np.sin(heading[0])])
    extent = np.vstack([path, tail])
    return path - (extent.min(axis=0) + extent.max(axis=0)) / 2, heading


def _direction(yaw: Floats, pitch: Floats) -> Floats:
    return np.stack(
        [np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), np.sin(pitch)], axis=-1
    )


def _axes(yaw: Floats, pitch: Floats) -> Floats:
    """Orthonormal columns forward, left, dorsal; shape (..., 3, 3)."""
    forward = _direction(yaw, pitch)
    left = np.stack([-np.sin(yaw), np.cos(yaw), np.zeros_like(yaw)], axis=-1)
    return np.stack([forward, left, np.cross(forward, left)], axis=-1)


def _spine(script: Script, path: Floats, heading: Floats, phase: Floats, rate: float):
    frames = np.arange(SCRIPT_FRAMES)
    time = frames / rate
    moving = np.clip(script.speed / 60, 0, 1)
    # The head leads into a turn and the trunk follows: bend by the turning of the near future.
    bend = gaussian_filter1d(np.roll(script.turning, -4), 4, mode="nearest") * 0.42
    look = np.deg2rad(16) * np.sin(2 * np.pi * 0.37 * time + 0.6) * (1 - 0.75 * script.stillness)
    look += np.deg2rad(9) * np.sin(2 * np.pi * 0.83 * time + 2.0) * (1 - script.stroke)
    sway = np.deg2rad(4.5) * moving * np.sin(2 * np.pi * phase)
    share = np.array([0.10, 0.26, 0.46, 0.66, 0.85])
    yaw = heading[:, None] + bend[:, None] * share + sway[:, None] * np.linspace(-1, 1, 5)
    yaw += look[:, None] * np.array([0, 0.04, 0.12, 0.3, 0.5])
    sniff = np.deg2rad(3) * np.sin(2 * np.pi * 1.1 * time) * (1 - 0.8 * script.stillness)
    nod = np.deg2rad(7) * script.stroke * np.sin(2 * np.pi * 2.4 * time)
    pitch = script.spine + sniff[:, None] * np.array([0, 0, 0.1, 0.4, 0.7])
    head_yaw = heading + bend + look + sway
    axes = _axes(
        np.column_stack([yaw, head_yaw]), np.column_stack([pitch, script.head + sniff + nod])
    )
    bob = 0.7 * moving * np.sin(4 * np.pi * phase + 1.0)
    joints = np.zeros((SCRIPT_FRAMES, 6, 3))
    joints[:, 0] = np.column_stack([path, script.height + bob])
    for segment, length in enumerate(SPINE_MM):
        joints[:, segment + 1] = joints[:, segment] + length * axes[:, segment, :, 0]
    return joints, axes


def _standing(
    name: str, joints: Floats, axes: Floats, heading: Floats, turning: Floats
) -> tuple[Floats, Floats]:
    """Where a foot would stand under the body, shape (F, 3), and the toes' direction."""
    fore = name.startswith("fore")
    forward = axes[:, 1, :2, 0] if fore else np.stack([np.cos(heading), np.sin(heading)], axis=1)
    forward = forward / np.linalg.norm(forward, axis=1, keepdims=True)
    left = np.stack([-forward[:, 1], forward[:, 0]], axis=1)
    ahead, aside = (4.5, 9.5) if fore else (10.5, 15.0)
    # Turning, the forepaws reach ahead and straddle, clear of the bent neck.
    reach = np.abs(turning)[:, None] / 2.2 * fore
    spot = joints[:, 3 if fore else 0, :2] + (ahead + 3.0 * reach) * forward
    spot += SIDE[name] * (aside + 3.5 * reach) * left
    toes = np.arctan2(forward[:, 1], forward[:, 0]) + SIDE[name] * (0.14 if fore else 0.34)
    return np.column_stack([spot, np.zeros(len(spot))]), toes


def _gait(name: str, spot: Floats, toes: Floats, phase: Floats) -> tuple[Floats, Floats]:
    """Feet fixed in stance where the body passes over them, lifted in swing."""
    own = phase + PHASES[name]
    cycle = np.floor(own)
    within = own - cycle
    frames = np.arange(SCRIPT_FRAMES)
    # Mid-stance of cycle n lies at phase n + share / 2; beyond the script's ends feet stay put.
    monotone = own + 1e-9 * frames

    def planted(values: Floats, number: Floats) -> Floats:
        frame = np.interp(number + STANCE_SHARE / 2, monotone, frames)
        return np.stack([np.interp(frame, frames, column) for column in values.T], axis=1)

    both = np.column_stack([spot, toes])
    here, there = planted(both, cycle), planted(both, cycle + 1)
    swing = np.clip((within - STANCE_SHARE) / (1 - STANCE_SHARE), 0, 1)
    blend = swing * swing * (3 - 2 * swing)
    foot = here + blend[:, None] * (there - here)
    foot[:, 2] = (4.0 if name.startswith("fore") else 5.5) * np.sin(np.pi * swing) ** 1.2
    return foot[:, :3], foot[:, 3]


def _held(script: Script, joints: Floats, axes: Floats, side: float, rate: float) -> Floats:
    """Forepaws before the chest, or stroking the snout; shape (F, 3)."""
    time = np.arange(SCRIPT_FRAMES) / rate
    chest, head = axes[:, 2], axes[:, 5]
    wave = 1.2 * np.sin(2 * np.pi * 0.9 * time + side)
    before = joints[:, 3] + 1.0 * chest[..., 0] + side * 6.0 * chest[..., 1]
    before -= (12.5 + wave)[:, None] * chest[..., 2]
    along = 10.5 + 4.5 * np.sin(2 * np.pi * 4.6 * time + 0.35 * side)
    # The paws glide over the sides of the snout, which narrows towards the nose.
    off = np.maximum(9.2 - 0.38 * (along - 8.0), 4.6)
    snout = joints[:, 5] + along[:, None] * head[..., 0] - 0.92 * off[:, None] * head[..., 2]
    snout += side * 0.60 * off[:, None] * head[..., 1]
    return before + script.stroke[:, None] * (snout - before)


def _tail(joints: Floats, axes: Floats, heading: Floats, rate: float) -> Floats:
    """Nodes that trail behind the root, lie on the floor and resist bending."""
    back = np.column_stack([-np.cos(heading), -np.sin(heading)])
    root = joints[:, 0] - 11.0 * axes[:, 0, :, 0]
    root[:, :2] += 4.5 * back
    root[:, 2] = np.maximum(root[:, 2] - 2.0, 4.0)
    spacing = np.arange(TAIL_SEGMENTS + 1) * TAIL_STEP_MM
    height = 1.3 + (root[:, 2:] - 1.3) * np.exp(-((spacing / 17.0) ** 1.5))
    flat = np.sqrt(TAIL_STEP_MM**2 - np.minimum(np.abs(np.diff(height, axis=1)), 5.5) ** 2)
    nodes = np.zeros((len(root), TAIL_SEGMENTS + 1, 3))
    chain = _curved_start(root[0, :2], back[0])
    for frame in range(len(root)):
        moved = np.linalg.norm(root[frame, :2] - chain[0])
        # A still animal's tail lies still: only a moving root straightens it.
        stiffness = 0.02 + 0.11 * min(moved / 2.0, 1.0)
        chain = _drag(chain, root[frame, :2], back[frame], flat[frame], stiffness)
        nodes[frame, :, :2] = chain + _flick(chain, spacing, frame / rate)
    nodes[..., 2] = height
    return nodes


def _curved_start(root: Floats, back: Floats) -> Floats:
    """Return a tail that lies in a loose curve, shape (15, 2)."""
    angle = np.arctan2(back[1], back[0]) + 0.75 * np.sin(np.arange(TAIL_SEGMENTS) / 3.2)
    steps = TAIL_STEP_MM * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.vstack([root, root + np.cumsum(steps, axis=0)])


def _drag(chain: Floats, root: Floats, back: Floats, step: Floats, stiffness: float) -> Floats:
    """Move the root; every node is pulled by the one before it. Shapes (15, 2)."""
    dragged = chain.copy()
    dragged[0] = root
    ahead = back
    for node in range(1, len(chain)):
        pull = chain[node] - dragged[node - 1]
        pull = pull / np.linalg.norm(pull)
        stiff = 0.5 if node == 1 else stiffness
        ahead = (1 - stiff) * pull + stiff * ahead
        ahead = ahead / np.linalg.norm(ahead)
        dragged[node] = dragged[node - 1] + step[node - 1] * ahead
    return dragged


def _flick(chain: Floats, spacing: Floats, time: float) -> Floats:
    """Sideways waves that grow towards the tip, shape (15, 2), mm."""
    along = np.gradient(chain, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.stack([-along[:, 1], along[:, 0]], axis=1)
    size = 3.0 * (spacing / spacing[-1]) ** 2 * (1 + 0.6 * np.sin(2 * np.pi * 0.23 * time))
    return side * (size * np.sin(2 * np.pi * 0.5 * time - spacing / 24.0))[:, None]


def make_motion(rate: float) -> Motion:
    """Return the joints of all script frames.

    Parameters
    ----------
    rate : float
        Frames per second.
    """
    script = make_script()
    path, heading = _path(script, rate)
    effort = np.abs(script.speed) + 52.0 * np.abs(script.turning)
    phase = np.cumsum(effort / STRIDE_MM) / rate
    joints, axes = _spine(script, path, heading, phase, rate)
    feet, directions = {}, {}
    # Feet stand where a walking body would put them, whatever the trunk does meanwhile.
    level = make_level(script, path, heading)
    for name in FEET:
        spot, toes = _standing(name, *level, heading, script.turning)
        feet[name], directions[name] = _gait(name, spot, toes, phase)
        if name.startswith("fore"):
            held = _held(script, joints, axes, SIDE[name], rate)
            feet[name] = feet[name] + script.reach[:, None] * (held - feet[name])
    time = np.arange(SCRIPT_FRAMES) / rate
    breath = 1 + (0.008 + 0.014 * script.stillness) * np.sin(2 * np.pi * 2.6 * time)
    return Motion(
        joints, axes, feet, directions, script.reach,
        _tail(joints, axes, heading, rate), breath, script.behaviour,
    )  # fmt: skip


def make_level(script: Script, path: Floats, heading: Floats) -> tuple[Floats, Floats]:
    """Joints and axes of a body that follows the path level, bent but never raised."""
    bend = gaussian_filter1d(np.roll(script.turning, -4), 4, mode="nearest") * 0.42
    share = np.array([0.10, 0.26, 0.46, 0.66, 0.85, 1.0])
    yaw = heading[:, None] + bend[:, None] * share
    axes = _axes(yaw, np.zeros_like(yaw))
    joints = np.zeros((SCRIPT_FRAMES, 6, 3))
    joints[:, 0, :2] = path
    for segment, length in enumerate(SPINE_MM):
        joints[:, segment + 1] = joints[:, segment] + 0.97 * length * axes[:, segment, :, 0]
    return joints, axes
