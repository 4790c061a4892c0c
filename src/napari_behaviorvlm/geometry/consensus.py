"""Which views agree on a point: all camera pairs at once, scored in pixels.

Every pair of views proposes the midpoint of its two lines of sight; the proposal with the smallest
truncated sum of squared reprojection errors over all views wins (MSAC: Torr and Zisserman, 2000,
without the random sampling: 15 pairs of six cameras are few enough to try them all). Residuals are
taken in undistorted coordinates times the local focal length, which is exact enough to choose;
`refinement` decides on the distorted pixels.
"""

from itertools import combinations

import numpy as np

from napari_behaviorvlm.core.camera import FloatArray
from napari_behaviorvlm.geometry.sights import Sights
from napari_behaviorvlm.geometry.working_rig import Float32, WorkingRig

_NEAREST = np.float32(1e-6)
_PARALLEL = np.float32(1e-7)
_CACHE_BYTES = 400_000


def distances(rig: WorkingRig, sights: Sights, points: FloatArray) -> tuple[Float32, Float32]:
    """Approximate squared distances of labels from reprojections, px², and 1 / depth; (C, n).

    Infinite and 0 where the point is behind the camera.
    """
    local = rig.to_camera(points).astype(np.float32)
    inverse = 1 / local[:, 2]
    u = local[:, 0] * inverse - sights.x
    v = local[:, 1] * inverse - sights.y
    squared = (u * u + v * v) * sights.squared_scale
    behind = ~(inverse > 0)
    squared[behind], inverse[behind] = np.inf, 0
    return squared, inverse


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
        strength = sights.squared_scale * sights.weight
        points = np.empty((3, count))
        for start in range(0, count, self.block):
            part = slice(start, start + self.block)
            x, y, weight = sights.x[:, part], sights.y[:, part], sights.weight[:, part]
            proposals = self._midpoints(x, y)
            ceiling = weight * np.float32(threshold**2)
            scores = self._scores(proposals, x, y, strength[:, part], ceiling)
            given = weight > 0
            scores[~(given[self.a] & given[self.b])] = np.inf
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
