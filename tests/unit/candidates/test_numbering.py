import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_behaviorvlm.candidates.numbering import ROW_HEIGHT, number, reading_order
from napari_behaviorvlm.core.candidates import Detections

points = st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), max_size=30)


def test_rows_from_the_top_each_from_left_to_right():
    xy = np.array([(50, 205.0), (10, 200), (90, 12), (20, 10), (60, 14), (70, 198)])
    assert reading_order(xy).tolist() == [3, 4, 2, 1, 0, 5]


def test_jitter_does_not_renumber():
    rng = np.random.default_rng(0)
    rows = np.array([100.0, 150, 210, 260])
    xy = np.array([(x, y) for y in rows for x in (50.0, 90, 150, 220)])
    expected = reading_order(xy)
    for _ in range(50):
        assert np.array_equal(reading_order(xy + rng.uniform(-6, 6, xy.shape)), expected)


@given(points, st.randoms(use_true_random=False))
def test_order_depends_on_the_points_alone(values, random):
    xy = np.array(sorted(set(values))).reshape(-1, 2)
    shuffled = xy.copy()
    permutation = list(range(len(xy)))
    random.shuffle(permutation)
    shuffled = xy[permutation]
    assert np.array_equal(shuffled[reading_order(shuffled)], xy[reading_order(xy)])


@given(points)
def test_every_point_once_and_rows_do_not_cross(values):
    xy = np.array(values).reshape(-1, 2)
    order = reading_order(xy)
    assert sorted(order.tolist()) == list(range(len(xy)))
    breaks = np.flatnonzero(np.diff(xy[order, 0]) < 0) + 1
    for row in np.split(xy[order], breaks):
        assert len(row) == 0 or np.ptp(row[:, 1]) <= 1000
    for above, below in itertools.pairwise(order):
        # Who reads on never jumps up by more than a row.
        assert xy[below, 1] > xy[above, 1] - ROW_HEIGHT - 1e-9


def test_all_columns_move_together():
    found = Detections(np.array([(9.0, 90), (5, 5)]), np.array([1.0, 2]), np.array([3.0, 4]))
    numbered = number(found)
    assert numbered.xy.tolist() == [[5, 5], [9, 90]]
    assert numbered.intensity.tolist() == [2, 1]
    assert numbered.size.tolist() == [4, 3]
    assert number(Detections(np.array([(9.0, 90), (5, 5)]))).xy.tolist() == [[5, 5], [9, 90]]
    assert len(number(Detections(np.zeros((0, 2))))) == 0
