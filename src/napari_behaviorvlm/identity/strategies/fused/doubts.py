"""Where an answer would change most: doubtful names and unexplained points, gathered into episodes.

A doubt that lasts is one question, not thirty: the points of a tracklet share what is said of any
of them. An episode is a run of frames in which keypoints of one body region are doubted; what its
answer is worth is the number of labels that are expected to be wrong or missing in it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.skeleton import Skeleton

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Episode:
    """A run of frames in which a region is doubted.

    Parameters
    ----------
    region : str
    rows : tuple of int
        Positions of the doubted frames, ascending.
    worth : tuple of float
        Expected wrong or missing labels in each of them.
    """

    region: str
    rows: tuple[int, ...]
    worth: tuple[float, ...]

    @property
    def gain(self) -> float:
        """Labels that one good answer is expected to mend."""
        return float(sum(self.worth))


def gather(
    doubt: FloatArray, frames: IntArray, skeleton: Skeleton, *, gap: int, longest: int,
    least: float,
) -> list[Episode]:  # fmt: skip
    """Gather doubts into episodes, most worthwhile first.

    Parameters
    ----------
    doubt : ndarray, shape (F, K)
        Expected wrong labels, 0..1.
    frames : ndarray of int64, shape (F,)
        Frame numbers.
    skeleton : Skeleton
    gap : int
        Frames without doubt that an episode may bridge.
    longest : int
        Frames an episode spans at most: tracklets do not last for ever.
    least : float
        Doubt from which on a frame counts.
    """
    episodes = []
    for region, names in _regions(skeleton).items():
        worth = doubt[:, [skeleton.index(name) for name in names]]
        total = np.where(worth >= least, worth, 0).sum(1)
        for rows in _runs(np.flatnonzero(total), frames, gap, longest):
            values = tuple(float(value) for value in total[rows])
            episodes.append(Episode(region, tuple(int(row) for row in rows), values))
    return sorted(episodes, key=lambda episode: -episode.gain)


def _regions(skeleton: Skeleton) -> dict[str, tuple[str, ...]]:
    return skeleton.regions or {"body": skeleton.keypoints}


def _runs(rows: IntArray, frames: IntArray, gap: int, longest: int) -> list[IntArray]:
    runs: list[list[int]] = []
    for row in rows.tolist():
        if (
            runs and frames[row] - frames[runs[-1][-1]] <= gap + 1
            and frames[row] - frames[runs[-1][0]] < longest
        ):  # fmt: skip
            runs[-1].append(row)
        else:
            runs.append([row])
    return [np.array(run) for run in runs]
