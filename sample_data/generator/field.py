"""The animal's surface as a smooth union of primitives: a signed distance, compiled and culled."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from sample_data.generator.anatomy import Primitive

Floats = NDArray[np.float64]

BLOCK_MM = 4.0
MARGIN_MM = 12.0
MOST_IN_BLOCK = 48
FAR = 1e6
HALF_DIAGONAL_MM = BLOCK_MM * np.sqrt(3.0) / 2
# Blocks whose centre is farther than this from the surface list no primitives.
FAR_FROM_MM = HALF_DIAGONAL_MM * 1.05 + 1.8 + 1.5


class Field(NamedTuple):
    """One frame's surface; mm, world frame. N primitives.

    Parameters
    ----------
    shape : ndarray, shape (N, 10)
        a, b - a (ears: their unit normal), radius_a, radius_b, blend, kind.
    to_rest : ndarray, shape (N, 3, 4)
        World to rest pose.
    material : ndarray of int64, shape (N,)
    counts, lists, centers : ndarray
        Per block: how many primitives matter there, which, and the distance at its centre.
    origin : ndarray, shape (3,)
        Corner of the first block.
    """

    shape: Floats
    to_rest: Floats
    material: NDArray[np.int64]
    counts: NDArray[np.int16]
    lists: NDArray[np.int16]
    centers: Floats
    origin: Floats


@njit(cache=True, error_model="numpy")
def primitive_distance(shape, n, x, y, z):
    """Signed distance (a lower bound of its size) of a point to primitive ``n``."""
    px, py, pz = x - shape[n, 0], y - shape[n, 1], z - shape[n, 2]
    bx, by, bz = shape[n, 3], shape[n, 4], shape[n, 5]
    if shape[n, 9] == 0.0:
        along = (px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz)
        along = min(max(along, 0.0), 1.0)
        px, py, pz = px - along * bx, py - along * by, pz - along * bz
        radius = shape[n, 6] + along * (shape[n, 7] - shape[n, 6])
        return np.sqrt(px * px + py * py + pz * pz) - radius
    # An ear: a disc bent into a shallow cup; b holds its unit normal.
    height = px * bx + py * by + pz * bz
    flat = np.sqrt(max(px * px + py * py + pz * pz - height * height, 0.0))
    bent = (height - 0.026 * min(flat, 9.0) ** 2 + 0.5) * 0.92
    outside = max(flat - (shape[n, 6] - shape[n, 7]), 0.0)
    return np.sqrt(outside * outside + bent * bent) - shape[n, 7]


@njit(cache=True, error_model="numpy")
def _fold(distance, other, blend):
    overlap = max(blend - abs(distance - other), 0.0)
    return min(distance, other) - overlap * overlap / (4.0 * blend)


@njit(cache=True, error_model="numpy")
def _fill(shape, origin, counts, lists, centers):
    half = HALF_DIAGONAL_MM
    own = np.empty(len(shape))
    for i in range(counts.shape[0]):
        for j in range(counts.shape[1]):
            for k in range(counts.shape[2]):
                x = origin[0] + (i + 0.5) * BLOCK_MM
                y = origin[1] + (j + 0.5) * BLOCK_MM
                z = origin[2] + (k + 0.5) * BLOCK_MM
                nearest = FAR
                for n in range(len(shape)):
                    own[n] = primitive_distance(shape, n, x, y, z)
                    nearest = min(nearest, own[n])
                centers[i, j, k] = nearest
                if nearest > FAR_FROM_MM:
                    continue
                count = 0
                for n in range(len(shape)):
                    if own[n] < nearest + 2.1 * half + shape[n, 8] and count < MOST_IN_BLOCK:
                        lists[i, j, k, count] = n
                        count += 1
                counts[i, j, k] = count


@njit(cache=True, error_model="numpy")
def block_of(field, x, y, z):
    """Find the block that holds a point; the first index is -1 where there is none."""
    i = int(np.floor((x - field.origin[0]) / BLOCK_MM))
    j = int(np.floor((y - field.origin[1]) / BLOCK_MM))
    k = int(np.floor((z - field.origin[2]) / BLOCK_MM))
    inside = (
        0 <= i < field.counts.shape[0]
        and 0 <= j < field.counts.shape[1]
        and 0 <= k < field.counts.shape[2]
    )
    return (i, j, k) if inside else (-1, 0, 0)


@njit(cache=True, error_model="numpy")
def distance(field, x, y, z):
    """Signed distance to the animal in mm, a safe lower bound far from it."""
    i, j, k = block_of(field, x, y, z)
    if i < 0:
        return MARGIN_MM
    count = field.counts[i, j, k]
    if count == 0:
        return field.centers[i, j, k] - HALF_DIAGONAL_MM * 1.05 - 1.8
    result = FAR
    for slot in range(count):
        n = field.lists[i, j, k, slot]
        result = _fold(result, primitive_distance(field.shape, n, x, y, z), field.shape[n, 8])
    return result


@njit(cache=True, error_model="numpy")
def nearby(field, x, y, z):
    """Smooth estimate of the distance for soft light: exact near the surface, else interpolated."""
    u = min(max((x - field.origin[0]) / BLOCK_MM - 0.5, 0.0), field.counts.shape[0] - 1.001)
    v = min(max((y - field.origin[1]) / BLOCK_MM - 0.5, 0.0), field.counts.shape[1] - 1.001)
    w = min(max((z - field.origin[2]) / BLOCK_MM - 0.5, 0.0), field.counts.shape[2] - 1.001)
    i, j, k = int(u), int(v), int(w)
    u, v, w = u - i, v - j, w - k
    d = 0.0
    for a in range(2):
        for b in range(2):
            weight = (u if a else 1 - u) * (v if b else 1 - v)
            lower, upper = field.centers[i + a, j + b, k], field.centers[i + a, j + b, k + 1]
            d += weight * ((1 - w) * lower + w * upper)
    if d > 4.0:
        return d
    exact = distance(field, x, y, z) if d < 3.5 else d
    share = min(max(d - 2.5, 0.0), 1.0)
    return exact + share * (d - exact)


@njit(cache=True, error_model="numpy")
def gradient(field, x, y, z, step):
    """Return the unit normal of the surface by central differences, as three numbers."""
    gx = distance(field, x + step, y, z) - distance(field, x - step, y, z)
    gy = distance(field, x, y + step, z) - distance(field, x, y - step, z)
    gz = distance(field, x, y, z + step) - distance(field, x, y, z - step)
    norm = np.sqrt(gx * gx + gy * gy + gz * gz) + 1e-12
    return gx / norm, gy / norm, gz / norm


@njit(cache=True, error_model="numpy")
def box_span(field, ox, oy, oz, dx, dy, dz):
    """Entry and exit of a ray in the animal's box; exit < entry where it misses."""
    near, far = 0.0, FAR
    origin = (ox, oy, oz)
    direction = (dx, dy, dz)
    for axis in range(3):
        low = field.origin[axis] + 1e-6
        high = field.origin[axis] + field.counts.shape[axis] * BLOCK_MM - 1e-6
        d = direction[axis] if abs(direction[axis]) > 1e-9 else 1e-9
        t0, t1 = (low - origin[axis]) / d, (high - origin[axis]) / d
        near = max(near, min(t0, t1))
        far = min(far, max(t0, t1))
    return near, far


