import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_behaviorvlm.candidates.table import table_from
from napari_behaviorvlm.core.candidates import Detections


def test_detections_become_sorted_rows():
    first = Detections(np.array([(1.0, 2), (3, 4)]), np.array([5.0, 6]), np.array([2.0, 3]))
    second = Detections(np.array([(7.0, 8)]))
    table = table_from([9, 4, 9], [1, 0, 0], [first, Detections(np.zeros((0, 2))), second])
    assert table.frame.tolist() == [9, 9, 9]
    assert table.camera.tolist() == [0, 1, 1]
    assert table.number.tolist() == [1, 1, 2]
    assert table.xy.tolist() == [[7, 8], [1, 2], [3, 4]]
    assert np.isnan(table.intensity[0])
    assert table.size[1:].tolist() == [2, 3]
    assert table.frame.dtype == np.int64
    assert table.camera.dtype == np.int16
    assert table.of(9, 1).xy.tolist() == [[1, 2], [3, 4]]


@given(st.lists(st.integers(0, 5), max_size=12))
def test_numbers_count_from_one(counts):
    found = [Detections(np.full((count, 2), 5.0)) for count in counts]
    table = table_from(range(len(counts)), [0] * len(counts), found)
    assert len(table) == sum(counts)
    assert table.number.tolist() == [at + 1 for count in counts for at in range(count)]


def test_no_detections_make_an_empty_table():
    assert len(table_from([], [], [])) == 0
    assert len(table_from([3], [0], [Detections(np.zeros((0, 2)))])) == 0
