"""Features of animals whose movement is known."""

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_behaviorvlm.behavior.features.body import BodyPlan
from napari_behaviorvlm.behavior.features.egocentric import BodyScale
from napari_behaviorvlm.behavior.features.joined import JoinedScaling
from napari_behaviorvlm.behavior.features.motion import fill_gaps, rate, smooth
from napari_behaviorvlm.behavior.features.sampling import Thinned
from napari_behaviorvlm.behavior.features.stream import FeatureSettings, PoseFeatures
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.core.tracks import Tracks

KEYPOINTS = ("nose", "left_ear", "right_ear", "center", "tail_base", "tail_tip")
SHAPE = np.array([[2, 0], [1, -0.5], [1, 0.5], [0, 0], [-2, 0], [-4, 0]], float) * 5
"""Forward along x, the left ear above on the screen (y down); 20 px from tail base to nose."""


def mouse(centre, angle):
    """Positions of one animal, shape (frames, keypoints, 2), heading `angle` (radians, y down)."""
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=-1)
    turn = turn.reshape(-1, 2, 2)
    return np.asarray(centre)[:, None] + np.einsum("tij,kj->tki", turn, SHAPE)


def recording(*mice, fps=30.0):
    positions = np.stack(mice, axis=1)
    return Tracks(tuple(f"A{i}" for i in range(len(mice))), KEYPOINTS, fps, positions)


def features_of(tracks, frame=None, **settings_):
    """Feature by name, shape (frames, animals), or its value in one frame per animal."""
    plan = BodyPlan.from_names(tracks.keypoints)
    extractor = PoseFeatures(plan, BodyScale.measure([tracks], plan), FeatureSettings(**settings_))
    values, tracked = joined(extractor.stream([tracks]))
    values = values if frame is None else values[frame]
    return {name: values[..., i] for i, name in enumerate(extractor.names(tracks))}, tracked


def joined(blocks):
    blocks = list(blocks)
    parts = ([b.values for b in blocks], [b.tracked for b in blocks])
    return tuple(np.concatenate(part) for part in parts)


def walking(speed=40.0, frames=90, angle=0.7):
    """Walk straight at `speed` px/s in direction `angle`."""
    along = speed * np.arange(frames)[:, None] / 30.0
    centre = 100 + along * [np.cos(angle), np.sin(angle)]
    return mouse(centre, np.full(frames, angle))


def test_walking_straight_on():
    table, tracked = features_of(recording(walking()), frame=45)
    assert tracked.all()
    assert table["speed_forward.mean"][0] == pytest.approx(np.arcsinh(2 / 0.25), rel=1e-4)
    assert abs(table["speed_aside.mean"][0]) < 1e-4
    assert abs(table["turning.mean"][0]) < 1e-4
    assert table["elongation.mean"][0] == pytest.approx(1)
    assert table["nose_moving.mean"][0] == pytest.approx(0, abs=1e-4)
    # Seen from the middle of the trunk (at +0.4 of SHAPE's unit), in body lengths.
    assert table["nose_forward.mean"][0] == pytest.approx(0.4)
    assert table["left_ear_aside.mean"][0] == pytest.approx(0.125)


def test_walking_backwards_is_not_turning_round():
    back = walking()[::-1]
    table, _ = features_of(recording(back), frame=45)
    assert table["speed_forward.mean"][0] == pytest.approx(-np.arcsinh(2 / 0.25), rel=1e-4)
    assert table["nose_forward.mean"][0] > 0


def test_turning_on_the_spot_has_no_side_and_no_seam_at_half_a_turn():
    clockwise = mouse(np.full((120, 2), 200.0), 1.5 * np.arange(120) / 30 + 2)
    table, _ = features_of(recording(clockwise))
    inner = table["turning.mean"][15:-15, 0]
    # The trunk's mean lies ahead of the turning point: that one moves, the heading turns alike.
    assert inner == pytest.approx(np.arcsinh(1.5 / 0.25), rel=1e-2)
    back, _ = features_of(recording(clockwise[::-1]))
    assert back["turning.mean"][60, 0] == pytest.approx(inner[30], rel=1e-2)
    assert back["turning_speed.mean"][60, 0] == pytest.approx(inner[30], rel=1e-2)


def test_left_and_right_do_not_matter():
    generator = np.random.default_rng(4)
    wander = np.cumsum(generator.normal(0, 2, (60, 2)), axis=0) + 100
    one = recording(mouse(wander, np.cumsum(generator.normal(0, 0.1, 60))), walking(frames=60))
    other = replace(one, positions=one.positions * [-1, 1])
    left, right = (features_of(each)[0] for each in (one, other))
    assert all(np.ptp(column) > 0 for column in (left["turning.mean"], left["bend.spread"]))
    for name, column in left.items():
        np.testing.assert_allclose(right[name], column, atol=1e-5, err_msg=name)


