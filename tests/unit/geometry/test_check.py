"""A calibration of another rig, and one camera that disagrees, are found and named."""

import numpy as np
import pytest
from tests.unit.geometry.rigs import dannce_rig, pentagon_rig

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.geometry.check import check_rig
from napari_behaviorvlm.geometry.projection import project_rig

RIG = pentagon_rig()


def labels(rig=RIG, n=36, noise=1.5, missing=0.2, seed=0):
    rng = np.random.default_rng(seed)
    pixels = project_rig(rig, rng.uniform(-40, 40, (n, 3)))
    pixels += rng.normal(0, noise, pixels.shape)
    pixels[rng.random(pixels.shape[:2]) < missing] = np.nan
    return pixels


def moved(rig, name, rotation=(0.0, 0.0, 0.0), translation=(8, 4, 0)):
    cameras = [
        Camera(c.name, c.size, c.matrix, c.distortion, c.rotation + np.array(rotation),
               c.translation + np.array(translation)) if c.name == name else c
        for c in rig
    ]  # fmt: skip
    return Rig(tuple(cameras))


def test_a_good_calibration_has_no_problem():
    found = check_rig(RIG, labels())
    assert found.problem is None
    assert found.disagreeing == ()
    assert (found.camera_error < 5).all()
    assert found.n_labels.min() > 20


@pytest.mark.parametrize("name", ["side0", "side3", "top"])
def test_a_moved_camera_is_named(name):
    found = check_rig(moved(RIG, name), labels())
    assert found.disagreeing == (name,)
    assert name in found.problem
    assert found.camera_error[RIG.index(name)] > 20
    others = [i for i in range(6) if i != RIG.index(name)]
    assert found.camera_error[others].max() < 5


def test_one_of_three_cameras_is_named():
    rig = RIG.subset(["side0", "side1", "side3"])
    found = check_rig(moved(rig, "side1"), labels(rig))
    assert found.disagreeing == ("side1",)


def test_swapped_names_are_found():
    pixels = labels()
    pixels[:, [1, 2]] = pixels[:, [2, 1]]
    found = check_rig(RIG, pixels)
    assert found.disagreeing == ("side1", "side2")
    assert "mixed up" in found.problem


def test_the_calibration_of_another_rig_is_recognised():
    other, points, _ = dannce_rig()
    points = points.reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)][:60]
    found = check_rig(RIG, project_rig(other, points))
    assert "another rig" in found.problem


def test_shuffled_cameras_are_recognised():
    found = check_rig(RIG, labels()[:, [2, 4, 1, 5, 0, 3]])
    assert "another order" in found.problem


def test_wrong_labels_do_not_blame_the_rig():
    pixels = labels()
    pixels[:5, 2] += 200
    assert check_rig(RIG, pixels).problem is None


def test_two_cameras_that_do_not_fit():
    rig = RIG.subset(["side0", "side1"])
    found = check_rig(moved(rig, "side1", translation=(20, 20, 0)), labels(rig))
    assert "does not fit" in found.problem


def test_too_few_labels_say_nothing():
    found = check_rig(RIG, np.full((3, 6, 2), np.nan))
    assert found.problem is None
    assert np.isnan(found.pair_error).all()
