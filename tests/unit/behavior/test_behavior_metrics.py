import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_behaviorvlm.behavior import metrics

labels = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.int64, n, elements=st.integers(0, 4)),
        hnp.arrays(np.int64, n, elements=st.integers(0, 6)),
    )
)


@settings(max_examples=40, deadline=None)
@given(labels)
def test_information_and_rand_agree_with_scikit_learn(pair):
    scores = pytest.importorskip("sklearn.metrics")
    truth, found = pair
    nmi = metrics.normalized_mutual_information(truth, found)
    assert nmi == pytest.approx(scores.normalized_mutual_info_score(truth, found), abs=1e-9)
    ari = metrics.adjusted_rand(truth, found)
    assert ari == pytest.approx(scores.adjusted_rand_score(truth, found), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(labels, st.permutations(range(7)))
def test_names_of_clusters_do_not_matter(pair, names):
    truth, found = pair
    renamed = np.array(names)[found]
    for measure in (metrics.macro_f1, metrics.accuracy, metrics.adjusted_rand):
        if measure is not metrics.macro_f1:  # ties of the matching may share F1 differently
            assert measure(truth, renamed) == pytest.approx(measure(truth, found))
    assert metrics.macro_f1(truth, np.array(names)[truth]) == 1


def test_macro_f1_by_hand():
    truth = np.array([0, 0, 0, 0, 1, 1, 2, 2, -1, -1])
    found = np.array([5, 5, 5, 3, 3, 3, 3, 1, 5, 1])
    # 5 -> 0 (tp 3 of 4 and 3), 3 -> 1 (tp 2 of 2 and 4), 1 -> 2 (tp 1 of 2 and 1)
    assert metrics.match_clusters(truth, found) == {5: 0, 3: 1, 1: 2}
    assert metrics.macro_f1(truth, found) == pytest.approx((6 / 7 + 4 / 6 + 2 / 3) / 3)
    assert metrics.accuracy(truth, found) == pytest.approx(6 / 8)


def test_over_segmentation_is_forgiven_many_to_one_only():
    truth = np.repeat([0, 1], 10)
    found = np.repeat([0, 1, 2, 3], 5)
    assert metrics.macro_f1(truth, found, "many-to-one") == 1
    assert metrics.macro_f1(truth, found) == pytest.approx(2 / 3)
    assert metrics.accuracy(truth, found) == pytest.approx(0.5)


def test_untracked_frames_are_missed_not_ignored():
    truth = np.zeros(10, int)
    found = np.r_[np.zeros(5, int), np.full(5, -1)]
    assert metrics.accuracy(truth, found) == 0.5
    assert metrics.macro_f1(truth, found) == pytest.approx(2 / 3)
    assert np.isnan(metrics.macro_f1(np.full(4, -1), np.zeros(4, int)))


def test_boundaries_match_one_to_one_within_the_tolerance():
    score = metrics.boundary_score(np.array([10, 20, 40]), np.array([12, 13, 24, 41]), 3)
    assert score.precision == pytest.approx(2 / 4)
    assert score.recall == pytest.approx(2 / 3)
    assert score.f1 == pytest.approx(4 / 7)
    assert metrics.boundary_score(np.array([10]), np.array([13]), 3).f1 == 1
    assert metrics.boundary_score(np.array([10]), np.array([14]), 3).f1 == 0
    assert metrics.boundary_score(np.zeros(0, int), np.zeros(0, int), 3).f1 == 1
    assert metrics.boundary_score(np.zeros(0, int), np.array([4]), 3).precision == 0


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.int64, st.integers(0, 8), elements=st.integers(0, 40), unique=True),
    hnp.arrays(np.int64, st.integers(0, 8), elements=st.integers(0, 40), unique=True),
)
def test_boundary_hits_are_the_most_possible(truth, found):
    optimize = pytest.importorskip("scipy.optimize")
    near = abs(truth[:, None] - found[None]) <= 4
    rows, columns = optimize.linear_sum_assignment(near, maximize=True)
    best = int(near[rows, columns].sum())
    score = metrics.boundary_score(truth, found, 4)
    assert round(score.recall * len(truth)) == best or not len(truth)


def test_boundary_f1_sums_over_animals():
    truth = np.array([[0, 0], [0, 0], [1, 0], [1, 0]])
    found = np.array([[0, 0], [1, 0], [1, 1], [1, 1]])
    assert metrics.boundary_f1(truth, found, 1) == pytest.approx(2 / 3)
    assert metrics.boundary_f1(truth, found, 0) == 0
    assert metrics.boundary_f1(truth[:, 0], truth[:, 0], 0) == 1
