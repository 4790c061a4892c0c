import warnings

import numpy as np
import pytest
from benchmarks.synthetic_dots import HARD, Scene, cramer_rao_px, expose, frames, gaussian
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from napari_behaviorvlm.candidates.background import Background, estimate_background
from napari_behaviorvlm.candidates.detection import DetectionSettings, Detector, detect
from napari_behaviorvlm.core.errors import VideoError

SHAPE = (160, 200)


def picture(dots, *, shape=SHAPE, level=20.0, noise=1.0, seed=0, dtype="uint8"):
    """Picture of Gaussian dots (x, y, height, sigma) with read noise."""
    mean = np.zeros(shape) + level
    for dot in dots:
        mean += gaussian(shape, np.asarray(dot, dtype=float))
    scene = Scene(read_noise=noise, gain=0, dtype=dtype)
    return expose(mean, scene, np.random.default_rng(seed))


def distances(truth, found):
    """Distance of each true dot to its own found dot (one to one)."""
    between = cdist(np.asarray(truth)[:, :2], found.xy)
    rows, columns = linear_sum_assignment(between)
    assert len(rows) == len(truth)
    return between[rows, columns]


def test_hard_frames_reach_the_bound():
    pictures = frames(HARD, 5, seed=3)
    detector = Detector()
    errors, bounds, found_count = [], [], 0
    for frame in pictures:
        found = detector(frame.image)
        found_count += len(found)
        errors.append(distances(frame.dots, found))
        bounds.append(cramer_rao_px(frame, HARD))
    errors = np.concatenate(errors)
    assert errors.max() < 1.5
    assert found_count == sum(len(frame.dots) for frame in pictures)
    bound = np.sqrt(np.square(np.concatenate(bounds)).sum(axis=1).mean())
    assert np.sqrt(np.mean(errors**2)) < 1.15 * bound


@pytest.mark.parametrize(
    ("dtype", "level", "height"), [("uint8", 20, 150), ("uint16", 900, 9000), ("uint16", 3, 40)]
)
def test_centre_height_and_sigma(dtype, level, height):
    dots = [(60.3, 50.8, height, 2.5), (140.0, 110.5, height / 2, 3.5)]
    found = detect(picture(dots, level=level, dtype=dtype))
    assert len(found) == 2
    np.testing.assert_allclose(found.xy, np.array(dots)[:, :2], atol=0.2)
    np.testing.assert_allclose(found.intensity, [height, height / 2], rtol=0.1)
    np.testing.assert_allclose(found.size, [2.5, 3.5], rtol=0.08)


@settings(max_examples=25, deadline=None)
@given(
    x=st.floats(20, 180), y=st.floats(20, 140), sigma=st.floats(1.8, 4), height=st.floats(15, 200)
)
def test_one_dot_anywhere_is_found_once(x, y, sigma, height):
    found = detect(picture([(x, y, height, sigma)]))
    assert len(found) == 1
    # Three sigmas of the Cramér-Rao bound of one axis, 0.8 noise / height, and some slack.
    np.testing.assert_allclose(found.xy[0], (x, y), atol=4 * 0.8 / height + 0.02)


def test_floats_of_any_scale():
    dots = [(60.3, 50.8, 80, 2.5), (140.0, 110.5, 60, 3.5)]
    grey = picture(dots).astype(np.float64)
    plain = detect(grey)
    scaled = detect(grey / 255)
    assert len(plain) == len(scaled) == 2
    np.testing.assert_allclose(scaled.xy, plain.xy, atol=1e-2)
    np.testing.assert_allclose(scaled.intensity * 255, plain.intensity, rtol=1e-2)


@pytest.mark.parametrize("gap", [8.0, 10.0, 12.0])
@pytest.mark.parametrize("angle", [0.0, 0.5, 1.3, 2.4])
def test_close_pairs_are_told_apart(gap, angle):
    first = np.array([100.2, 80.7])
    second = first + gap * np.array([np.cos(angle), np.sin(angle)])
    dots = [(*first, 60, 2.0), (*second, 40, 2.2)]
    found = detect(picture(dots))
    assert len(found) == 2
    assert distances(dots, found).max() < 0.1


