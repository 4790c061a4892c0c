"""The shipped sample session agrees with itself and with its README."""

import csv
import tomllib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from napari_behaviorvlm.core.skeleton import Skeleton

SAMPLE = Path(__file__).parents[3] / "sample_data" / "six_view_mouse"
CAMERAS = [f"cam{n}" for n in range(6)]
FRAMES = 240
SKELETON = Skeleton.quantum_dot_mouse()


@pytest.fixture(scope="module")
def truth():
    with np.load(SAMPLE / "truth.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def calibration():
    tables = tomllib.loads((SAMPLE / "calibration.toml").read_text(encoding="utf-8"))
    return {table["name"]: table for key, table in tables.items() if key != "metadata"}


def fluorescence(camera):
    """Every fourth frame and its number."""
    with av.open(str(SAMPLE / f"fluorescence_{camera}.mp4")) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % 4 == 0:
                luma = frame.to_ndarray()[: frame.height].astype(np.float32)
                yield number, (luma - 16) * (255 / 219)


def test_arrays_have_the_shapes_of_the_readme(truth):
    assert truth["points3d"].shape == (FRAMES, 12, 3)
    assert truth["projections"].shape == (FRAMES, 6, 12, 2)
    assert truth["visible"].shape == truth["level"].shape == (FRAMES, 6, 12)
    assert truth["visible"].dtype == bool
    assert set(truth["behaviour"]) == {"walk", "turn", "rear", "groom", "rest"}


@pytest.mark.parametrize("kind", ["reflectance", "fluorescence"])
@pytest.mark.parametrize("camera", CAMERAS)
def test_videos_are_alike_and_plain(kind, camera):
    with av.open(str(SAMPLE / f"{kind}_{camera}.mp4")) as container:
        stream = container.streams.video[0]
        assert len(container.streams) == 1
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == (1024, 1024)
        assert stream.average_rate == Fraction(143, 5)
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert len(packets) == FRAMES
    assert all(packet.pts == packet.dts for packet in packets)  # no B-frames
    keys = np.flatnonzero([packet.is_keyframe for packet in packets])
    assert keys[0] == 0
    assert np.diff(keys).max() <= 30


def test_whole_session_is_small():
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) <= 25e6


def test_skeleton_file_is_the_default_skeleton():
    table = tomllib.loads((SAMPLE / "skeleton.toml").read_text(encoding="utf-8"))
    assert tuple(table["keypoints"]) == SKELETON.keypoints
    assert [tuple(edge) for edge in table["edges"]] == list(SKELETON.edges)
    assert {name: tuple(group) for name, group in table["regions"].items()} == SKELETON.regions
    assert [tuple(pair) for pair in table["symmetric"]] == list(SKELETON.symmetric)


def test_truth_is_the_projection_of_its_points(truth, calibration):
    assert list(calibration) == CAMERAS
    for number, camera in enumerate(CAMERAS):
        table = calibration[camera]
        assert table["size"] == [1024, 1024]
        pixels, _ = cv2.projectPoints(
            truth["points3d"].reshape(-1, 1, 3),
            *(np.array(table[key]) for key in ("rotation", "translation", "matrix", "distortions")),
        )
        error = pixels.reshape(FRAMES, 12, 2) - truth["projections"][:, number]
        assert np.abs(error).max() < 1e-3


def test_animal_has_plausible_bones_and_moves_smoothly(truth):
    points = truth["points3d"]
    assert points[..., 2].min() > 0
    assert np.linalg.norm(points[..., :2], axis=-1).max() < 165
    back = np.linalg.norm(points[:, 2] - points[:, 3], axis=-1)
    assert back.min() > 15
    assert back.max() < 40
    # 28.6 frames a second: even a stroking paw moves less than 0.6 m a second.
    assert np.linalg.norm(np.diff(points, axis=0), axis=-1).max() < 20


def test_left_is_left(truth):
    """Seen from above with the tail behind, left points lie counter-clockwise of right ones."""
    points = truth["points3d"][:116]  # walking and turning: the animal is level
    forward = points[:, 2, :2] - points[:, 4, :2]
    for left, right in SKELETON.symmetric_indices:
        across = points[:, left, :2] - points[:, right, :2]
        turn = forward[:, 0] * across[:, 1] - forward[:, 1] * across[:, 0]
        assert (turn > 0).mean() > 0.98


def test_visible_dots_glow_where_truth_says(truth):
    brighter = centred = total = 0
    offsets = []
    for number, camera in enumerate(CAMERAS):
        for frame, image in fluorescence(camera):
            for k in np.flatnonzero(truth["visible"][frame, number]):
                x, y = np.round(truth["projections"][frame, number, k]).astype(int)
                near = image[max(y - 12, 0) : y + 13, max(x - 12, 0) : x + 13]
                core = image[y - 1 : y + 2, x - 1 : x + 2].mean()
                surroundings = np.median(near)
                noise = 1.4826 * np.median(np.abs(near - surroundings)) + 0.5
                total += 1
                brighter += core > surroundings + 2 * noise
                if truth["level"][frame, number, k] > 60:
                    offsets.append(_centroid(image, x, y) - truth["projections"][frame, number, k])
                    centred += 1
    assert total > 8000 / 4
    assert brighter / total >= 0.95
    assert centred > 2000 / 4
    assert np.median(np.linalg.norm(offsets, axis=1)) < 0.25


def _centroid(image, x, y):
    patch = image[y - 5 : y + 6, x - 5 : x + 6]
    weight = np.clip(patch - np.median(patch) - 0.1 * np.ptp(patch), 0, None)
    row, column = np.mgrid[y - 5 : y + 6, x - 5 : x + 6]
    return np.array([(weight * column).sum(), (weight * row).sum()]) / weight.sum()


def test_something_else_glows_too(truth):
    """False candidates: most frames hold bright places far from every dot."""
    with_false = 0
    for frame, image in fluorescence("cam4"):
        smooth = cv2.GaussianBlur(image, (0, 0), 2) - cv2.GaussianBlur(image, (0, 0), 8)
        for x, y in truth["projections"][frame, 4]:
            cv2.circle(smooth, (round(x), round(y)), 12, 0, -1)
        with_false += smooth.max() > 3
    assert with_false > 0.9 * FRAMES / 4


def test_every_keypoint_is_often_seen_by_two_cameras(truth):
    often = (truth["visible"].sum(axis=1) >= 2).mean(axis=0)
    assert often.min() > 0.5
    assert often.mean() > 0.8
    missing = truth["visible"].mean(axis=(0, 2))
    assert missing.max() < 0.9  # no camera sees everything


def test_seeds_agree_with_truth(truth):
    with (SAMPLE / "seeds.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    frames = sorted({int(row["frame"]) for row in rows})
    assert len(frames) == 3
    assert len(set(truth["behaviour"][frames])) == 3
    assert len(rows) == 3 * 6 * 12
    for row in rows:
        place = int(row["frame"]), CAMERAS.index(row["camera"]), SKELETON.index(row["keypoint"])
        assert (row["x"] != "") == (row["y"] != "") == bool(truth["visible"][place])
        if row["x"]:
            error = np.array([float(row["x"]), float(row["y"])]) - truth["projections"][place]
            assert np.linalg.norm(error) < 1.5
    seen = truth["visible"][frames].sum(axis=1)
    assert (seen.max(axis=0) >= 2).all()  # every keypoint can be triangulated in some seed
