"""A session as sleap-io's objects."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Camera
from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.io.export.outcome import ExportTask
from napari_behaviorvlm.io.export.selection import Visibility

BROWN_COEFFICIENTS = 5


@dataclass(eq=False)
class SleapModel:
    """Labels and recording session of one export.

    Parameters
    ----------
    labels : sleap_io.Labels
    session : sleap_io.RecordingSession or None
        None where SLEAP cannot express a camera's lens.
    warnings : list of str
    """

    labels: Any
    session: Any
    warnings: list[str]


def build_model(task: ExportTask, videos: dict[str, Any]) -> SleapModel:
    """Make sleap-io objects of the selected labels.

    Accepted and corrected positions become user instances, proposals predicted ones; a keypoint
    that a person called occluded is invisible and complete, an unlabelled one is neither.

    Parameters
    ----------
    task : ExportTask
    videos : dict of str to sleap_io.Video
        Per camera name.

    Returns
    -------
    SleapModel
        Its session holds no frame groups yet (`add_frame_groups`).
    """
    import sleap_io as sio

    points = task.session.skeleton
    nodes = [sio.Node(name) for name in points.keypoints]
    skeleton = sio.Skeleton(
        nodes=nodes,
        edges=[sio.Edge(nodes[a], nodes[b]) for a, b in points.edge_indices],
        symmetries=[sio.Symmetry([nodes[a], nodes[b]]) for a, b in points.symmetric_indices],
        name="skeleton",
    )
    frames = [
        sio.LabeledFrame(
            video=videos[camera],
            frame_idx=int(task.session.labels.frames[row]),
            instances=_instances(task, row, c, skeleton),
        )
        for c, camera in enumerate(task.session.rig.names)
        for row in task.selection.frames_of(c)
    ]
    labels = sio.Labels(
        labeled_frames=frames, videos=list(videos.values()), skeletons=[skeleton],
        provenance={"session": task.session.name, "scorer": task.session.scorer},
    )  # fmt: skip
    session, warnings = _recording_session(task, videos)
    return SleapModel(labels, session, warnings)


def _instances(task: ExportTask, row: int, camera: int, skeleton: Any) -> list[Any]:
    import sleap_io as sio

    labels, cell = task.session.labels, (row, camera)
    chosen = task.selection.positions[cell]
    proposed = chosen & (labels.status[cell] == Status.PROPOSED)
    instances: list[Any] = []
    if (chosen & ~proposed).any():
        stated = task.selection.visibility[cell] == Visibility.OCCLUDED
        points = _points(sio.Instance.empty(skeleton), labels.xy[cell], chosen & ~proposed)
        points.points["complete"] = (chosen & ~proposed) | stated
        instances.append(points)
    if proposed.any():
        scores = np.where(proposed, np.nan_to_num(labels.confidence[cell]), 0.0)
        score = float(scores[proposed].mean())
        points = _points(
            sio.PredictedInstance.empty(skeleton, score=score), labels.xy[cell], proposed
        )
        points.points["score"] = scores
        instances.append(points)
    return instances


def _points(instance: Any, xy: NDArray[np.float64], chosen: NDArray[np.bool_]) -> Any:
    instance.points["xy"] = np.where(chosen[:, None], xy, np.nan)
    instance.points["visible"] = chosen
    instance.points["complete"] = False
    return instance


def _recording_session(task: ExportTask, videos: dict[str, Any]) -> tuple[Any, list[str]]:
    import sleap_io as sio

    cameras = {}
    for camera in task.session.rig:
        distortion = brown_distortion(camera)
        if distortion is None:
            return None, [_no_lens_model(camera)]
        cameras[camera.name] = sio.Camera(
            matrix=camera.matrix, dist=distortion, size=camera.size, rvec=camera.rotation,
            tvec=camera.translation, name=camera.name,
        )  # fmt: skip
    group = sio.CameraGroup(cameras=list(cameras.values()), metadata={"unit": task.session.unit})
    session = sio.RecordingSession(camera_group=group)
    for name, video in videos.items():
        session.add_video(video, cameras[name])
    return session, []


def _no_lens_model(camera: Camera) -> str:
    lens = "fisheye" if camera.fisheye else f"{camera.distortion.size} coefficients"
    return (
        f"SLEAP has no lens model for camera {camera.name!r} ({lens}): cameras and 3D are left "
        "out of the .slp files; see behaviorvlm/calibration.toml."
    )


def brown_distortion(camera: Camera) -> NDArray[np.float64] | None:
    """Return a camera's k1 k2 p1 p2 k3, or None if its model is another one.

    Shorter models are padded with zeros; longer ones whose further coefficients are zero are the
    same model.
    """
    extra = camera.distortion[BROWN_COEFFICIENTS:]
    if camera.fisheye or extra.any():
        return None
    coefficients = np.zeros(BROWN_COEFFICIENTS)
    given = camera.distortion[:BROWN_COEFFICIENTS]
    coefficients[: given.size] = given
    return coefficients


def add_frame_groups(task: ExportTask, model: SleapModel) -> None:
    """Tie the views of each frame together, with the 3D points of the selected labels.

    Parameters
    ----------
    task : ExportTask
    model : SleapModel
        Its session gains the frame groups.
    """
    import sleap_io as sio

    by_frame: dict[int, dict[Any, Any]] = {}
    for labelled in model.labels.labeled_frames:
        camera = model.session.get_camera(labelled.video)
        by_frame.setdefault(labelled.frame_idx, {})[camera] = labelled
    skeleton = model.labels.skeletons[0]
    for frame, views in sorted(by_frame.items()):
        points = task.selection.points[task.session.labels.row(frame)]
        pose = sio.Instance3D(points, skeleton) if np.isfinite(points).any() else None
        group = sio.InstanceGroup(
            instance_by_camera={camera: view.instances[0] for camera, view in views.items()},
            instance_3d=pose,
        )
        # sleap-io has no public way to add a frame group.
        model.session.frame_groups[frame] = sio.FrameGroup(
            frame_idx=frame, instance_groups=[group], labeled_frame_by_camera=views
        )
