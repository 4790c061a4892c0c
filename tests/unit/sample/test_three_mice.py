"""The behaviour sample is what its README says, and its generator draws what its truth tells."""

import csv
import hashlib

import numpy as np
import pytest
from sample_data.three_mice_generator.behaving import BEHAVIORS
from sample_data.three_mice_generator.body import KEYPOINTS
from sample_data.three_mice_generator.session import FPS, Session

from napari_behaviorvlm.io.poses import read_poses
from napari_behaviorvlm.io.samples import three_mice
from napari_behaviorvlm.io.video import open_video

SAMPLE = three_mice()


@pytest.fixture(scope="module")
def truth():
    with np.load(SAMPLE.truth) as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_the_video_is_a_minute_and_small():
    with open_video(SAMPLE.video) as video:
        assert (len(video), video.size) == (1500, (640, 480))
        assert float(video.info.fps) == FPS
    assert sum(path.stat().st_size for path in SAMPLE.folder.iterdir()) < 5e6


def test_every_behaviour_happens_often_enough(truth):
    seconds = np.bincount(truth["behaviour"].ravel(), minlength=8) / FPS
    assert tuple(truth["behaviours"]) == BEHAVIORS
    assert seconds.min() >= 3
    with SAMPLE.events.open() as file:
        events = list(csv.DictReader(file))
    for name in BEHAVIORS:
        assert sum(event["label"] == name for event in events) >= 2
    for event in events:
        animal = list(truth["animals"]).index(event["animal"])
        rows = slice(int(event["start_frame"]), int(event["end_frame"]) + 1)
        assert (truth["behaviour"][rows, animal] == BEHAVIORS.index(event["label"])).all()
    assert sum(int(e["end_frame"]) - int(e["start_frame"]) + 1 for e in events) == 4500


def test_mice_lie_where_the_truth_says(truth):
    centre = truth["keypoints"][:, :, KEYPOINTS.index("centre")]
    assert np.isfinite(truth["keypoints"]).all()
    with open_video(SAMPLE.video) as video:
        for frame in (0, 333, 777, 1499):
            picture = video.read(frame)
            for x, y in np.round(centre[frame]).astype(int):
                assert picture[y, x] < 80  # fur
            assert np.median(picture) > 120  # bedding


def test_animals_touch_and_part(truth):
    centre = truth["keypoints"][:, :, KEYPOINTS.index("centre")]
    gaps = np.linalg.norm(centre[:, [0, 0, 1]] - centre[:, [1, 2, 2]], axis=2)
    begins = (np.diff((gaps < 40).astype(int), axis=0) == 1).sum()
    assert begins >= 8


def test_poses_are_the_truth_with_noise(truth):
    tracks = read_poses(SAMPLE.poses, FPS)
    assert tracks.animals == tuple(truth["animals"])
    assert tracks.keypoints == KEYPOINTS
    away = np.linalg.norm(tracks.positions - truth["keypoints"], axis=-1)
    assert np.nanmedian(away) == pytest.approx(1.18, abs=0.05)  # of noise with 1 px each way
    assert np.isnan(away).mean() == pytest.approx(0.02, abs=0.005)


def test_the_same_seed_gives_the_same_recording():
    one, other = Session.make(1.0, 3), Session.make(1.0, 3)
    np.testing.assert_array_equal(one.keypoints, other.keypoints)
    digests = {hashlib.sha256(next(each.pictures()).tobytes()).hexdigest() for each in (one, other)}
    assert len(digests) == 1
    assert not np.array_equal(Session.make(1.0, 4).keypoints, one.keypoints)
