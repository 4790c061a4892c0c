"""Planted disturbances of a rig: a bumped camera, a camera out of step."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from tests.unit.workflows.small_session import small_rig

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.geometry.mending import estimate_pose, find_offset
from napari_behaviorvlm.geometry.projection import project_rig

RIG = small_rig()


def moving_points(n_frames=80, seed=0):
    """Five points of an animal that walks and turns, (F, 5, 3)."""
    rng = np.random.default_rng(seed)
    time = np.arange(n_frames)
    middle = np.column_stack([40 * np.sin(time / 9), 40 * np.cos(time / 13), 10 + 0 * time])
    return (
        middle[:, None] + rng.normal(0, 15, 15).reshape(5, 3) + rng.normal(0, 1, (n_frames, 5, 3))
    )


def labels_of(rig, points, noise=0.5, wrong=0.05, seed=1):
    """Labels (N, C, 2) with noise; a share of them anywhere."""
    rng = np.random.default_rng(seed)
    xy = project_rig(rig, points.reshape(-1, 3))
    xy += rng.normal(0, noise, xy.shape)
    xy[rng.random(xy.shape[:2]) < wrong] = rng.uniform(0, 480, 2)
    return xy


def bumped(name, degrees, millimetres):
    camera = RIG[name]
    turn = Rotation.from_rotvec(np.radians(degrees) * np.array([0.6, -0.64, 0.48]))
    matrix = turn.as_matrix() @ camera.rotation_matrix
    centre = camera.center + millimetres * np.array([0.0, 0.6, 0.8])
    return replace(
        camera, rotation=Rotation.from_matrix(matrix).as_rotvec(), translation=-matrix @ centre
    )


def test_a_bumped_camera_gets_its_pose_back():
    true = bumped("cam2", 2.0, 10.0)
    stood = Rig(tuple(true if camera.name == "cam2" else camera for camera in RIG))
    found = estimate_pose(RIG, labels_of(stood, moving_points()), "cam2")
    assert found.worth_it
    assert found.before > 4 > 1.5 > found.after
    assert found.angle == pytest.approx(2.0, abs=0.3)
    assert found.distance == pytest.approx(10.0, abs=1.5)
    turn = found.camera.rotation_matrix @ true.rotation_matrix.T
    assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) < 0.3
    assert np.linalg.norm(found.camera.center - true.center) < 1.5
    assert np.array_equal(found.camera.matrix, true.matrix)


def test_a_camera_that_did_not_move_is_not_mended():
    found = estimate_pose(RIG, labels_of(RIG, moving_points()), "cam1")
    assert not found.worth_it
    assert found.angle < 0.3
    assert estimate_pose(RIG, labels_of(RIG, moving_points(2)), "cam1") is None


@pytest.mark.parametrize("offset", [2, -3])
def test_a_camera_out_of_step_is_found(offset):
    points = moving_points(90)
    xy = labels_of(RIG, points).reshape(90, 5, 4, 2).transpose(0, 2, 1, 3)
    late = xy[5:-5].copy()
    late[:, 3] = xy[5 - offset : 85 - offset, 3]
    found = find_offset(RIG, late, "cam3")
    assert found.offset == offset
    assert found.worth_it
    assert found.after < 1.5 < found.before
    assert not find_offset(RIG, xy, "cam3").worth_it


def test_an_animal_at_rest_tells_no_offset():
    still = np.repeat(moving_points(1), 60, axis=0)
    xy = labels_of(RIG, still).reshape(60, 5, 4, 2).transpose(0, 2, 1, 3)
    assert not find_offset(RIG, xy, "cam3").worth_it
    assert find_offset(RIG, np.full_like(xy, np.nan), "cam3") is None
