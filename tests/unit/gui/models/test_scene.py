"""The 3D view's geometry: what stands where, and where it is drawn."""

import numpy as np
import pytest
from tests.unit.geometry.rigs import look_at, pentagon_rig, rodrigues

from napari_behaviorvlm.core.camera import Camera, Rig
from napari_behaviorvlm.geometry.projection import project
from napari_behaviorvlm.gui.models.orbit import Orbit, orbit_along, orbit_around
from napari_behaviorvlm.gui.models.scene import ellipses, make_stage, round_length, trail

Z = np.array([0.0, 0, 1])
SIZE = (600, 400)


def walk(n_frames=200, up=2, height=0.0):
    """Two points that wander over a floor, 3 to 25 above it."""
    rng = np.random.default_rng(1)
    points = np.empty((n_frames, 2, 3))
    around = np.cumsum(rng.normal(0, 8, (n_frames, 2)), axis=0)
    points[..., [axis for axis in range(3) if axis != up]] = around[:, None]
    points[:, 0, up] = height + rng.uniform(0, 6, n_frames)
    points[:, 1, up] = height + rng.uniform(15, 25, n_frames)
    return points


def test_what_is_higher_in_the_world_is_higher_on_the_screen():
    orbit = orbit_around(np.zeros(3), 50, Z)
    (low, high), _ = orbit.project(np.array([[0.0, 0, 0], [0, 0, 30]]), SIZE)
    assert low == pytest.approx((300, 200))
    assert high[0] == pytest.approx(300)
    assert high[1] < 150


def test_the_picture_is_not_mirrored():
    # Seen from the front with z up, x cross y points at the eye: x to the right, then y is behind.
    orbit = Orbit(np.zeros(3), 200, 0, 0, Z)
    right, up, back = orbit.axes
    np.testing.assert_allclose(np.cross(right, up), back, atol=1e-12)
    xy, depth = orbit.project(np.array([10 * right, 10 * back]), SIZE)
    assert xy[0, 0] > 300
    assert depth == pytest.approx([200, 190])


def test_a_ball_fits_the_smaller_side():
    orbit = orbit_around(np.array([5.0, 6, 7]), 50, Z)
    right, up, _ = orbit.axes
    rim = np.array([5.0, 6, 7]) + 50 * np.array([right, up, -right, -up])
    xy, _ = orbit.project(rim, SIZE)
    assert (xy > 0).all()
    assert (xy < SIZE).all()
    assert xy[0, 0] - xy[2, 0] > 0.8 * min(SIZE)


def test_behind_the_eye_is_nothing():
    orbit = orbit_around(np.zeros(3), 50, Z)
    xy, depth = orbit.project((orbit.eye + 5 * orbit.axes[2])[None], SIZE)
    assert np.isnan(xy).all()
    assert depth[0] < 0


def test_a_drag_to_the_right_takes_the_near_side_to_the_right():
    orbit = orbit_around(np.zeros(3), 50, Z, elevation=0)
    near = 30 * orbit.axes[2]
    before = orbit.project(near, SIZE)[0]
    assert orbit.turned(20, 0).project(near, SIZE)[0][0] > before[0] + 20
    assert orbit.turned(0, 20).project(near, SIZE)[0][1] > before[1] + 20
    assert orbit.turned(0, 500).elevation == 90


def test_shifting_by_pixels_shifts_by_pixels():
    orbit = orbit_around(np.array([1.0, 2, 3]), 50, Z)
    at = orbit.moved(30, -12, SIZE).project(np.array([1.0, 2, 3]), SIZE)[0]
    np.testing.assert_allclose(at, (330, 188), atol=1e-9)


def test_zooming_magnifies_the_middle():
    orbit = orbit_around(np.zeros(3), 50, Z)
    point = 0.1 * orbit.axes[0]
    away = orbit.project(point, SIZE)[0][0] - 300
    assert orbit.zoomed(2).project(point, SIZE)[0][0] - 300 == pytest.approx(2 * away)


@pytest.mark.parametrize("center", [(300, 40, 120), (-200, 250, 90), (3, 2, 400)])
def test_seen_along_a_camera_things_lie_as_in_its_picture(center):
    rotation, translation = look_at(center)
    matrix = np.array([[1500.0, 0, 319.5], [0, 1500, 239.5], [0, 0, 1]])
    camera = Camera("a", (640, 480), matrix, np.zeros(5), rodrigues(rotation), translation)
    orbit = orbit_along(camera, np.array([4.0, 3, 0]), Z)
    points = np.random.default_rng(0).uniform(-20, 20, (30, 3))
    drawn, _ = orbit.project(points, (640, 480))
    np.testing.assert_allclose(drawn - (0.5, 0.5), project(camera, points), atol=0.5)


