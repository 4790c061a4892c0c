"""Robust triangulation against known points, an oracle, brute force and Monte Carlo."""

import tomllib
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares
from tests.unit.geometry.rigs import DATA, dannce_rig, make_camera, pentagon_rig

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.core.errors import CalibrationError
from napari_behaviorvlm.geometry.projection import project, project_rig
from napari_behaviorvlm.geometry.triangulation import (
    Triangulation,
    TriangulationSettings,
    leave_one_out,
    triangulate,
)

RIG = pentagon_rig()


def scene(n=400, noise=0.4, outliers=0.0, seed=0, rig=RIG):
    """Points, labels with noise, and which labels are gross errors."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-50, 50, (n, 3))
    pixels = project_rig(rig, points) + rng.normal(0, noise, (n, len(rig), 2))
    wrong = rng.random((n, len(rig))) < outliers
    pixels[wrong] = rng.uniform((0, 0), (1280, 1024), (wrong.sum(), 2))
    return points, pixels, wrong


def by_scipy(pixels, start, rig=RIG):
    """Least-squares point of one set of labels, by another program."""
    given = np.flatnonzero(np.isfinite(pixels).all(axis=1))

    def residual(point):
        return np.concatenate([project(rig.cameras[c], point) - pixels[c] for c in given])

    return least_squares(residual, start, xtol=1e-14, ftol=1e-14, gtol=1e-14).x


@given(seed=st.integers(0, 2**20), missing=st.floats(0, 0.4), shift=st.floats(-1e5, 1e5))
@settings(max_examples=30, deadline=None)
def test_exact_labels_give_the_point_back(seed, missing, shift):
    """Also where the calibration's origin is far away and views are missing."""
    rng = np.random.default_rng(seed)
    rig = Rig(tuple(
        type(c)(c.name, c.size, c.matrix, c.distortion, c.rotation,
                c.translation - c.rotation_matrix @ np.full(3, shift))
        for c in RIG
    ))  # fmt: skip
    points = rng.uniform(-50, 50, (40, 3)) + shift
    pixels = project_rig(rig, points)
    pixels[rng.random((40, 6)) < missing] = np.nan
    enough = np.isfinite(pixels[..., 0]).sum(axis=1) >= 2
    found = triangulate(rig, pixels)
    np.testing.assert_allclose(found.points[enough], points[enough], atol=1e-6)
    assert np.isnan(found.points[~enough]).all()
    assert found.n_views[enough].tolist() == np.isfinite(pixels[enough, :, 0]).sum(axis=1).tolist()
    assert (found.n_views[~enough] == 0).all()
    assert found.error[enough].max() < 1e-5


@given(order=st.permutations(range(6)), outliers=st.floats(0, 0.25))
@settings(max_examples=20, deadline=None)
def test_camera_order_does_not_matter(order, outliers):
    _, pixels, wrong = scene(60, outliers=outliers, seed=int(outliers * 1000))
    certain = (~wrong).sum(axis=1) >= 3
    plain = triangulate(RIG, pixels)
    mixed = triangulate(RIG.subset(RIG.names[i] for i in order), pixels[:, order])
    np.testing.assert_allclose(mixed.points[certain], plain.points[certain], atol=1e-6)
    np.testing.assert_array_equal(mixed.inliers[certain], plain.inliers[certain][:, order])


def test_same_input_same_output_whatever_the_company():
    _, pixels, _ = scene(5000, outliers=0.15)
    together = triangulate(RIG, pixels)
    apart = triangulate(RIG, pixels[2040:2060])
    np.testing.assert_allclose(apart.points, together.points[2040:2060], atol=1e-9, equal_nan=True)
    np.testing.assert_array_equal(apart.inliers, together.inliers[2040:2060])


