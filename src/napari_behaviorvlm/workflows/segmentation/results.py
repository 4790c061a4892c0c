"""What a segmentation left in a behaviour folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.io.behavior_folder import Recording

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Derives(Protocol):
    """What is needed of a behaviour folder to read results."""

    def derived(self, recording: Recording | str | None = None) -> Path:
        """Folder of what can be computed again."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Clusters of a recording's frames, and how they came about.

    Parameters
    ----------
    animals : tuple of str
    labels : ndarray of int64, shape (frames, animals)
        ``UNTRACKED`` where the animal is not followed.
    confidence : ndarray of float32, shape (frames, animals)
        Membership in that cluster, 0..1; 0 where untracked.
    n_clusters : int
    scatter : ndarray of float32, shape (moments, 2)
        Embedding of a sample of moments of this recording, reduced to two dimensions.
    scatter_frame, scatter_animal : ndarray of int64, shape (moments,)
        Which moments they are.
    history : dict of str to list of float
        Curves of the fit, one value per epoch.
    method : str
    """

    animals: tuple[str, ...]
    labels: IntArray
    confidence: NDArray[np.float32]
    n_clusters: int
    scatter: NDArray[np.float32]
    scatter_frame: IntArray
    scatter_animal: IntArray
    history: dict[str, list[float]] = field(default_factory=dict)
    method: str = ""


def has_clips(folder: Derives, recording: Recording | str) -> bool:
    """Whether a recording has been segmented."""
    raise NotImplementedError


def read_clips(folder: Derives, recording: Recording | str) -> Clips:
    """Clips of a recording.

    Raises
    ------
    TableError
        If it was not segmented yet.
    """
    raise NotImplementedError


def read_bodies(folder: Derives, recording: Recording | str) -> BodyTracks:
    """Bodies of a recording's animals, in px of its video (in the poses' unit without one).

    Raises
    ------
    TableError
        If it was not segmented yet.
    """
    raise NotImplementedError


def read_clusters(folder: Derives, recording: Recording | str) -> Clusters:
    """Clusters of a recording.

    Raises
    ------
    TableError
        If it was not segmented yet.
    """
    raise NotImplementedError
