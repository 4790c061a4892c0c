"""What an export consumes, and what it reports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import ExportError
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.skeleton import Skeleton

Only = Literal["accepted", "all"]
"""Which labels leave: those a person stands behind, or proposals too."""

ReadImage = Callable[[str, int], NDArray[Any]]
"""Camera name and frame number to 8 bit picture, (height, width) grey or (.., .., 3) RGB."""

VideoSource = Path | Sequence[Path]
"""A video file, a folder of images (in natural order of their names), or images in frame order."""


@dataclass(frozen=True, eq=False)
class ExportSession:
    """A labelled session as the export formats see it.

    Parameters
    ----------
    name : str
        Session name; written formats use a file-system safe form of it.
    rig : Rig
        Cameras; their order is the camera axis of ``labels`` and ``poses``.
    skeleton : Skeleton
        Keypoints; their order is the keypoint axis.
    labels : Labels
        2D answers, pixels of the original frames.
    videos : mapping of str to path or sequence of paths
        Per camera name the pictures to train on (reflectance). They are referred to, never opened;
        tables need none.
    read_image : callable (camera name, frame number) -> ndarray of uint8
        Exact frame, (height, width) grey or (height, width, 3) RGB. Only formats with pictures
        call it.
    poses : Poses or None
        3D, world coordinates in ``unit``; None before triangulation.
    unit : str
        Unit of length of the calibration.
    fps : float or None
        Frames per second.
    n_frames : int or None
        Frames in the recording, None where unknown.
    scorer : str
        Who stands behind the labels (DeepLabCut's scorer).
    flags : mapping of (frame number, keypoint position) to tuple of str
        Reasons to look again, in words.
    started : datetime or None
        When the recording started, with a time zone; None where nobody said it.

    Raises
    ------
    ExportError
        If arrays do not fit the rig, the skeleton or the recording's length.
    """

    name: str
    rig: Rig
    skeleton: Skeleton
    labels: Labels
    videos: Mapping[str, VideoSource]
    read_image: ReadImage
    poses: Poses | None = None
    unit: str = "mm"
    fps: float | None = None
    n_frames: int | None = None
    scorer: str = "behaviorvlm"
    flags: Mapping[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    started: datetime | None = None

    def __post_init__(self) -> None:
        shape = (len(self.labels.frames), len(self.rig), len(self.skeleton))
        if self.labels.status.shape != shape or self.labels.xy.shape != (*shape, 2):
            raise ExportError(
                f"The labels of session {self.name!r} have {self.labels.status.shape[1:]} cameras "
                f"and keypoints but its calibration and skeleton have {shape[1:]}."
            )
        if self.poses is not None and self.poses.view_error.shape[1:] != shape[1:]:
            raise ExportError(
                f"The 3D poses of session {self.name!r} do not fit its cameras and keypoints; "
                "triangulate again."
            )
        self._check_frames()

    def _check_frames(self) -> None:
        frames = self.labels.frames
        if frames.size and (np.any(np.diff(frames) <= 0) or frames[0] < 0):
            raise ExportError(f"The frame numbers of session {self.name!r} do not ascend from 0.")
        if self.n_frames is not None and frames.size and frames[-1] >= self.n_frames:
            raise ExportError(
                f"Session {self.name!r} has a label in frame {int(frames[-1])} but only "
                f"{self.n_frames} frames."
            )

    @property
    def length(self) -> int:
        """Frames of the recording; where unknown, frames up to the last label."""
        if self.n_frames is not None:
            return self.n_frames
        return int(self.labels.frames[-1]) + 1 if self.labels.frames.size else 0


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote.

    Parameters
    ----------
    format : str
        Name of the format.
    out : Path
        The folder.
    files : tuple of Path
        What a person opens first, relative to ``out``.
    frames, labels : dict of str to int
        Per camera: frames and positions written.
    points : int
        3D points written; 0 in formats without 3D.
    warnings : tuple of str
        What the reader of these files should know, one sentence each.
    """

    format: str
    out: Path
    files: tuple[Path, ...]
    frames: dict[str, int]
    labels: dict[str, int]
    points: int
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the report as JSON knows it."""
        return {
            "format": self.format,
            "out": str(self.out),
            "files": [file.as_posix() for file in self.files],
            "frames": self.frames,
            "labels": self.labels,
            "points": self.points,
            "warnings": list(self.warnings),
        }
