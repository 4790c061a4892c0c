"""Epipolar curves and distances against projections of known points."""

import numpy as np
import pytest
from tests.unit.geometry.rigs import make_camera, pentagon_rig

from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.geometry.epipolar import (
    epipolar_curve,
    epipolar_distance,
    essential_matrix,
    fundamental_matrix,
    triangulate_pair,
)
from napari_behaviorvlm.geometry.projection import project, project_rig, undistort

RIG = pentagon_rig()


def cloud(n=200, reach=50.0, seed=3):
    return np.random.default_rng(seed).uniform(-reach, reach, (n, 3))


def distance_to_polyline(point, line):
    start, step = line[:-1], np.diff(line, axis=0)
    along = np.clip(((point - start) * step).sum(1) / (step**2).sum(1), 0, 1)
    return np.linalg.norm(start + along[:, None] * step - point, axis=1).min()


@pytest.mark.parametrize("pair", [("side0", "side2"), ("side3", "top"), ("top", "side1")])
def test_curve_passes_through_the_other_view_of_the_point(pair):
    a, b = pair
    for point in cloud(10):
        curve = epipolar_curve(RIG, a, project(RIG[a], point), b, n=400)
        assert curve.shape == (400, 2)
        assert distance_to_polyline(project(RIG[b], point), curve) < 0.05


def test_curve_bends_with_the_lens_and_stays_near_the_picture():
    rig = type(RIG)((
        make_camera("a", (300, 0, 100)),
        make_camera("b", (0, 300, 100), distortion=(-0.3, 0, 0, 0)),
    ))  # fmt: skip
    curve = epipolar_curve(rig, "a", [200.0, 150.0], "b", n=100)
    chord = curve[-1] - curve[0]
    normal = np.array([-chord[1], chord[0]]) / np.linalg.norm(chord)
    assert np.abs((curve - curve[0]) @ normal).max() > 1
    assert (curve > -0.06 * 1280).all()
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    assert steps.max() < 1.01 * steps.min() + 0.1


def test_curve_respects_the_given_range_and_may_be_empty():
    point = np.array([5.0, -3.0, 8.0])
    xy = project(RIG["side0"], point)
    depth = np.linalg.norm(point - RIG["side0"].center)
    near = epipolar_curve(RIG, "side0", xy, "side2", near=depth - 1, far=depth + 1)
    assert np.linalg.norm(near[0] - near[-1]) < 20
    assert distance_to_polyline(project(RIG["side2"], point), near) < 0.05
    gone = epipolar_curve(RIG, "side0", xy, "side2", near=5000.0, far=6000.0)
    assert gone.shape == (0, 2)


def test_a_camera_sees_its_own_line_of_sight_as_a_point():
    curve = epipolar_curve(RIG.subset(["top"]), "top", [700.0, 400.0], "top", n=5)
    np.testing.assert_allclose(curve, [[700, 400]] * 5, atol=1e-6)


def test_unknown_camera_is_named():
    with pytest.raises(CalibrationError, match="'nobody'"):
        epipolar_curve(RIG, "side0", [1.0, 2.0], "nobody")


def test_matrices_vanish_on_true_pairs():
    points = cloud()
    a, b = undistort(RIG["side0"], project(RIG["side0"], points)), undistort(
        RIG["side1"], project(RIG["side1"], points)
    )  # fmt: skip
    one = np.ones((len(points), 1))
    a, b = np.hstack([a, one]), np.hstack([b, one])
    essential = essential_matrix(RIG, "side0", "side1")
    assert np.abs(np.einsum("ni,ij,nj->n", b, essential, a)).max() < 1e-9
    fundamental = fundamental_matrix(RIG, "side0", "side1")
    u_a, u_b = a @ RIG["side0"].matrix.T, b @ RIG["side1"].matrix.T
    assert np.abs(np.einsum("ni,ij,nj->n", u_b, fundamental, u_a)).max() < 1e-9


def test_distance_is_the_smallest_shift_in_pixels():
    points = cloud(8)
    pixels = project_rig(RIG, points)
    assert epipolar_distance(RIG, pixels[:, 0], "side0", pixels[:, 2], "side2").max() < 1e-6
    # Shift along the normal of the epipolar curve: both views share the correction.
    shifted = pixels[:, 2] + [0, 4.0]
    found = epipolar_distance(RIG, pixels[:, 0], "side0", shifted, "side2")
    best = np.full(len(points), np.inf)
    rng = np.random.default_rng(0)
    near = points[:, None] + rng.normal(0, 0.5, (len(points), 20000, 3))
    away = [
        ((project(RIG[name], near) - seen[:, None]) ** 2).sum(-1)
        for name, seen in (("side0", pixels[:, 0]), ("side2", shifted))
    ]
    best = np.sqrt((away[0] + away[1]).min(axis=1))
    np.testing.assert_allclose(found, best, rtol=0.05, atol=0.05)


def test_pairs_of_all_with_all():
    points = cloud(12)
    pixels = project_rig(RIG, points)
    found, distance = triangulate_pair(RIG, "side0", pixels[:, 0], "side1", pixels[:9, 1])
    assert found.shape == (12, 9, 3)
    same = np.arange(9)
    np.testing.assert_allclose(found[same, same], points[:9], atol=1e-6)
    assert distance[same, same].max() < 1e-5
    other = ~np.eye(12, 9, dtype=bool)
    assert np.median(distance[other]) > 20
    combinations = epipolar_distance(RIG, pixels[:, None, 0], "side0", pixels[:9, 1], "side1")
    meet = np.isfinite(found[..., 0])
    np.testing.assert_allclose(distance[meet], combinations[meet])
    assert np.isinf(distance[~meet]).all()


def test_missing_labels_and_empty_views():
    points, distance = triangulate_pair(RIG, "side0", np.zeros((0, 2)), "top", np.ones((3, 2)))
    assert points.shape == (0, 3, 3)
    points, distance = triangulate_pair(RIG, "side0", [[np.nan, 1]], "top", [[600.0, 500.0]])
    assert np.isnan(points).all()
    assert np.isinf(distance).all()


def test_pair_is_as_good_as_least_squares():
    from napari_behaviorvlm.geometry.triangulation import triangulate

    points = cloud(300)
    rng = np.random.default_rng(1)
    pixels = project_rig(RIG, points)[:, (0, 2)] + rng.normal(0, 1, (300, 2, 2))
    fitted = triangulate(RIG.subset(["side0", "side2"]), pixels).points
    quick = np.array([
        triangulate_pair(RIG, "side0", a[None], "side2", b[None])[0][0, 0] for a, b in pixels
    ])  # fmt: skip
    known = np.isfinite(fitted[:, 0])
    assert np.linalg.norm(quick - fitted, axis=1)[known].max() < 0.01
