"""A walking animal seen by six cameras, with nothing wrong, for tests that then spoil it."""

from dataclasses import dataclass

import numpy as np
from tests.unit.geometry.rigs import pentagon_rig

from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.geometry.triangulation import triangulate

SKELETON = Skeleton.quantum_dot_mouse()
BODY = np.array([
    [38, 9, 22], [38, -9, 22], [25, 0, 27], [8, 0, 30], [-12, 0, 26], [28, 10, 3], [28, -10, 3],
    [-14, 13, 3], [-14, -13, 3], [-26, 0, 16], [-52, 3, 10], [-78, -4, 8],
], float)  # fmt: skip


@dataclass
class Session:
    rig: object
    truth: np.ndarray
    labels: Labels
    poses: Poses

    def retriangulate(self):
        """Poses from the labels as they are now."""
        self.poses = triangulated(self.rig, self.labels)


def walking_animal(n_frames):
    """Positions (F, 12, 3) in mm of an animal that walks in a circle and wags."""
    time = np.arange(n_frames) / 30
    angle = 0.8 * time
    points = np.repeat(BODY[None], n_frames, 0)
    points[:, 5:9, 0] += 7 * np.sin(6 * time[:, None] + np.array([0, np.pi, np.pi, 0]))
    points[:, 10:, 1] += np.array([4, 11]) * np.sin(3 * time)[:, None]
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], 1)
    points[..., :2] = np.einsum("fij,fkj->fki", turn, points[..., :2])
    points[..., 0] += (40 * np.sin(angle))[:, None]
    points[..., 1] -= (40 * np.cos(angle))[:, None]
    return points


def triangulated(rig, labels):
    n_frames, n_cameras, n_keypoints = labels.status.shape
    flat = labels.xy.transpose(0, 2, 1, 3).reshape(-1, n_cameras, 2)
    found = triangulate(rig, flat)

    def per_view(values):
        return values.reshape(n_frames, n_keypoints, n_cameras).transpose(0, 2, 1).copy()

    shape = (n_frames, n_keypoints)
    return Poses(
        labels.frames, found.points.reshape(*shape, 3), found.error.reshape(shape),
        per_view(found.view_error), per_view(found.leave_one_out), found.n_views.reshape(shape),
        found.covariance.reshape(*shape, 3, 3), np.full(shape, np.nan, np.float32),
    )  # fmt: skip


def clean_session(n_frames=60, noise=0.3, seed=0):
    """Every point labelled in every view, with ``noise`` px of scatter."""
    rig, truth = pentagon_rig(), walking_animal(n_frames)
    xy = project_rig(rig, truth.reshape(-1, 3)).reshape(n_frames, len(SKELETON), len(rig), 2)
    labels = Labels.empty(np.arange(100, 100 + n_frames), len(rig), len(SKELETON))
    labels.xy[:] = xy.transpose(0, 2, 1, 3)
    labels.xy += np.random.default_rng(seed).normal(0, noise, labels.xy.shape)
    labels.status[:] = Status.PROPOSED
    labels.source[:] = Source.GEOMETRIC
    return Session(rig, truth, labels, triangulated(rig, labels))
