"""Expected errors removed per second."""

import numpy as np
import pytest

from napari_behaviorvlm.identity.payoff import REACH, payoffs

VIEW, POINT = (2 << 16) + 4, 6 << 16


def worth(cause, settled=(), frames=None, doubt=0.5, rows=None):
    cause = np.array(cause, np.int32).reshape(len(cause), -1)
    done = np.zeros(cause.shape, bool)
    done[list(settled)] = True
    frames = np.arange(len(cause)) if frames is None else np.array(frames)
    return payoffs(np.full(cause.shape, doubt), cause, done, frames, rows)[:, 0]


def test_the_cost_model():
    assert worth([VIEW])[0] == pytest.approx(0.5 / (1.91 + 0.5 * 1.30))
    assert worth([POINT])[0] == pytest.approx(0.5 / (1.91 + 0.5 * 2.60))
    assert worth([VIEW] * 3) == pytest.approx(1.5 / (1.91 + 0.5 * (1.30 + 1.63)))


def test_a_run_ends_at_another_reason_and_at_a_gap_in_frames():
    mixed = worth([VIEW, VIEW, POINT, VIEW, 0, VIEW, VIEW, VIEW], frames=[0, 1, 2, 3, 4, 5, 6, 9])
    two, alone = worth([VIEW] * 2)[0], worth([VIEW])[0]
    assert mixed[[0, 1, 5, 6]] == pytest.approx(two)
    assert mixed[[3, 7]] == pytest.approx(alone)


def test_a_look_that_changed_nothing_ends_the_trust_in_the_run():
    assert worth([VIEW] * 5, settled=[2]) == pytest.approx(worth([VIEW])[0])
    # What was corrected is flagged no more; the frames on both sides are still one mistake each.
    assert worth([VIEW, VIEW, 0, VIEW, VIEW], settled=[2])[0] == pytest.approx(worth([VIEW] * 2)[0])


def test_some_rows_cost_as_all_and_a_run_counts_no_farther_than_its_reach():
    long = worth([VIEW] * 200)
    assert long[100] == pytest.approx((2 * REACH + 1) * 0.5 / (1.91 + 0.5 * (1.30 + 1.63)))
    assert worth([VIEW] * 200, rows=slice(60, 90)).tolist() == long[60:90].tolist()
    far = worth([VIEW] * 200, settled=[100])
    assert far[100 - REACH - 1] == long[100 - REACH - 1]
    assert far[100 - REACH] == pytest.approx(worth([VIEW])[0])
