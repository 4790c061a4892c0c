"""Repeatable value noise in three dimensions, compiled."""

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def _hash(i, j, k):
    n = (i * 73856093) ^ (j * 19349663) ^ (k * 83492791)
    n &= 0xFFFFFFFF
    n = ((n ^ (n >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    n = ((n ^ (n >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFFFF) / 16777216.0


@njit(cache=True, error_model="numpy")
def noise(x, y, z):
    """Smooth noise of unit wavelength in 0..1."""
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    i, j, k = int(fx), int(fy), int(fz)
    u, v, w = x - fx, y - fy, z - fz
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    near = (1 - v) * ((1 - u) * _hash(i, j, k) + u * _hash(i + 1, j, k)) + v * (
        (1 - u) * _hash(i, j + 1, k) + u * _hash(i + 1, j + 1, k)
    )
    k += 1
    far = (1 - v) * ((1 - u) * _hash(i, j, k) + u * _hash(i + 1, j, k)) + v * (
        (1 - u) * _hash(i, j + 1, k) + u * _hash(i + 1, j + 1, k)
    )
    return (1 - w) * near + w * far
