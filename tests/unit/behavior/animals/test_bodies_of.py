"""Bodies from poses."""

import numpy as np
import pytest

from napari_behaviorvlm.behavior.animals import bodies_of
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.tracks import Tracks

NAMES = ("nose", "ear_L", "ear_R", "center_back", "tail_base", "tail_tip")
POSE = np.array([[20.0, 0], [14, -6], [14, 6], [0, 0], [-20, 0], [-60, 10]])


def tracks(offsets):
    return Tracks(("a", "b"), NAMES, 30, POSE + np.asarray(offsets, float)[:, :, None])


def test_ends_place_and_width():
    bodies = bodies_of(tracks([[[100, 50], [300, 50]]]))
    np.testing.assert_allclose(bodies.head[0, 0], [120, 50])
    np.testing.assert_allclose(bodies.rear[0, 0], [80, 50])
    np.testing.assert_allclose(bodies.centre[0, 0], [100 + 28 / 5, 50])
    assert bodies.width[0, 0] == pytest.approx(18.0)
    assert bodies.heading[0, 0] == 0.0
    assert not bodies.touching.any()


def test_contact_and_missing_animals():
    far, near, gone = [[0, 0], [300, 0]], [[0, 0], [42, 0]], [[0, 0], [np.nan, np.nan]]
    bodies = bodies_of(tracks([far, near, gone]))
    assert bodies.touching.tolist() == [[False, False], [True, True], [False, False]]
    assert bodies.tracked.tolist() == [[True, True], [True, True], [True, False]]


def test_names_that_tell_no_head():
    with pytest.raises(TableError, match="front"):
        bodies_of(Tracks(("a",), ("p0", "tail_base"), 30, np.zeros((2, 1, 2, 2))))
