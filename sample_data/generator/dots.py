"""The twelve dots: where they sit on the skin and how much of their glow reaches a camera."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from sample_data.generator.anatomy import Primitive
from sample_data.generator.cameras import project
from sample_data.generator.field import Field, march, thickness

from napari_behaviorvlm.core.camera import Camera
from napari_behaviorvlm.core.skeleton import Skeleton

Floats = NDArray[np.float64]

KEYPOINTS = Skeleton.quantum_dot_mouse().keypoints
PATCH_MM = 0.9
LIFT_MM = 0.2
# Length in tissue over which the glow falls to 1/e.
TISSUE_MM = 0.6
# Primitive, share of the way from its a to its b, and relative brightness.
PLACES = {
    "ear_L": ("ear_L", 0.0, 0.85),
    "ear_R": ("ear_R", 0.0, 0.80),
    "back_top": ("shoulders", 0.45, 1.05),
    "back_middle": ("loin", 0.85, 1.0),
    "back_bottom": ("rump", 0.70, 0.9),
    "forepaw_L": ("forepaw_L", 0.85, 0.72),
    "forepaw_R": ("forepaw_R", 0.85, 0.66),
    "hindpaw_L": ("hindpaw_L", 0.85, 0.85),
    "hindpaw_R": ("hindpaw_R", 0.85, 0.92),
    "tail_base": ("tail_01", 0.3, 0.9),
    "tail_middle": ("tail_06", 0.8, 0.6),
    "tail_tip": ("tail_13", 0.2, 0.5),
}


@dataclass(frozen=True)
class Glow:
    """The patches of light one camera receives in one frame, K dots with P samples each.

    Parameters
    ----------
    pixels : ndarray, shape (K, P, 2)
    strength : ndarray, shape (K, P)
        Share of the dot's light that each sample sends to the camera; sums to about 1 for a dot
        in the open seen from the front at 300 mm.
    """

    pixels: Floats
    strength: Floats


def _patch() -> Floats:
    """Sample places on the unit disc, symmetric about its centre, shape (13, 2)."""
    rings = [np.zeros((1, 2))]
    for radius, count in ((0.5, 4), (0.9, 8)):
        angle = np.arange(count) * 2 * np.pi / count
        rings.append(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return np.vstack(rings)


PATCH = _patch()


def place_dots(parts: list[Primitive], field: Field) -> tuple[Floats, Floats]:
    """Positions of the twelve dots and the outward directions of the skin below, both (12, 3)."""
    by_name = {part.name: part for part in parts}
    points, normals = [], []
    for keypoint in KEYPOINTS:
        name, share, _ = PLACES[keypoint]
        part = by_name[name]
        outward = part.frame[:, 2]
        if keypoint.startswith("ear"):
            point = part.a + (part.radius_a - 0.9) * outward + 0.9 * part.frame[:, 0]
        elif keypoint.startswith("back"):
            middle = part.a + share * (part.b - part.a)
            start = middle + 26 * outward
            hit, _, _ = march(field, *start, *(-outward), 0.0, 26.0)
            point = start - (hit - 0.1) * outward
        else:
            radius = part.radius_a + share * (part.radius_b - part.radius_a)
            point = part.a + share * (part.b - part.a) + (radius + 0.1) * outward
        points.append(point)
        normals.append(outward)
    return np.array(points), np.array(normals)


@njit(cache=True, nogil=True, error_model="numpy")
def _transmitted(field, points, target, mirrored):
    """Share of light from each point (n, 3) that reaches ``target`` (3,) through the animal."""
    share = np.zeros(len(points))
    tx, ty, tz = target
    for n in range(len(points)):
        x, y, z = points[n]
        gx, gy, gz = tx - x, ty - y, (-tz if mirrored else tz) - z
        length = np.sqrt(gx * gx + gy * gy + gz * gz)
        dx, dy, dz = gx / length, gy / length, gz / length
        if mirrored:
            # Down to the floor, then up from it.
            t = -z / dz
            tissue = thickness(field, x, y, z, dx, dy, dz, t)
            if tissue < 8.0:
                fx, fy = x + t * dx, y + t * dy
                tissue += thickness(field, fx, fy, 0.0, dx, dy, -dz, 1e5)
        else:
            tissue = thickness(field, x, y, z, dx, dy, dz, 1e5)
        share[n] = np.exp(-tissue / TISSUE_MM) if tissue < 8.0 else 0.0
    return share


def _samples(points: Floats, normals: Floats) -> Floats:
    """Sample points of the glowing patches, shape (K, P, 3)."""
    helper = np.where(np.abs(normals[:, :1]) < 0.8, [[1.0, 0, 0]], [[0, 1.0, 0]])
    first = np.cross(normals, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(normals, first)
    spread = PATCH[None, :, :1] * first[:, None] + PATCH[None, :, 1:] * second[:, None]
    return points[:, None] + PATCH_MM * spread


def glow(
    camera: Camera, field: Field, points: Floats, normals: Floats, *, mirrored: bool = False
) -> Glow:
    """Return what one camera receives from the dots, directly or mirrored by the floor.

    Parameters
    ----------
    camera : Camera
    field : Field
    points, normals : ndarray, shape (K, 3)
    mirrored : bool
        The dots' mirror images in the floor instead of the dots.
    """
    samples = _samples(points, normals)
    centre = np.array(camera.center)
    # Light starts a little above the skin, so that the skin's roughness does not swallow it.
    above = samples + LIFT_MM * normals[:, None]
    share = _transmitted(field, above.reshape(-1, 3), centre, mirrored).reshape(samples.shape[:2])
    flip = np.array([1.0, 1.0, -1.0]) if mirrored else np.ones(3)
    ray = centre - points * flip
    length = np.linalg.norm(ray, axis=1)
    facing = np.sum(normals * flip * ray, axis=1) / length
    # Fur and skin scatter: a dot seen from the side is dimmer, never quite dark.
    angle = 0.34 + 0.66 * np.clip(facing, 0, 1)
    strength = share * (angle * (300 / length) ** 2)[:, None] / len(PATCH)
    return Glow(project(camera, samples * flip), strength)
