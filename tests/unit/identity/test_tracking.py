import itertools

import numpy as np
import pytest

from napari_behaviorvlm.identity.fusion import FusedPoints
from napari_behaviorvlm.identity.tracklets import TrackletSettings, link, typical_step
from napari_behaviorvlm.identity.trellis import best_paths, keypoint_margins, naming_probabilities


def _points(positions):
    """Positions (F, M, 3), NaN for none, as fused points."""
    frame, which = np.nonzero(np.isfinite(positions[..., 0]))
    numbers = np.ones((len(frame), 4), np.int16)
    return FusedPoints(frame, positions[frame, which], numbers, np.zeros(len(frame))), which


def test_points_that_cross_keep_their_tracklet():
    time = np.arange(20.0)
    first = np.stack([4 * time, np.zeros(20), np.zeros(20)], 1)
    second = np.stack([4 * (19 - time), np.full(20, 5.0), np.zeros(20)], 1)
    points, which = _points(np.stack([first, second], 1))
    track = link(points, np.arange(20), TrackletSettings(gate=6))
    assert len(set(track[which == 0])) == 1
    assert len(set(track[which == 1])) == 1
    assert set(track[which == 0]) != set(track[which == 1])


def test_gaps_are_bridged_up_to_a_limit():
    line = np.stack([np.arange(30.0), np.zeros(30), np.zeros(30)], 1)[:, None].copy()
    line[5:8] = np.nan
    line[15:20] = np.nan
    points, _ = _points(line)
    track = link(points, np.arange(30), TrackletSettings(gate=5, gap=3))
    assert len(set(track[points.frame < 15])) == 1
    assert len(set(track)) == 2


def test_ambiguous_links_end_the_tracklet():
    start = np.array([[[0, 0, 0.0]]])
    fork = np.array([[[0, 2, 0.0], [0, -2, 0.0]]])
    positions = np.concatenate(
        [np.pad(start, ((0, 0), (0, 1), (0, 0)), constant_values=np.nan), fork]
    )
    points, _ = _points(positions)
    track = link(points, np.arange(2), TrackletSettings(gate=5))
    assert len(set(track)) == 3


def test_skipped_frame_numbers_count_as_missed():
    line = np.stack([np.arange(6.0), np.zeros(6), np.zeros(6)], 1)[:, None]
    points, _ = _points(line)
    track = link(points, np.array([0, 1, 2, 50, 51, 52]), TrackletSettings(gate=5))
    assert len(set(track)) == 2


def test_typical_step_needs_successive_frames():
    line = np.stack([3 * np.arange(6.0), np.zeros(6), np.zeros(6)], 1)[:, None]
    points, _ = _points(line)
    assert typical_step(points, np.arange(6)) == pytest.approx(3)
    assert np.isnan(typical_step(points, 10 * np.arange(6)))


def _random_trellis(rng, n_frames=4, n_states=3, count=2, most=3):
    states = np.array(
        [[rng.permutation(most + 1)[:count] - 1 for _ in range(n_states)] for _ in range(n_frames)]
    )
    cost = rng.random((n_frames, n_states)) * 3
    tables = rng.random((n_frames - 1, most + 1, most + 1)).astype(np.float32)
    return states, cost, tables


@pytest.mark.parametrize("seed", range(8))
def test_paths_and_margins_agree_with_brute_force(seed):
    states, cost, tables = _random_trellis(np.random.default_rng(seed))
    most = tables.shape[1] - 1
    totals = {}
    for path in itertools.product(range(cost.shape[1]), repeat=len(cost)):
        total = sum(cost[t, s] for t, s in enumerate(path))
        for t in range(len(path) - 1):
            for a, b in zip(states[t, path[t]], states[t + 1, path[t + 1]], strict=True):
                total += tables[t, a if a >= 0 else most, b if b >= 0 else most]
        totals[path] = total
    best = min(totals, key=totals.get)
    paths = best_paths(states, cost, tables)
    assert tuple(paths.best) == best
    for t, s in np.ndindex(cost.shape):
        cheapest = min(total for path, total in totals.items() if path[t] == s)
        assert paths.through[t, s] == pytest.approx(cheapest - totals[best], abs=1e-5)
    margin, alternative = keypoint_margins(states, paths)
    for t, k in np.ndindex(margin.shape):
        others = [
            (total, states[t, path[t], k]) for path, total in totals.items()
            if states[t, path[t], k] != states[t, best[t], k]
        ]  # fmt: skip
        if others:
            assert margin[t, k] == pytest.approx(min(others)[0] - totals[best], abs=1e-5)
            assert alternative[t, k] == min(others)[1]
        else:
            assert np.isinf(margin[t, k])
            assert alternative[t, k] == -2


def test_shares_of_names_sum_to_at_most_one():
    states, cost, tables = _random_trellis(np.random.default_rng(3))
    share = naming_probabilities(states, best_paths(states, cost, tables), 3)
    assert share.shape == (4, 3, 2)
    assert (share.sum(-1) <= 1 + 1e-9).all()
    hidden = 1 - share.sum(1)
    assert (hidden >= -1e-9).all()
