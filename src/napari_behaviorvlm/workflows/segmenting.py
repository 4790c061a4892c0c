"""From recordings to clips: tracks, features, clusters over all animals and recordings, clips.

Each stage is kept in the behaviour folder under a key of what it was made from, written whole or
not at all, and is done again only where that has changed.
"""

from collections.abc import Generator

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.workflows.segmentation.request import (
    METHODS,
    SegmentReport,
    SegmentRequest,
)
from napari_behaviorvlm.workflows.segmentation.results import (
    Clusters,
    has_clips,
    read_bodies,
    read_clips,
    read_clusters,
)

__all__ = [
    "METHODS",
    "Clusters",
    "SegmentReport",
    "SegmentRequest",
    "has_clips",
    "read_bodies",
    "read_clips",
    "read_clusters",
    "segment",
]


def segment(
    folder: BehaviorFolder, request: SegmentRequest
) -> Generator[Progress, None, SegmentReport]:
    """Segment all recordings of a folder, as far as something has changed since the last time.

    Yields
    ------
    Progress

    Returns
    -------
    SegmentReport

    Raises
    ------
    VideoError
        If a video cannot be read, or no animal is seen in it.
    TableError
        If poses cannot be read, or nothing can be clustered.
    ProjectError
        If results cannot be written.
    """
    yield Progress(0, 0, "Segmenting")
    raise NotImplementedError
