"""What a person wants done with a recording, and the request that it means."""

from dataclasses import dataclass, replace
from pathlib import Path

from napari_behaviorvlm.gui.models.model_choice import ModelChoice
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.workflows.behavior.request import WordsRequest
from napari_behaviorvlm.workflows.behavior.run import BehaviorRequest
from napari_behaviorvlm.workflows.behavior.segmenting import SegmentRequest

METHODS = {
    "dec": "Deep embedded clustering (the paper's)",
    "kmeans": "k-means",
    "gmm": "Gaussian mixture",
    "hdbscan": "HDBSCAN",
    "umap+gmm": "UMAP and Gaussian mixture",
}
CAPTIONERS = {
    "measured": "Measured from the tracks (no model)",
    "model": "Vision-language model",
}
MERGERS = {"rule": "By rule (equal neighbours)", "model": "Language model"}
FEATURES = {
    "auto": "Whatever there is", "poses": "Poses", "pixels": "Pictures", "both": "Both",
}  # fmt: skip


@dataclass(frozen=True)
class BehaviorChoice:
    """The run form's content.

    Parameters
    ----------
    animals : int
    clusters : int
        0 = ten per animal.
    method, features, captioner, merge : str
        Keys of the tables above.
    vocabulary : str
        Path of the lab's words; empty for none.
    budget : float
        USD; 0 = none set.
    """

    animals: int = 1
    clusters: int = 0
    method: str = "dec"
    features: str = "auto"
    captioner: str = "measured"
    merge: str = "rule"
    vocabulary: str = ""
    budget: float = 0.0

    @property
    def asks(self) -> bool:
        """Whether a model is asked."""
        return "model" in {self.captioner, self.merge}

    @classmethod
    def of(cls, recording: Recording, folder: BehaviorFolder) -> "BehaviorChoice":
        """Choose what a folder was last run with."""
        kept = folder.config.settings
        segment, words = kept.get("segment", {}), kept.get("caption", {})
        clusters = segment.get("clusters", 0)
        method = str(segment.get("method", "dec"))
        captioner = str(words.get("captioner", "measured"))
        return cls(
            recording.n_animals, int(clusters) if isinstance(clusters, int) else 0,
            method if method in METHODS else "dec",
            captioner=captioner if captioner in CAPTIONERS else "measured",
        )  # fmt: skip

    def request(self, model: ModelChoice) -> BehaviorRequest:
        """Return what the workflow is to do."""
        segment = SegmentRequest(
            method=self.method, n_clusters=self.clusters or None, features=self.features,  # type: ignore[arg-type]
        )  # fmt: skip
        settings = model.settings(self.budget or None) if self.asks else None
        words = WordsRequest(
            captioner=self.captioner, merge=self.merge, model=settings,  # type: ignore[arg-type]
            vocabulary=Path(self.vocabulary) if self.vocabulary else None,
        )  # fmt: skip
        return BehaviorRequest(segment, words)


def with_animals(folder: BehaviorFolder, recording: Recording, animals: int) -> Recording:
    """Set how many animals a recording shows, and keep that."""
    if animals == recording.n_animals:
        return recording
    changed = replace(recording, n_animals=animals, animals=())
    folder.set_recordings(
        [changed if each.name == recording.name else each for each in folder.recordings]
    )
    return changed
