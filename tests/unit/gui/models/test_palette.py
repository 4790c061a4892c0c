"""Marks must be told apart: by colour, by shape of the side, by form of the status."""

import numpy as np
import pytest

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.gui.models.palette import (
    FORMS,
    HUES,
    WARNING,
    Shape,
    colour_table,
    keypoint_looks,
    readable,
)

MOUSE = Skeleton.quantum_dot_mouse()


def test_sides_differ_in_shape_and_share_a_hue():
    looks = dict(zip(MOUSE.keypoints, keypoint_looks(MOUSE), strict=True))
    for left, right in MOUSE.symmetric:
        assert (looks[left].shape, looks[right].shape) == (Shape.LEFT, Shape.RIGHT)
        assert looks[left].colour in HUES
        assert looks[left].colour != looks[right].colour
    assert looks["tail_tip"].shape is Shape.MIDDLE


@pytest.mark.parametrize("count", [1, 12, 24])
def test_up_to_24_keypoints_have_their_own_colours(count):
    skeleton = Skeleton(tuple(f"k{at}" for at in range(count)))
    colours = [look.colour for look in keypoint_looks(skeleton)]
    assert len(set(colours)) == count
    assert WARNING not in colours


def test_any_skeleton_has_looks():
    skeleton = Skeleton(tuple(f"k{at}" for at in range(70)), symmetric=(("k3", "k60"),))
    looks = keypoint_looks(skeleton)
    assert len(looks) == 70
    assert looks[60].shape is Shape.RIGHT
    table = colour_table(looks)
    assert table.shape == (70, 3)
    assert ((table >= 0) & (table <= 1)).all()


def test_right_before_left_still_shares_the_hue():
    skeleton = Skeleton(("paw_R", "nose", "paw_L"), symmetric=(("paw_L", "paw_R"),))
    right, nose, left = keypoint_looks(skeleton)
    assert right.colour == HUES[0]
    assert nose.colour == HUES[1]
    assert left.colour not in HUES
    assert (right.shape, left.shape) == (Shape.RIGHT, Shape.LEFT)


def test_every_status_with_a_place_in_the_picture_has_its_own_form():
    drawn = {Status.PROPOSED, Status.ACCEPTED, Status.CORRECTED, Status.OCCLUDED}
    assert set(FORMS) == drawn
    assert len(set(FORMS.values())) == len(drawn)


def test_writing_is_bright_enough_and_bright_colours_stay():
    colours = np.array([[0, 0, 0], [1, 1, 1], [0.5, 0.1, 0.0]], np.float32)
    inks = readable(colours)
    brightness = inks @ np.array([0.299, 0.587, 0.114])
    assert (brightness > 0.6).all()
    np.testing.assert_array_equal(inks[1], [1, 1, 1])
    assert inks[2, 0] > inks[2, 1] > inks[2, 2]
