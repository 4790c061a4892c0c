"""What a segmentation left in a behaviour folder."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.features.joined import FeatureTable
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.behavior_folder import Recording
from napari_behaviorvlm.io.derived_arrays import DerivedArrays
from napari_behaviorvlm.workflows.behavior.segmentation.clustering import CLIP_COLUMNS
from napari_behaviorvlm.workflows.behavior.segmentation.places import Derives, name_of, read_pointer
from napari_behaviorvlm.workflows.behavior.segmentation.tracking import read_tracked

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
    return _found(folder, recording, "clusters") is not None


def read_clips(folder: Derives, recording: Recording | str) -> Clips:
    """Clips of a recording.

    Raises
    ------
    TableError
        If it was not segmented yet.
    """
    found = _needed(folder, recording, "clusters")
    columns = {name: found.array(f"clip_{name}") for name in CLIP_COLUMNS}
    facts = found.facts
    return Clips(tuple(facts["animals"]), int(facts["n_frames"]), float(facts["fps"]), **columns)


def read_bodies(folder: Derives, recording: Recording | str) -> BodyTracks:
    """Bodies of a recording's animals, in px of its video (in the poses' unit without one).

    Raises
    ------
    TableError
        If it was not segmented yet.
    """
    return read_tracked(_needed(folder, recording, "bodies").folder)


def made_from_poses(folder: Derives, recording: Recording | str) -> bool:
    """Whether poses told where the animals are; else they were followed, under names of their own.

    Raises
    ------
    TableError
        If the recording was not segmented yet.
    """
    return bool(_needed(folder, recording, "bodies").facts["from_poses"])


def read_moments(folder: Derives, recording: Recording | str) -> FeatureTable:
    """Features of every frame of a recording; values lie on disk.

    Raises
    ------
    TableError
        If it was not segmented yet.
    """
    found = _needed(folder, recording, "features")
    names, groups = tuple(found.facts["names"]), tuple(found.facts["groups"])
    return FeatureTable(names, groups, found.array("values", mapped=True))


def read_clusters(folder: Derives, recording: Recording | str) -> Clusters:
    """Clusters of a recording.

    Raises
    ------
    TableError
        If it was not segmented yet.
    """
    found = _needed(folder, recording, "clusters")
    facts = found.facts
    return Clusters(
        tuple(facts["animals"]), found.array("labels").astype(np.int64),
        found.array("confidence"), int(facts["n_clusters"]), found.array("scatter"),
        found.array("scatter_frame"), found.array("scatter_animal"), facts["history"],
        facts["method"],
    )  # fmt: skip


def _found(folder: Derives, recording: Recording | str, kind: str) -> DerivedArrays | None:
    name = name_of(recording)
    valid = read_pointer(folder).get("recordings", {}).get(name, {}).get(kind)
    return None if valid is None else DerivedArrays.open(folder.derived(name) / valid)


def _needed(folder: Derives, recording: Recording | str, kind: str) -> DerivedArrays:
    found = _found(folder, recording, kind)
    if found is None:
        raise TableError(
            f"{name_of(recording)} has no clips yet: segment it first "
            "(`behaviorvlm behavior segment`)."
        )
    return found
