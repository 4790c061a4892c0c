"""Egocentric crops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.behavior.animals.moving import LENGTH, draw

from napari_behaviorvlm.behavior.crops import egocentric_crop, egocentric_crops
from napari_behaviorvlm.core.body_tracks import BodyTracks


def picture_of(at, heading, size=1.0):
    canvas = np.full((300, 400), 200, np.float32)
    draw(canvas, np.asarray(at, float), heading, shade=20.0, size=size)
    return canvas.astype(np.uint8)


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(120, 280), y=st.floats(120, 180), heading=st.floats(-7, 7),
    size=st.sampled_from([0.7, 1.0, 2.5]),
)  # fmt: skip
def test_every_place_and_direction_gives_the_same_crop(x, y, heading, size):
    """A wrong sign or a mirror would move the bent tail to the other side."""
    crop = egocentric_crop(picture_of((x, y), heading, size), np.array([x, y]), heading,
                           LENGTH * size, 64)  # fmt: skip
    up = egocentric_crop(picture_of((200, 150), -np.pi / 2), np.array([200.0, 150]), -np.pi / 2,
                         LENGTH, 64)  # fmt: skip
    assert np.abs(crop.astype(float) - up).mean() < 6


def test_head_is_up_and_nothing_is_mirrored():
    picture = np.zeros((100, 100), np.uint8)
    picture[50, 70] = 255  # 20 px ahead of an animal that looks to the right
    picture[60, 50] = 128  # 10 px to its right
    crop = egocentric_crop(picture, np.array([50.0, 50.0]), 0.0, 20.5, 41)
    assert crop[0, 20] == 255
    assert crop[20, 30] == 128


def test_the_pixel_grid_is_kept_where_nothing_is_scaled():
    chance = np.random.default_rng(0)
    picture = chance.integers(0, 255, (90, 120, 3), dtype=np.uint8)
    crop = egocentric_crop(picture, np.array([60.0, 45.0]), -np.pi / 2, 15.5, 31)
    np.testing.assert_array_equal(crop, picture[30:61, 45:76])


def test_large_animals_are_averaged_not_skipped():
    picture = np.indices((800, 800)).sum(axis=0) % 2 * 255
    crop = egocentric_crop(picture.astype(np.uint8), np.array([400.0, 400]), 0.3, 160.0, 32)
    assert 110 < crop.min() <= crop.max() < 145


@pytest.mark.parametrize("unknown", ["centre", "heading", "length"])
def test_unknown_animals_give_nothing(unknown):
    given_ = {"centre": np.array([5.0, 5.0]), "heading": 0.0, "length": 10.0}
    given_[unknown] = given_[unknown] * np.nan
    assert not egocentric_crop(np.full((9, 9), 7, np.uint8), size=8, **given_).any()


def test_stream_has_one_scale_per_animal_and_zeros_where_untracked():
    frames = 4
    at = np.array([[[100.0, 100]], [[110, 100]], [[np.nan, np.nan]], [[130, 100]]])
    half = np.array([20.0, 0])
    bodies = BodyTracks(
        ("a",), 30, at, at + half, at - half, np.full((frames, 1), 18.0),
        np.full((frames, 1), 500.0), np.zeros((frames, 1), bool), first_frame=10,
    )  # fmt: skip
    pictures = np.full((frames, 200, 300), 9, np.uint8)
    pieces = list(egocentric_crops([(10, pictures[:2]), (12, pictures[2:])], bodies, 24))
    assert [first for first, _ in pieces] == [10, 12]
    crops = np.concatenate([crops for _, crops in pieces])
    assert crops.shape == (4, 1, 24, 24)
    assert crops.reshape(4, -1).any(axis=1).tolist() == [True, True, False, True]
