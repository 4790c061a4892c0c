"""Looks, movement and shape from pictures."""

import numpy as np
import pytest
from tests.unit.behavior.features.drawn_mice import FPS, LENGTH, acted, pictures

from napari_behaviorvlm.behavior.features.pixels import PixelFeatures, PixelSettings, own_part
from napari_behaviorvlm.behavior.features.pixels_motion import MOTION_NAMES, Flow
from napari_behaviorvlm.behavior.features.pixels_scene import Backdrop
from napari_behaviorvlm.behavior.features.pixels_shape import SHAPE_NAMES, shapes
from napari_behaviorvlm.behavior.features.windows import windowed

BODY = 24.0


def filmed(seed=0, **how):
    bodies, truth = acted(seed, **how)
    return bodies, truth, pictures(bodies, truth, seed)


def measured(bodies, frames, piece=50, settings=None):
    pieces = [(at, frames[at : at + piece]) for at in range(0, len(frames), piece)]
    settings = settings or PixelSettings()
    backdrop = Backdrop.learn(pieces, bodies, settings.size)
    features = PixelFeatures(bodies, backdrop, settings)
    blocks = list(features.stream(pieces))
    assert [first for first, _ in blocks] == [first for first, _ in pieces]
    return features.names, np.concatenate([values for _, values in blocks])


def ellipse(along, across, shift=(0.0, 0.0), size=48):
    step = np.arange(size) - (size - 1) / 2
    right, down = np.meshgrid(step, step)
    return ((-down - shift[0]) / along) ** 2 + ((right - shift[1]) / across) ** 2 <= 1


def test_shape_is_in_body_lengths_and_knows_ahead_from_behind():
    found = dict(zip(SHAPE_NAMES, shapes(ellipse(12, 6)[None], BODY)[0], strict=True))
    assert found["length"] == pytest.approx(1.0, abs=0.03)
    assert found["width"] == pytest.approx(0.5, abs=0.03)
    assert found["area"] == pytest.approx(np.pi * 0.5 * 0.25, rel=0.03)
    assert abs(found["lopsided"]) < 0.01
    assert found["ahead"] == pytest.approx(-found["behind"])
    ahead = dict(zip(SHAPE_NAMES, shapes(ellipse(12, 6, (3, 2))[None], BODY)[0], strict=True))
    assert ahead["ahead"] > 0.55 > -ahead["behind"]
    assert ahead["aside_3"] == pytest.approx(2 / BODY, abs=0.02)  # to its right
    assert ahead["width_5"] > ahead["width_0"]


def test_an_outline_of_a_single_row_has_no_wild_shape():
    sliver = np.zeros((1, 48, 48), bool)
    sliver[0, 20, 5:40] = True
    found = dict(zip(SHAPE_NAMES, shapes(sliver, BODY)[0], strict=True))
    assert np.abs(list(found.values())).max() < 100
    assert found["roundness"] > 10


def test_shape_of_nothing_is_unknown():
    assert np.isnan(shapes(np.zeros((2, 48, 48), bool), BODY)).all()
    assert shapes(np.zeros((0, 48, 48), bool), BODY).shape == (0, len(SHAPE_NAMES))


def test_flow_tells_the_whole_from_the_parts():
    chance = np.random.default_rng(0)
    texture = chance.normal(128, 50, (48, 48)).astype(np.float32)
    import cv2

    texture = cv2.GaussianBlur(texture, (0, 0), 1.5) * 3 - 256
    before = np.clip(texture, 0, 255).astype(np.uint8)
    now = np.roll(before, -1, axis=0)  # one pixel towards the head
    mask = ellipse(14, 8)
    found = dict(zip(MOTION_NAMES, Flow(48).measure(before, now, mask, BODY, FPS), strict=True))
    assert found["forward"] == pytest.approx(FPS / BODY, rel=0.15)
    assert abs(found["aside"]) < 0.2
    assert found["energy_middle"] < 0.3 * found["forward"]
    still = Flow(48).measure(before, before, mask, BODY, FPS)
    assert np.abs(still).max() < 0.05
    shaken = before.copy()
    shaken[:14] = np.roll(before, 1, axis=1)[:14]
    found = dict(zip(MOTION_NAMES, Flow(48).measure(before, shaken, mask, BODY, FPS), strict=True))
    assert found["energy_head"] > 3 * found["energy_rear"]
    assert found["change_rear"] == 0


def test_own_part_leaves_the_neighbour_out():
    own, other = ellipse(12, 6), ellipse(5, 3, (0, 14))
    found = own_part(own | other, BODY)
    assert (found == own).mean() > 0.99
    assert not own_part(other, BODY).any()


def test_numbers_of_a_film_follow_what_the_mouse_does():
    bodies, truth, frames = filmed()
    names, values = measured(bodies, frames)
    at = {name: i for i, name in enumerate(names)}
    assert np.isfinite(values).all()
    rest, walk, groom = (values[truth == kind] for kind in range(3))
    assert walk[:, at["forward"]].mean() > 4 * abs(rest[:, at["forward"]].mean()) + 1
    head, rear = at["energy_head"], at["energy_rear"]
    assert groom[:, head].mean() > 2 * rest[:, head].mean()
    assert groom[:, head].mean() > 1.5 * groom[:, rear].mean()
    assert np.allclose(rest[:, at["length"]].mean(), 2 * 15 / LENGTH, atol=0.25)


def test_pieces_and_place_change_nothing():
    bodies, _, frames = filmed(bouts=3)
    _, whole = measured(bodies, frames, piece=200)
    _, cut = measured(bodies, frames, piece=7)
    assert np.allclose(whole, cut, atol=1e-5)


def test_untracked_frames_and_darkness_are_unknown():
    bodies, _, frames = filmed(bouts=3)
    bodies.centre[10:20] = np.nan
    frames = frames.copy()
    frames[50:60] = 3
    _, values = measured(bodies, frames)
    unknown = np.isnan(values).all(axis=(1, 2))
    assert unknown[10:20].all()
    assert unknown[50:60].all()
    assert unknown.sum() == 20


def test_one_frame_gives_looks_without_an_outline():
    bodies, _, frames = filmed(bouts=3)
    names, values = measured(bodies.rows(0, 1), frames[:1])
    assert values.shape == (1, 1, len(names))
    assert np.isfinite(values).all()
    assert (values[0, 0, names.index("energy_head")]) == 0


def test_windows_leave_out_what_is_missing():
    values = np.arange(12.0).reshape(12, 1, 1)
    values[4] = np.nan
    present = np.ones((12, 1), bool)
    present[9:] = False
    found = windowed(values, present, 2)
    assert found.shape == (12, 1, 2)
    assert found[2, 0, 0] == pytest.approx(np.mean([0, 1, 2, 3]))
    assert found[6, 0, 1] == pytest.approx(np.std([5, 6, 7, 8]))
    assert np.isnan(found[[4, 9, 10, 11]]).all()
