"""Animals followed by their pixels."""

import numpy as np
import pytest
from tests.unit.behavior.animals.moving import (
    LENGTH,
    circles,
    film,
    ground,
    meeting,
    run,
)

from napari_behaviorvlm.behavior.animals import FollowSettings, follow
from napari_behaviorvlm.core.errors import TableError, VideoError

QUICK = FollowSettings(fps=30, background_frames=24)


def matched(bodies, truth):
    """Animals of the truth's order: who is nearest in the first frame where all are there."""
    gaps = np.linalg.norm(bodies.centre[:, :, None] - truth.centre[:, None], axis=-1)
    order = np.nanmean(gaps[:10], axis=0).argmin(axis=0)
    assert sorted(order) == list(range(truth.centre.shape[1]))
    return order, np.stack([gaps[:, o, t] for t, o in enumerate(order)], 1)


def right_headings(bodies, order, truth):
    return np.cos(bodies.heading[:, order] - truth.heading) > 0


@pytest.mark.parametrize("shade", [30, 250])
def test_dark_and_bright_animals_are_followed_with_their_heads(shade):
    truth = film(*circles(), shades=[shade, shade], empty=ground() - (0 if shade < 99 else 70))
    settings, visible = FollowSettings(fps=30, n_frames=90, background_frames=24), []
    bodies, steps = run(follow(truth.source(), 2, settings, tell_visible=visible.append))
    order, error = matched(bodies, truth)
    assert visible == [2]
    assert len(bodies) == 90
    assert bodies.tracked.all()
    assert np.max(error) < 0.12 * LENGTH
    assert right_headings(bodies, order, truth).all()
    assert not bodies.touching.any()
    assert np.median(bodies.length) == pytest.approx(LENGTH, rel=0.15)
    assert (steps[-1].done, steps[-1].total) == (90, 90)


def test_identities_and_heads_are_kept_through_a_contact_that_is_marked():
    truth = film(*meeting(), shades=[30, 30])
    bodies, _ = run(follow(truth.source(), 2, QUICK))
    order, error = matched(bodies, truth)
    assert error.max() < 0.4 * LENGTH
    assert bodies.touching[60:90].all()
    assert not bodies.touching[:30].any()
    assert right_headings(bodies, order, truth)[:50].all()


def test_animals_that_look_different_are_told_apart_after_a_heap():
    # They merge into one spot and come out on each other's side: movement alone exchanges them.
    centre, heading = meeting(frames=240, stay=30)
    centre[105:135] = [160.0, 120.0]
    centre[135:, [0, 1]] = centre[135:, [1, 0]]
    heading[135:, [0, 1]] = heading[135:, [1, 0]]
    truth = film(centre, heading, shades=[30, 30], sizes=[1.25, 0.8])
    bodies, _ = run(follow(truth.source(), 2, QUICK))
    _, error = matched(bodies, truth)
    assert error[:90].max() < 0.3 * LENGTH
    assert error[150:].max() < 0.3 * LENGTH


def test_head_and_tail_do_not_flip_when_a_tailless_animal_stops_turns_and_steps_back():
    forward = np.linspace(60, 240, 120)
    x = np.concatenate([forward, np.full(60, 240.0), 240 - 0.15 * np.arange(60)])
    heading = np.concatenate([np.zeros(120), np.linspace(0, 1.2, 60), np.full(60, 1.2)])
    centre = np.stack([x, np.full(240, 120.0)], -1)[:, None]
    truth = film(centre, heading[:, None], shades=[30], tail=False)
    bodies, _ = run(follow(truth.source(), 1, QUICK))
    turned = np.abs(np.angle(np.exp(1j * (bodies.heading[:, 0] - heading))))
    assert turned.max() < 0.5


def test_a_sleeper_is_not_taken_for_background():
    centre, heading = circles(frames=100, n=2, turns=2)
    centre[:85, 1], heading[:85, 1] = (290, 30), 0.0
    centre[85:, 1] = np.stack([290 - 3 * np.arange(15), 30 + 2 * np.arange(15)], -1)
    truth = film(centre, heading, shades=[30, 30])
    bodies, _ = run(follow(truth.source(), 2, QUICK))
    _, error = matched(bodies, truth)
    assert bodies.tracked.all()
    assert error.max() < 0.25 * LENGTH


def test_no_animals_while_the_light_is_off_and_the_same_ones_after_it():
    truth = film(*circles(turns=0.4), shades=[30, 30])
    truth.pictures[40:70] //= 12
    bodies, _ = run(follow(truth.source(), 2, QUICK))
    dark = np.zeros(90, bool)
    dark[40:70] = True
    assert not bodies.tracked[dark].any()
    assert bodies.tracked[~dark].all()
    _, error = matched(bodies, truth)
    assert error[~dark].max() < 0.12 * LENGTH


def test_more_animals_than_are_seen_stay_untracked():
    truth = film(*circles(n=2), shades=[30, 30])
    bodies, _ = run(follow(truth.source(), 4, QUICK))
    assert (bodies.tracked.sum(axis=1) == 2).mean() > 0.95


def test_4k_colour_frames_give_places_in_their_own_pixels():
    truth = film(*circles(frames=12), shades=[30, 30])

    def source():
        for frame, small in enumerate(truth.pictures):
            large = np.repeat(np.repeat(small, 9, axis=0), 12, axis=1)
            yield frame, np.repeat(large[None, ..., None], 3, axis=3)

    bodies, _ = run(follow(source, 2, QUICK))
    expected = (truth.centre + 0.5) * [12, 9] - 0.5
    gaps = np.linalg.norm(bodies.centre[:, :, None] - expected[:, None], axis=-1).min(axis=1)
    assert next(source())[1].shape == (1, 2160, 3840, 3)
    assert gaps.max() < 0.15 * LENGTH * 12


def test_frames_that_are_left_out_are_untracked():
    truth = film(*circles(), shades=[30, 30])

    def source():
        yield 0, truth.pictures[:50]
        yield 60, truth.pictures[60:]

    bodies, _ = run(follow(source, 2, QUICK))
    assert len(bodies) == 90
    assert not bodies.tracked[50:60].any()
    assert bodies.tracked[60:].all()


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (np.zeros((0, 20, 20), np.uint8), "no frame"),
        (np.full((1, 120, 160), 99, np.uint8), "One frame"),
        (np.full((30, 120, 160), 99, np.uint8), "No animal is seen"),
        (np.zeros((30, 120, 160), np.uint8), "No animal is seen"),
        (np.zeros((3, 120, 160), np.uint16), "uint16"),
    ],
)
def test_what_shows_no_animal_is_said_in_one_sentence(pictures, words):
    with pytest.raises(VideoError, match=words):
        run(follow(lambda: iter([(0, pictures)]), 1))


def test_noise_is_no_animal():
    chance = np.random.default_rng(1)
    noise = np.clip(chance.normal(120, 4, (60, 120, 160)), 0, 255).astype(np.uint8)
    with pytest.raises(VideoError, match="No animal"):
        run(follow(lambda: iter([(0, noise)]), 1))


def test_impossible_numbers_are_refused():
    with pytest.raises(TableError, match="at least one"):
        run(follow(lambda: iter([]), 0))
    with pytest.raises(TableError, match="frame rate"):
        FollowSettings(fps=0)
    with pytest.raises(TableError, match="2 names"):
        run(follow(lambda: iter([]), 3, FollowSettings(names=("a", "b"))))
