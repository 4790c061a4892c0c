"""What is to be segmented and how, and what came of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_behaviorvlm.behavior.animals.settings import FollowSettings
from napari_behaviorvlm.behavior.clips import ClipSettings
from napari_behaviorvlm.behavior.features.stream import FeatureSettings

Method = Literal["dec", "kmeans", "gmm", "hdbscan", "umap+gmm"]
Described = Literal["auto", "poses", "pixels", "both"]

METHODS: tuple[Method, ...] = ("dec", "kmeans", "gmm", "hdbscan", "umap+gmm")


@dataclass(frozen=True)
class SegmentRequest:
    """How recordings become clips.

    Parameters
    ----------
    method : {"dec", "kmeans", "gmm", "hdbscan", "umap+gmm"}
        How moments are clustered.
    n_clusters : int, optional
        By default ten per animal; HDBSCAN takes it as a hint.
    features : {"auto", "poses", "pixels", "both"}
        What describes a moment: keypoints, pictures, or both side by side. "auto" takes whatever
        all recordings have.
    seed : int
        Same seed and recordings, same clips.
    windows : FeatureSettings
        Seconds that a moment describes, and filters.
    clips : ClipSettings
        How long clips last.
    follow : FollowSettings
        How animals are found by their pixels; rate, frames and names come from the recording.
    encoder : Path, optional
        TorchScript file of a pretrained encoder for crops, added to the pixel features.
    known : Path, optional
        Folder of a segmentation's model (`SegmentReport.model`): its clusters are used, none are
        made.
    device : str
        "auto" (a GPU if there is one), "cpu", "cuda".
    """

    method: Method = "dec"
    n_clusters: int | None = None
    features: Described = "auto"
    seed: int = 0
    windows: FeatureSettings = field(default_factory=FeatureSettings)
    clips: ClipSettings = field(default_factory=ClipSettings)
    follow: FollowSettings = field(default_factory=FollowSettings)
    encoder: Path | None = None
    known: Path | None = None
    device: str = "auto"


@dataclass(frozen=True)
class SegmentReport:
    """What segmentation did.

    Parameters
    ----------
    clips : int
        In all recordings.
    n_clusters : int
        Clusters there are.
    recordings : tuple of str
        Segmented.
    computed : tuple of str
        What had to be computed just now, in words; empty where nothing had changed.
    model : Path
        Folder of the clusters' model, for `SegmentRequest.known`.
    notes : tuple of str
        What a user should know, one sentence each.
    """

    clips: int
    n_clusters: int
    recordings: tuple[str, ...]
    computed: tuple[str, ...]
    model: Path
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """In words."""
        known = "" if self.computed else " Nothing had changed."
        return f"{self.clips} clips of {self.n_clusters} clusters.{known}"
