"""Cameras of which hardly one has its own calibration."""

import numpy as np
import pytest
from tests.unit.geometry.rigs import pentagon_rig
from tests.unit.geometry.test_mending import RIG, labels_of, moving_points

from napari_behaviorvlm.geometry import camera_order
from napari_behaviorvlm.geometry.camera_order import best_order
from napari_behaviorvlm.geometry.exchange import find_exchange


@pytest.mark.parametrize("order", [[1, 2, 3, 0], [1, 0, 3, 2], [3, 0, 1, 2]])
def test_the_order_of_all_cameras_is_found(order):
    xy = labels_of(RIG, moving_points(20))[:, order]
    names = tuple(RIG.names[at] for at in order)
    assert best_order(RIG, xy) == names


def test_a_rig_in_which_no_camera_has_its_own_calibration_is_put_in_order():
    rig, order = pentagon_rig(), [1, 0, 3, 2, 5, 4]
    xy = labels_of(rig, moving_points(8))[:, order]
    found = find_exchange(rig, xy)
    names = tuple(rig.names[at] for at in order)
    assert found.stands == tuple(zip(rig.names, names, strict=True))
    assert found.before > 20 > 2 > found.after
    assert find_exchange(found.mended(rig), xy) is None


def test_what_fits_in_no_order_or_in_several_is_not_told(monkeypatch):
    assert best_order(RIG, labels_of(RIG, moving_points(20))) == RIG.names
    assert best_order(RIG, np.random.default_rng(0).uniform(0, 480, (60, 4, 2))) is None
    assert best_order(RIG, np.full((60, 4, 2), np.nan)) is None
    monkeypatch.setattr(camera_order, "MOST_CAMERAS", 3)
    assert best_order(RIG, labels_of(RIG, moving_points(20))) is None