def test_refined_point_is_the_least_squares_point_on_distorted_pixels():
    points, pixels, _ = scene(30, noise=1.0)
    found = triangulate(RIG, pixels, settings=TriangulationSettings(threshold=20))
    assert found.inliers.all()
    for index in range(30):
        best = by_scipy(pixels[index], points[index])
        # 1e-3 px is about 2e-4 mm here.
        np.testing.assert_allclose(found.points[index], best, atol=5e-5)
        away = [
            np.linalg.norm(project(camera, best) - seen)
            for camera, seen in zip(RIG, pixels[index], strict=True)
        ]
        np.testing.assert_allclose(found.view_error[index], away, atol=5e-4)
        np.testing.assert_allclose(found.error[index], np.sqrt(np.mean(np.square(away))), atol=1e-4)


@pytest.mark.parametrize("view", range(6))
def test_one_wrong_view_is_found_and_named(view):
    points, pixels, _ = scene(100)
    pixels[:, view] += [30, -20]
    found = triangulate(RIG, pixels)
    assert (~found.inliers[:, view]).all()
    assert (found.n_views == 5).all()
    np.testing.assert_allclose(found.view_error[:, view], np.hypot(30, 20), atol=3)
    np.testing.assert_allclose(found.leave_one_out[:, view], found.view_error[:, view])
    assert np.linalg.norm(found.points - points, axis=1).max() < 0.5


@pytest.mark.parametrize("outliers", [0.1, 0.2])
def test_as_accurate_as_knowing_the_outliers(outliers):
    points, pixels, wrong = scene(6000, outliers=outliers, seed=5)
    known = np.where(wrong[..., None], np.nan, pixels)
    possible = (~wrong).sum(axis=1) >= 3
    error = np.linalg.norm(triangulate(RIG, pixels).points - points, axis=1)[possible]
    oracle = np.linalg.norm(triangulate(RIG, known).points - points, axis=1)[possible]
    assert np.nanmedian(error) < 1.01 * np.nanmedian(oracle)
    assert (error < 2).mean() > 0.999


def test_leave_one_out_equals_triangulating_without_the_view():
    _, pixels, _ = scene(150, noise=0.6, outliers=0.05, seed=2)
    pixels[:20, 3:] = np.nan
    found = triangulate(RIG, pixels)
    for view in range(6):
        without = pixels.copy()
        without[:, view] = np.nan
        without[~found.inliers] = np.nan
        other = triangulate(RIG, without, settings=TriangulationSettings(threshold=1e3))
        expected = np.linalg.norm(project(RIG.cameras[view], other.points) - pixels[:, view],
                                  axis=1)  # fmt: skip
        expected[(found.inliers.sum(axis=1) - found.inliers[:, view]) < 2] = np.nan
        np.testing.assert_allclose(found.leave_one_out[:, view], expected, rtol=0.01, atol=0.01)


def test_leave_one_out_can_be_computed_later():
    _, pixels, _ = scene(300, outliers=0.1)
    pixels[::7, 2] = np.nan
    weights = np.random.default_rng(0).uniform(0.5, 2, (300, 6))
    full = triangulate(RIG, pixels, weights)
    quick = triangulate(RIG, pixels, weights, TriangulationSettings(leave_one_out=False))
    assert np.isnan(quick.leave_one_out).all()
    later = leave_one_out(RIG, pixels, quick, weights)
    np.testing.assert_allclose(later, full.leave_one_out, atol=1e-3, equal_nan=True)


@pytest.mark.parametrize("views", [(0, 2), (0, 1, 2, 3, 4, 5)])
def test_covariance_is_what_monte_carlo_finds(views):
    rig = RIG.subset(RIG.names[i] for i in views)
    point, noise, n = np.array([12.0, -20, 15]), 0.5, 4000
    rng = np.random.default_rng(0)
    pixels = project_rig(rig, point[None]) + rng.normal(0, noise, (n, len(views), 2))
    found = triangulate(rig, pixels)
    # A pair's residuals hold one number for three unknowns; both estimates are good to a few %.
    assert found.pixel_sigma == pytest.approx(noise, rel=0.05)
    away = found.points - point
    np.testing.assert_allclose(found.covariance[0], np.cov(away.T), rtol=0.15, atol=2e-4)
    squared = np.einsum("ni,nij,nj->n", away, np.linalg.inv(found.covariance), away)
    assert squared.mean() == pytest.approx(3, rel=0.1)
    # 95 % of a chi-square with three degrees of freedom lie below 7.81.
    assert (squared < 7.81).mean() == pytest.approx(0.95, abs=0.02)


