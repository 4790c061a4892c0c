"""What segmentation left of a recording, as the later steps need it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.captions.measures import Unit
from napari_behaviorvlm.behavior.captions.strips import ReadFrame
from napari_behaviorvlm.behavior.features.kinematics import expanded
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.errors import VideoError
from napari_behaviorvlm.core.tracks import Tracks
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.poses import read_poses
from napari_behaviorvlm.io.video import MultiViewReader
from napari_behaviorvlm.workflows.behavior.segmenting import made_from_poses, read_moments
from napari_behaviorvlm.workflows.videos import open_indexed

KEPT_SECONDS = 6
"""Of pictures in memory: clips of several animals overlap by as much as the longest clip."""

KEPT_BYTES = 256 << 20

HEAD_ENERGY = "energy_head.mean"

FloatArray = NDArray[np.float64]


def poses_of(folder: BehaviorFolder, recording: Recording, bodies: BodyTracks) -> Tracks | None:
    """Poses of a recording for the frames and under the names of its bodies.

    Returns
    -------
    Tracks or None
        None where there are none, or where animals were followed by their pixels all the same:
        nobody knows then which of the followed animals is which of the poses'.

    Raises
    ------
    TableError
        If they cannot be read, or the recording was not segmented yet.
    """
    if recording.poses is None or not made_from_poses(folder, recording):
        return None
    tracks = read_poses(recording.poses, bodies.fps)
    positions = np.full((len(bodies), *tracks.positions.shape[1:]), np.nan)
    first = max(tracks.first_frame, bodies.first_frame)
    stop = min(tracks.stop_frame, bodies.stop_frame)
    if first < stop:
        part = tracks.positions[first - tracks.first_frame : stop - tracks.first_frame]
        positions[first - bodies.first_frame : stop - bodies.first_frame] = part
    return Tracks(
        bodies.animals, tracks.keypoints, bodies.fps, positions, bodies.first_frame
    )  # fmt: skip


def energy_of(folder: BehaviorFolder, recording: Recording) -> FloatArray | None:
    """How much every animal's head moves within its pictures, body lengths per second.

    Returns
    -------
    ndarray, shape (frames, animals), or None
        NaN where it is not seen; None where no pictures were looked at.
    """
    moments = read_moments(folder, recording)
    if HEAD_ENERGY not in moments.names:
        return None
    column = moments.values[..., moments.names.index(HEAD_ENERGY)]
    return expanded(np.asarray(column, np.float64))


def unit_of(recording: Recording) -> Unit | None:
    """Centimetres, where the scale of a recording is known."""
    return None if recording.scale is None else Unit("cm", recording.scale)


@contextmanager
def pictures_of(folder: BehaviorFolder, recording: Recording) -> Iterator[ReadFrame]:
    """Give the pictures of a recording, read forward and kept for a few seconds.

    Raises
    ------
    VideoError
        If it has no video, or the video cannot be read.
    """
    if recording.video is None:
        raise VideoError(
            f"{recording.name} has no video: a model needs pictures, the measured captioner does "
            "not."
        )
    reader = open_indexed(recording.video, folder.derived(), writable=folder.writable)
    kept = round(KEPT_SECONDS * (recording.fps or 30.0))
    view = MultiViewReader(
        {"": reader}, color=reader.is_color, cache_frames=kept, cache_bytes=KEPT_BYTES, prefetch=0
    )

    def read(frame: int) -> NDArray[Any]:
        return view.read(frame)[""]

    try:
        yield read
    finally:
        view.close()
