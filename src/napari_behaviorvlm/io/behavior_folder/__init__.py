"""The behaviour folder: `behavior.toml`, `behavior.sqlite`, `answers.sqlite` and `derived/`."""

from napari_behaviorvlm.io.behavior_folder.folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.behavior_folder.store import BehaviorStore

__all__ = ["BehaviorFolder", "BehaviorStore", "Recording"]