def test_given_noise_scales_the_covariance():
    _, pixels, _ = scene(10)
    one = triangulate(RIG, pixels, settings=TriangulationSettings(pixel_sigma=1.0))
    two = triangulate(RIG, pixels, settings=TriangulationSettings(pixel_sigma=2.0))
    np.testing.assert_allclose(two.covariance, 4 * one.covariance, rtol=1e-5)
    assert two.pixel_sigma == 2.0


def test_only_relative_weights_matter_to_the_covariance():
    _, pixels, _ = scene(500)
    one = triangulate(RIG, pixels, np.ones((500, 6)))
    faint = triangulate(RIG, pixels, np.full((500, 6), 1e-4))
    np.testing.assert_allclose(faint.points, one.points, atol=1e-5)
    wide = TriangulationSettings(pixel_sigma=0.4)
    given = triangulate(RIG, pixels, np.full((500, 6), 0.25), wide)
    np.testing.assert_allclose(given.covariance, 4 * (0.4 / one.pixel_sigma) ** 2 * one.covariance,
                               rtol=1e-3)  # fmt: skip
    half = triangulate(RIG, pixels, np.full((500, 6), 0.5))
    np.testing.assert_allclose(half.covariance, one.covariance, rtol=0.01)


def test_weights_pull_and_zero_leaves_out():
    points, pixels, _ = scene(50, noise=0)
    pixels[:, 0] += [2.0, 0]
    wide = TriangulationSettings(threshold=10)

    def error(weight):
        weights = np.ones((50, 6))
        weights[:, 0] = weight
        return np.linalg.norm(
            triangulate(RIG, pixels, weights, wide).points - points, axis=1
        ).mean()

    assert error(0) < 1e-6
    assert error(np.nan) < 1e-6
    assert error(0.1) < 0.2 * error(1) < error(1) < error(10)


def test_two_views_must_agree():
    _, pixels, _ = scene(20, noise=0.3)
    pixels[:, 2:] = np.nan
    found = triangulate(RIG, pixels)
    assert (found.n_views == 2).all()
    assert np.isnan(found.leave_one_out).all()
    assert np.isnan(
        triangulate(RIG, pixels, settings=TriangulationSettings(min_views=3)).points
    ).all()
    pixels[:, 1] += [0, 60]
    apart = triangulate(RIG, pixels)
    assert np.isnan(apart.points).all()
    assert np.isnan(apart.view_error).all()
    assert not apart.inliers.any()


def test_a_point_behind_a_camera_is_no_solution():
    """Lines of sight that meet only backwards."""
    a, b = (
        make_camera("a", (300, 0, 0), distortion=()),
        make_camera("b", (300, 80, 0), distortion=()),
    )
    rig = Rig((a, b))
    pixels = np.array([[[100.0, 520.0], [1200.0, 520.0]], [[1200.0, 520.0], [100.0, 520.0]]])
    found = triangulate(rig, pixels)
    assert np.isnan(found.points[:, 0]).sum() == 1
    for camera in rig:
        local = found.points @ camera.rotation_matrix.T + camera.translation
        assert (np.isnan(local[:, 2]) | (local[:, 2] > 0)).all()


def test_cameras_that_stand_together_fix_no_point():
    a, b = make_camera("a", (300, 0, 0)), make_camera("b", (300, 0, 0))
    found = triangulate(Rig((a, b)), project_rig(Rig((a, b)), np.array([[1.0, 2, 3]])))
    assert np.isnan(found.points).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, -1e9])
def test_impossible_numbers_are_wrong_labels(value):
    points, pixels, _ = scene(40)
    pixels[:, 4] = value
    pixels[:20, 1, 0] = value
    found = triangulate(RIG, pixels)
    assert np.linalg.norm(found.points - points, axis=1).max() < 1
    assert not found.inliers[:, 4].any()
    assert not found.inliers[:20, 1].any()
    nothing = triangulate(RIG, np.full((5, 6, 2), value))
    assert np.isnan(nothing.points).all()


