"""Dots in short gaps, and pairs that leave the track."""

import numpy as np
import pytest
from tests.unit.workflows.small_session import small_rig

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.identity.anatomy import fit_anatomy
from napari_behaviorvlm.identity.energy import EnergySettings
from napari_behaviorvlm.identity.fusion import FusedPoints
from napari_behaviorvlm.identity.learning import Learned
from napari_behaviorvlm.identity.mirror import Mirror
from napari_behaviorvlm.identity.recovery import RecoverySettings, recover
from napari_behaviorvlm.identity.solver import Naming
from napari_behaviorvlm.identity.steadiness import misfit, unsteadiness
from napari_behaviorvlm.identity.tracklets import TrackletSettings
from napari_behaviorvlm.identity.trellis import MotionSettings
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


def learned(mirror=None, n_keypoints=1):
    """As of an animal whose typical step gives a gate of 6."""
    rng = np.random.default_rng(0)
    poses = 10 * np.arange(n_keypoints)[:, None] * [1.0, 0, 0] + rng.normal(
        0, 0.5, (9, n_keypoints, 3)
    )
    anatomy = fit_anatomy(poses)
    return Learned(anatomy, TrackletSettings(gate=6.0), MotionSettings(3.0), mirror, None, 0.0)


def run(dots, points, naming, known=None, **settings):
    known = known or learned(n_keypoints=naming.row.shape[1])
    return recover(
        IdealViews(RIG), dots, TIMES, points, naming, known, np.zeros(naming.row.shape[1], int),
        EnergySettings(), RecoverySettings(**settings),
    )  # fmt: skip


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


def test_nothing_is_found_behind_the_mirror():
    above, below = Mirror(np.array([0, 0, 1.0]), 9.0, 30), Mirror(np.array([0, 0, 1.0]), 11.0, 30)
    assert (run(*session(), known=learned(above))[1].row >= 0).all()
    assert (run(*session(), known=learned(below))[1].row[3:5] < 0).all()


STRIDE = 8.0
"""What the paw below goes to and fro each frame, mm: more than the reach near the line, 3 mm."""


def swinging(aside=0.0, residual=0.3):
    """A paw beside a resting point; in frame 30 only two cameras see the paw, and it has no name.

    ``aside`` moves its dot in one of them, px, across the line that the other one tells.
    """
    times = np.arange(60)
    paw = np.column_stack([STRIDE * (times % 2), times * 0, times * 0 + 10.0])
    rest = np.tile([0.0, 10, 10], (60, 1))
    dots = project_rig(RIG, np.concatenate([paw, rest])).reshape(2, 60, 4, 2)
    dots[0, 30, 1, 1] += aside
    rows = [
        (f, c, k + 1, *dots[k, f, c])
        for f in times for c in range(4) for k in range(2) if k or f != 30 or c in SEEN
    ]  # fmt: skip
    table = np.array(rows)
    candidates = CandidateTable(
        table[:, 0].astype(np.int64), table[:, 1].astype(np.int16), table[:, 2].astype(np.int32),
        table[:, 3:], np.full(len(table), 50.0), np.full(len(table), 2.5),
    )  # fmt: skip
    named = np.array([f for f in times if f != 30])
    points = FusedPoints(
        np.concatenate([named, times]), np.concatenate([paw[named], rest]),
        np.repeat(np.array([[1], [2]], np.int16), [59, 60], axis=0) * np.ones((1, 4), np.int16),
        np.full(119, residual),
    )  # fmt: skip
    row = np.column_stack([np.full(60, -1), 59 + times])
    row[named, 0] = np.arange(59)
    level = np.zeros((60, 2))
    naming = Naming(row, level + 5, row * 0 - 1, np.zeros(60), level + 1)
    return candidates, points, naming, paw[30], times


def recovered(aside=0.0, residual=0.3, known=None, **settings):
    candidates, points, naming, true, times = swinging(aside, residual)
    known = known or Learned(
        fit_anatomy(np.stack([points.xyz[:40], points.xyz[59:99]], axis=1)),
        TrackletSettings(gate=6.0), MotionSettings(3.0), None, None, 0.0,
    )  # fmt: skip
    views, kind = IdealViews(RIG), np.arange(2)
    points, found = recover(
        views, candidates, times, points, naming, known, kind, EnergySettings(),
        RecoverySettings(**settings),
    )  # fmt: skip
    return points, found.row[30, 0], true


def test_a_paw_in_swing_is_found_as_far_off_as_it_moves():
    points, row, true = recovered()
    assert points.xyz[row] == pytest.approx(true, abs=0.05)
    assert points.number[row].tolist() == [1, 1, 0, 0]
    assert recovered(swing=0.0)[1] == -1


def test_a_pair_far_off_must_meet_as_closely_as_dots_of_sure_points_do():
    assert recovered(aside=0.8, residual=0.5)[1] >= 0
    assert recovered(aside=0.8, residual=0.02)[1] == -1


def test_a_pair_far_off_must_fit_the_animal():
    _, points, *_ = swinging()
    apart = np.stack([points.xyz[:40], points.xyz[59:99] + np.array([0, 60, 0])], axis=1)
    strange = Learned(
        fit_anatomy(apart), TrackletSettings(gate=6.0), MotionSettings(3.0), None, None, 0.0
    )
    assert recovered(known=strange, surprise=5.0)[1] == -1
    assert recovered(known=strange, surprise=1000.0)[1] >= 0


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


def test_unsteady_is_told_by_what_keypoints_of_its_kind_do():
    rng = np.random.default_rng(0)
    times = np.arange(60)
    xyz = rng.normal(0, [[[0.1]], [[2.0]]], (2, 60, 3)).transpose(1, 0, 2)
    xyz[30, 0, 1] += 3
    views = np.full((60, 2), 4)
    of_all = unsteadiness(xyz, times, views)
    of_kind = unsteadiness(xyz, times, views, np.arange(2))
    assert of_all[30, 0] < 1
    assert of_kind[30, 0] > 5
    assert of_kind[:, 1].max() < of_all[:, 1].max()
