"""Following unnamed 3D points over time.

Points of successive frames are linked by assignment to positions predicted with a damped constant
velocity. A link is made only where it is unambiguous: a tracklet that ends too early costs a vote,
one that jumps to another dot misleads many. Tracklets may bridge a few frames without a point.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from napari_behaviorvlm.identity.fusion import FusedPoints

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class TrackletSettings:
    """How points are followed.

    Parameters
    ----------
    gate : float
        Largest distance between a prediction and a point one frame later, in the unit of the
        calibration; grows with the square root of the gap.
    gap : int
        Largest number of frames a tracklet may miss.
    damping : float
        Share of the last velocity that is expected to persist.
    ambiguity : float
        The second best partner must be this many times as far away as the best.
    """

    gate: float
    gap: int = 3
    damping: float = 0.8
    ambiguity: float = 1.5


@dataclass(eq=False)
class _Open:
    """Ends of the tracklets that may go on."""

    track: IntArray
    xyz: FloatArray
    velocity: FloatArray
    last: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    def select(self, rows: NDArray[np.bool_]) -> "_Open":
        return _Open(self.track[rows], self.xyz[rows], self.velocity[rows], self.last[rows])


def link(points: FusedPoints, times: IntArray, settings: TrackletSettings) -> IntArray:
    """Follow points forward in time.

    Parameters
    ----------
    points : FusedPoints
        Sorted by frame.
    times : ndarray of int64, shape (F,)
        Frame number of each position that ``points.frame`` counts; gaps in it count as missed.
    settings : TrackletSettings

    Returns
    -------
    ndarray of int64, shape (n,)
        Tracklet of each point, counted from 0 in order of their beginning.
    """
    track = np.full(len(points), -1)
    bounds = np.searchsorted(points.frame, np.arange(len(times) + 1))
    ends = _Open(np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros((0, 3)))
    n_tracks = 0
    for position, time in enumerate(times):
        rows = np.arange(bounds[position], bounds[position + 1])
        ends = ends.select(time - ends.last <= settings.gap + 1)
        old, new = _pairs(ends, points.xyz[rows], int(time), settings)
        track[rows[new]] = ends.track[old]
        fresh = np.ones(len(rows), bool)
        fresh[new] = False
        track[rows[fresh]] = n_tracks + np.arange(int(fresh.sum()))
        n_tracks += int(fresh.sum())
        ends = _advance(ends, points.xyz[rows], track[rows], int(time), old=old, new=new)
    return track


def _pairs(
    ends: _Open, xyz: FloatArray, time: int, settings: TrackletSettings
) -> tuple[IntArray, IntArray]:
    """Rows of open tracklets and of points that belong together."""
    none = np.zeros(0, np.int64)
    if not len(ends.track) or not len(xyz):
        return none, none
    step = (time - ends.last).astype(np.float64)
    predicted = ends.xyz + ends.velocity * (settings.damping * step)[:, None]
    distance = np.linalg.norm(predicted[:, None] - xyz[None], axis=-1) / np.sqrt(step)[:, None]
    capped = np.minimum(distance, settings.gate) ** 2
    old, new = linear_sum_assignment(capped)
    near = distance[old, new] < settings.gate
    clear = near & (distance[old, new] * settings.ambiguity < _runner_up(distance, old, new))
    # Within a tenth of the gate nothing is ambiguous but a double of the point itself.
    keep = clear | (distance[old, new] < 0.1 * settings.gate)
    return old[keep], new[keep]


def _runner_up(distance: FloatArray, old: IntArray, new: IntArray) -> FloatArray:
    """Smallest distance of either partner to anything else, for each pair."""
    others = distance.copy()
    others[old, new] = np.inf
    nearest: FloatArray = np.minimum(others[old].min(1), others[:, new].min(0))
    return nearest


def _advance(
    ends: _Open, xyz: FloatArray, track: IntArray, time: int, *, old: IntArray, new: IntArray
) -> _Open:
    """Return the ends of tracklets after a frame: those that went on, began, or still wait."""
    velocity = np.zeros((len(xyz), 3))
    velocity[new] = (xyz[new] - ends.xyz[old]) / (time - ends.last[old])[:, None]
    waiting = np.ones(len(ends.track), bool)
    waiting[old] = False
    rest = ends.select(waiting)
    return _Open(
        np.concatenate([rest.track, track]),
        np.concatenate([rest.xyz, xyz]),
        np.concatenate([rest.velocity, velocity]),
        np.concatenate([rest.last, np.full(len(xyz), time)]),
    )


def typical_step(points: FusedPoints, times: IntArray, min_views: int = 3) -> float:
    """Median distance of a point to the nearest one in the next frame.

    Parameters
    ----------
    points : FusedPoints
    times : ndarray of int64, shape (F,)
    min_views : int
        Points with fewer views are ignored.

    Returns
    -------
    float
        In the unit of the calibration; NaN where no two successive frames have points.
    """
    firm = points.select(points.n_views >= min_views)
    bounds = np.searchsorted(firm.frame, np.arange(len(times) + 1))
    nearest = []
    for position in np.flatnonzero(np.diff(times) == 1):
        here = firm.xyz[bounds[position] : bounds[position + 1]]
        there = firm.xyz[bounds[position + 1] : bounds[position + 2]]
        if len(here) and len(there):
            nearest.append(np.linalg.norm(here[:, None] - there[None], axis=-1).min(1))
    return float(np.median(np.concatenate(nearest))) if nearest else float("nan")