def test_nothing_to_do_and_wrong_shapes():
    empty = triangulate(RIG, np.zeros((0, 6, 2)))
    assert isinstance(empty, Triangulation)
    assert empty.points.shape == (0, 3)
    with pytest.raises(ValueError, match="not \\(N, 6, 2\\)"):
        triangulate(RIG, np.zeros((4, 5, 2)))
    with pytest.raises(ValueError, match="weights"):
        triangulate(RIG, np.zeros((4, 6, 2)), np.ones((4, 5)))
    with pytest.raises(CalibrationError, match="two calibrated cameras"):
        triangulate(RIG.subset(["top"]), np.zeros((4, 1, 2)))


def test_real_labels_of_a_real_rig():
    rig, points, pixels = dannce_rig()
    points, pixels = points.reshape(-1, 3), pixels.reshape(6, -1, 2).transpose(1, 0, 2)
    found = triangulate(rig, pixels)
    np.testing.assert_allclose(found.points, points, atol=1e-9)
    rng = np.random.default_rng(0)
    noisy = pixels + rng.normal(0, 0.3, pixels.shape)
    noisy[np.arange(len(noisy)), rng.integers(0, 6, len(noisy))] += 40
    error = np.linalg.norm(triangulate(rig, noisy).points - points, axis=1)
    assert np.nanmax(error) < 0.5


def fly_recording():
    """Rig and labels (N, 3, 2) of a fly seen by three cameras with very long lenses."""
    folder = DATA / "eks_fly_3cam"
    if not folder.exists():
        pytest.skip(f"the recording {folder.name} is not there")
    described = tomllib.loads((folder / "calibration.toml").read_text())
    cameras = [described[key] for key in sorted(described) if key.startswith("cam_")]
    rig = Rig(tuple(
        Camera(c["name"], tuple(c["size"]), c["matrix"], c["distortions"], c["rotation"],
               c["translation"])
        for c in cameras
    ))  # fmt: skip
    views = []
    for name in rig.names:
        table = np.genfromtxt(
            next(folder.glob(f"*{name}*rng=0.csv")), delimiter=",", skip_header=3
        )[:, 1:]
        xy = table.reshape(len(table), -1, 3)
        xy[xy[..., 2] < 0.9] = np.nan
        views.append(xy[..., :2].reshape(-1, 2))
    return rig, np.stack(views, axis=1)


def test_real_predictions_of_three_long_lenses():
    """Focal lengths of 20,000 to 136,000 px: single precision must still be enough."""
    rig, pixels = fly_recording()
    wide = TriangulationSettings(threshold=10)
    found = triangulate(rig, pixels, settings=wide)
    full = np.isfinite(pixels).all(axis=(1, 2))
    assert (found.n_views[full] == 3).mean() > 0.9
    assert np.nanmedian(found.error[full]) < 2.5
    used = np.flatnonzero(full & (found.n_views == 3))[::50]
    for index in used:
        best = by_scipy(pixels[index], found.points[index], rig)
        away = project_rig(rig, best[None])[0] - pixels[index]
        np.testing.assert_allclose(
            found.error[index], np.sqrt((away**2).sum(axis=1).mean()), atol=1e-3
        )
        shift = project_rig(rig, best[None]) - project_rig(rig, found.points[index][None])
        assert np.abs(shift).max() < 0.01


def test_fisheye_and_pinhole_cameras_work_together():
    wide = make_camera("wide", (0, -60, 80), focal=350, distortion=(0.05, -0.01, 0.002, 0),
                       fisheye=True)  # fmt: skip
    rig = Rig((*RIG.cameras[:3], wide))
    points, pixels, _ = scene(200, rig=rig, noise=0.2)
    found = triangulate(rig, pixels)
    assert found.inliers.mean() > 0.99
    assert np.linalg.norm(found.points - points, axis=1).max() < 0.5


def test_memory_stays_within_bounds():
    _, pixels, _ = scene(40_000, outliers=0.15)
    tracemalloc.start()
    triangulate(RIG, pixels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Results are 250 bytes a point; the rest does not grow with their number.
    assert peak < 40_000 * 260 + 25 * 2**20