def test_overlapping_dots_do_not_pull_each_other():
    dots = [(100.2, 80.7, 60, 3.8), (112.2, 80.7, 60, 3.8)]
    found = detect(picture(dots))
    assert len(found) == 2
    assert distances(dots, found).max() < 0.1


@pytest.mark.parametrize("height", [400, 1500])
def test_saturated_dot(height):
    dots = [(100.3, 80.6, height, 3.0), (40.5, 40.2, 60, 2.5)]
    found = detect(picture(dots))
    assert len(found) == 2
    assert distances(dots, found).max() < 0.1
    assert found.intensity.max() == pytest.approx(height, rel=0.15)


def test_dots_at_the_border():
    dots = [(0.4, 60.2, 90, 2.5), (100.7, 158.6, 90, 2.5), (198.8, 1.1, 90, 2.5)]
    found = detect(picture(dots))
    assert len(found) == 3
    assert distances(dots, found).max() < 0.2


def test_dot_whose_centre_lies_outside_is_left_out():
    assert len(detect(picture([(-3.0, 60.0, 120, 2.5)]))) == 0


def test_hot_pixels_are_no_dots_and_do_not_move_them():
    dots = [(60.3, 50.8, 40, 2.5), (140.0, 110.5, 40, 3.5)]
    clean = picture(dots)
    spoilt = clean.copy()
    rng = np.random.default_rng(5)
    spoilt[rng.integers(0, 160, 80), rng.integers(0, 200, 80)] = 250
    spoilt[52, 62] = 255  # within a dot
    found = detect(spoilt)
    assert len(found) == 2
    assert distances(dots, found).max() < 0.2


def test_bright_sharp_dot_is_not_taken_for_a_hot_pixel():
    dots = [(100.0, 80.0, 220, 1.5)]
    assert len(detect(picture(dots, level=5))) == 1


