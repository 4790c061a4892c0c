"""Seed frames: what a person labelled, lifted to 3D."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.errors import IdentityError
from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.triangulation import triangulate


@dataclass(frozen=True, eq=False)
class Seeds:
    """Human labels of S frames.

    Parameters
    ----------
    frames : ndarray of int64, shape (S,)
        Frame numbers, ascending.
    xy : ndarray, shape (S, C, K, 2)
        Pixels of the original frame; NaN where occluded or unlabelled.
    status : ndarray of uint8, shape (S, C, K)
        `Status` UNLABELLED, ACCEPTED (labelled) or OCCLUDED.
    points : ndarray, shape (S, K, 3)
        Triangulated, in the unit of the calibration; NaN where fewer than two views agree.
    """

    frames: NDArray[np.int64]
    xy: NDArray[np.float64]
    status: NDArray[np.uint8]
    points: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frames)

    @classmethod
    def from_table(cls, table: SeedTable, rig: Rig, skeleton: Skeleton) -> Self:
        """Arrange a table of labels by frame, camera and keypoint, and triangulate it.

        Parameters
        ----------
        table : SeedTable
        rig : Rig
        skeleton : Skeleton

        Returns
        -------
        Seeds

        Raises
        ------
        IdentityError
            If there are no labels, or a label names a camera or keypoint that does not exist.
        """
        if not len(table):
            raise IdentityError("There are no seed labels; label at least one frame by hand.")
        _check_range("camera", table.camera, len(rig))
        _check_range("keypoint", table.keypoint, len(skeleton))
        frames = table.frames
        cells = (np.searchsorted(frames, table.frame), table.camera, table.keypoint)
        xy = np.full((len(frames), len(rig), len(skeleton), 2), np.nan)
        status = np.zeros(xy.shape[:3], np.uint8)
        xy[cells] = table.xy
        seen = np.isfinite(table.xy).all(1)
        status[cells] = np.where(seen, Status.ACCEPTED, Status.OCCLUDED)
        by_point = xy.transpose(0, 2, 1, 3).reshape(-1, len(rig), 2)
        points = triangulate(rig, by_point).points.reshape(len(frames), len(skeleton), 3)
        return cls(frames, xy, status, points)

    def require_poses(self, skeleton: Skeleton) -> None:
        """Check that something can be learned about every keypoint.

        Raises
        ------
        IdentityError
            If a keypoint has no 3D position in any seed frame.
        """
        never = np.flatnonzero(~np.isfinite(self.points[..., 0]).any(0))
        if len(never):
            raise IdentityError(
                f"Keypoint {skeleton.keypoints[never[0]]!r} is not labelled in two views of any "
                f"seed frame (frames {', '.join(map(str, self.frames))}); label it in one of them."
            )


def _check_range(what: str, values: NDArray[np.int16], count: int) -> None:
    wrong = np.flatnonzero((values < 0) | (values >= count))
    if len(wrong):
        raise IdentityError(f"A seed label names {what} {int(values[wrong[0]])} of only {count}.")
