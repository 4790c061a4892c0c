"""What the skin looks like at a point: fur with a direction, bare skin, eyes; compiled."""

import numpy as np
from numba import njit
from sample_data.generator.anatomy import EAR_SKIN, EYE, FUR, SKIN, TAIL
from sample_data.generator.field import block_of, primitive_distance
from sample_data.generator.noise import noise

# Per material: albedo at 850 nm, share of hair, gloss.
ALBEDO = np.array([0.40, 0.50, 0.66, 0.035, 0.47])
HAIR = np.array([1.0, 0.25, 0.04, 0.0, 0.12])
GLOSS = np.array([0.05, 0.04, 0.10, 1.0, 0.09])


@njit(cache=True, error_model="numpy")
def anchor(field, x, y, z):
    """Skin at a point: rest-pose position, albedo, hair, gloss, share of each special material.

    Returns
    -------
    qx, qy, qz : float
        The point carried into the rest pose, mm.
    albedo, hair, gloss, tail, ear : float
    nearest : int
        The primitive that is nearest, -1 outside the box.
    """
    i, j, k = block_of(field, x, y, z)
    qx = qy = qz = albedo = hair = gloss = tail = ear = total = 0.0
    nearest = -1
    if i < 0:
        return qx, qy, qz, albedo, hair, gloss, tail, ear, nearest
    best = 1e9
    for slot in range(field.counts[i, j, k]):
        n = field.lists[i, j, k, slot]
        d = primitive_distance(field.shape, n, x, y, z)
        if d < best:
            best, nearest = d, n
    for slot in range(field.counts[i, j, k]):
        n = field.lists[i, j, k, slot]
        d = primitive_distance(field.shape, n, x, y, z) - best
        material = field.material[n]
        soft = 1.6 if material == FUR else 0.5
        if d > 5.0 * soft:
            continue
        weight = np.exp(-d / soft)
        m = field.to_rest[n]
        qx += weight * (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3])
        qy += weight * (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3])
        qz += weight * (m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3])
        albedo += weight * ALBEDO[material]
        hair += weight * HAIR[material]
        gloss += weight * GLOSS[material]
        tail += weight * (material == TAIL)
        ear += weight * (material == EAR_SKIN)
        total += weight
    s = 1.0 / max(total, 1e-12)
    if field.material[nearest] == EYE:
        return qx * s, qy * s, qz * s, ALBEDO[EYE], 0.0, 1.0, 0.0, 0.0, nearest
    return (
        qx * s, qy * s, qz * s, albedo * s, hair * s, gloss * s, tail * s, ear * s, nearest
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def strands(qx, qy, qz):
    """Brightness of hair strands at a rest-pose point, around 0 within about -0.5..0.5.

    Strands run from head to tail; slow noise bends them and gathers them into tufts.
    """
    wx = noise(0.21 * qx, 0.21 * qy, 0.21 * qz) - 0.5
    wy = noise(0.19 * qx + 17.0, 0.19 * qy, 0.19 * qz) - 0.5
    y = qy + 3.0 * wx
    z = qz + 3.0 * wy
    fine = noise(0.26 * qx, 1.55 * y, 1.55 * z)
    coarse = noise(0.16 * qx + 40.0, 0.62 * y, 0.62 * z)
    tuft = noise(0.36 * qx + 3.0 * wy + 80.0, 0.34 * y, 0.34 * z)
    return 0.48 * fine + 0.30 * coarse + 0.22 * tuft - 0.5


@njit(cache=True, error_model="numpy")
def coat(qx, qy, qz, rest_height):
    """Factor on the albedo: darker along the back, lighter on the belly, mottled."""
    belly = min(max((9.0 - rest_height) / 9.0, 0.0), 1.0)
    back = min(max((rest_height - 18.0) / 12.0, 0.0), 1.0)
    mottle = noise(0.11 * qx, 0.14 * qy, 0.14 * qz) - 0.5
    return 1.0 + 0.32 * belly - 0.20 * back + 0.20 * mottle


__all__ = ["SKIN", "anchor", "coat", "strands"]
