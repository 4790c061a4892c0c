"""A session's cameras, videos, skeleton and series as NWB has them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Camera
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.export.names import unique_names
from napari_behaviorvlm.io.export.outcome import ExportTask
from napari_behaviorvlm.io.export.selection import Visibility
from napari_behaviorvlm.io.settings_file import relative_path
from napari_behaviorvlm.io.video.images import image_files

_PIXELS = "x to the right, y down; the centre of the top-left pixel of the picture is (0, 0)"
_UNITS = {
    "m": "meters",
    "cm": "centimeters",
    "mm": "millimeters",
    "um": "micrometers",
    "µm": "micrometers",
}
_CONFIDENCE = "Probability that the identity is right; NaN where it is not known"
_RESERVED = (
    "description", "device", "dimensions", "labeled_video", "labeled_videos", "original_videos",
    "scorer", "skeleton", "source_software", "source_video",
)  # fmt: skip
"""What lies beside keypoints and cameras in the groups of ndx-pose."""


def nwb_names(words: Iterable[str]) -> list[str]:
    """Name things as NWB allows: without slash and colon, all different; most stay as they are."""
    plain = [re.sub("[/:]", "-", word.strip()) or "-" for word in words]
    return unique_names([*_RESERVED, *plain])[len(_RESERVED) :]


@dataclass(eq=False)
class Parts:
    """Everything that the file is assembled from.

    Parameters
    ----------
    task : ExportTask
    names : dict of str to str
        Name in the file by camera name.
    nodes : dict of str to str
        Name in the file by keypoint.
    cameras : dict of str to ndx_pose.CalibratedCamera
        By camera name.
    videos : dict of str to pynwb.image.ImageSeries
        By the name of a camera that has one.
    skeleton : ndx_pose.Skeleton
    frames : pynwb.TimeSeries
        Frame numbers; every other series has its times.
    """

    task: ExportTask
    names: dict[str, str]
    nodes: dict[str, str]
    cameras: dict[str, Any]
    videos: dict[str, Any]
    skeleton: Any
    frames: Any

    @property
    def length_unit(self) -> str:
        """The calibration's unit in full ("millimeters"), or as the project has it."""
        return length_unit(self.task.session.unit)

    def positions(self, camera: int) -> list[Any]:
        """Positions of every keypoint in one camera (`PoseEstimationSeries`)."""
        session, chosen = self.task.session, self.task.selection.positions[:, camera]
        xy = np.where(chosen[..., None], session.labels.xy[:, camera], np.nan)
        confidence = np.where(chosen, session.labels.confidence[:, camera], np.nan)
        return self._series(xy, confidence.astype(np.float32), "pixels", _PIXELS)

    def points(self) -> list[Any]:
        """Every keypoint in 3D, none if nothing is triangulated (`PoseEstimationSeries`)."""
        points, poses = self.task.selection.points, self.task.session.poses
        if poses is None or not np.isfinite(points).any():
            return []
        chosen = np.isfinite(points).all(axis=-1)
        confidence = np.where(chosen, poses.confidence[self.task.selection.pose_rows], np.nan)
        frame = "the world of the calibration (see the cameras' rotation and translation)"
        return self._series(points, confidence.astype(np.float32), self.length_unit, frame)

    def _series(
        self,
        values: NDArray[np.float64],
        confidence: NDArray[np.float32],
        unit: str,
        reference_frame: str,
    ) -> list[Any]:
        """One series per keypoint of values, shape (F, K, 2 or 3)."""
        import ndx_pose

        return [
            ndx_pose.PoseEstimationSeries(
                name=name, data=_packed(values[:, k]), unit=unit, reference_frame=reference_frame,
                confidence=_packed(confidence[:, k]), confidence_definition=_CONFIDENCE,
                description=f"Position of {keypoint}; NaN where there is none.", **self._times(),
            )
            for k, (keypoint, name) in enumerate(self.nodes.items())
        ]  # fmt: skip

    def codes(self) -> list[Any]:
        """Say what is claimed of each cell and by whom: visibility, status and source."""
        from pynwb import TimeSeries

        session = self.task.session
        axes = (
            f"Axes: frame, camera ({', '.join(session.rig.names)}), "
            f"keypoint ({', '.join(session.skeleton.keypoints)})."
        )
        tables: tuple[tuple[str, NDArray[np.uint8], type[IntEnum], str], ...] = (
            ("visibility", self.task.selection.visibility, Visibility,
             "Why a cell has a position or none."),
            ("label_status", session.labels.status, Status,
             "What is claimed of a keypoint in a view, and whether a person agreed."),
            ("label_source", session.labels.source, Source, "Where a label comes from."),
        )  # fmt: skip
        return [
            TimeSeries(
                name=name, data=_packed(values), unit="code",
                description=f"{what} {_legend(words)}. {axes}", **self._times(),
            )
            for name, values, words, what in tables
        ]  # fmt: skip

    def errors(self) -> list[Any]:
        """Reprojection errors of the 3D points that are in the file."""
        from pynwb import TimeSeries

        points, poses = self.task.selection.points, self.task.session.poses
        if poses is None or not np.isfinite(points).any():
            return []
        chosen = np.isfinite(points).all(axis=-1)
        error = np.where(chosen, poses.error[self.task.selection.pose_rows], np.nan)
        return [
            TimeSeries(
                name="reprojection_error", data=_packed(error), unit="pixels",
                description="Root mean square over the cameras of the distance between label and "
                "projection of the 3D point. Axes: frame, keypoint "
                f"({', '.join(self.task.session.skeleton.keypoints)}).",
                **self._times(),
            )
        ]  # fmt: skip

    def _times(self) -> dict[str, Any]:
        if self.frames.rate is None:
            return {"timestamps": self.frames}
        return {"rate": self.frames.rate, "starting_time": self.frames.starting_time}


