"""Names carried along tracklets."""

import numpy as np

from napari_behaviorvlm.identity.continuity import carry_names


def table(*rows):
    return np.array(rows, np.int64)


def test_a_followed_dot_keeps_its_name_between_two_frames_that_name_it():
    track = table([7, 8], [7, 8], [8, 7], [8, 7])
    chosen = table([0], [-1], [-1], [1])
    assert carry_names(chosen, track).tolist() == [[0], [0], [1], [1]]


def test_a_tracklet_that_is_missing_in_between_leaves_the_keypoint_hidden_there():
    track = table([7, 8], [8, -1], [7, 8])
    assert carry_names(table([0], [-1], [0]), track).tolist() == [[0], [-1], [0]]


def test_nothing_is_carried_between_different_tracklets_or_beyond_the_last_name():
    track = table([7, 8], [7, 8], [7, 8], [7, 8])
    assert carry_names(table([0], [-1], [1], [-1]), track).tolist() == [[0], [-1], [1], [-1]]


def test_a_point_with_another_name_is_not_taken_away():
    track = table([7, 8], [7, 8], [7, 8])
    chosen = table([0, 1], [-1, 0], [0, 1])
    assert carry_names(chosen, track).tolist() == chosen.tolist()


def test_input_stays_as_it_is():
    chosen, track = table([0], [-1], [0]), table([3], [3], [3])
    carry_names(chosen, track)
    assert chosen.tolist() == [[0], [-1], [0]]
