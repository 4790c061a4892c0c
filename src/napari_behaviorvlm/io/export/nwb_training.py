"""What people labelled by hand, as ndx-pose's training frames."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.export.nwb_parts import Parts
from napari_behaviorvlm.io.export.outcome import ExportTask

_CONFIRMED = (Status.ACCEPTED, Status.CORRECTED)


def training_views(task: ExportTask) -> NDArray[np.bool_]:
    """Find views in which a person set something and some position is accepted or corrected.

    Returns
    -------
    ndarray of bool, shape (F, C)
    """
    labels = task.session.labels
    told = np.isin(labels.status, (*_CONFIRMED, Status.OCCLUDED))
    by_hand = ((labels.source == Source.HUMAN) & told).any(axis=-1)
    views: NDArray[np.bool_] = by_hand & _confirmed(task).any(axis=-1)
    return views


def _confirmed(task: ExportTask) -> NDArray[np.bool_]:
    return task.selection.positions & np.isin(task.session.labels.status, _CONFIRMED)


def pose_training(task: ExportTask, parts: Parts) -> tuple[Any, list[str]]:
    """Make PoseTraining of `training_views`.

    Positions are those that are accepted or corrected. A keypoint that a person called occluded is
    NaN and not visible; one of which nothing is known is NaN and visible.

    Parameters
    ----------
    task : ExportTask
    parts : Parts

    Returns
    -------
    ndx_pose.PoseTraining or None
        None if no frame was labelled by hand.
    list of str
        Warnings.
    """
    import ndx_pose

    chosen = training_views(task)
    lost = [name for c, name in enumerate(task.session.rig.names)
            if chosen[:, c].any() and name not in parts.videos]  # fmt: skip
    warnings = [
        f"Camera {name!r} has no video: its frames labelled by hand are not in PoseTraining."
        for name in lost
    ]
    frames = [
        _training_frame(task, parts, int(row), int(c))
        for row, c in np.argwhere(chosen)
        if task.session.rig.names[c] in parts.videos
    ]
    if not frames:
        return None, warnings
    training = ndx_pose.PoseTraining(
        training_frames=ndx_pose.TrainingFrames(training_frames=frames),
        source_videos=ndx_pose.SourceVideos(image_series=list(parts.videos.values())),
    )
    return training, warnings


def _training_frame(task: ExportTask, parts: Parts, row: int, camera: int) -> Any:
    import ndx_pose

    labels, cell = task.session.labels, (row, camera)
    name, frame = task.session.rig.names[camera], int(labels.frames[row])
    known = _confirmed(task)[cell]
    hidden = (labels.status[cell] == Status.OCCLUDED) & (labels.source[cell] == Source.HUMAN)
    animal = ndx_pose.SkeletonInstance(
        name="animal",
        id=np.uint8(0),
        node_locations=np.where(known[:, None], labels.xy[cell], np.nan),
        node_visibility=~hidden,
        skeleton=parts.skeleton,
    )
    return ndx_pose.TrainingFrame(
        name=f"{parts.names[name]} frame {frame}",
        annotator=task.session.scorer,
        skeleton_instances=ndx_pose.SkeletonInstances(skeleton_instances=[animal]),
        source_video=parts.videos[name],
        source_video_frame_index=np.uint32(frame),
    )
