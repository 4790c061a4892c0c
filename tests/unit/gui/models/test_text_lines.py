"""Text beside animals stays readable where they lie together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_behaviorvlm.gui.models.text_lines import apart

place = st.floats(-300, 300)
line = st.tuples(place, st.floats(10, 200), place).map(lambda it: (it[0], it[0] + it[1], it[2]))


def test_only_what_covers_another_is_moved():
    lines = [(0, 100, 50), (50, 150, 55), (200, 300, 52), (60, 120, 66)]
    np.testing.assert_array_equal(apart(lines, 16), [50, 66, 52, 82])
    assert len(apart([], 16)) == 0


@given(st.lists(line, max_size=12))
def test_no_line_covers_another_and_none_goes_up(lines):
    heights = apart(lines, 16)
    for one, (left, right, wanted) in enumerate(lines):
        assert heights[one] >= wanted
        for other in range(one):
            if lines[other][0] < right and left < lines[other][1]:
                assert abs(heights[one] - heights[other]) >= 16 - 1e-9
