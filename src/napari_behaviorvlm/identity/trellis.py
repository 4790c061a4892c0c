"""Best sequence of namings over time, and by how much it is best.

Every frame offers some namings with their costs; going from one to the next costs what the named
points would have to jump. The cheapest path is found by dynamic programming (Viterbi 1967); run in
both directions it also gives, for every naming of every frame, the cheapest path through it
(min-marginals), and with that the price of giving a keypoint any other point.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.identity.energy import FloatArray, IntArray, PointSets, bounded


@dataclass(frozen=True)
class MotionSettings:
    """Cost of motion between successive frames.

    Parameters
    ----------
    step_sd : float
        Standard deviation of a point's motion from frame to frame, in the unit of the calibration.
    outlier : float
        Bounds the cost of one jump at ``-log(outlier)``.
    other_track : float
        Cost of going on with another tracklet, or to or from hidden.
    switch : float
        Cost, in addition, if the first tracklet itself goes on in the next frame.
    gap : int
        Frames further apart than this tell nothing of each other.
    """

    step_sd: float
    outlier: float = 0.01
    other_track: float = 0.5
    switch: float = 2.0
    gap: int = 3


@dataclass(frozen=True, eq=False)
class Paths:
    """Outcome of the dynamic programme.

    Parameters
    ----------
    best : ndarray of int64, shape (F,)
        Which naming of each frame is on the cheapest path.
    through : ndarray, shape (F, N)
        Cost of the cheapest path through each naming, above that of the best path.
    """

    best: IntArray
    through: FloatArray


def transition_tables(
    points: PointSets, track: IntArray, times: IntArray, settings: MotionSettings
) -> FloatArray:
    """Cost of naming a point of one frame and a point of the next alike.

    Parameters
    ----------
    points : PointSets
        Of F frames with up to M points.
    track : ndarray of int64, shape (F, M)
        Tracklet of each point, -1 for none.
    times : ndarray of int64, shape (F,)
    settings : MotionSettings

    Returns
    -------
    ndarray of float32, shape (F - 1, M + 1, M + 1)
        The last row and column stand for "hidden".
    """
    n_frames, most = points.row.shape
    step = np.diff(times)
    jump = np.linalg.norm(points.xyz[1:, None] - points.xyz[:-1, :, None], axis=-1)
    variance = settings.step_sd**2 * np.maximum(step, 1)[:, None, None]
    cost = np.nan_to_num(bounded(jump**2 / variance, settings.outlier)) + settings.other_track
    same = (track[:-1, :, None] == track[1:, None]) & (track[:-1, :, None] >= 0)
    goes_on, came = same.any(2), same.any(1)
    cost += settings.switch * (goes_on[:, :, None] | came[:, None]) * ~same
    cost[same] = 0
    tables = np.zeros((n_frames - 1, most + 1, most + 1), np.float32)
    tables[:, :-1, :-1] = cost
    # A name must not leave a tracklet that goes on, nor enter one that was there before.
    tables[:, :-1, -1] = settings.other_track + settings.switch * goes_on
    tables[:, -1, :-1] = settings.other_track + settings.switch * came
    tables[step > settings.gap] = 0
    return tables


def best_paths(states: IntArray, cost: FloatArray, tables: FloatArray) -> Paths:
    """Cheapest path and min-marginals.

    Parameters
    ----------
    states : ndarray of int64, shape (F, N, K)
        Namings of each frame, -1 for hidden.
    cost : ndarray, shape (F, N)
        Inf for namings that do not exist.
    tables : ndarray, shape (F - 1, M + 1, M + 1)

    Returns
    -------
    Paths
    """
    n_frames = len(cost)
    between = _transitions(states, tables)
    forward, backward = cost.copy(), cost.copy()
    for t in range(1, n_frames):
        forward[t] += (forward[t - 1][:, None] + between[t - 1]).min(0)
    for t in range(n_frames - 2, -1, -1):
        backward[t] += (backward[t + 1][None] + between[t]).min(1)
    through = forward + backward - np.where(np.isfinite(cost), cost, 0)
    # Follow one path: among ties at different frames the marginals alone could mix two paths.
    best = np.zeros(n_frames, np.int64)
    best[-1] = forward[-1].argmin()
    for t in range(n_frames - 2, -1, -1):
        best[t] = (forward[t] + between[t][:, best[t + 1]]).argmin()
    return Paths(best, through - through[np.arange(n_frames), best][:, None])


def _transitions(states: IntArray, tables: FloatArray) -> NDArray[np.float32]:
    """Cost between all namings of successive frames, shape (F - 1, N, N)."""
    n_frames, n_states, count = states.shape
    hidden = tables.shape[1] - 1 if len(tables) else 0
    point = np.where(states < 0, hidden, states)
    total = np.zeros((n_frames - 1, n_states, n_states), np.float32)
    frame = np.arange(n_frames - 1)[:, None, None]
    for keypoint in range(count):
        total += tables[frame, point[:-1, :, None, keypoint], point[1:, None, :, keypoint]]
    return total


def keypoint_margins(states: IntArray, paths: Paths) -> tuple[FloatArray, IntArray]:
    """Price giving a keypoint another point, and say which one that would be.

    Parameters
    ----------
    states : ndarray of int64, shape (F, N, K)
    paths : Paths

    Returns
    -------
    margin : ndarray, shape (F, K)
        Inf where no naming of the frame offers anything else.
    alternative : ndarray of int64, shape (F, K)
        Position of the point in the cheapest path with another one, -1 for hidden, -2 for none.
    """
    frame = np.arange(len(states))
    chosen = states[frame, paths.best]
    differs = states != chosen[:, None]
    price = np.where(differs, paths.through[:, :, None], np.inf)
    other = price.argmin(1)
    margin = price.min(1)
    alternative = np.take_along_axis(states, other[:, None], 1)[:, 0]
    return np.maximum(margin, 0), np.where(np.isfinite(margin), alternative, -2)


def naming_probabilities(
    states: IntArray, paths: Paths, most: int, temperature: float = 1.0
) -> FloatArray:
    """Share of each name in a point, by the cost of the paths that give it.

    Parameters
    ----------
    states : ndarray of int64, shape (F, N, K)
    paths : Paths
    most : int
        Points a frame can have.
    temperature : float
        Difference of cost that makes a path e times less likely.

    Returns
    -------
    ndarray, shape (F, M, K)
        Rows sum to at most 1; the rest is "no keypoint".
    """
    n_frames, _, count = states.shape
    weight = np.exp(-np.maximum(paths.through, 0) / temperature)
    weight /= weight.sum(1, keepdims=True)
    share = np.zeros((n_frames, most + 1, count))
    frame = np.arange(n_frames)[:, None]
    for keypoint in range(count):
        np.add.at(share[..., keypoint], (frame, states[:, :, keypoint]), weight)
    return share[:, :-1]
