"""Doubts gathered into episodes."""

import numpy as np
import pytest

from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.strategies.fused.doubts import gather

MOUSE = Skeleton.quantum_dot_mouse()
TIP, EAR = MOUSE.index("tail_tip"), MOUSE.index("ear_L")


def episodes(doubt, frames=None, **changed):
    settings = {"gap": 2, "longest": 10, "least": 0.05, **changed}
    return gather(doubt, np.arange(len(doubt)) if frames is None else frames, MOUSE, **settings)


def test_a_lasting_doubt_is_one_episode_worth_all_its_frames():
    doubt = np.zeros((30, len(MOUSE)))
    doubt[5:9, TIP] = 0.5
    doubt[20, EAR] = 0.9
    first, second = episodes(doubt)
    assert (first.region, first.rows, first.gain) == ("tail", (5, 6, 7, 8), pytest.approx(2.0))
    assert (second.region, second.rows) == ("ears", (20,))


def test_gaps_are_bridged_and_long_doubts_are_cut():
    doubt = np.zeros((40, len(MOUSE)))
    doubt[[3, 6], TIP] = 0.4
    assert [e.rows for e in episodes(doubt)] == [(3, 6)]
    assert [e.rows for e in episodes(doubt, gap=1)] == [(3,), (6,)]
    doubt[10:35, EAR] = 0.4
    lengths = sorted(len(e.rows) for e in episodes(doubt) if e.region == "ears")
    assert lengths == [5, 10, 10]


def test_frame_numbers_count_and_small_doubts_do_not():
    doubt = np.zeros((3, len(MOUSE)))
    doubt[:, TIP] = 0.4, 0.04, 0.4
    found = episodes(doubt, np.array([0, 1, 50]))
    assert [e.rows for e in found] == [(0,), (2,)]
