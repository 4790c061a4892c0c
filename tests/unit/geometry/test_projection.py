"""Projection against OpenCV, against real reprojections, and its own inverse."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.geometry.rigs import dannce_rig, make_camera, pentagon_rig

from napari_behaviorvlm.core.camera import Camera
from napari_behaviorvlm.geometry.projection import (
    distort,
    project,
    project_jacobian,
    project_rig,
    rays,
    undistort,
    undistort_rig,
)

FULL = (-0.3, 0.1, 0.001, 0.002, -0.02, 0.1, 0.02, 0.01, 0.001, 0.002, -0.003, 0.001, 0.02, -0.03)
FISHEYE = (-0.02, 0.01, -0.003, 0.001)


def cloud(n=500, reach=60.0, seed=0):
    return np.random.default_rng(seed).uniform(-reach, reach, (n, 3))


@pytest.mark.parametrize("count", [0, 4, 5, 8, 12, 14])
def test_agrees_with_opencv(count):
    camera = make_camera("a", (300, 20, 100), distortion=FULL[:count])
    points = cloud()
    coefficients = np.array(FULL[:count]) if count else None
    expected, _ = cv2.projectPoints(
        points, camera.rotation, camera.translation, camera.matrix, coefficients
    )
    np.testing.assert_allclose(project(camera, points), expected[:, 0], atol=1e-9)


@pytest.mark.parametrize("skew", [0.0, 3.0])
def test_fisheye_agrees_with_opencv(skew):
    camera = make_camera(
        "a", (300, 20, 100), distortion=FISHEYE, fisheye=True, focal=400, skew=skew
    )
    points = cloud(reach=160)
    matrix = camera.matrix.copy()
    matrix[0, 1] = 0
    expected, _ = cv2.fisheye.projectPoints(
        points[:, None], camera.rotation, camera.translation, matrix, np.array(FISHEYE),
        alpha=skew / 400,
    )  # fmt: skip
    np.testing.assert_allclose(project(camera, points), expected[:, 0], atol=1e-9)


def test_skew_is_kept_on_a_real_rig():
    rig, points, pixels = dannce_rig()
    found = project_rig(rig, points.reshape(-1, 3))
    expected = pixels.reshape(6, -1, 2).transpose(1, 0, 2)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert np.isfinite(expected).mean() > 0.9


@pytest.mark.parametrize("count", [0, 5, 8, 14])
def test_undistort_inverts_project(count):
    camera = make_camera("a", (300, 20, 100), distortion=FULL[:count], skew=-4)
    points = cloud()
    local = points @ camera.rotation_matrix.T + camera.translation
    found = undistort(camera, project(camera, points))
    np.testing.assert_allclose(found, local[:, :2] / local[:, 2:], atol=1e-12)
    np.testing.assert_allclose(distort(camera, found), project(camera, points), atol=1e-9)


@given(
    k=st.tuples(st.floats(-0.45, 0.3), st.floats(-0.2, 0.4), st.floats(-0.3, 0.3)),
    p=st.tuples(st.floats(-3e-3, 3e-3), st.floats(-3e-3, 3e-3)),
    skew=st.floats(-6, 6), seed=st.integers(0, 2**16),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_undistort_finds_a_direction_or_says_so(k, p, skew, seed):
    """Whatever the lens, each pixel is either reproduced to 1e-6 px or NaN."""
    camera = make_camera("a", (300, 0, 50), distortion=(*k[:2], *p, k[2]), skew=skew)
    rng = np.random.default_rng(seed)
    pixels = rng.uniform((0, 0), (1280, 1024), (200, 2))
    found = undistort(camera, pixels)
    known = np.isfinite(found).all(axis=1)
    assert known.mean() > 0.9
    np.testing.assert_allclose(distort(camera, found[known]), pixels[known], atol=1e-6)


def test_fisheye_undistort_reaches_the_rim():
    camera = make_camera("a", (10, 0, 2), distortion=FISHEYE, fisheye=True, focal=400)
    angle = np.radians(np.linspace(0, 85, 50))
    directions = np.stack([np.tan(angle), 0.3 * np.tan(angle)], axis=1)
    np.testing.assert_allclose(undistort(camera, distort(camera, directions)), directions,
                               rtol=1e-8)  # fmt: skip


def test_what_cannot_be_seen_is_nan():
    camera = make_camera("a", (300, 0, 0))
    behind, missing = project(camera, [[400, 1, 1], [np.nan, 0, 0]])
    assert np.isnan(behind).all()
    assert np.isnan(missing).all()


def test_points_are_not_folded_back_into_the_picture():
    # r (1 - 0.4 r²) turns back at r = 0.913; OpenCV puts a point at r = 1.5 into the middle.
    camera = Camera("a", (1280, 1024), np.array([[800.0, 0, 640], [0, 800, 512], [0, 0, 1]]),
                    np.array([-0.4, 0, 0, 0, 0]))  # fmt: skip
    folded, _ = cv2.projectPoints(
        np.array([[1.5, 0.0, 1.0]]), np.zeros(3), np.zeros(3), camera.matrix, camera.distortion
    )
    assert 0 < folded[0, 0, 0] < 1280
    assert np.isnan(project(camera, [1.5, 0, 1])).all()
    assert np.isfinite(project(camera, [0.9, 0, 1])).all()
    # A pixel beyond the largest image radius has no direction at all.
    assert np.isnan(undistort(camera, [640 + 800 * 0.7, 512])).all()


@pytest.mark.parametrize(
    "camera",
    [
        make_camera("a", (300, 20, 100), distortion=FULL, skew=5),
        make_camera("b", (300, 20, 100), distortion=FISHEYE, fisheye=True, focal=400, skew=2),
        make_camera("c", (300, 20, 100), distortion=FULL[:5]),
    ],
    ids=["tilted", "fisheye", "plain"],
)
def test_jacobian_is_the_derivative(camera):
    points, step = cloud(50), 1e-3
    pixels, jacobian = project_jacobian(camera, points)
    numerical = [
        (project(camera, points + step * axis) - project(camera, points - step * axis)) / (2 * step)
        for axis in np.eye(3)
    ]
    np.testing.assert_allclose(pixels, project(camera, points), atol=1e-10)
    np.testing.assert_allclose(jacobian, np.stack(numerical, axis=-1), atol=1e-6)


def test_rays_pass_through_the_point():
    camera = make_camera("a", (300, 20, 100), skew=2)
    points = cloud(20)
    origin, direction = rays(camera, project(camera, points))
    away = points - origin
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    np.testing.assert_allclose(direction, away, atol=1e-10)


def test_rig_arrays_follow_the_camera_order_and_keep_shapes():
    rig = pentagon_rig()
    points = cloud(30)
    pixels = project_rig(rig, points)
    assert pixels.shape == (30, 6, 2)
    for index, camera in enumerate(rig):
        np.testing.assert_array_equal(pixels[:, index], project(camera, points))
    normalised = undistort_rig(rig, pixels)
    np.testing.assert_allclose(normalised[:, 5], undistort(rig["top"], pixels[:, 5]))
    assert project(rig["top"], points.reshape(5, 6, 3)).shape == (5, 6, 2)
    assert project_rig(rig, np.zeros((0, 3))).shape == (0, 6, 2)
