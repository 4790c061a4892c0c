"""Light on the animal and on the floor around it, ray by ray; compiled."""

import numpy as np
from numba import njit
from sample_data.generator.field import box_span, gradient, march, nearby
from sample_data.generator.noise import noise
from sample_data.generator.skin import anchor, coat, strands

ARENA_MM = 165.0
# The panel lamp above the arena.
LAMP = (0.28, -0.22, 0.934)
FLOOR_GLOSS = 0.30
# Pixels that differ more than this from their neighbours get four rays.
CONTRAST = 0.13


@njit(cache=True, error_model="numpy")
def openness(field, x, y, z, nx, ny, nz):
    """Ambient light that reaches a point: 1 in the open, towards 0 in creases."""
    hidden, weight = 0.0, 0.5
    for n in range(5):
        h = 0.7 + 1.9 * n
        hidden += weight * max(h - nearby(field, x + h * nx, y + h * ny, z + h * nz), 0.0) / h
        weight *= 0.72
    return max(1.0 - 0.85 * hidden, 0.0)


@njit(cache=True, error_model="numpy")
def lit(field, x, y, z, softness):
    """Share of the lamp that a point sees, with a soft edge."""
    dx, dy, dz = LAMP
    near, far = box_span(field, x, y, z, dx, dy, dz)
    t, share = max(near, 0.8), 1.0
    while t < far:
        d = nearby(field, x + t * dx, y + t * dy, z + t * dz)
        share = min(share, 0.5 + 0.5 * softness * d / t)
        if share <= 0.0:
            return 0.0
        t += max(0.8 * abs(d), 0.5)
    return share * share * (3 - 2 * share)


@njit(cache=True, error_model="numpy")
def shade_animal(field, x, y, z, dx, dy, dz):
    """Radiance of the animal's surface at a point seen along (dx, dy, dz); near 0..1."""
    nx, ny, nz = gradient(field, x, y, z, 0.35)
    qx, qy, qz, albedo, hair, gloss, tail, ear, nearest = anchor(field, x, y, z)
    m = field.to_rest[nearest]
    rest_nz = m[2, 0] * nx + m[2, 1] * ny + m[2, 2] * nz
    if hair > 0.02:
        strand = strands(qx, qy, qz)
        albedo *= 1.0 + hair * 0.95 * strand
        albedo *= 1.0 + hair * (coat(qx, qy, qz, qz + 3.0 * rest_nz) - 1.0)
        # Strands cast the surface's normal about, across the hair.
        jitter = hair * 0.75
        nx += jitter * (noise(1.3 * qy + 9.0, 0.4 * qx, 1.3 * qz) - 0.5)
        ny += jitter * (noise(1.3 * qz + 5.0, 0.4 * qx, 1.3 * qy) - 0.5)
        nz += jitter * (noise(0.4 * qx, 1.3 * qy, 1.3 * qz + 7.0) - 0.5)
    if tail > 0.1:
        albedo *= 1.0 - 0.16 * tail * (0.5 + 0.5 * np.sin(4.6 * qx))
    albedo *= 1.0 - 0.25 * ear * noise(0.5 * qx, 0.5 * qy, 0.5 * qz)
    norm = 1.0 / np.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx * norm, ny * norm, nz * norm
    open_ = openness(field, x, y, z, nx, ny, nz)
    lamp = nx * LAMP[0] + ny * LAMP[1] + nz * LAMP[2]
    wrap = max((lamp + 0.25 * hair + 0.05) / (1.05 + 0.25 * hair), 0.0)
    shadow = lit(field, x + 0.6 * nx, y + 0.6 * ny, z + 0.6 * nz, 7.0) if wrap > 0.0 else 0.0
    facing = max(-(nx * dx + ny * dy + nz * dz), 0.0)
    sky = 0.30 + 0.16 * nz
    light = 0.62 * wrap * shadow + open_ * (sky + 0.30 * facing)
    # Hair lights up where it is seen edge-on; thin ears let light through.
    rim = (1.0 - facing) ** 3
    light += open_ * (0.20 * hair * rim + 0.16 * ear)
    half = _highlight(nx, ny, nz, dx, dy, dz)
    return albedo * light + gloss * (0.75 * shadow + 0.25) * half


