"""Tiles of a clip show the animal where it is, marked, and turned head up."""

import cv2
import numpy as np
import pytest
from tests.unit.behavior.mice import bodies_of

from napari_behaviorvlm.workflows.behavior.report.tiles import GAP, SIDE, ClipDrawer, sheet

SIZE = (300, 200)


def filmed(centre, heading, dtype=np.uint8):
    """A dark body of 40 px with a bright head on a grey floor."""
    picture = np.full((SIZE[1], SIZE[0]), 120, np.uint8)
    way = np.array([np.cos(heading), np.sin(heading)])
    for at, radius, grey in ((0, 9, 60), (-10, 9, 60), (14, 5, 250)):
        place = np.round(centre + at * way).astype(int)
        cv2.circle(picture, place.tolist(), radius, grey, -1)
    return picture if dtype == np.uint8 else picture.astype(dtype) * 257


def brightest(tile):
    """Middle of what is as bright as the head, and grey: the mark is yellow."""
    grey = tile.min(axis=-1)
    rows, columns = np.nonzero(grey > 210)
    return np.array([columns.mean(), rows.mean()])


@pytest.mark.parametrize("heading", [0.0, 0.7, np.pi / 2, -2.5, np.pi])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_left_as_filmed_right_head_up(heading, dtype):
    centre = np.array([150.0, 100.0])
    bodies = bodies_of(np.tile(centre, (10, 1, 1)), np.full((10, 1), heading))
    drawer = ClipDrawer(bodies, 0, (0, 9), SIZE)
    pair = drawer.pair(4, filmed(centre, heading, dtype))
    assert pair.shape == (SIDE, 2 * SIDE + GAP, 3)
    left, right = pair[:, :SIDE], pair[:, SIDE + GAP :]
    window = drawer.window
    scale = SIDE / window.side
    head = centre + 14 * np.array([np.cos(heading), np.sin(heading)])
    expected = (head - (window.left, window.top) + 0.5) * scale - 0.5
    assert np.linalg.norm(brightest(left) - expected) < 2.5
    x, y = brightest(right)
    assert abs(x - SIDE / 2) < 4
    assert y < SIDE / 2 - 15
    yellow = (left[..., 0].astype(int) - left[..., 2]) > 100
    assert yellow.any()
    assert not ((right[..., 0].astype(int) - right[..., 2]) > 60).any()


def test_the_window_holds_the_whole_way_and_stays_in_the_picture():
    path = np.stack([np.linspace(20, 280, 30), np.full(30, 100.0)], axis=-1)[:, None]
    bodies = bodies_of(path, np.zeros((30, 1)))
    window = ClipDrawer(bodies, 0, (0, 29), SIZE).window
    assert (window.left, window.top) >= (0, 0)
    assert window.top + window.side <= SIZE[1]
    short = ClipDrawer(bodies, 0, (10, 12), SIZE).window
    assert short.left <= path[10, 0, 0] - 40
    assert short.left + short.side >= path[12, 0, 0] + 40


def test_a_clip_in_which_nobody_is_followed_has_pictures_all_the_same():
    bodies = bodies_of(np.full((5, 1, 2), np.nan), np.full((5, 1), np.nan))
    pair = ClipDrawer(bodies, 0, (0, 4), SIZE).pair(2, filmed(np.array([50.0, 50.0]), 0))
    assert pair[:, :SIDE].any()
    assert not pair[:, SIDE + GAP :].any()


def test_a_sheet_has_a_column_per_clip():
    pairs = [np.full((SIDE, 2 * SIDE + GAP, 3), grey, np.uint8) for grey in (10, 90)]
    for pair in pairs:
        pair[:, SIDE + GAP :] += 1
    made = sheet(pairs)
    assert made.shape == (2 * SIDE + GAP, 2 * SIDE + GAP, 3)
    corners = [made[3, 3, 0], made[-3, 3, 0], made[3, -3, 0], made[-3, -3, 0]]
    assert corners == [10, 11, 90, 91]
