"""Which views agree on a point: all camera pairs at once, scored in pixels.

Every pair of views proposes the midpoint of its two lines of sight; the proposal with the smallest
truncated sum of squared reprojection errors over all views wins (MSAC: Torr and Zisserman, 2000,
without the random sampling: 15 pairs of six cameras are few enough to try them all). Residuals are
taken in undistorted coordinates times the local focal length, which is exact enough to choose;
`refinement` decides on the distorted pixels.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import FloatArray
from napari_behaviorvlm.geometry.working_rig import WorkingRig, invert, multiply, view_blocks

Float32 = NDArray[np.float32]

_NEAREST = np.float32(1e-6)
_PARALLEL = np.float32(1e-7)
_CACHE_BYTES = 200_000


@dataclass(slots=True)
class Sights:
    """Labels of a block of points as undistorted directions, camera axis first.

    Parameters
    ----------
    x, y : ndarray, shape (C, n)
        Undistorted normalised coordinates; 0 where there is no label.
    scale : ndarray, shape (C, n)
        Pixels per normalised unit at the label.
    weight : ndarray, shape (C, n)
        0 where there is no label.
    """

    x: FloatArray
    y: FloatArray
    scale: FloatArray
    weight: FloatArray

    def select(self, which: NDArray[np.intp]) -> "Sights":
        """Those points alone."""
        return Sights(
            self.x[:, which], self.y[:, which], self.scale[:, which], self.weight[:, which]
        )


def read_sights(rig: WorkingRig, pixels: FloatArray, weight: FloatArray) -> Sights:
    """Undistort labels (2, C, n); a label that no direction maps to gets weight 0.

    Two Newton steps from a table leave less than 1e-3 px, which refinement on the pixels removes.
    """
    x, y = np.empty(weight.shape), np.empty(weight.shape)
    scale = np.empty(weight.shape)
    for index, lens in enumerate(rig.lenses):
        target = lens.from_pixels(*pixels[:, index])
        near = lens.guess(*target)
        for _ in range(2):
            near_x, near_y, error_x, error_y, gain = lens.newton_step(*target, *near)
            near = near_x, near_y
        x[index], y[index] = near
        scale[index] = np.sqrt(np.abs(gain) * (lens.fx * lens.fy))
        poor = ~(np.maximum(np.abs(error_x), np.abs(error_y)) < 0.1 / lens.fx)
        if poor.any():
            which = np.flatnonzero(poor & (weight[index] > 0))
            x[index, poor] = y[index, poor] = np.nan
            x[index, which], y[index, which] = lens.undistort(target[0][which], target[1][which])
    missing = ~((weight > 0) & np.isfinite(x) & np.isfinite(scale))
    x[missing] = y[missing] = scale[missing] = 0
    return Sights(x, y, scale, np.where(missing, 0, weight))


def solve_linear(
    rig: WorkingRig, sights: Sights, weight: FloatArray, points: FloatArray | None = None
) -> FloatArray:
    """Weighted direct linear transformation; points (3, n), NaN where lines of sight are parallel.

    ``points`` gives the depths that turn the algebraic into (nearly) the pixel error.
    """
    strength = weight * sights.scale * sights.scale
    if points is not None:
        depth = rig.to_camera(points)[:, 2]
        strength /= np.maximum(depth * depth, 1e-12)
    blocks = view_blocks(sights.x, sights.y, strength)
    inverse, _ = invert(rig.normal_matrix(blocks))
    return multiply(inverse, rig.moment(blocks))


def distances(rig: WorkingRig, sights: Sights, points: FloatArray) -> FloatArray:
    """Approximate squared distance of labels from reprojections, px², (C, n); inf if behind."""
    local = rig.to_camera(points)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = local[:, 0] / local[:, 2] - sights.x
        v = local[:, 1] / local[:, 2] - sights.y
        squared = (u * u + v * v) * (sights.scale * sights.scale)
    squared[~(local[:, 2] > 0)] = np.inf
    return squared


class PairConsensus:
    """Proposals of all camera pairs and their scores, in float32.

    Parameters
    ----------
    rig : WorkingRig
    """

    def __init__(self, rig: WorkingRig) -> None:
        self.rig = rig
        self.pairs = np.array(list(combinations(range(len(rig)), 2)), dtype=np.intp).reshape(-1, 2)
        self.a, self.b = self.pairs.T
        self.centers = rig.centers.astype(np.float32)
        self.baseline = self.centers[self.b] - self.centers[self.a]
        self.rotation = rig.rotation.astype(np.float32)
        self.projection = np.ascontiguousarray(rig.rotation.transpose(1, 0, 2), dtype=np.float32)
        self.offset = np.ascontiguousarray(rig.offset.T, dtype=np.float32)

    @property
    def block(self) -> int:
        """Points at a time that keep the scores in the processor's cache."""
        return max(64, _CACHE_BYTES // (4 * len(self.rig) * max(len(self.pairs), 1)))

    def best(self, sights: Sights, threshold: float) -> FloatArray:
        """Best proposal of each point, (3, n) float64; NaN where no pair has both views."""
        count = sights.x.shape[1]
        points = np.empty((3, count))
        for start in range(0, count, self.block):
            part = slice(start, start + self.block)
            x, y = sights.x[:, part].astype(np.float32), sights.y[:, part].astype(np.float32)
            weight = sights.weight[:, part].astype(np.float32)
            scale = sights.scale[:, part].astype(np.float32)
            proposals = self._midpoints(x, y)
            ceiling = weight * np.float32(threshold**2)
            scores = self._scores(proposals, x, y, scale * scale * weight, ceiling)
            scores[~((weight[self.a] > 0) & (weight[self.b] > 0))] = np.inf
            winner = np.argmin(scores, axis=0)
            here = np.arange(winner.size)
            chosen = proposals[:, winner, here].astype(np.float64)
            chosen[:, ~np.isfinite(scores[winner, here])] = np.nan
            points[:, part] = chosen
        return points

    def _midpoints(self, x: Float32, y: Float32) -> Float32:
        """Proposal of each pair, (3, P, n): the midpoint between two lines of sight."""
        r = self.rotation
        # World direction with unit depth: R^T (x, y, 1).
        direction = r[:, 0, :, None] * x[:, None] + r[:, 1, :, None] * y[:, None]
        direction += r[:, 2, :, None]
        direction /= np.sqrt(np.einsum("cin,cin->cn", direction, direction))[:, None]
        first, second = direction[self.a], direction[self.b]
        cosine = np.einsum("pin,pin->pn", first, second)
        along_first = np.einsum("pi,pin->pn", self.baseline, first)
        along_second = np.einsum("pi,pin->pn", self.baseline, second)
        sine = 1 - cosine * cosine
        np.maximum(sine, _PARALLEL, out=sine)
        s = (along_first - cosine * along_second) / sine
        t = (cosine * along_first - along_second) / sine
        middle = first * s[:, None]
        middle += second * t[:, None]
        middle += (self.centers[self.a] + self.centers[self.b])[:, :, None]
        middle *= np.float32(0.5)
        return np.ascontiguousarray(middle.transpose(1, 0, 2))

    def _scores(
        self, proposals: Float32, x: Float32, y: Float32, strength: Float32, ceiling: Float32
    ) -> Float32:
        """Sum the truncated squared errors of each proposal over the views, (P, n), px²."""
        flat = proposals.reshape(3, -1)
        shape = (len(self.rig), *proposals.shape[1:])
        u, v, depth = (
            (self.projection[row] @ flat).reshape(shape) + self.offset[row][:, None, None]
            for row in range(3)
        )
        # Behind the camera the quotient explodes, so that the error is cut off at the threshold.
        np.maximum(depth, _NEAREST, out=depth)
        u /= depth
        v /= depth
        u -= x[:, None]
        v -= y[:, None]
        u *= u
        v *= v
        u += v
        u *= strength[:, None]
        np.minimum(u, ceiling[:, None], out=u)
        total: Float32 = u.sum(axis=0)
        return total
