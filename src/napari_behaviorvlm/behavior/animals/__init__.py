"""Where the animals are: followed by their pixels, or reduced from poses."""

from napari_behaviorvlm.behavior.animals.following import follow
from napari_behaviorvlm.behavior.animals.poses import bodies_of
from napari_behaviorvlm.behavior.animals.settings import FollowSettings, FrameSource

__all__ = ["FollowSettings", "FrameSource", "bodies_of", "follow"]
