"""Keypoints that are drawn over a video, where a recording has poses in its pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.poses import read_poses

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShownPoses:
    """Poses in pixels.

    Parameters
    ----------
    positions : ndarray, shape (frames, animals, keypoints, 2)
        NaN where unknown.
    first_frame : int
        Of the first row.
    edges : ndarray of int, shape (edges, 2)
        Keypoints that a line joins; empty where no skeleton is known.
    """

    positions: FloatArray
    first_frame: int
    edges: NDArray[np.intp]

    def points(self, frame: int, animal: int) -> FloatArray:
        """Keypoints of an animal, shape (n, 2); only known ones."""
        at = frame - self.first_frame
        if not 0 <= at < len(self.positions) or animal >= self.positions.shape[1]:
            return np.zeros((0, 2))
        points = self.positions[at, animal]
        return np.asarray(points[np.isfinite(points).all(axis=-1)])

    def lines(self, frame: int, animal: int) -> FloatArray:
        """Lines of the skeleton, shape (n, 2, 2); only known ones."""
        at = frame - self.first_frame
        if not len(self.edges) or not 0 <= at < len(self.positions):
            return np.zeros((0, 2, 2))
        ends = self.positions[at, min(animal, self.positions.shape[1] - 1)][self.edges]
        return np.asarray(ends[np.isfinite(ends).all(axis=(1, 2))])


def read_shown_poses(folder: BehaviorFolder, recording: Recording) -> ShownPoses | None:
    """Read the poses of a recording; None where it has none in pixels of its video.

    Raises
    ------
    TableError
        If they cannot be read.
    """
    place = recording.pixel_poses or recording.poses
    if place is None:
        return None
    tracks = read_poses(place, recording.fps)
    if tracks.positions.shape[-1] != 2:
        return None
    return ShownPoses(tracks.positions, tracks.first_frame, _edges(folder, tracks.keypoints))


def _edges(folder: BehaviorFolder, keypoints: tuple[str, ...]) -> NDArray[np.intp]:
    """Edges of the labelling project's skeleton between keypoints that there are."""
    from napari_behaviorvlm.io.project import Project

    nothing = np.zeros((0, 2), np.intp)
    if folder.project is None:
        return nothing
    try:
        with Project(folder.project, writable=False) as project:
            named = project.skeleton.edges
    except BehaviorVLMError:
        return nothing
    places = {name: at for at, name in enumerate(keypoints)}
    known = [(places[a], places[b]) for a, b in named if a in places and b in places]
    return np.array(known, np.intp).reshape(-1, 2)
