"""From clusters per frame to clips of 1-5 s.

The cut is the best one, not a cleaned-up guess: of all segmentations whose pieces last at least
the minimum, the one is taken that disagrees least with the frames' memberships (an explicit-
duration Viterbi search). Flicker shorter than the minimum therefore goes to whichever neighbour it
resembles more. Pieces longer than the maximum are cut into equal parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.bouts import UNTRACKED, Clips, FloatArray, IntArray
from napari_behaviorvlm.core.errors import TableError


@dataclass(frozen=True)
class ClipSettings:
    """How long clips last.

    Parameters
    ----------
    shortest, longest : float
        Seconds. Only where an animal is followed for less than `shortest` is a clip shorter.
    switch_cost : float
        Seconds of agreement that a change of cluster must gain. 0 follows every change that can be
        made to last long enough, so that the moment between two behaviours, which often looks like
        neither, becomes a clip at the cost of both; more makes fewer, surer cuts.
    """

    shortest: float = 1.0
    longest: float = 5.0
    switch_cost: float = 0.2

    def __post_init__(self) -> None:
        if not (self.shortest > 0 and self.longest >= 2 * self.shortest and self.switch_cost >= 0):
            raise TableError(
                f"Clips of {self.shortest:g} to {self.longest:g} s cannot be cut: the longest must "
                "be at least twice the shortest, and the switch cost must not be negative."
            )

    def frames(self, fps: float) -> tuple[int, int]:
        """Shortest and longest clip in frames: at least 1, and at least twice as many."""
        shortest = max(1, int(np.ceil(self.shortest * fps - 1e-9)))
        return shortest, max(2 * shortest, int(np.floor(self.longest * fps + 1e-9)))


def cut_clips(
    labels: IntArray,
    fps: float,
    animals: Sequence[str],
    memberships: NDArray[np.floating] | None = None,
    settings: ClipSettings | None = None,
) -> Clips:
    """Cut every animal's recording into clips.

    Parameters
    ----------
    labels : ndarray of int, shape (frames, animals)
        Cluster of every frame, ``UNTRACKED`` (-1) where the animal is not followed.
    fps : float
        Frames per second.
    animals : sequence of str
        Names of the animals.
    memberships : ndarray, shape (frames, animals, clusters), optional
        Soft assignment; rows of tracked frames sum to 1. Without it every frame is sure of its
        label.
    settings : ClipSettings, optional
        Lengths.

    Returns
    -------
    Clips
        Every tracked frame lies in exactly one clip, every untracked frame in none.

    Raises
    ------
    TableError
        If shapes disagree or fps is not positive.
    """
    settings = settings or ClipSettings()
    labels = np.asarray(labels, np.int64)
    _check(labels, fps, animals, memberships)
    shortest, longest = settings.frames(fps)
    n_clusters = memberships.shape[2] if memberships is not None else int(labels.max(initial=0)) + 1
    rows: list[tuple[int, int, int, int, float]] = []
    for animal in range(labels.shape[1]):
        for start, stop in _runs(labels[:, animal] != UNTRACKED):
            if memberships is None:
                shares = np.eye(n_clusters)[labels[start:stop, animal]]
            else:
                shares = np.asarray(memberships[start:stop, animal], float)
            path = smooth_labels(shares, shortest, settings.switch_cost * fps)
            for first, last in _pieces(path, longest):
                cluster = int(path[first])
                sure = float(shares[first:last, cluster].mean())
                rows.append((animal, start + first, start + last - 1, cluster, sure))
    table = np.array(rows, float).reshape(-1, 5)
    animal_, start_, end_, cluster_ = table[:, :4].astype(np.int64).T
    return Clips(
        tuple(animals), len(labels), float(fps), animal_, start_, end_, cluster_, table[:, 4]
    )


def _check(
    labels: IntArray, fps: float, animals: Sequence[str], memberships: NDArray[np.floating] | None
) -> None:
    if labels.ndim != 2 or labels.shape[1] != len(animals):
        raise TableError(
            f"Labels of shape {labels.shape} do not fit {len(animals)} animals: "
            "(frames, animals) is needed."
        )
    if memberships is not None and memberships.shape[:2] != labels.shape:
        raise TableError("Memberships and labels differ in frames or animals.")
    if not fps > 0:
        raise TableError(f"A frame rate of {fps} is not positive.")


def smooth_labels(shares: FloatArray, shortest: int, switch_cost: float) -> IntArray:
    """Find the label sequence that agrees most, with stretches of at least `shortest` frames.

    A frame costs nothing in its best cluster and up to 1 elsewhere, by how far the membership
    there falls short of the best. Being relative, this cuts alike whether a method's memberships
    are sharp (a mixture's) or soft (a Student-t kernel's among many clusters).

    Parameters
    ----------
    shares : ndarray, shape (frames, clusters)
        Memberships.
    shortest : int
        Least frames per stretch; a sequence shorter than that becomes one stretch.
    switch_cost : float
        Frames of agreement that a change must gain.

    Returns
    -------
    ndarray of int64, shape (frames,)
    """
    n = len(shares)
    cost = 1 - shares / np.maximum(shares.max(axis=1, keepdims=True), 1e-12)
    if n < 2 * shortest:
        return np.full(n, int(cost.sum(axis=0).argmin()), np.int64)
    total = np.vstack([np.zeros(cost.shape[1]), np.cumsum(cost, axis=0)])
    return _trace_back(*_forward(total, shortest, switch_cost), shortest)


def _forward(
    total: FloatArray, shortest: int, switch_cost: float
) -> tuple[NDArray[np.bool_], IntArray]:
    """Dynamic programme over frame counts.

    ``ends[t, k]`` is the least cost of the first t frames when their last stretch is of cluster k
    and long enough already. It either grows by a frame or takes in `shortest` frames at once.
    """
    n, clusters = len(total) - 1, total.shape[1]
    window = total[shortest:] - total[:-shortest]
    best = np.full(n + 1, np.inf)
    best[0] = -switch_cost
    winner = np.zeros(n + 1, np.int64)
    fresh = np.zeros((n + 1, clusters), np.bool_)
    ends = np.full(clusters, np.inf)
    for t in range(shortest, n + 1):
        grow = ends + (total[t] - total[t - 1])
        begin = window[t - shortest] + (best[t - shortest] + switch_cost)
        fresh[t] = begin < grow
        ends = np.where(fresh[t], begin, grow)
        winner[t] = ends.argmin()
        best[t] = ends[winner[t]]
    return fresh, winner


def _trace_back(fresh: NDArray[np.bool_], winner: IntArray, shortest: int) -> IntArray:
    t = len(winner) - 1
    labels = np.empty(t, np.int64)
    while t > 0:
        cluster = winner[t]
        stop = t
        while not fresh[t, cluster]:
            t -= 1
        t -= shortest
        labels[t:stop] = cluster
    return labels


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open stretches in which the mask is true."""
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(np.int8), 0]))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _pieces(path: IntArray, longest: int) -> list[tuple[int, int]]:
    """Half-open stretches of one label, those that last too long cut into equal parts."""
    borders = np.r_[0, np.flatnonzero(np.diff(path)) + 1, len(path)]
    pieces = []
    for start, stop in pairwise(borders):
        parts = -(-(stop - start) // longest)
        cuts = np.linspace(start, stop, parts + 1).round().astype(int)
        pieces += [(int(a), int(b)) for a, b in pairwise(cuts)]
    return pieces
