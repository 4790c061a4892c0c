"""From pictures to bodies."""

from collections.abc import Generator

from napari_behaviorvlm.behavior.animals.settings import FollowSettings, FrameSource
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.progress import Progress


def follow(
    source: FrameSource,
    n_animals: int,
    settings: FollowSettings | None = None,
    *,
    sample: FrameSource | None = None,
) -> Generator[Progress, None, BodyTracks]:
    """Find and follow animals by their pixels.

    Parameters
    ----------
    source : callable
        Starts a pass over the recording.
    n_animals : int
        How many there are at most.
    settings : FollowSettings, optional
        How they are found.
    sample : callable, optional
        Starts a pass over some frames spread over the recording, from which the background is
        learned; by default the recording is passed over twice.

    Yields
    ------
    Progress

    Returns
    -------
    BodyTracks
        One row per frame, from frame 0 to the last one seen.

    Raises
    ------
    VideoError
        If the recording holds no frame, or no animal is seen in it.
    TableError
        If the number of animals is not positive.
    """
    raise NotImplementedError
    yield
