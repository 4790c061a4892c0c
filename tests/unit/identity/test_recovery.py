"""Dots in short gaps, and pairs that leave the track."""

import numpy as np
import pytest
from tests.unit.workflows.small_session import small_rig

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.identity.fusion import FusedPoints
from napari_behaviorvlm.identity.recovery import RecoverySettings, recover
from napari_behaviorvlm.identity.solver import Naming
from napari_behaviorvlm.identity.steadiness import misfit, unsteadiness
from napari_behaviorvlm.identity.views import IdealViews

RIG = small_rig()
TIMES = np.arange(8)
TRACK = np.column_stack([2.0 * TIMES, np.zeros(8), np.full(8, 10.0)])
SEEN = (0, 1)
"""Cameras that see the dot in the gap."""


def session(gap=(3, 4), stray=None):
    """Dots of one keypoint along a line; in the gap only two cameras see it, and it has no name."""
    xy = project_rig(RIG, TRACK)
    rows = [(f, c, 1, *xy[f, c]) for f in TIMES for c in range(4) if f not in gap or c in SEEN]
    if stray is not None:
        rows += [(gap[0], c, 2, *place) for c, place in enumerate(project_rig(RIG, stray)[0])]
    table = np.array(sorted(rows))
    dots = CandidateTable(
        table[:, 0].astype(np.int64), table[:, 1].astype(np.int16), table[:, 2].astype(np.int32),
        table[:, 3:], np.full(len(table), 50.0), np.full(len(table), 2.5),
    )  # fmt: skip
    named = np.array([f for f in TIMES if f not in gap])
    points = FusedPoints(named, TRACK[named], np.ones((len(named), 4), np.int16), np.zeros(6))
    row = np.full((8, 1), -1)
    row[named, 0] = np.arange(len(named))
    zero = np.zeros((8, 1))
    return dots, points, Naming(row, zero + 5, row * 0 - 1, np.zeros(8), zero + 1)


def run(dots, points, naming, **settings):
    return recover(IdealViews(RIG), dots, TIMES, points, naming, 6.0, RecoverySettings(**settings))


def test_a_gap_is_closed_by_the_dots_where_it_should_be():
    points, naming = run(*session())
    assert (naming.row >= 0).all()
    found = points.select(naming.row[[3, 4], 0])
    assert found.xyz == pytest.approx(TRACK[[3, 4]], abs=0.05)
    assert (found.number[:, SEEN] == 1).all()
    assert (found.number.sum(1) == 2).all()
    assert (naming.margin[[3, 4], 0] == RecoverySettings().margin).all()


def test_nothing_is_made_up_where_no_dots_are():
    dots, points, naming = session()
    dots = dots.select(~np.isin(dots.frame, [3, 4]) | (dots.camera == 0))
    assert run(dots, points, naming)[1].row[3:5, 0].tolist() == [-1, -1]


def test_a_long_gap_and_a_far_dot_are_left_alone():
    assert (run(*session(), gap=1)[1].row[3:5] < 0).all()
    dots, points, naming = session(stray=TRACK[[3]] + [0, 9, 0])
    kept = dots.select((dots.frame != 3) | (dots.number == 2))
    _, found = run(kept, points, naming)
    assert found.row[3, 0] == -1
    assert found.row[4, 0] >= 0


def test_a_dot_of_a_named_point_is_not_taken():
    dots, points, naming = session()
    other = FusedPoints(np.array([3]), TRACK[[3]], np.array([[1, 1, 0, 0]], np.int16), np.zeros(1))
    points = FusedPoints.concatenate([points, other], 4)
    row = np.concatenate([naming.row, np.where(TIMES == 3, 6, -1)[:, None]], axis=1)
    wide = [np.concatenate([part, part], axis=1) for part in (naming.margin, naming.purity)]
    naming = Naming(row, wide[0], row * 0 - 1, naming.cost, wide[1])
    assert run(dots, points, naming)[1].row[3, 0] == -1


def test_misfit_is_the_distance_from_the_line_between():
    xyz = TRACK[:, None].copy()
    xyz[4, 0, 1] = 3.0
    xyz[6] = np.nan
    off = misfit(xyz, TIMES)[:, 0]
    assert np.isnan(off[[0, 6, 7]]).all()
    assert off[[1, 2, 3, 4, 5]] == pytest.approx([0, 0, 1.5, 3, 2.0])
    far = misfit(xyz, TIMES * 10)
    assert np.isnan(far).all()


def test_unsteady_is_what_firm_points_are_not():
    rng = np.random.default_rng(0)
    times = np.arange(60)
    xyz = np.column_stack([times, times * 0, times * 0])[:, None] + rng.normal(0, 0.1, (60, 2, 3))
    xyz[30, 1] += [0, 5, 0]
    views = np.full((60, 2), 4)
    views[:, 1] = 2
    found = unsteadiness(xyz, times, views)
    assert found[30, 1] > 10
    assert np.quantile(found[:, 0], 0.8) == 0
    assert (unsteadiness(xyz[:8], times[:8], views[:8]) == 0).all()  # too few to know
