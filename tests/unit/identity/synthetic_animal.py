"""A rig of five cameras and an animal whose dots they see, for tests of identity."""

from types import SimpleNamespace

import numpy as np
from scipy.spatial.transform import Rotation

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.projection import project_rig

SHAPE = {
    "ear_L": (36, 9, 22), "ear_R": (36, -9, 22), "back_top": (22, 0, 26),
    "back_middle": (4, 0, 28), "back_bottom": (-16, 0, 24),
    "forepaw_L": (26, 10, 2), "forepaw_R": (26, -10, 2),
    "hindpaw_L": (-12, 14, 1), "hindpaw_R": (-12, -14, 1),
    "tail_base": (-32, 0, 12), "tail_middle": (-58, 4, 6), "tail_tip": (-86, 10, 4),
}  # fmt: skip


def rig(n_cameras: int = 5) -> Rig:
    """Cameras on a circle of 300 mm, 150 mm above the floor, looking at its centre."""
    cameras = []
    for index in range(n_cameras):
        angle = 2 * np.pi * index / n_cameras
        centre = np.array([300 * np.cos(angle), 300 * np.sin(angle), 150.0 + 10 * index])
        forward = -centre / np.linalg.norm(centre)
        right = np.cross(forward, (0, 0, 1))
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(forward, right), forward])
        matrix = [[727, 1.5, 511], [0, 725, 513], [0, 0, 1]]
        turn = Rotation.from_matrix(rotation).as_rotvec()
        lens = [-0.12, 0.05, 1e-3, -5e-4, 0]
        cameras.append(
            Camera(f"view {index}", (1024, 1024), matrix, lens, turn, -rotation @ centre)
        )
    return Rig(tuple(cameras))


def walk(n_frames: int, seed: int = 0) -> np.ndarray:
    """Poses (F, 12, 3) of an animal that walks a circle, steps and swings its tail."""
    rng = np.random.default_rng(seed)
    time = np.arange(n_frames) / 30
    shape = np.array(list(SHAPE.values()), float)
    poses = np.repeat(shape[None], n_frames, axis=0)
    for number, paw in enumerate((5, 6, 7, 8)):
        poses[:, paw, 0] += 7 * np.sin(2 * np.pi * 1.5 * time + number * np.pi / 2)
    poses[:, 10, 1] += 6 * np.sin(2 * np.pi * 0.7 * time)
    poses[:, 11, 1] += 16 * np.sin(2 * np.pi * 0.7 * time - 0.5)
    poses[:, :2, 1] += 4 * np.sin(2 * np.pi * 0.5 * time)[:, None]
    poses += rng.normal(0, 0.3, (n_frames, 1, 3)) + rng.normal(0, 0.2, poses.shape)
    heading = 0.9 * time
    turn = np.zeros((n_frames, 3, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(heading)
    turn[:, 1, 0] = np.sin(heading)
    turn[:, 0, 1] = -turn[:, 1, 0]
    turn[:, 2, 2] = 1
    place = np.stack([60 * np.sin(heading), -60 * np.cos(heading), np.zeros(n_frames)], -1)
    return poses @ turn.transpose(0, 2, 1) + place[:, None]


def session(
    n_frames: int = 60, seed: int = 0, *, missed: float = 0.15, spurious: int = 3,
    noise: float = 0.3, reflections: bool = False, n_cameras: int = 5, poses=None,
):  # fmt: skip
    """Candidates of the walk, the truth about them, and three seed frames."""
    rng = np.random.default_rng(seed)
    cameras = rig(n_cameras)
    points = walk(n_frames, seed) if poses is None else poses
    solid = np.concatenate([points, points * (1, 1, -1)], 1) if reflections else points
    xy = project_rig(cameras, solid.reshape(-1, 3))
    xy = xy.reshape(n_frames, -1, n_cameras, 2).transpose(0, 2, 1, 3)
    xy = xy + rng.normal(0, noise, xy.shape)
    dropped = rng.random(xy.shape[:3]) < missed
    keep = [0, n_frames // 2, n_frames - 1]
    dropped[keep, :, : points.shape[1]] = False
    xy[dropped] = np.nan
    specks = 512 + rng.normal(0, 120, (n_frames, n_cameras, spurious, 2))
    return _tabulate(cameras, points, np.concatenate([xy, specks], axis=2), keep)


def _tabulate(cameras, points, dots, seed_frames):
    truth = np.zeros((*dots.shape[:2], points.shape[1]), np.int16)
    rows, seeds = [], []
    for f, c in np.ndindex(dots.shape[:2]):
        there = np.flatnonzero(np.isfinite(dots[f, c, :, 0]))
        for number, which in enumerate(there[np.argsort(dots[f, c, there, 1])], 1):
            rows.append((f, c, number, *dots[f, c, which]))
            if which < points.shape[1]:
                truth[f, c, which] = number
                if f in seed_frames:
                    seeds.append((f, c, which, *dots[f, c, which]))
    frame, camera, number, x, y = (np.array(column) for column in zip(*rows, strict=True))
    unknown = np.full(len(frame), np.nan)
    table = CandidateTable(
        frame.astype(np.int64), camera.astype(np.int16), number.astype(np.int32),
        np.stack([x, y], -1), unknown, unknown,
    )  # fmt: skip
    frame, camera, which, x, y = (np.array(column) for column in zip(*seeds, strict=True))
    labels = SeedTable(
        frame.astype(np.int64), camera.astype(np.int16), which.astype(np.int16),
        np.stack([x, y], -1),
    )  # fmt: skip
    return SimpleNamespace(
        rig=cameras, skeleton=Skeleton.quantum_dot_mouse(), points=points, candidates=table,
        truth=truth, seeds=labels, frames=np.arange(len(points)),
    )  # fmt: skip
