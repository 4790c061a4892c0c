"""``config.yaml`` of a DeepLabCut project."""

from collections.abc import Mapping
from datetime import UTC, datetime

import yaml

from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.outcome import ExportTask

COLUMN_LEVELS = ["scorer", "bodyparts", "coords"]
"""Names of the column levels of CollectedData, in order."""


def write_config(task: ExportTask, scorer: str, videos: Mapping[str, tuple[int, int]]) -> None:
    """Write every key that DeepLabCut 3.0 writes for a single-animal PyTorch project.

    Parameters
    ----------
    task : ExportTask
    scorer : str
        The same as in the labels; DeepLabCut skips others' labels.
    videos : mapping of str to (int, int)
        Width and height per path; the path's stem is the folder of images.
    """
    skeleton = task.session.skeleton
    width, height = next(iter(videos.values()))
    now = datetime.now(tz=UTC).astimezone()
    config: dict[str, object] = {
        "Task": safe_name(task.session.name, "session"),
        "scorer": scorer,
        "date": f"{_MONTHS[now.month - 1]}{now.day}",
        "multianimalproject": False,
        "identity": None,
        "project_path": str(task.out),
        "engine": "pytorch",
        "video_sets": {path: {"crop": f"0, {w}, 0, {h}"} for path, (w, h) in videos.items()},
        "bodyparts": list(skeleton.keypoints),
        "start": 0,
        "stop": 1,
        "numframes2pick": 20,
        "skeleton": [list(edge) for edge in skeleton.edges],
        **_PLOTTING,
        **_TRAINING,
        "cropping": False,
        "x1": 0, "x2": width, "y1": 0, "y2": height,
        "corner2move2": [50, 50],
        "move2corner": True,
        "SuperAnimalConversionTables": None,
    }  # fmt: skip
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=1000)
    (task.folder / "config.yaml").write_text(text, encoding="utf-8")


# Not strftime: DeepLabCut's months are English whatever the locale.
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

_PLOTTING = {
    "skeleton_color": "black",
    "pcutoff": 0.6,
    "dotsize": 12,
    "alphavalue": 0.7,
    "colormap": "rainbow",
}

_TRAINING = {
    "TrainingFraction": [0.95],
    "iteration": 0,
    "default_net_type": "resnet_50",
    "default_augmenter": "albumentations",
    "snapshotindex": -1,
    "detector_snapshotindex": -1,
    "batch_size": 8,
    "detector_batch_size": 1,
}