@settings(max_examples=15, deadline=None)
@given(angle=st.floats(-3, 3), shift=st.floats(-500, 500), size=st.floats(0.5, 3))
def test_place_direction_and_size_of_the_picture_do_not_matter(angle, shift, size):
    generator = np.random.default_rng(1)
    wander = np.cumsum(generator.normal(0, 1, (60, 2)), axis=0) + 100
    one = recording(mouse(wander, np.cumsum(generator.normal(0, 0.05, 60))), walking(frames=60))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    other = replace(one, positions=size * one.positions @ turn.T + shift)
    first, second = features_of(one)[0], features_of(other)[0]
    for name in first:
        np.testing.assert_allclose(second[name], first[name], atol=2e-3, err_msg=name)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 199), max_size=6, unique=True), seed=st.integers(0, 99))
def test_cutting_the_recording_into_pieces_changes_no_number(cuts, seed):
    generator = np.random.default_rng(seed)
    positions = 100 + np.cumsum(generator.normal(0, 2, (200, 2, 6, 2)), axis=0)
    for _ in range(8):
        start, length = generator.integers(0, 190), generator.integers(1, 25)
        positions[start : start + length, generator.integers(2), generator.integers(6)] = np.nan
    positions[60:90, 0] = np.nan
    whole = Tracks(("a", "b"), KEYPOINTS, 30.0, positions, first_frame=1000)
    edges = [0, *sorted(cuts), 200]
    pieces = [whole.rows(a, b) for a, b in pairwise(edges)]
    plan = BodyPlan.from_names(KEYPOINTS)
    features = PoseFeatures(plan, BodyScale.measure([whole], plan))
    blocks = list(features.stream(pieces))
    assert blocks[0].first_frame == 1000
    values, tracked = joined(blocks)
    in_one, tracked_in_one = joined(features.stream([whole]))
    np.testing.assert_array_equal(values, in_one)
    np.testing.assert_array_equal(tracked, tracked_in_one)
    assert not tracked[75, 0]
    assert (values[75, 0] == 0).all()


def test_gaps_between_pieces_are_refused():
    tracks = recording(walking())
    plan = BodyPlan.from_names(KEYPOINTS)
    features = PoseFeatures(plan, BodyScale.measure([tracks], plan))
    with pytest.raises(TableError, match="continue at frame 50 where frame 40"):
        list(features.stream([tracks.rows(0, 40), tracks.rows(50, 90)]))


def test_missing_keypoints_are_marked_and_invent_no_movement():
    body = walking()
    complete, _ = features_of(recording(body), frame=45)
    body[30:60, 5] = np.nan
    table, tracked = features_of(recording(body), frame=45)
    assert tracked.all()
    assert table["missing.mean"][0] == pytest.approx(1 / 6)
    assert complete["missing.mean"][0] == 0
    assert table["tail_tip_moving.mean"][0] == 0
    assert table["tail_tip_forward.mean"][0] == pytest.approx(
        complete["tail_tip_forward.mean"][0], abs=1e-4
    )


def test_short_gaps_are_bridged_and_long_ones_are_untracked():
    body = walking()
    body[40:45] = np.nan
    _, tracked = features_of(recording(body))
    assert tracked.all()
    body[40:60] = np.nan
    _, tracked = features_of(recording(body))
    assert tracked.sum() == 70
    assert not tracked[40:60].any()


def test_chasing_is_seen_from_both_ends():
    ahead = walking(angle=0.0)
    behind = ahead - np.array([30, 0])
    far = ahead + np.array([0, 900])
    table, _ = features_of(recording(ahead, behind, far), frame=45)
    assert table["facing.mean"][1] > 0.3
    assert table["faced.mean"][1] < -0.3
    assert table["facing.mean"][0] < -0.3
    assert table["faced.mean"][0] > 0.3
    assert table["nose_to_rear.mean"][1] > table["nose_to_rear.mean"][0]
    assert table["approach_own.mean"][1] > 0.5
    assert table["approach_own.mean"][0] < -0.5
    assert table["approach.mean"][:2] == pytest.approx(0, abs=1e-4)
    assert (table["near.mean"][:2] > 0.4).all()
    assert table["near.mean"][2] < 0.01


def test_an_animal_that_is_not_there_is_nobody_not_far_away():
    lonely = walking()
    nobody = np.full_like(lonely, np.nan)
    table, tracked = features_of(recording(lonely, nobody), frame=45)
    assert tracked.sum(axis=0).tolist() == [90, 0]
    for name in ("near", "approach", "facing", "contact", "nose_to_body"):
        assert table[f"{name}.mean"][0] == 0
    alone, _ = features_of(recording(lonely), frame=45)
    assert not any(name.startswith("near") for name in alone)


def test_the_order_of_the_others_does_not_matter():
    generator = np.random.default_rng(3)
    mice = [walking(angle=a) + generator.normal(0, 40, 2) for a in (0.1, 2.0, 4.0)]
    one, _ = features_of(recording(*mice))
    two, _ = features_of(recording(mice[0], mice[2], mice[1]))
    for name in one:
        np.testing.assert_allclose(two[name][:, 0], one[name][:, 0], atol=1e-6, err_msg=name)


