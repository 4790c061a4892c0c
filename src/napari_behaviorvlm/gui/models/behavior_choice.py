"""What a person wants done with a recording, and the request that it means."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_behaviorvlm.gui.models.model_choice import ModelChoice
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.workflows.behavior.recordings import RecordingChange
from napari_behaviorvlm.workflows.behavior.request import WordsRequest
from napari_behaviorvlm.workflows.behavior.run import BehaviorRequest
from napari_behaviorvlm.workflows.behavior.segmenting import SegmentRequest

METHODS = {
    "dec": "Deep embedded clustering",
    "kmeans": "k-means",
    "gmm": "Gaussian mixture",
    "hdbscan": "HDBSCAN",
    "umap+gmm": "UMAP and Gaussian mixture",
}
CAPTIONERS = {
    "measured": "Measured, no model asked",
    "model": "Vision-language model",
}
MERGERS = {"rule": "Join neighbours of one name", "model": "Ask a language model"}
FEATURES = {
    "auto": "Poses and pictures, what there is", "poses": "Poses", "pixels": "Pictures",
    "both": "Both",
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
    vocabulary, poses : str
        Paths of the lab's words and of a table of poses; empty for none.
    budget : float
        USD; 0 = none set.
    scale : float
        Pixels per centimetre; 0 = unknown.
    fps : float
        Frames per second; 0 = as the video says.
    absorb : float
        Seconds; what lasts shorter between two stretches of one behaviour becomes part of it.
    batch : bool
        Whether captions are asked for through Message Batches.
    """

    animals: int = 1
    clusters: int = 0
    method: str = "dec"
    features: str = "auto"
    captioner: str = "measured"
    merge: str = "rule"
    vocabulary: str = ""
    poses: str = ""
    budget: float = 0.0
    scale: float = 0.0
    fps: float = 0.0
    absorb: float = 0.0
    batch: bool = False

    @property
    def asks(self) -> bool:
        """Whether a model is asked."""
        return "model" in {self.captioner, self.merge}

    @classmethod
    def of(cls, recording: Recording, folder: BehaviorFolder) -> "BehaviorChoice":
        """Choose what a folder was last run with."""
        kept: dict[str, dict[str, Any]] = folder.config.settings
        segment, caption, merge = (kept.get(step, {}) for step in ("segment", "caption", "merge"))
        clusters, absorb = segment.get("clusters", 0), merge.get("absorb", 0.0)
        usual = recording.n_animals * 10
        return cls(
            recording.n_animals, clusters if isinstance(clusters, int) and clusters != usual else 0,
            _known(segment.get("method"), METHODS), _known(segment.get("features"), FEATURES),
            _known(caption.get("captioner"), CAPTIONERS), _known(merge.get("merge"), MERGERS),
            str(folder.vocabulary) if folder.vocabulary.is_file() else "",
            "" if recording.poses is None else str(recording.poses),
            scale=recording.scale or 0.0, fps=recording.fps or 0.0,
            absorb=float(absorb) if isinstance(absorb, int | float) else 0.0,
        )  # fmt: skip

    @property
    def change(self) -> RecordingChange:
        """What it means for the recording."""
        return RecordingChange(
            self.animals, Path(self.poses).expanduser() if self.poses else None,
            self.scale or None, self.fps or None,
        )  # fmt: skip

    def request(self, model: ModelChoice) -> BehaviorRequest:
        """Return what the workflow is to do."""
        segment = SegmentRequest(
            method=self.method, n_clusters=self.clusters or None, features=self.features,  # type: ignore[arg-type]
        )  # fmt: skip
        settings = model.settings(self.budget or None) if self.asks else None
        words = WordsRequest(
            captioner=self.captioner, merge=self.merge, model=settings,  # type: ignore[arg-type]
            vocabulary=Path(self.vocabulary).expanduser() if self.vocabulary else None,
            absorb=self.absorb, batch=self.batch and self.captioner == "model",
        )  # fmt: skip
        return BehaviorRequest(segment, words)


def _known(key: object, entries: dict[str, str]) -> str:
    """Key of an entry, the first where a folder names one that is none."""
    return str(key) if key in entries else next(iter(entries))