def make_parts(task: ExportTask) -> Parts:
    """Make cameras, videos, skeleton and times.

    Parameters
    ----------
    task : ExportTask
        Its session has a frame rate.
    """
    import ndx_pose

    session = task.session
    keypoints, rig = session.skeleton.keypoints, session.rig
    # Keypoints and cameras share a group; where their names coincide the keypoint keeps its own.
    unique = nwb_names([*keypoints, *rig.names])
    nodes = dict(zip(keypoints, unique[: len(keypoints)], strict=True))
    names = dict(zip(rig.names, unique[len(keypoints) :], strict=True))
    cameras = {camera.name: _camera(camera, names[camera.name], session.unit) for camera in rig}
    videos = {
        camera.name: _video(task, camera, cameras[camera.name])
        for camera in rig
        if camera.name in session.videos
    }
    kind = np.uint8 if len(keypoints) <= 256 else np.uint16
    skeleton = ndx_pose.Skeleton(
        name="skeleton", nodes=list(nodes.values()),
        edges=np.array(session.skeleton.edge_indices, kind).reshape(-1, 2),
    )  # fmt: skip
    return Parts(task, names, nodes, cameras, videos, skeleton, _frame_numbers(task))


def length_unit(unit: str) -> str:
    """Return a unit of length in full."""
    return _UNITS.get(unit, unit)


def _camera(camera: Camera, name: str, unit: str) -> Any:
    import ndx_pose

    lens = "OpenCV's fisheye model" if camera.fisheye else "OpenCV's k1 k2 p1 p2 k3 ..."
    size = f" Pictures have {camera.size[0]} x {camera.size[1]} pixels." if camera.size else ""
    return ndx_pose.CalibratedCamera(
        name=name,
        description=f"Camera {camera.name}. Pixels: {_PIXELS}.{size} Translation in "
        f"{length_unit(unit)}, world to camera. Lens: {lens}.",
        intrinsic_matrix=camera.matrix,
        rotation_matrix=camera.rotation_matrix,
        translation_vector=camera.translation,
        distortion_coefficients=camera.distortion if camera.distortion.size else None,
    )


def _video(task: ExportTask, camera: Camera, device: Any) -> Any:
    from pynwb.image import ImageSeries

    session, source = task.session, task.session.videos[camera.name]
    if isinstance(source, Path):
        files = image_files(source) if source.is_dir() else [source]
    else:
        files = list(source)
    return ImageSeries(
        name=f"video {device.name}",
        description=f"Recording of camera {camera.name}, beside this file.",
        format="external",
        external_file=[relative_path(file, task.out) for file in files],
        starting_frame=list(range(len(files))),
        dimension=list(camera.size) if camera.size else None,
        unit="n.a.",
        rate=session.fps,
        num_samples=session.length,
        device=device,
    )


def _frame_numbers(task: ExportTask) -> Any:
    from pynwb import TimeSeries

    frames, fps = task.session.labels.frames, task.session.fps
    assert fps is not None, "checked before"
    steps = np.unique(np.diff(frames))
    regular = len(steps) == 1
    times = (
        {"rate": fps / float(steps[0]), "starting_time": float(frames[0]) / fps}
        if regular
        else {"timestamps": frames / fps}
    )
    return TimeSeries(
        name="frame_numbers", data=_packed(frames), unit="frame",
        description="Frame of the videos, from 0. Times are frame numbers divided by the nominal "
        f"frame rate, {fps:g} per second.",
        **times,
    )  # fmt: skip


def _packed(values: NDArray[Any]) -> Any:
    from pynwb import H5DataIO

    return H5DataIO(np.ascontiguousarray(values), compression="gzip", shuffle=True)


def _legend(words: type[IntEnum]) -> str:
    return ", ".join(f"{word.value} {word.name.lower()}" for word in words)
