"""Two cameras bumped at once."""

import numpy as np
import pytest
from tests.unit.geometry.rigs import pentagon_rig
from tests.unit.geometry.test_mending import RIG, bumped, labels_of, moving_points

from napari_behaviorvlm.geometry.bundle import estimate_poses, replaced
from napari_behaviorvlm.geometry.mending import estimate_pose


def turned(camera, true):
    """Degrees between two poses."""
    turn = camera.rotation_matrix @ true.rotation_matrix.T
    return np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))


def test_two_of_four_bumped_cameras_get_their_poses_back():
    true = [bumped("cam1", 2.0, 10.0), bumped("cam3", -3.0, 6.0)]
    xy = labels_of(replaced(RIG, true), moving_points())
    found = estimate_poses(RIG, xy, ["cam1", "cam3"])
    for one, stands in zip(found, true, strict=True):
        assert one.worth_it
        assert one.before > 10 > 1.5 > one.after
        assert turned(one.camera, stands) < 0.15
        assert np.linalg.norm(one.camera.center - stands.center) < 1.0
        assert np.array_equal(one.camera.matrix, stands.matrix)
    assert [one.camera.name for one in found] == ["cam1", "cam3"]
    assert found[0].angle == pytest.approx(2.0, abs=0.15)


def test_a_camera_that_shares_points_with_moved_ones_only_follows_them():
    """cam3's labels meet those of cam0 and cam1 in a point, never those of cam2."""
    true = [bumped("cam1", 2.0, 8.0), bumped("cam3", 2.0, 8.0)]
    xy = labels_of(replaced(RIG, true), moving_points(70), wrong=0.02)
    half = np.arange(len(xy)) // 3 % 2 == 0
    xy[half, 3] = np.nan
    xy[~half, 2] = np.nan
    found = estimate_poses(RIG, xy, ["cam1", "cam3"])
    assert found[1].worth_it
    assert turned(found[1].camera, true[1]) < 0.3
    # One camera at a time has cam0 alone to hold on to, or a moved camera beside it.
    alone = estimate_pose(RIG, xy, "cam3")
    assert alone is None or turned(alone.camera, true[1]) > turned(found[1].camera, true[1])


def test_what_cannot_be_told_is_not_told():
    xy = labels_of(RIG, moving_points())
    assert estimate_poses(RIG, xy, ["cam0", "cam1", "cam2"]) is None
    assert estimate_poses(RIG, xy[:9], ["cam0", "cam1"]) is None
    assert not any(one.worth_it for one in estimate_poses(RIG, xy, ["cam0", "cam1"]))
    six = pentagon_rig()
    found = estimate_poses(six, labels_of(six, moving_points(30)), ["side1", "top"])
    assert max(one.distance for one in found) < 1.0
