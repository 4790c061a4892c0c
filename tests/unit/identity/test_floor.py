"""The floor from the feet, and reflections in it."""

import numpy as np
import pytest
from tests.unit.identity.synthetic_animal import session, walk
from tests.unit.identity.test_views_fusion import fused

from napari_behaviorvlm.identity.floor import find_floor, reflecting_floor
from napari_behaviorvlm.identity.mirror import find_mirror

UP = np.array([0.1, -0.05, 0.9])
SCALE = 40.0


def test_the_floor_lies_where_the_feet_are_whatever_some_of_them_do():
    poses = walk(60)
    feet = np.sort(poses[..., 2], axis=1)[:, :2]
    poses[::9] += (0, 0, 45)  # jumps
    floor = find_floor(poses, UP, SCALE)
    assert np.degrees(np.arccos(floor.normal[2])) < 2
    assert floor.height(np.array([0, 0, np.median(feet)])) == pytest.approx(0, abs=3)
    tilted = poses @ np.array([[1, 0, 0], [0, 0.9, -0.436], [0, 0.436, 0.9]])
    normal = find_floor(tilted, np.array([0, 0.3, 0.95]), SCALE).normal
    assert np.degrees(np.arccos(normal @ (0, 0.436, 0.9))) < 2


def test_too_few_poses_tell_nothing_and_an_animal_that_stays_keeps_the_given_vertical():
    assert find_floor(walk(5), UP, SCALE) is None
    still = np.repeat(walk(1), 30, axis=0) * np.array([1, 1e-3, 1])
    assert find_floor(still, UP, SCALE).normal == pytest.approx(UP / np.linalg.norm(UP))


def test_a_few_reflections_are_explained_and_the_plane_lies_halfway():
    floor = find_floor(walk(60), UP, SCALE)
    few = fused(session(2, reflections=True))
    assert find_mirror(few, UP, walk(1)[0], SCALE) is None
    mirror = reflecting_floor(few, floor, SCALE)
    assert abs(mirror.offset) < 0.5
    assert mirror.pairs >= 6
    animal = walk(2)
    assert (mirror.height(animal) > 0).all()
    assert (mirror.height(animal * (1, 1, -1)) < 0).all()


def test_points_below_that_mirror_nothing_are_no_reflections():
    floor = find_floor(walk(60), UP, SCALE)
    assert reflecting_floor(fused(session(12)), floor, SCALE) is None
    some = fused(session(2, reflections=True))
    below = floor.height(some.xyz) < 0
    moved = some.xyz + np.where(below[:, None], (60.0, 45.0, 0.0), 0.0)
    assert reflecting_floor(type(some)(some.frame, moved, some.number, some.residual),
                            floor, SCALE) is None  # fmt: skip