def test_heights_are_above_the_floor_in_three_dimensions():
    flat = walking()
    height = np.full((90, 6, 1), 7.0)
    height[45:, 0] += 10.0
    tracks = recording(np.concatenate([flat, height], axis=-1))
    table, _ = features_of(tracks)
    assert table["nose_height.mean"][20, 0] == pytest.approx(0, abs=1e-6)
    assert table["nose_height.mean"][70, 0] == pytest.approx(0.5, rel=1e-3)
    assert table["rising.mean"][45, 0] > 0.1


@pytest.mark.parametrize(
    ("names", "head", "rear"),
    [
        (Skeleton.quantum_dot_mouse().keypoints, (0, 1), (9,)),
        (("snout", "leftear", "rightear", "tailbase"), (0,), (3,)),
        (("EarL", "EarR", "Snout", "SpineF", "SpineM", "TailBase", "TailTip"), (2,), (5,)),
        (("nose", "left ear", "neck", "center back", "tail base", "tail middle"), (0,), (4,)),
        (("Head", "Spine", "TTI", "TailTip"), (0,), (2,)),
        (("nose", "hindpaw_L", "hindpaw_R"), (0,), (1, 2)),
    ],
)
def test_head_and_rear_are_found_by_name(names, head, rear):
    plan = BodyPlan.from_names(tuple(names))
    assert plan.head == head
    assert plan.rear == rear
    assert not set(plan.tail) & set(plan.trunk)


def test_a_skeleton_without_a_front_is_refused():
    with pytest.raises(TableError, match="the animal's front"):
        BodyPlan.from_names(("a", "b", "tail_base"))


def test_nobody_anywhere_is_refused():
    nobody = recording(np.full((20, 6, 2), np.nan))
    with pytest.raises(TableError, match="No animal is seen with head and rear"):
        BodyScale.measure([nobody], BodyPlan.from_names(KEYPOINTS))
    with pytest.raises(TableError, match="positions of shape"):
        Tracks(("a",), KEYPOINTS, 30.0, np.zeros((5, 2, 6, 2)))


def test_gaps_rates_and_smoothing_by_hand():
    values = np.array([np.nan, 0, np.nan, np.nan, 6, np.nan, np.nan, np.nan, 7])
    assert fill_gaps(values, 2)[:5].tolist()[1:] == [0, 2, 4, 6]
    assert np.isnan(fill_gaps(values, 2)[[0, 5, 6, 7]]).all()
    assert rate(np.array([0.0, 1, 4]), 10.0).tolist() == [10, 20, 30]
    steps = np.array([0.0] * 10 + [np.nan] + [1.0] * 10)
    smoothed = smooth(steps, 1.5)
    assert np.isnan(smoothed[10])
    assert 0 < smoothed[9] < 0.5 < smoothed[11] < 1
    for frames in (1, 2, 3):  # fewer than the kernel reaches
        np.testing.assert_allclose(smooth(np.full((frames, 2), 4.0), 5.0), 4.0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=12), st.integers(2, 20))
def test_a_thinned_stream_does_not_depend_on_its_pieces(sizes, most):
    rows = np.arange(sum(sizes))[:, None]
    thinned, start = Thinned(most), 0
    for size in sizes:
        thinned.add(rows[start : start + size])
        start += size
    assert len(thinned) <= most
    if len(rows):
        assert len(thinned) >= min(len(rows), most // 2)
        assert thinned.rows[:, 0].tolist() == list(range(0, len(rows), thinned.stride))


def test_memory_does_not_grow_with_the_recording():
    def peak(repeats):
        body = walking()
        plan = BodyPlan.from_names(KEYPOINTS)
        features = PoseFeatures(plan, BodyScale.measure([recording(body)], plan))
        pieces = (replace(recording(body), first_frame=90 * i) for i in range(repeats))
        tracemalloc.start()
        n = sum(len(block) for block in features.stream(pieces))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert n == 90 * repeats
        return top

    assert peak(60) < 1.2 * peak(10)


def test_constant_features_and_outliers_do_no_harm():
    sample = np.random.default_rng(0).normal(5, 2, (1000, 2))
    sample[:, 1] = 3
    scaling = JoinedScaling.measure(sample, ("speed", "turning"), ("travel", "travel"))
    scaled = scaling(np.array([[5.0, 3], [7, 3], [1e6, 9], [np.nan, 3]])) / scaling.weight
    assert scaled[:, 1].tolist() == [0, 0, 0, 0]
    assert scaled[:2, 0] == pytest.approx([0, 1], abs=0.1)
    assert scaled[2:, 0].tolist() == [4, 0]
    with pytest.raises(TableError, match="nothing to cluster"):
        JoinedScaling.measure(np.zeros((0, 2)), ("speed", "turning"), ("travel", "travel"))
