"""Planted exchanges of cameras."""

import numpy as np
import pytest
from tests.unit.geometry.rigs import pentagon_rig
from tests.unit.geometry.test_mending import bumped, labels_of, moving_points
from tests.unit.workflows.small_session import small_rig

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.geometry.exchange import find_exchange


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 3)])
def test_two_of_four_exchanged_cameras_are_named_and_put_back(pair):
    rig, (a, b) = small_rig(), pair
    xy = labels_of(rig, moving_points(6))
    xy[:, [a, b]] = xy[:, [b, a]]
    found = find_exchange(rig, xy)
    names = rig.names[a], rig.names[b]
    assert found.names == names
    assert f"Cameras {names[0]!r} and {names[1]!r} look exchanged" in found.sentence
    assert found.before > 50 > 2 > found.after
    mended = found.mended(rig)
    assert mended.names == rig.names
    assert np.array_equal(mended[names[0]].translation, rig[names[1]].translation)
    assert find_exchange(mended, xy) is None


def test_three_cameras_of_six_in_a_ring_of_exchanges():
    rig = pentagon_rig()
    xy = labels_of(rig, moving_points(8))
    xy[:, [1, 3, 5]] = xy[:, [3, 5, 1]]
    found = find_exchange(rig, xy)
    assert dict(found.stands) == {"side1": "side3", "side3": "top", "top": "side1"}
    assert "3 cameras look exchanged" in found.sentence


def test_moved_cameras_are_not_taken_for_exchanged_ones():
    moved = {name: bumped(name, 3.0, 12.0) for name in ("cam1", "cam2")}
    stood = Rig(tuple(moved.get(camera.name, camera) for camera in small_rig()))
    assert find_exchange(small_rig(), labels_of(stood, moving_points(8))) is None
    assert find_exchange(small_rig(), labels_of(small_rig(), moving_points(8))) is None
