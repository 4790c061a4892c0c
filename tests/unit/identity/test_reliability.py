"""Bins of confidence against the share of right labels."""

import numpy as np
import pytest

from napari_behaviorvlm.identity.reliability import reliability


def test_labels_are_counted_in_the_bin_of_their_confidence():
    found = reliability([0.1, 0.85, 0.85, 0.8, 0.999, 1.0, np.nan], [0, 1, 1, 0, 1, 1, 1])
    assert found.low.tolist() == [0.0, 0.8, 0.99]
    assert found.high.tolist() == [0.2, 0.9, 1.0]
    assert found.count.tolist() == [1, 3, 2]
    assert found.right.tolist() == [0, 2, 2]
    assert found.said == pytest.approx([0.1, 2.5 / 3, 0.9995])
    assert found.share == pytest.approx([0, 2 / 3, 1])
    assert found.gap == pytest.approx((0.1 + 3 * (2.5 / 3 - 2 / 3) + 2 * 0.0005) / 6)


def test_the_interval_is_wilsons():
    found = reliability([0.95] * 10, [True] * 8 + [False] * 2)
    low, high = found.interval
    assert (low[0], high[0]) == pytest.approx((0.490, 0.943), abs=1e-3)


def test_confidence_that_keeps_its_word_has_no_gap_and_nothing_is_no_bin():
    rng = np.random.default_rng(0)
    said = rng.random(40_000)
    assert reliability(said, rng.random(40_000) < said).gap < 0.01
    empty = reliability([], [])
    assert len(empty) == 0
    assert np.isnan(empty.gap)
