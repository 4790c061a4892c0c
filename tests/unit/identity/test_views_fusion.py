import numpy as np
import pytest
from tests.unit.identity.synthetic_animal import rig, session, walk

from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.identity.fusion import (
    LEAST_NOISE,
    FusedPoints,
    FusionSettings,
    dot_noise,
    fuse,
)
from napari_behaviorvlm.identity.mirror import find_mirror
from napari_behaviorvlm.identity.views import IdealViews, solve_points, solve_symmetric


def test_ideal_pixels_are_where_the_pinhole_sees_the_point():
    cameras = rig()
    views = IdealViews(cameras)
    points = walk(1)[0]
    expected, depth = views.project(points)
    pixels = project_rig(cameras, points)
    for camera in range(len(cameras)):
        np.testing.assert_allclose(
            views.to_ideal(pixels[:, camera], camera), expected[:, camera], atol=1e-6
        )
    assert (depth > 100).all()


def test_epipolar_lines_pass_through_the_partner():
    views = IdealViews(rig())
    xy, _ = views.project(walk(1)[0])
    one = np.concatenate([xy, np.ones((*xy.shape[:2], 1))], axis=-1)
    line = one[:, 1] @ views.fundamental[1, 3].T
    distance = np.abs((line * one[:, 3]).sum(-1)) / np.linalg.norm(line[:, :2], axis=1)
    assert distance.max() < 1e-6
    wrong = np.abs((line * np.roll(one[:, 3], 1, 0)).sum(-1)) / np.linalg.norm(line[:, :2], axis=1)
    assert np.median(wrong) > 5


def test_points_are_solved_from_any_two_or_more_views():
    views = IdealViews(rig())
    points = walk(1)[0]
    xy, _ = views.project(points)
    used = np.zeros(xy.shape[:2], bool)
    used[:, [0, 2]] = True
    used[6:, 4] = True
    xy[~used] = np.nan
    np.testing.assert_allclose(solve_points(views.projection, xy, used), points, atol=1e-6)
    assert solve_points(views.projection, xy[:0], used[:0]).shape == (0, 3)


def test_symmetric_systems_and_singular_ones():
    rng = np.random.default_rng(1)
    root = rng.normal(size=(20, 3, 3))
    matrix = root @ root.transpose(0, 2, 1) * 1e-7
    right = rng.normal(size=(20, 3))
    np.testing.assert_allclose(
        solve_symmetric(matrix, right), np.linalg.solve(matrix, right[..., None])[..., 0], rtol=1e-5
    )
    assert np.isnan(solve_symmetric(np.zeros((1, 3, 3)), right[:1])).all()


def fused(recording, **settings):
    views = IdealViews(recording.rig)
    parts = list(fuse(views, recording.candidates, recording.frames, FusionSettings(**settings)))
    return FusedPoints.concatenate(parts, len(recording.rig))


def test_every_dot_seen_three_times_is_found_where_it_is():
    recording = session(24)
    points = fused(recording, chunk=7)
    views_seen = (recording.truth > 0).sum(1)
    for frame in recording.frames:
        here = points.xyz[points.frame == frame]
        distance = np.linalg.norm(recording.points[frame][:, None] - here[None], axis=-1).min(1)
        assert (distance[views_seen[frame] >= 3] < 1.5).all()
    firm = points.select(points.n_views >= 4)
    truth = recording.points[firm.frame]
    assert (np.linalg.norm(truth - firm.xyz[:, None], axis=-1).min(1) < 1.5).mean() > 0.99
    assert np.median(firm.residual) < 0.6


def test_no_candidate_is_used_twice_and_chunks_do_not_matter():
    recording = session(20)
    points = fused(recording, chunk=64)
    for camera in range(len(recording.rig)):
        used = points.number[:, camera] > 0
        pairs = np.stack([points.frame[used], points.number[used, camera]], 1)
        assert len(np.unique(pairs, axis=0)) == len(pairs)
    again = fused(recording, chunk=3)
    np.testing.assert_array_equal(points.number, again.number)
    np.testing.assert_allclose(points.xyz, again.xyz, atol=1e-9)


def test_box_keeps_reflections_out():
    recording = session(6, reflections=True, missed=0)
    assert (fused(recording).xyz[:, 2] < -3).any()
    box = np.array([[-200, -200, -3], [200, 200, 200.0]])
    assert (fused(recording, box=box).xyz[:, 2] >= -3).all()


def test_floor_is_found_by_its_reflections_only():
    slanted = np.array([0.1, -0.05, -0.9])
    recording = session(20, reflections=True)
    mirror = find_mirror(fused(recording), slanted, recording.points[0], 40.0)
    np.testing.assert_allclose(mirror.normal, (0, 0, 1), atol=0.01)
    assert abs(mirror.offset) < 0.3
    assert mirror.height(np.array([5.0, 7.0, 3.0])) > 2.5
    assert mirror.pairs > 50
    assert find_mirror(fused(session(20)), slanted, recording.points[0], 40.0) is None


def test_nothing_in_nothing_out():
    views = IdealViews(rig())
    parts = list(fuse(views, CandidateTable.empty(), np.arange(3)))
    assert sum(map(len, parts)) == 0


def test_noise_of_the_dots_is_told_from_residuals_of_points_of_any_number_of_views():
    rng = np.random.default_rng(0)
    sigma, views = 0.4, rng.integers(3, 7, 4000)
    square = sigma**2 * rng.chisquare(2 * views - 3) / views
    square[:200] += 100.0  # a wrong view each
    number = (np.arange(6) < views[:, None]).astype(np.int16)
    points = FusedPoints(np.zeros(4000, int), np.zeros((4000, 3)), number, np.sqrt(square))
    assert dot_noise(points) == pytest.approx(sigma, rel=0.06)
    assert dot_noise(FusedPoints.empty(6)) == np.inf
    drawn = FusedPoints(points.frame, points.xyz, number, np.zeros(4000))
    assert dot_noise(drawn) == LEAST_NOISE
