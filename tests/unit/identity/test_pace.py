"""What is usual for a keypoint."""

import numpy as np
import pytest

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.pace import FEWEST, kinds, steps, usual


def test_left_and_right_are_of_one_kind():
    mouse = Skeleton.quantum_dot_mouse()
    kind = kinds(mouse)
    assert kind[mouse.index("hindpaw_L")] == kind[mouse.index("hindpaw_R")]
    assert kind[mouse.index("hindpaw_L")] != kind[mouse.index("forepaw_L")]
    assert len(np.unique(kind)) == len(mouse) - len(mouse.symmetric)


def test_usual_counts_firm_points_of_the_kind_together():
    values = np.column_stack([np.arange(12.0), np.arange(12.0) + 12, np.full(12, 99.0)])
    firm = np.ones((12, 3), bool)
    found = usual(values, firm, np.array([0, 0, 2]), 0.5)
    assert found[:2] == pytest.approx(11.5)
    assert np.isnan(found[2])  # 12 of them are too few
    firm[0, :2] = firm[1:3, 0] = False
    values[3, 0] = np.nan
    assert firm[:, :2].sum() - 1 < FEWEST
    assert np.isnan(usual(values, firm, np.array([0, 0, 2]), 0.5)).all()


def test_steps_are_per_frame_and_unknown_where_hidden():
    xyz = np.zeros((4, 1, 3))
    xyz[:, 0, 0] = [0, 3, 9, 10]
    xyz[2] = np.nan
    assert steps(xyz, np.arange(4))[1, 0] == 3
    assert np.isnan(steps(xyz, np.arange(4))[[0, 2, 3], 0]).all()
    assert steps(xyz, np.array([0, 6, 7, 8]))[1, 0] == pytest.approx(0.5)