@njit(cache=True, error_model="numpy")
def march(field, ox, oy, oz, dx, dy, dz, start, limit):
    """Follow a ray to the surface.

    Returns
    -------
    hit : float
        Distance along the ray, or -1.
    closest, where : float
        Smallest distance to the surface on the way, and where along the ray.
    """
    near, far = box_span(field, ox, oy, oz, dx, dy, dz)
    t = max(near, start)
    far = min(far, limit)
    closest, where = FAR, t
    while t < far:
        d = distance(field, ox + t * dx, oy + t * dy, oz + t * dz)
        if d < closest:
            closest, where = d, t
        if d < 0.02:
            return t, closest, where
        t += max(0.88 * d, 0.03)
    return -1.0, closest, where


@njit(cache=True, error_model="numpy")
def thickness(field, ox, oy, oz, dx, dy, dz, limit):
    """Length of a ray inside the animal, in mm, up to 8 mm."""
    near, far = box_span(field, ox, oy, oz, dx, dy, dz)
    t, far = max(near, 0.0), min(far, limit)
    inside = 0.0
    while t < far and inside < 8.0:
        d = distance(field, ox + t * dx, oy + t * dy, oz + t * dz)
        step = 0.15 if d < 0.17 else 0.85 * d
        if d < 0.0:
            inside += step
        t += step
    return inside


def make_field(parts: list[Primitive], rest: list[tuple[Floats, Floats]]) -> Field:
    """Return the distance field of one frame's primitives.

    Parameters
    ----------
    parts : list of Primitive
    rest : list of (origin, frame)
        Their place in the rest pose.
    """
    shape = np.zeros((len(parts), 10))
    to_rest = np.zeros((len(parts), 3, 4))
    for n, part in enumerate(parts):
        second = part.frame[:, 0] if part.kind else part.b - part.a
        shape[n] = *part.a, *second, part.radius_a, part.radius_b, part.blend, part.kind
        turn = rest[n][1] @ part.frame.T
        to_rest[n] = np.column_stack([turn, rest[n][0] - turn @ part.a])
    ends = np.array([end for part in parts for end in (part.a, part.b)])
    reach = np.array([part.radius_a for part in parts for _ in range(2)])[:, None]
    origin = (ends - reach).min(axis=0) - MARGIN_MM
    top = (ends + reach).max(axis=0) + MARGIN_MM
    blocks = tuple(np.ceil((top - origin) / BLOCK_MM).astype(int))
    counts = np.zeros(blocks, np.int16)
    lists = np.zeros((*blocks, MOST_IN_BLOCK), np.int16)
    centers = np.zeros(blocks)
    _fill(shape, origin, counts, lists, centers)
    if counts.max() >= MOST_IN_BLOCK:
        message = f"A block of the distance field needs more than {MOST_IN_BLOCK} primitives."
        raise ValueError(message)
    material = np.array([part.material for part in parts])
    return Field(shape, to_rest, material, counts, lists, centers, origin)
