"""Pictures for a model: the right frames, within the limits, the right animal marked."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.behavior.mice import FPS, bodies_of, straight

from napari_behaviorvlm.behavior.captions.strips import (
    STYLE,
    draw_strip,
    fitting_side,
    frames_shown,
    grid_shape,
)
from napari_behaviorvlm.vlm.tokens import SMALL_LIMITS, ImageLimits, image_tokens


@given(st.integers(0, 10_000), st.integers(1, 2_000), st.sampled_from([5.0, 25.0, 30.0, 120.0]))
def test_frames_are_in_order_within_the_clip_and_not_too_many(start, length, fps):
    frames = frames_shown(start, start + length - 1, fps)
    assert frames == sorted(set(frames))
    assert frames[0] == start
    assert frames[-1] <= start + length - 1
    assert len(frames) <= STYLE.most
    assert length == 1 or frames[-1] == start + length - 1


def test_ten_frames_a_second_where_they_fit():
    frames = frames_shown(0, 59, 30.0)
    assert len(frames) == 20
    assert set(np.diff(frames)) <= {3, 4}


@given(st.integers(1, 48), st.sampled_from([ImageLimits(), SMALL_LIMITS]))
def test_grids_hold_all_frames_within_the_limits(count, limits):
    columns, rows = grid_shape(count)
    assert columns * rows >= count > columns * (rows - 1)
    side = fitting_side(columns, rows, STYLE.tile, limits)
    width, height = columns * side, rows * side
    assert max(width, height) <= limits.long_edge
    assert image_tokens(width, height) <= limits.tokens
    assert side >= 128


def shown(frames=60, animal=0):
    centres = np.stack([straight(1.0, frames), straight(0.0, frames, (160, 100))], axis=1)
    bodies = bodies_of(centres, np.zeros((frames, 2)))
    asked = []

    def read(frame):
        asked.append(frame)
        return np.full((240, 320), 90, np.uint8)

    strip = draw_strip(read, bodies, animal, frames_shown(0, frames - 1, FPS), FPS)
    return strip, asked


def decoded(image):
    picture = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    return picture.astype(int)


def yellow(picture):
    return (picture[..., 0] > 180) & (picture[..., 1] > 150) & (picture[..., 2] < 120)


def test_the_animal_asked_about_is_marked_in_every_frame():
    strip, asked = shown()
    assert asked == list(strip.frames)
    picture = decoded(strip.image)
    columns, _ = grid_shape(20)
    side = picture.shape[1] // columns
    middles = []
    for place in range(20):
        top, left = place // columns * side, place % columns * side
        marked = np.argwhere(yellow(picture[top : top + side, left : left + side]))
        assert len(marked) > 50
        middles.append(marked.mean(axis=0))
    ways = np.diff(np.array(middles), axis=0)
    assert (ways[:, 1] > 0).all()  # it goes to the right: raw orientation, one window
    assert np.abs(ways[:, 0]).max() < 3


def test_the_overview_shows_the_way():
    strip, _ = shown()
    marked = np.argwhere(yellow(decoded(strip.overview)))
    assert np.ptp(marked[:, 1]) > 60  # 2 body lengths of 40 px
    assert strip.overview.width == 320


def test_an_animal_that_is_not_seen_gives_the_whole_scene():
    bodies = bodies_of(np.full((30, 1, 2), np.nan), np.full((30, 1), np.nan))
    strip = draw_strip(lambda _: np.zeros((48, 64, 3), np.uint8), bodies, 0, [0, 15, 29], FPS)
    assert strip.frames == (0, 15, 29)
