"""Rows of a timeline: found at once, replaced in part, the same as a plain search."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.gui.models.bout_rows import NOTHING, BoutRow, Stretches

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=25)


def row_of(pairs):
    return BoutRow.of(Bout("A", a, a + n, f"{a}-{n}") for a, n in pairs)


@given(spans, st.integers(-3, 80), st.integers(0, 20))
def test_all_that_is_seen_lies_in_the_slice(pairs, first, length):
    row = row_of(pairs)
    last = first + length
    seen = row.bouts[row.seen(first, last)]
    reaching = [b for b in row.bouts if b.end_frame >= first and b.start_frame <= last]
    assert [bout for bout in seen if bout in reaching] == reaching


@given(spans, st.integers(-2, 80))
def test_the_bout_at_a_frame_is_the_one_that_started_last(pairs, frame):
    row = row_of(pairs)
    there = [at for at, b in enumerate(row.bouts) if b.start_frame <= frame <= b.end_frame]
    assert row.at(frame) == (there[-1] if there else NOTHING)


@given(spans)
def test_columns_of_one_frame_each_are_the_frames(pairs):
    row = row_of(pairs)
    found = row.columns(-0.5, 79.5, 80)
    for frame, at in enumerate(found):
        covered = row.at(frame)
        assert (at == NOTHING) == (covered == NOTHING)
        if at != NOTHING:
            assert row.start[at] <= frame <= row.end[at]


@given(spans, st.integers(0, 60), st.integers(0, 20), spans)
def test_replacing_a_stretch_is_the_same_as_laying_out_anew(pairs, first, length, others):
    row = row_of(pairs)
    last = first + length
    new = [Bout("A", a, a + n, "new") for a, n in others if a <= last and a + n >= first]
    stay = [b for b in row.bouts if b.end_frame < first or b.start_frame > last]
    expected, found = BoutRow.of([*stay, *new]), row.replaced(first, last, new)
    key = [(b.start_frame, b.end_frame, b.label) for b in expected.bouts]
    assert sorted((b.start_frame, b.end_frame, b.label) for b in found.bouts) == sorted(key)
    np.testing.assert_array_equal(found.start, expected.start)
    np.testing.assert_array_equal(found.reach, np.maximum.accumulate(found.end))


def test_next_starts():
    row = row_of([(5, 2), (10, 3), (20, 0)])
    assert [row.next_start(f, 1) for f in (0, 5, 19, 20)] == [5, 10, 20, None]
    assert [row.next_start(f, -1) for f in (5, 6, 20, 30)] == [None, 5, 10, 20]


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9))
def test_stretches_are_where_the_mask_is_set(mask, most):
    found = Stretches.of(np.array(mask, bool))
    assert [found.at(frame) for frame in range(-1, len(mask) + 1)] == [False, *mask, False]
    whole = found.runs(-0.5, len(mask) - 0.5, len(mask) + 1)
    assert [f for a, b in whole for f in range(a, b + 1)] == np.flatnonzero(mask).tolist()
    for first, last in found.runs(-0.5, len(mask) - 0.5, most):
        assert all(mask[first : last + 1])
    assert len(found.runs(-0.5, len(mask) - 0.5, most)) <= max(most, 1)
