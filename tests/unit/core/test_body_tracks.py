"""Bodies over a stretch of frames."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.behavior.mice import bodies_of, straight

COLUMNS = ("centre", "head", "rear", "width", "area", "touching")


@given(frames=st.integers(1, 60), step=st.integers(1, 7))
def test_what_was_left_out_comes_back(frames, step):
    """Straight movement is interpolated without an error; nothing is made up at the end."""
    path = straight(1.5, frames)[:, None]
    bodies = bodies_of(path, np.zeros((frames, 1)))
    few = bodies.every(step)
    assert len(few) == -(-frames // step)
    assert few.fps == bodies.fps / step
    back = few.spread_over(step, frames)
    assert len(back) == frames
    assert back.fps == bodies.fps
    inner = (len(few) - 1) * step + 1
    np.testing.assert_allclose(back.centre[:inner], bodies.centre[:inner])
    np.testing.assert_array_equal(
        back.centre[inner:], np.broadcast_to(few.centre[-1:], (frames - inner, 1, 2))
    )


def test_between_frames_without_the_animal_nothing_is_made_up():
    path = straight(1.0, 17)[:, None]
    path[8] = np.nan
    touching = np.zeros((17, 1), bool)
    touching[12] = True
    few = bodies_of(path, np.zeros((17, 1)), touching=touching).every(4)
    back = few.spread_over(4, 17)
    assert np.flatnonzero(~back.tracked[:, 0]).tolist() == [5, 6, 7, 8, 9, 10, 11]
    assert np.flatnonzero(back.touching[:, 0]).tolist() == [10, 11, 12, 13]
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(back, name)[::4], getattr(few, name))
