"""Corrected frames are examples for questions near them."""

import numpy as np

from napari_behaviorvlm.identity.strategies.fused.examples import REACH, UNKNOWN, Decided


def decided(*rows):
    """Rows of frame, camera, keypoint, number, corrected."""
    table = np.array(rows, np.int64).reshape(-1, 5)
    return Decided(*table.T[:4], table[:, 4].astype(bool))


def test_the_nearest_corrected_frame_with_the_whole_region():
    cells = decided(
        (10, 0, 0, 4, 1), (10, 0, 1, 5, 0),  # region (0, 1), one of them corrected
        (14, 0, 0, 7, 1),  # nearer, but keypoint 1 is not decided
        (16, 0, 0, 2, 0), (16, 0, 1, 3, 0),  # nearer, but nothing was wrong
        (13, 1, 0, 9, 1), (13, 1, 1, 8, 1),  # another camera
    )  # fmt: skip
    found = cells.example(15, 0, [0, 1], 3)
    assert found.frame == 10
    assert found.numbers.tolist() == [4, 5, 0]
    assert cells.example(15, 1, [0, 1], 3).frame == 13
    assert cells.example(10, 0, [0, 1], 3) is None  # not the answer to its own question
    assert cells.example(10 + REACH + 1, 0, [0, 1], 3) is None
    assert cells.example(15, 0, [2], 3) is None


def test_hidden_is_known_and_a_place_without_a_dot_is_not():
    cells = decided((3, 0, 0, 0, 1), (3, 0, 1, UNKNOWN, 1))
    assert cells.example(4, 0, [0], 2).numbers.tolist() == [0, 0]
    assert cells.example(4, 0, [0, 1], 2) is None
    assert cells.cells() == {}
    assert decided((3, 2, 1, 6, 0)).cells() == {(3, 2, 6): 1}