@njit(cache=True, error_model="numpy")
def _highlight(nx, ny, nz, dx, dy, dz):
    hx, hy, hz = LAMP[0] - dx, LAMP[1] - dy, LAMP[2] - dz
    norm = np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
    return max((nx * hx + ny * hy + nz * hz) / norm, 0.0) ** 48


@njit(cache=True, error_model="numpy")
def floor_radiance(x, y):
    """Radiance of the bare floor: matt grey acrylic, scuffed, brighter under the lamp."""
    r = np.sqrt(x * x + y * y)
    speck = noise(1.9 * x, 1.9 * y, 0.5) - 0.5
    grain = noise(0.45 * x, 0.45 * y, 3.5) - 0.5
    stain = noise(0.05 * x, 0.05 * y, 7.5) - 0.5
    scratch = noise(0.03 * (x + 0.4 * y), 0.9 * (y - 0.4 * x), 11.5)
    scratch = max(scratch - 0.78, 0.0) * 0.5
    cross = noise(0.8 * (x + 0.9 * y), 0.02 * (y - 0.9 * x), 13.5)
    scratch += max(cross - 0.82, 0.0) * 0.5
    fall = 1.0 - 0.30 * (r / ARENA_MM) ** 2
    return 0.235 * fall * (1.0 + 0.16 * speck + 0.10 * grain + 0.30 * stain + scratch)


@njit(cache=True, error_model="numpy")
def scene_radiance(ox, oy, oz, dx, dy, dz):
    """Radiance without the animal: floor, its rim, and the dark room behind."""
    if dz < -1e-6:
        t = -oz / dz
        x, y = ox + t * dx, oy + t * dy
        r = np.sqrt(x * x + y * y)
        if r < ARENA_MM:
            edge = min((ARENA_MM - r) / 1.2, 1.0)
            return floor_radiance(x, y) * edge + 0.34 * (1 - edge)
        if r < ARENA_MM + 5.0:
            return 0.11 + 0.03 * noise(0.4 * x, 0.4 * y, 1.0)
        rim = max(1.0 - (r - ARENA_MM - 5.0) / 120.0, 0.0)
        return 0.022 + 0.035 * rim * rim + 0.012 * noise(0.02 * x, 0.02 * y, 2.0)
    return 0.022 + 0.02 * noise(3.0 * dx, 3.0 * dy, 6.0 * dz)


@njit(cache=True, error_model="numpy")
def _on_floor(field, ox, oy, oz, dx, dy, dz, bare):
    """Bare floor darkened by the animal's shadow, with the animal mirrored in its gloss."""
    if dz > -1e-6:
        return bare
    t = -oz / dz
    x, y = ox + t * dx, oy + t * dy
    if x * x + y * y > ARENA_MM * ARENA_MM:
        return bare
    near, far = box_span(field, x, y, 0.05, 0.0, 0.0, 1.0)
    open_ = openness(field, x, y, 0.05, 0.0, 0.0, 1.0) if near < far else 1.0
    wide = nearby(field, x, y, 9.0)
    open_ *= 1.0 - 0.22 * max(1.0 - max(wide, 0.0) / 12.0, 0.0)
    value = bare * (0.50 * open_ + 0.50 * lit(field, x, y, 0.05, 4.5))
    hit, _, _ = march(field, x, y, 0.02, dx, dy, -dz, 0.0, 90.0)
    if hit > 0.0:
        mx, my, mz = x + hit * dx, y + hit * dy, -hit * dz
        gx, gy, gz = gradient(field, mx, my, mz, 0.8)
        facing = max(-(gx * dx + gy * dy - gz * dz), 0.0)
        fresnel = FLOOR_GLOSS * (0.25 + 0.75 * (1.0 + dz) ** 3) * np.exp(-mz / 16.0)
        value = value * (1 - fresnel) + fresnel * (0.14 + 0.16 * facing)
    return value


