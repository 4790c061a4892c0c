"""Rigs and lenses for the tests of this folder."""

from pathlib import Path

import numpy as np
import pytest

from napari_behaviorvlm.core.camera import Camera, Rig

DATA = Path(__file__).parents[4] / "shared" / "data"


def look_at(center, target=(0, 0, 0), up=(0, 0, 1)):
    """Rotation matrix and translation of a camera at ``center`` that sees ``target``."""
    forward = np.subtract(target, center).astype(float)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, up)
    if np.linalg.norm(right) < 1e-6:
        right = np.array([1.0, 0, 0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    return rotation, -rotation @ np.asarray(center, float)


def rodrigues(rotation):
    """Rodrigues vector of a rotation matrix."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_matrix(rotation).as_rotvec()


def make_camera(name, center, *, focal=1660.0, skew=0.0, distortion=(-0.1, 0.05, 1e-3, -2e-3, 0.1),
                fisheye=False):  # fmt: skip
    rotation, translation = look_at(center)
    matrix = [[focal, skew, 630.0], [0, focal * 1.005, 520.0], [0, 0, 1]]
    return Camera(
        name, (1280, 1024), np.array(matrix), np.array(distortion), rodrigues(rotation),
        translation, fisheye,
    )  # fmt: skip


def pentagon_rig():
    """Five cameras around, one above, mm; like QD-Pi's."""
    cameras = []
    for index in range(5):
        angle = 2 * np.pi * index / 5
        center = (300 * np.cos(angle), 300 * np.sin(angle), 120 + 5 * index)
        cameras.append(make_camera(f"side{index}", center, focal=1600 + 20 * index, skew=index - 2))
    cameras.append(make_camera("top", (3, 2, 400)))
    return Rig(tuple(cameras))


def dannce_rig():
    """Real rig of six cameras with its points (81, 22, 3) and pixels (6, 81, 22, 2)."""
    path = DATA / "dannce_mouse_6cam" / "mouse1_81frames.npz"
    if not path.exists():
        pytest.skip(f"the recording {path.parent.name} is not there")
    data = np.load(path)
    cameras = tuple(
        Camera(str(name), (1152, 1024), K, dist, rodrigues(R), t)
        for name, K, dist, R, t in zip(
            data["camera_names"], data["K"], data["dist"], data["R"], data["t"], strict=True
        )
    )
    return Rig(cameras), data["points3d"], data["points2d"]
