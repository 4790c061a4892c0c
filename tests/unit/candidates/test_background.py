import io

import numpy as np
import pytest
from benchmarks.synthetic_dots import Scene, expose, gaussian

from napari_behaviorvlm.candidates.background import (
    Background,
    estimate_background,
    sample_frames,
)
from napari_behaviorvlm.candidates.detection import Detector
from napari_behaviorvlm.core.errors import VideoError

SHAPE = (256, 320)


def recording(dots_of, count=15, *, glow=True, hot=(), bar=False, seed=0):
    """Frames of a camera; ``dots_of(i)`` gives the dots of frame i."""
    rng = np.random.default_rng(seed)
    scene = Scene(read_noise=1.0, gain=0.02)
    still = np.full(SHAPE, 15.0)
    if glow:
        still += gaussian(SHAPE, np.array([200.0, 120.0, 40.0, 90.0]))
    if bar:
        still[30:34, 40:280] += 50  # a lit edge of the arena
    pictures = []
    for index in range(count):
        mean = still.copy()
        for dot in dots_of(index):
            mean += gaussian(SHAPE, np.array(dot, dtype=float))
        for x, y in hot:
            mean[y, x] += 60
        pictures.append(expose(mean, scene, rng))
    return pictures


def test_dots_of_a_resting_animal_stay():
    resting = [(100.3, 90.6, 50, 3.0), (112.0, 96.0, 50, 2.5), (200.5, 150.2, 120, 4.0)]
    pictures = recording(lambda _: resting)
    background = estimate_background(pictures)
    found = Detector(background)(pictures[0])
    assert len(found) == 3
    alone = Detector()(pictures[0])
    np.testing.assert_allclose(found.xy, alone.xy, atol=0.1)
    np.testing.assert_allclose(found.intensity, [50, 50, 120], rtol=0.12)


def test_static_glow_and_edges_go():
    pictures = recording(lambda i: [(60.0 + 14 * i, 200.0, 50, 3.0)], bar=True)
    background = estimate_background(pictures)
    found = Detector(background)(pictures[7])
    np.testing.assert_allclose(found.xy, [(158.0, 200.0)], atol=0.2)
    truth = 15 + gaussian(SHAPE, np.array([200.0, 120.0, 40.0, 90.0]))
    off_bar = np.r_[60:256]
    np.testing.assert_allclose(background.level[off_bar], truth[off_bar], atol=1.5)


def test_hot_pixels_are_known():
    hot = [(20, 30), (300, 200), (150, 100)]
    dots = [(100.3, 90.6, 200, 2.0)]
    background = estimate_background(recording(lambda _: dots, hot=hot))
    rows, columns = np.nonzero(background.hot)
    assert set(zip(columns.tolist(), rows.tolist(), strict=True)) == set(hot)


def test_faint_hot_pixel_does_not_move_a_dot():
    dots = [(100.0, 90.0, 15, 3.0)]
    pictures = recording(lambda _: dots, hot=[(103, 90)], count=31, glow=False)
    found = Detector(estimate_background(pictures))(pictures[0])
    np.testing.assert_allclose(found.xy, [(100, 90)], atol=0.25)


def test_order_of_frames_does_not_matter():
    pictures = recording(lambda i: [(60.0 + 14 * i, 200.0, 50, 3.0)])
    one, other = estimate_background(pictures), estimate_background(pictures[::-1])
    assert np.array_equal(one.level, other.level)
    assert np.array_equal(one.hot, other.hot)


def test_sample_is_spread_over_the_recording_and_fixed():
    sample = sample_frames(20_000)
    assert len(sample) == 31
    assert np.ptp(np.diff(sample)) <= 1
    assert sample[0] < 20_000 / 31
    assert sample[-1] > 20_000 - 20_000 / 31
    assert sample_frames(5).tolist() == [0, 1, 2, 3, 4]
    assert sample_frames(0).tolist() == []


def test_survives_a_file():
    background = estimate_background(recording(lambda _: [], hot=[(20, 30)]))
    file = io.BytesIO()
    np.savez_compressed(file, **background.to_arrays())
    file.seek(0)
    with np.load(file) as arrays:
        again = Background.from_arrays(dict(arrays))
    assert np.array_equal(again.level, background.level)
    assert np.array_equal(again.hot, background.hot)
    assert again.level.dtype == np.float32


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 5), (9, 9)])
def test_small_and_flat_pictures(shape):
    background = estimate_background([np.full(shape, 7, np.uint8)] * 2)
    assert background.level.shape == shape
    assert not background.hot.any()
    np.testing.assert_allclose(background.level, 7)


def test_one_frame_is_enough_and_nan_is_ignored():
    image = np.full((40, 50), 3.0)
    image[5, 5] = np.nan
    assert np.isfinite(estimate_background([image]).level).all()


def test_bad_frames_are_refused():
    with pytest.raises(VideoError, match="at least one"):
        estimate_background([])
    with pytest.raises(VideoError, match="differ"):
        estimate_background([np.zeros((9, 9), np.uint8), np.zeros((9, 8), np.uint8)])
