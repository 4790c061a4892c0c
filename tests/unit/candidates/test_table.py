import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_behaviorvlm.candidates.table import check_table, table_from, table_from_columns
from napari_behaviorvlm.core.candidates import CandidateTable, Detections
from napari_behaviorvlm.core.errors import TableError

CAMERAS = ["left", "oben ü", "right"]


def columns(**changes):
    """Columns of a good import: two cameras, unsorted rows."""
    good = {
        "frame": [3, 0, 3, 3],
        "camera": ["right", "left", "left", "right"],
        "number": [2, 1, 1, 1],
        "x": [30.5, 1.0, 7.0, 20.25],
        "y": [40.0, 2.0, 8.0, 50.0],
    }
    return good | changes


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
    check_table(table, ["left"])
    assert len(table) == sum(counts)


def test_import_sorts_and_maps_names():
    table = table_from_columns(columns(), CAMERAS)
    assert table.frame.tolist() == [0, 3, 3, 3]
    assert table.camera.tolist() == [0, 0, 2, 2]
    assert table.xy[2:].tolist() == [[20.25, 50.0], [30.5, 40.0]]
    assert np.isnan(table.intensity).all()


def test_import_numbers_what_has_no_numbers():
    good = columns()
    del good["number"]
    table = table_from_columns(good, CAMERAS)
    assert table.of(3, 2).xy.tolist() == [[20.25, 50.0], [30.5, 40.0]]
    assert table.number.tolist() == [1, 1, 1, 2]


def test_import_of_text_and_missing_cells():
    table = table_from_columns(
        {
            "frame": ["0", "1"], "camera": ["left", "left"], "number": ["1", "1"],
            "x": ["1.5", "2"], "y": ["3", "4"], "intensity": ["", "7"], "size": [None, 2.0],
        },
        CAMERAS,
    )  # fmt: skip
    assert table.xy.tolist() == [[1.5, 3], [2, 4]]
    assert np.isnan(table.intensity[0])
    assert table.size[1] == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"x": [1, np.nan, 2, 3]}, "Row 2 .*frame 0, camera 'left': x or y is not a finite"),
        ({"y": [1, 2, np.inf, 3]}, "Row 3 .*frame 3, camera 'left': x or y is not a finite"),
        ({"x": [1, 2, 3, 1e9]}, "Row 4 .*frame 3, camera 'right': .*1e\\+09, 50.* far off"),
        ({"x": [1, 2, 3, 101]}, "Row 4 .*frame 3, camera 'right': .*off the picture"),
        ({"y": [-0.6, 2, 3, 1]}, "Row 1 .*frame 3, camera 'right': .*off the picture"),
        ({"camera": ["right", "left", "Left", "up"]}, "Row 3 .*no camera 'Left'"),
        ({"frame": [3, -1, 3, 3]}, "Row 2 .*frame -1 is negative"),
        ({"frame": [3, 0.5, 3, 3]}, "Row 2 .*frame 0.5 is not a whole number"),
        ({"frame": [3, 0, 3, 8]}, "Row 4 .*only 8 frames"),
        ({"number": [1, 1, 1, 1]}, "Row 4 .*number 1 repeats"),
        ({"number": [3, 1, 1, 1]}, "Row 1 .*number 3 repeats or leaves a gap"),
        ({"number": [2, 0, 1, 1]}, "Row 2 .*number 0"),
        ({"x": ["1", "2", "abc", "3"]}, "Row 3 .*x 'abc' is not a number"),
        ({"x": ["1", "", "2", "3"]}, "Row 2 .*x '' is not a number"),
    ],
)
def test_first_impossible_row_is_named(changes, sentence):
    with pytest.raises(TableError, match=sentence):
        table_from_columns(
            columns(**changes), CAMERAS, sizes=[(100, 90), None, (100, 90)], frame_count=8
        )


def test_impossible_positions_without_numbers():
    spoilt = columns(x=[np.inf, np.nan, 1, 2])
    del spoilt["number"]
    with pytest.raises(TableError, match="Row 1 "):
        table_from_columns(spoilt, CAMERAS)


def test_missing_column_is_named():
    spoilt = columns()
    del spoilt["y"]
    with pytest.raises(TableError, match="no column 'y'"):
        table_from_columns(spoilt, CAMERAS)


def test_empty_tables():
    assert len(table_from([], [], [])) == 0
    empty = {"frame": [], "camera": [], "x": [], "y": []}
    assert len(table_from_columns(empty, CAMERAS, sizes=[None] * 3, frame_count=0)) == 0
    check_table(CandidateTable.empty(), CAMERAS)
