import numpy as np
import pytest
from hypothesis import given, settings, strategies
from scipy.spatial.transform import Rotation
from tests.unit.identity.synthetic_animal import walk

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.anatomy import align, fit_anatomy
from napari_behaviorvlm.identity.energy import (
    EnergySettings,
    PointSets,
    added_cost,
    energy,
    pair_weights,
    pose_cost,
    share_of_cost,
)
from napari_behaviorvlm.identity.search import SearchSettings, keep_best, search

SKELETON = Skeleton.quantum_dot_mouse()


@settings(max_examples=30, deadline=None)
@given(strategies.integers(0, 10_000))
def test_alignment_finds_the_rotation_and_never_a_reflection(seed):
    rng = np.random.default_rng(seed)
    shape = walk(1)[0]
    shape -= shape.mean(0)
    turn = Rotation.random(random_state=seed).as_matrix()
    pose = shape @ turn.T + rng.normal(size=3) * 50
    pose[rng.permutation(12)[:4]] = np.nan
    rotation, centre = align(pose[None], shape, np.ones(12))
    np.testing.assert_allclose(rotation[0], turn, atol=1e-6)
    np.testing.assert_allclose(shape @ turn.T + centre[0], shape @ turn.T + centre[0])
    seen = np.isfinite(pose[:, 0])
    np.testing.assert_allclose((shape @ rotation[0].T + centre[0])[seen], pose[seen], atol=1e-6)
    mirrored = pose * (1, 1, -1)
    assert np.linalg.det(align(mirrored[None], shape, np.ones(12))[0][0]) > 0.99


def test_three_poses_give_distances_with_honest_spreads():
    poses = walk(60)
    anatomy = fit_anatomy(poses[[0, 30, 59]])
    distance = np.linalg.norm(poses[:, :, None] - poses[:, None], axis=-1)
    z = (distance - anatomy.distance) / anatomy.distance_sd
    assert np.abs(z)[:, ~np.eye(12, dtype=bool)].max() < 4
    assert anatomy.up is None
    learned = fit_anatomy(walk(200))
    # The animal walks a circle on the floor: the vertical is what its body frames share.
    assert abs(learned.up[0][2]) > 0.99
    assert learned.distance_sd[0, 1] < anatomy.distance_sd[0, 1]


def test_keypoints_never_seen_do_no_harm():
    poses = walk(3)
    poses[:, 5] = np.nan
    anatomy = fit_anatomy(poses)
    assert np.isnan(anatomy.distance[5]).all()
    assert np.isfinite(anatomy.scale)
    sets = _sets(walk(4))
    states, _ = search(sets, SKELETON, anatomy, SearchSettings(), weights=EnergySettings())
    right = states[:, 0] == np.arange(12)
    assert right[:, [0, 1, 2, 3, 4, 9, 10, 11]].all()


def _sets(poses, order=None):
    order = np.arange(poses.shape[1]) if order is None else order
    xyz = poses[:, order]
    unary = np.zeros((len(poses), 12, xyz.shape[1]))
    return PointSets(xyz, unary, np.tile(np.arange(xyz.shape[1]), (len(poses), 1)))


def test_mirrored_naming_costs_more_although_all_distances_agree():
    poses = walk(20)
    anatomy = fit_anatomy(poses[[0, 10, 19]])
    straight = np.arange(12)
    mirrored = straight.copy()
    for left, right in SKELETON.symmetric_indices:
        mirrored[[left, right]] = right, left
    states = np.tile(np.stack([straight, mirrored]), (20, 1, 1))
    cost = energy(_sets(poses), states, anatomy, EnergySettings())
    assert (cost[:, 1] > cost[:, 0] + 1).all()


def test_search_names_shuffled_points_among_ghosts():
    rng = np.random.default_rng(2)
    poses = walk(40)
    anatomy = fit_anatomy(poses[[0, 20, 39]])
    ghosts = poses.mean((0, 1)) + rng.normal(0, 40, (40, 6, 3))
    order = rng.permutation(18)
    sets = _sets(np.concatenate([poses, ghosts], 1), order)
    states, cost = search(sets, SKELETON, anatomy, SearchSettings(), weights=EnergySettings())
    right = order[states[:, 0]] == np.arange(12)
    assert right.mean() > 0.98
    assert (np.diff(cost, axis=1) >= 0).all()


def test_hidden_keypoints_stay_hidden():
    poses = walk(12)
    anatomy = fit_anatomy(walk(200, seed=1))
    gone = poses.copy()
    gone[:, [5, 11]] = np.nan
    states, _ = search(_sets(gone), SKELETON, anatomy, SearchSettings(), weights=EnergySettings())
    assert (states[:, 0, [5, 11]] == -1).mean() > 0.8
    assert (states[:, 0, [0, 1, 2, 3, 4]] == [0, 1, 2, 3, 4]).all()


def test_votes_enter_as_costs():
    poses = walk(2)
    anatomy = fit_anatomy(walk(3))
    sets = _sets(poses)
    # Somebody insists that point 5 is the other forepaw.
    sets.unary[0, 6, 5] = -60
    states, _ = search(sets, SKELETON, anatomy, SearchSettings(), weights=EnergySettings())
    assert states[0, 0, 6] == 5
    assert states[1, 0, 6] == 6


def test_best_namings_are_distinct_and_sorted():
    states = np.array([[[0, 1], [1, 0], [0, 1], [-1, 1]]])
    kept, cost = keep_best(states, np.array([[3.0, 1.0, 3.0, 2.0]]), 4)
    np.testing.assert_array_equal(kept[0, :3], [[1, 0], [-1, 1], [0, 1]])
    np.testing.assert_array_equal(cost[0], [1, 2, 3, np.inf])


def test_pair_weights_sum_to_about_one_and_favour_the_firm():
    spread = np.array([[1, 1, 10], [1, 1, 10], [10, 10, 1.0]])
    weights = pair_weights(spread, EnergySettings())
    assert weights[0, 1] > 3 * weights[0, 2]
    assert weights[0, 0] == 0
    even = pair_weights(spread, EnergySettings(firmness=0.0))
    assert even[0, 1] == pytest.approx(0.5)


def test_share_of_the_cost_points_at_the_keypoint_that_is_out_of_place():
    anatomy, weights = fit_anatomy(walk(200)), EnergySettings()
    poses = walk(5).copy()
    poses[2, 7] += [0, 0, 40]
    poses[3, 1] = np.nan
    share = share_of_cost(poses, anatomy, weights)
    assert share.argmax() == np.ravel_multi_index((2, 7), share.shape)
    assert share[2, 7] > 20
    assert share[3, 1] == 0
    without = poses[[2]].copy()
    without[0, 7] = np.nan
    added = added_cost(without, np.array([7]), poses[[2], 7], anatomy, weights)
    assert added == pytest.approx(share[2, 7], rel=1e-4)
    whole = pose_cost(poses[[2]], anatomy, weights)
    assert whole - pose_cost(without, anatomy, weights) == pytest.approx(added, rel=1e-4)