def test_a_camera_mounted_upside_down_is_seen_upright():
    rotation, translation = look_at((300, 0, 100))
    flip = np.diag([-1.0, -1, 1])
    matrix = np.array([[1500.0, 0, 320], [0, 1500, 240], [0, 0, 1]])
    camera = Camera(
        "a", (640, 480), matrix, np.zeros(5), rodrigues(flip @ rotation), flip @ translation
    )
    orbit = orbit_along(camera, np.zeros(3), Z)
    low, high = orbit.project(np.array([[0.0, 0, 0], [0, 0, 20]]), SIZE)[0]
    assert high[1] < low[1] - 10


def test_the_stage_stands_on_the_floor():
    stage = make_stage(pentagon_rig(), walk())
    np.testing.assert_allclose(stage.up, Z)
    assert (stage.floor[:, 2] == 0).all()  # the world's zero fits
    assert stage.tile in {10, 20, 50}
    inside = stage.floor[:, :2]
    assert (inside.min(0) < walk()[..., :2].min((0, 1))).all()
    assert (inside.max(0) > walk()[..., :2].max((0, 1))).all()
    far = max(np.linalg.norm(camera.center - stage.center) for camera in pentagon_rig())
    assert far < stage.everything < 1.2 * far


def test_the_floor_is_estimated_where_the_worlds_zero_is_elsewhere():
    stage = make_stage(pentagon_rig(), walk(height=-70.0))
    assert stage.floor[:, 2] == pytest.approx(np.full(4, -70.0), abs=1)


def test_up_may_be_any_axis_and_any_sign():
    points = walk(up=1)
    rig = Rig(tuple(
        Camera(f"c{at}", (640, 480), np.diag([700.0, 700, 1]), np.zeros(5), rodrigues(turn), shift)
        for at, (turn, shift) in enumerate(
            look_at(center, up=(0, -1, 0)) for center in [(300, -90, 0), (-200, -80, 200)]
        )
    ))  # fmt: skip
    points[..., 1] *= -1
    stage = make_stage(rig, points)
    np.testing.assert_allclose(stage.up, (0, -1, 0))
    low, high = stage.animal_view.project(np.array([[0.0, 0, 0], [0, -30, 0]]), SIZE)[0]
    assert high[1] < low[1]


def test_a_stage_without_points_is_where_the_cameras_look():
    stage = make_stage(pentagon_rig(), np.full((5, 2, 3), np.nan))
    assert np.linalg.norm(stage.center) < 30
    assert stage.radius > 10


def test_trails_end_at_the_frame_and_stay_short():
    points = np.arange(5000.0)[:, None, None] * np.ones((1, 2, 3))
    assert trail(points, 40, 10.0)[:, 0, 0].tolist() == list(range(30, 41))
    assert trail(points, 3, 10.0)[:, 0, 0].tolist() == [0, 1, 2, 3]
    fast = trail(points, 2000, 1000.0)
    assert fast[-1, 0, 0] == 2000
    assert len(fast) <= 31
    assert 1000 <= fast[0, 0, 0] < 1040


@pytest.mark.parametrize(("length", "rounded"), [(17, 20), (0.7, 0.5), (3600, 5000), (9, 10)])
def test_round_lengths(length, rounded):
    assert round_length(length) == pytest.approx(rounded)


def test_ellipses_are_as_large_as_the_points_they_stand_for_scatter():
    orbit = orbit_around(np.zeros(3), 50, Z, azimuth=20)
    covariance = np.diag([4.0, 1.0, 0.25])
    point = np.array([[8.0, -5, 3]])
    outline = ellipses(orbit, SIZE, point, covariance[None], sigmas=1.0)[0]
    cloud = np.random.default_rng(0).multivariate_normal(point[0], covariance, 20000)
    drawn, _ = orbit.project(cloud, SIZE)
    spread = np.cov(drawn.T)
    assert np.abs(outline[:-1] - outline[:-1].mean(0)).max(0) == pytest.approx(
        np.sqrt(np.diag(spread)), rel=0.05
    )
    assert np.isnan(ellipses(orbit, SIZE, point, np.full((1, 3, 3), np.nan))).all()
