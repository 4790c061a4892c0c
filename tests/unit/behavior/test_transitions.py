"""What follows what."""

import numpy as np

from napari_behaviorvlm.behavior.transitions import transition_counts
from napari_behaviorvlm.core.bouts import Bout


def row(*spans):
    return [Bout("A0", first, last, label) for label, first, last in spans]


def test_a_pause_or_an_unknown_label_interrupts():
    rows = [
        row(("rest", 0, 9), ("walk", 10, 19), ("rest", 20, 29), ("walk", 40, 49)),
        row(("rest", 0, 9), ("groom", 10, 19), ("walk", 20, 29), ("walk", 30, 35)),
        [],
    ]
    counts = transition_counts(rows, ("rest", "walk"), pause=9)
    np.testing.assert_array_equal(counts, [[0, 1], [1, 1]])
    counts = transition_counts(rows, ("rest", "walk"), pause=10)
    np.testing.assert_array_equal(counts, [[0, 2], [1, 1]])
