"""Format ``nwb``: one file of Neurodata Without Borders with the poses, by ndx-pose 0.4.

``<session>.nwb`` holds the calibrated cameras, links to the videos, the skeleton, positions and
confidence per camera, the 3D points, and the views that people labelled as training frames. Cells
without a position are NaN; why they have none stands in the series ``visibility``.
"""

from collections.abc import Generator
from typing import Any
from uuid import uuid4

import numpy as np

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.export.names import safe_name
from napari_behaviorvlm.io.export.nwb_parts import Parts, make_parts
from napari_behaviorvlm.io.export.nwb_training import pose_training, training_views
from napari_behaviorvlm.io.export.outcome import ExportTask, Outcome
from napari_behaviorvlm.io.export.space import require_space
from napari_behaviorvlm.io.export.start_time import StartTime, start_time


def write(task: ExportTask) -> Generator[Progress, None, Outcome]:
    """Write the file.

    Parameters
    ----------
    task : ExportTask

    Yields
    ------
    Progress
        In steps.

    Returns
    -------
    Outcome

    Raises
    ------
    ExportError
        If the session has no frame rate, or nobody and no file tells when it was recorded.
    """
    from pynwb import NWBHDF5IO

    check_times(task.session.name, task.session.fps)
    start = start_time(task.session)
    name = f"{safe_name(task.session.name, 'session')}.nwb"
    yield Progress(0, 2, "Collecting poses")
    file, warnings = _file(task, start)
    require_space(task.folder, _size(task), task.out)
    yield Progress(1, 2, "Writing poses")
    with NWBHDF5IO(str(task.folder / name), "w") as handle:
        handle.write(file)
    yield Progress(2, 2, "Writing poses")
    notes = (start.note,) if start.note else ()
    return Outcome((name,), has_points=True, warnings=(*notes, *warnings))


def check_times(session_name: str, fps: float | None) -> None:
    """Raise ExportError if there is no frame rate: NWB has times, not frame numbers."""
    if fps is None:
        raise ExportError(
            f"Session {session_name!r} has no frame rate, which NWB needs: "
            "add a line like fps = 30.0 to its project.toml."
        )


def _file(task: ExportTask, start: StartTime) -> tuple[Any, list[str]]:
    """Assemble the NWBFile; return it with warnings."""
    import ndx_pose
    from pynwb import NWBFile

    session = task.session
    file = NWBFile(
        session_description=f"3D poses from several cameras, session {session.name}",
        identifier=str(uuid4()),
        session_start_time=start.when,
        session_id=session.name,
        notes=start.note or None,
        was_generated_by=[("napari-behaviorvlm", __version__)],
    )
    parts = make_parts(task)
    for camera in parts.cameras.values():
        file.add_device(camera)
    for video in parts.videos.values():
        file.add_acquisition(video)
    module = file.create_processing_module("behavior", "Poses by napari-behaviorvlm")
    module.add(ndx_pose.Skeletons(skeletons=[parts.skeleton]))
    module.add(parts.frames)
    module.add(_poses(task, parts))
    for series in (*parts.codes(), *parts.errors()):
        module.add(series)
    training, warnings = pose_training(task, parts)
    if training is not None:
        module.add(training)
    return file, warnings


def _poses(task: ExportTask, parts: Parts) -> Any:
    import ndx_pose

    about = {
        "scorer": task.session.scorer,
        "source_software": "napari-behaviorvlm",
        "source_software_version": __version__,
        "skeleton": parts.skeleton,
    }
    views = [
        ndx_pose.PoseEstimation(
            name=parts.names[camera],
            description=f"Positions in the pictures of camera {camera}, "
            f"{task.selection.only} labels.",
            pose_estimation_series=parts.positions(c),
            device=parts.cameras[camera],
            source_video=parts.videos.get(camera),
            **about,
        )
        for c, camera in enumerate(task.session.rig.names)
    ]
    return ndx_pose.MultiCameraPoseEstimation(
        description=f"Keypoints triangulated from calibrated cameras, {task.selection.only} "
        f"labels, in {parts.length_unit}; one PoseEstimation per camera.",
        pose_estimation_series=parts.points(),
        pose_estimations=views,
        **about,
    )


def _size(task: ExportTask) -> int:
    """Bound the size of the file in bytes (numbers hardly compress)."""
    frames, cameras, keypoints = task.selection.positions.shape
    cells: int = frames * keypoints * (cameras * 23 + 36)
    return (2 << 20) + cells + 24_000 * int(np.count_nonzero(training_views(task)))
