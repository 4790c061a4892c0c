"""A small session of candidates only: three points that move, seen by four cameras."""

import numpy as np

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.io.candidate_table import write_candidates
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import write_table
from napari_behaviorvlm.io.project.config import ProjectConfig, ViewConfig

SKELETON = Skeleton(("nose", "back", "tail"), (("nose", "back"), ("back", "tail")))


def small_rig():
    """Four cameras on a circle, 300 mm from the origin, that look at it."""
    cameras = []
    for at, angle in enumerate(np.radians([0, 80, 170, 260])):
        center = 300 * np.array([np.cos(angle), np.sin(angle), 0.6])
        forward = -center / np.linalg.norm(center)
        right = np.cross(forward, (0, 0, 1))
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(forward, right), forward])
        from scipy.spatial.transform import Rotation

        rodrigues = Rotation.from_matrix(rotation).as_rotvec()
        matrix = [[700, 0, 320], [0, 700, 240], [0, 0, 1]]
        cameras.append(
            Camera(f"cam{at}", (640, 480), matrix, np.zeros(5), rodrigues, -rotation @ center)
        )
    return Rig(tuple(cameras))


def truth(n_frames):
    """Positions (n_frames, 3, 3) in mm."""
    t = np.arange(n_frames)[:, None]
    center = np.concatenate([0.5 * t, 10 * np.sin(t / 20), np.full_like(t, 10.0, float)], axis=1)
    return center[:, None] + np.array([[30.0, 0, 5], [0, 0, 12], [-35, 3, 0]])


def candidate_table(n_frames, rig):
    xy = project_rig(rig, truth(n_frames).reshape(-1, 3)).reshape(n_frames, 3, len(rig), 2)
    frame, camera, point = np.meshgrid(
        np.arange(n_frames), np.arange(len(rig)), np.arange(3), indexing="ij"
    )
    flat = frame.ravel(), camera.ravel(), point.ravel()
    n = len(flat[0])
    return CandidateTable(
        flat[0].astype(np.int64), flat[1].astype(np.int16), (flat[2] + 1).astype(np.int32),
        xy[flat[0], flat[2], flat[1]], np.full(n, 50.0), np.full(n, 2.5),
    )  # fmt: skip


def small_project(folder, n_frames=20):
    rig = small_rig()
    config = ProjectConfig(
        name="small", n_frames=n_frames, views={n: ViewConfig(size=(640, 480)) for n in rig.names}
    )
    project = Project.create(folder, config, rig, SKELETON)
    with project.replacing_imported() as folders:
        write_table(folders, candidate_table(n_frames, rig), n_frames)
    return project


def write_small_candidates(path, n_frames):
    rig = small_rig()
    write_candidates(candidate_table(n_frames, rig), rig.names, path)


def seed_rows(frames, rig, shift=0.0):
    """Lines of a seed file: each point at its candidate, moved by some pixels."""
    table = candidate_table(max(frames) + 1, rig)
    lines = ["frame,camera,keypoint,x,y"]
    for frame in frames:
        rows = table.rows(frame)
        for camera, number, (x, y) in zip(
            table.camera[rows], table.number[rows], table.xy[rows], strict=True
        ):
            name = SKELETON.keypoints[number - 1]
            lines.append(f"{frame},{rig.names[camera]},{name},{x + shift},{y}")
    return "\n".join(lines) + "\n"