def test_gradient_does_not_move_dots():
    dots = [(100.3, 80.6, 20, 3.0)]
    slope = 0.3 * np.arange(SHAPE[1])  # 0.5 px, were it not taken off
    found = detect(picture(dots, level=20 + slope))
    assert len(found) == 1
    assert distances(dots, found).max() < 0.15


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "bool", "int64"])
def test_nothing_to_see(dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for shape in [SHAPE, (0, 0), (0, 50), (1, 1), (7, 300), (9, 11)]:
            found = detect(np.ones(shape, dtype=dtype))
            assert found.xy.shape == (0, 2)
            assert len(found.intensity) == len(found.size) == 0


def test_pixels_that_are_no_numbers_do_not_count():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(detect(np.full(SHAPE, np.nan))) == 0
        assert len(detect(np.full(SHAPE, np.inf))) == 0
        spoilt = picture([(100.3, 80.6, 60, 3.0)]).astype(np.float64)
        spoilt[:40] = np.nan
        spoilt[81, 102] = np.inf
        spoilt[10, 10] = 1e300
        found = detect(spoilt)
    np.testing.assert_allclose(found.xy, [(100.3, 80.6)], atol=0.1)


def test_noise_alone_gives_nothing():
    assert (
        sum(len(detect(picture([], noise=n, seed=s))) for n in (0.2, 1, 4) for s in range(4)) == 0
    )


def test_colour_becomes_grey():
    grey = picture([(100.3, 80.6, 60, 3.0)])
    expected = detect(grey)
    for colour in (np.dstack([grey] * 3), np.dstack([grey] * 3 + [np.full_like(grey, 255)])):
        np.testing.assert_allclose(detect(colour).xy, expected.xy, atol=1e-6)


@pytest.mark.parametrize("shape", [(10,), (4, 20, 20), (20, 20, 2), (2, 20, 20, 3)])
def test_wrong_shape_is_refused(shape):
    with pytest.raises(VideoError, match="height x width"):
        detect(np.zeros(shape, np.uint8))


def test_what_is_no_picture_is_refused():
    with pytest.raises(VideoError, match="complex"):
        detect(np.zeros((20, 20), complex))
    with pytest.raises(VideoError, match="object"):
        detect(np.zeros((20, 20, 3), object))


def test_background_of_another_camera_is_refused():
    background = Background(np.zeros((50, 60), np.float32), np.zeros((50, 60), bool))
    with pytest.raises(VideoError, match=r"200 x 160 pixels .* 60 x 50"):
        detect(picture([]), background)


def test_strongest_are_kept_and_settings_have_a_key():
    dots = [(30 + 40 * i, 80.0, 30 + 20 * i, 2.5) for i in range(4)]
    found = detect(picture(dots), settings=DetectionSettings(max_candidates=2))
    np.testing.assert_allclose(found.xy[:, 0], [110, 150], atol=0.2)
    high = detect(picture(dots), settings=DetectionSettings(min_height=60))
    np.testing.assert_allclose(high.xy[:, 0], [110, 150], atol=0.2)
    assert DetectionSettings().key() != DetectionSettings(threshold=7).key()
    assert hash(DetectionSettings()) == hash(DetectionSettings())


def test_same_answer_whatever_was_seen_before():
    pictures = [frame.image for frame in frames(Scene(size=(320, 256), singles=4, pairs=2), 4)]
    background = estimate_background(pictures)
    forward, backward = Detector(background), Detector(background)
    there = [forward(image) for image in pictures]
    back = [backward(image) for image in pictures[::-1]][::-1]
    for one, other in zip(there, back, strict=True):
        assert np.array_equal(one.xy, other.xy)
        assert np.array_equal(one.size, other.size)


def test_views_and_read_only_pictures_are_left_alone():
    image = picture([(100.3, 80.6, 60, 3.0)])
    image.setflags(write=False)
    whole = detect(image)
    turned = detect(image.T)
    np.testing.assert_allclose(turned.xy[:, ::-1], whole.xy, atol=1e-2)


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.1, 2.5])
@pytest.mark.parametrize(("gap", "second_height"), [(6.5, 60), (7.0, 60), (7.0, 45)])
def test_pairs_without_a_valley_are_split(gap, second_height, angle):
    first = np.array([100.2, 80.7])
    second = first + gap * np.array([np.cos(angle), np.sin(angle)])
    dots = [(*first, 60, 2.2), (*second, second_height, 2.2)]
    found = detect(picture(dots))
    assert len(found) == 2
    assert distances(dots, found).max() < 0.35


@pytest.mark.parametrize("length", [3, 6, 9, 12])
def test_dot_smeared_by_motion_stays_one(length):
    along = np.linspace(-length / 2, length / 2, 9)
    found = detect(picture([(100 + 0.9 * t, 80 + 0.4 * t, 90 / 9, 2.5) for t in along]))
    assert len(found) == 1
    np.testing.assert_allclose(found.xy, [(100, 80)], atol=0.2)


@pytest.mark.parametrize("angle", [0, 25, 90])
def test_edges_and_lines_are_no_dots(angle):
    import cv2

    step = np.zeros((400, 400), np.float32)
    step[200:, :] = 50
    line = np.zeros((400, 400), np.float32)
    line[200:204, :] = 50
    turn = cv2.getRotationMatrix2D((200, 200), angle, 1)
    # A row of Gaussians can look like a line; all but a few of its peaks are refused.
    for shape, most in ((step, 0), (line, 2)):
        turned = cv2.warpAffine(shape, turn, (400, 400), borderMode=cv2.BORDER_REPLICATE)
        image = picture([], shape=(160, 200), level=20 + turned[120:280, 100:300])
        assert len(detect(image)) <= most


def test_compression_blotches_are_no_dots():
    rng = np.random.default_rng(0)
    blotches = np.kron(rng.integers(0, 4, (20, 25)), np.ones((8, 8)))
    image = picture([(100.3, 80.6, 12, 2.5)], level=20 + blotches, noise=0.1)
    assert len(detect(image)) <= 2
    assert np.abs(detect(image).xy - (100.3, 80.6)).max(axis=1).min() < 1
