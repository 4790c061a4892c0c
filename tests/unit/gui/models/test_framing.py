"""What is looked at lies in the middle of every box, equally large in all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.geometry.rigs import pentagon_rig

from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.gui.models import framing

SIZES = np.array([[1280.0, 1024], [640, 480], [1000, 1000]])


@given(
    count=st.integers(1, 12), width=st.floats(200, 4000), height=st.floats(200, 3000),
)  # fmt: skip
def test_grid_holds_all_views_without_an_empty_row(count, width, height):
    rows, columns = framing.grid_shape(count, (width, height), (1280, 1024))
    assert rows * columns >= count
    assert (rows - 1) * columns < count


@pytest.mark.parametrize(
    ("count", "canvas", "shape"),
    [(6, (1500, 900), (2, 3)), (6, (900, 1500), (3, 2)), (1, (800, 600), (1, 1)),
     (8, (1800, 800), (2, 4)), (5, (1500, 900), (2, 3)), (12, (1600, 950), (3, 4))],
)  # fmt: skip
def test_grid_follows_the_shape_of_the_canvas(count, canvas, shape):
    assert framing.grid_shape(count, canvas, (1280, 1024)) == shape


def test_pictures_of_all_sizes_are_fitted_middle_on_middle():
    placement = framing.fit(SIZES)
    first = placement.translate
    last = placement.scale[:, None] * (SIZES - 1) + first
    np.testing.assert_allclose(first + last, 0, atol=1e-9)
    extent = placement.scale[:, None] * SIZES
    assert (extent <= SIZES.max(axis=0) + 1e-9).all()
    np.testing.assert_allclose((extent / SIZES.max(axis=0)).max(axis=1), 1)


def rig_and_points():
    rig = pentagon_rig()
    offset = np.array([12, -7, 3])
    points = np.random.default_rng(2).normal(scale=8, size=(9, 3)) + offset
    return rig, points, np.moveaxis(project_rig(rig, points), 1, 0)


def test_following_puts_the_animal_on_the_origin_of_every_view_at_one_size():
    rig, points, seen = rig_and_points()
    sizes = np.array([camera.size or (1000, 800) for camera in rig], float)
    animal = framing.find_animal(
        rig, points, np.full_like(seen, np.nan), [np.zeros((0, 2))] * len(rig)
    )
    placement = framing.follow(animal, sizes)
    middle = project_rig(rig, np.median(points, axis=0)[None])[0]
    world = placement.scale[:, None] * middle + placement.translate
    np.testing.assert_allclose(world, 0, atol=1e-9)
    # One step of a millimetre across the view is as long in the world of every view.
    lengths = placement.scale * animal.magnification
    np.testing.assert_allclose(lengths, lengths[0], rtol=0.06)


def test_without_a_point_labels_count_and_without_labels_dots():
    rig, points, seen = rig_and_points()
    nothing = np.full_like(points, np.nan)
    labels = np.full_like(seen, np.nan)
    labels[1, :4] = seen[1, :4]
    dots = [np.zeros((0, 2))] * len(rig)
    dots[2] = seen[2] + 1
    animal = framing.find_animal(rig, nothing, labels, dots)
    np.testing.assert_allclose(animal.centres[1], np.median(seen[1, :4], axis=0))
    np.testing.assert_allclose(animal.centres[2], np.median(seen[2], axis=0) + 1)
    assert np.isnan(animal.centres[[0, 3, 4, 5]]).all()
    sizes = np.tile([1000.0, 800], (len(rig), 1))
    placement = framing.follow(animal, sizes)
    np.testing.assert_allclose(placement.translate[0], -placement.scale[0] * (sizes[0] - 1) / 2)


def test_views_that_do_not_see_the_keypoint_show_the_animal():
    rig, points, seen = rig_and_points()
    animal = framing.find_animal(rig, points, seen, [np.zeros((0, 2))] * len(rig))
    sizes = np.tile([1000.0, 800], (len(rig), 1))
    keypoint = seen[:, 3].copy()
    keypoint[-1] = np.nan
    placement = framing.centre_on(keypoint, animal, sizes)
    world = placement.scale[:, None] * np.vstack([keypoint[:-1], animal.centres[-1:]])
    np.testing.assert_allclose(world + placement.translate, 0, atol=1e-9)


def test_zooms_fill_the_box_and_never_see_less_than_48_pixels():
    rig, points, seen = rig_and_points()
    animal = framing.find_animal(rig, points, seen, [np.zeros((0, 2))] * len(rig))
    sizes = np.tile([1000.0, 800], (len(rig), 1))
    placement = framing.follow(animal, sizes)
    box = (500.0, 400.0)
    whole = framing.animal_zoom(animal, placement, box)
    largest = np.nanmax(animal.spans * placement.scale)
    assert whole * largest == pytest.approx(framing.ANIMAL_SHARE * 400)
    near = framing.keypoint_zoom(animal, placement, sizes, box)
    assert whole < near <= 400 / 48
    lost = framing.Animal(np.full((len(rig), 2), np.nan), *[np.full(len(rig), np.nan)] * 2)
    assert framing.animal_zoom(lost, placement, box) is None
    assert framing.keypoint_zoom(lost, placement, sizes, box) > 0