@njit(cache=True, error_model="numpy")
def radiance(field, ox, oy, oz, dx, dy, dz, bare):
    """Radiance along a ray, and how much of it is the animal (1, fuzz between, 0).

    A ray that passes close to fur is caught by some of its hairs: outlines are fuzzy.
    """
    floor_at = -oz / dz if dz < -1e-6 else 1e6
    hit, closest, where = march(field, ox, oy, oz, dx, dy, dz, 0.0, floor_at)
    if hit > 0.0:
        x, y, z = ox + hit * dx, oy + hit * dy, oz + hit * dz
        return shade_animal(field, x, y, z, dx, dy, dz), 1.0
    value = _on_floor(field, ox, oy, oz, dx, dy, dz, bare)
    if closest > 1.3:
        return value, 0.0
    x, y, z = ox + where * dx, oy + where * dy, oz + where * dz
    qx, qy, qz, _, hair, _, _, _, nearest = anchor(field, x, y, z)
    if nearest < 0 or hair < 0.5:
        return value, 0.0
    reach = 0.15 + 1.15 * noise(0.9 * qx, 1.6 * qy, 1.6 * qz)
    cover = min(max((reach - closest) / 0.55, 0.0), 1.0) * 0.8 * hair
    if cover <= 0.0:
        return value, 0.0
    fur = shade_animal(field, x, y, z, dx, dy, dz)
    return value + cover * (fur - value), cover


@njit(cache=True, nogil=True, error_model="numpy")
def render_bare(center, rays, out):
    """Fill ``out`` (H, W) with the scene without the animal; rays (H + 2, W + 2, 3)."""
    ox, oy, oz = center
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            total = 0.0
            for sample in range(4):
                dx, dy, dz = _sub_ray(rays, r + 1, c + 1, sample)
                total += scene_radiance(ox, oy, oz, dx, dy, dz)
            out[r, c] = 0.25 * total


@njit(cache=True, error_model="numpy")
def _sub_ray(rays, r, c, sample):
    """One of four rays of a rotated grid within a pixel."""
    u = (-0.125, 0.375, 0.125, -0.375)[sample]
    v = (-0.375, -0.125, 0.375, 0.125)[sample]
    d0 = rays[r, c, 0] + 0.5 * u * (rays[r, c + 1, 0] - rays[r, c - 1, 0])
    d1 = rays[r, c, 1] + 0.5 * u * (rays[r, c + 1, 1] - rays[r, c - 1, 1])
    d2 = rays[r, c, 2] + 0.5 * u * (rays[r, c + 1, 2] - rays[r, c - 1, 2])
    d0 += 0.5 * v * (rays[r + 1, c, 0] - rays[r - 1, c, 0])
    d1 += 0.5 * v * (rays[r + 1, c, 1] - rays[r - 1, c, 1])
    d2 += 0.5 * v * (rays[r + 1, c, 2] - rays[r - 1, c, 2])
    norm = 1.0 / np.sqrt(d0 * d0 + d1 * d1 + d2 * d2)
    return d0 * norm, d1 * norm, d2 * norm


@njit(cache=True, nogil=True, error_model="numpy")
def render_animal(field, center, rays, bare, box, out, cover):
    """Draw the animal into ``out`` (H, W) within ``box`` (row0, row1, column0, column1).

    Every pixel gets one ray; pixels near an edge get four. ``cover`` (H, W) becomes the animal's
    share of each pixel.
    """
    ox, oy, oz = center
    row0, row1, column0, column1 = box
    for r in range(row0, row1):
        for c in range(column0, column1):
            d = rays[r + 1, c + 1]
            out[r, c], cover[r, c] = radiance(field, ox, oy, oz, d[0], d[1], d[2], bare[r, c])
    first = out[row0:row1, column0:column1].copy()
    for r in range(row0 + 1, row1 - 1):
        for c in range(column0 + 1, column1 - 1):
            i, j = r - row0, c - column0
            low = min(first[i - 1, j], first[i + 1, j], first[i, j - 1], first[i, j + 1])
            high = max(first[i - 1, j], first[i + 1, j], first[i, j - 1], first[i, j + 1])
            if high - low < CONTRAST:
                continue
            value = share = 0.0
            for sample in range(4):
                dx, dy, dz = _sub_ray(rays, r + 1, c + 1, sample)
                v, s = radiance(field, ox, oy, oz, dx, dy, dz, bare[r, c])
                value += 0.25 * v
                share += 0.25 * s
            out[r, c], cover[r, c] = value, share
