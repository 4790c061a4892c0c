"""Pictures as they are sent: exact maps, legible numbers."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_behaviorvlm.vlm import marks
from napari_behaviorvlm.vlm.marks import STYLE, draw_marks
from napari_behaviorvlm.vlm.picture_map import PictureMap, grown
from napari_behaviorvlm.vlm.pictures import cut, eight_bit, marked_picture, overview
from napari_behaviorvlm.vlm.placement import place_labels
from napari_behaviorvlm.vlm.tokens import SMALL_LIMITS, ImageLimits, image_tokens

SAMPLE = Path(__file__).parents[3] / "sample_data/six_view_mouse"
SIZE = (640, 480)


def decoded(image):
    return cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


coordinate = st.floats(-50, 700)


@given(
    coordinate, coordinate, coordinate, coordinate, st.sampled_from([ImageLimits(), SMALL_LIMITS])
)
@settings(max_examples=200)
def test_maps_go_there_and_back_and_stay_inside(x0, y0, x1, y1, limits):
    window = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    where = PictureMap.of_window(window, SIZE, limits)
    points = np.array([[0.0, 0.0], [123.4, 56.7]])
    assert where.to_frame(where.to_picture(points)) == pytest.approx(points)
    corners = where.to_frame([(-0.5, -0.5), (where.width - 0.5, where.height - 0.5)])
    assert corners.min() >= -0.5 - 1 / where.scale
    assert (corners[1] <= np.array(SIZE) - 0.5 + 1 / where.scale).all()
    assert max(where.width, where.height) <= limits.long_edge
    assert image_tokens(where.width, where.height) <= limits.tokens
    assert where.scale <= 4
    # The contract's formula.
    facts = where.facts()
    at = (points - facts.origin) * facts.scale
    assert at == pytest.approx(where.to_picture(points))


@pytest.mark.parametrize("where", [
    PictureMap.of_frame(*SIZE, ImageLimits()),
    PictureMap.of_frame(*SIZE, ImageLimits(), most=0.37),
    PictureMap.of_window((300, 200, 380, 260), SIZE, ImageLimits()),
    PictureMap.of_window((250.2, 150.7, 480, 390), SIZE, ImageLimits()),
])  # fmt: skip
def test_what_lies_at_a_frame_pixel_lies_where_the_map_says(where):
    truth = np.array([331.0, 233.0])
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    frame = 255 * np.exp(-((columns - truth[0]) ** 2 + (rows - truth[1]) ** 2) / 2 / 9)
    picture = cut(frame.astype(np.uint8), where)[..., 0].astype(float)
    rows, columns = np.mgrid[: where.height, : where.width]
    found = np.array([(picture * columns).sum(), (picture * rows).sum()]) / picture.sum()
    assert where.to_frame(found) == pytest.approx(truth, abs=0.05)


def test_candidates_outside_the_picture_are_not_told():
    frame = np.full((480, 640), 128, np.uint8)
    where = PictureMap.of_window((300, 200, 380, 260), SIZE, ImageLimits())
    xy = np.array([[340, 230], [10, 10], [np.nan, np.nan], [379.9, 259.9], [350, 235]])
    shown = marked_picture(eight_bit(frame), where, [7, 8, 9, 10, 11], xy)
    assert [c.number for c in shown.candidates] == [7, 11]
    assert (shown.candidates[0].x, shown.candidates[0].y) == (340, 230)
    assert (shown.image.width, shown.image.height) == (where.width, where.height)
    assert decoded(shown.image).shape == (where.height, where.width, 3)


def test_pictures_without_candidates_and_of_any_depth():
    where = PictureMap.of_frame(*SIZE, ImageLimits())
    for frame in (np.zeros((480, 640), np.uint16), np.zeros((480, 640, 3), np.uint8)):
        shown = marked_picture(eight_bit(frame), where, [], np.zeros((0, 2)))
        assert shown.candidates == []
        assert decoded(shown.image).shape == (480, 640, 3)


def test_the_same_input_gives_the_same_bytes():
    frame = np.random.default_rng(0).integers(0, 255, (480, 640), np.uint8)
    xy = np.random.default_rng(1).uniform(100, 300, (15, 2))
    where = PictureMap.of_frame(*SIZE, ImageLimits())
    first, second = (
        marked_picture(eight_bit(frame), where, range(1, 16), xy).image for _ in range(2)
    )
    assert first.digest == second.digest


def test_rings_lie_around_the_dots():
    picture = np.full((200, 300, 3), 90, np.uint8)
    drawn = draw_marks(picture, [3], np.array([[150.0, 100.0]]))
    assert tuple(drawn[100, 157]) == STYLE.line
    assert tuple(drawn[100, 143]) == STYLE.line
    assert (drawn[98:103, 148:153] == 90).all()  # what it marks stays to be seen
    assert (picture == 90).all()


@pytest.mark.parametrize("crowd", [20.0, 60.0, 200.0])
def test_labels_hide_neither_dots_nor_each_other(crowd):
    rng = np.random.default_rng(4)
    dots = 350 + rng.uniform(-crowd, crowd, (14, 2))
    sizes = np.full((14, 2), [38.0, 27.0])
    places = place_labels(dots, sizes, (700, 700), STYLE.ring)
    assert places.clear.all()
    low, high = places.center - sizes / 2, places.center + sizes / 2
    for i in range(14):
        apart = (low[i] > high + 1) | (high[i] < low - 1)
        assert apart.any(1).sum() == 13
        covered = ((dots > low[i] - STYLE.ring) & (dots < high[i] + STYLE.ring)).all(1)
        assert not covered.any()


def test_an_overview_shows_where_the_crop_lies():
    frame = np.zeros((480, 640), np.uint8)
    where = PictureMap.of_window((320, 240, 480, 360), SIZE, ImageLimits())
    small = overview(eight_bit(frame), where)
    assert (small.width, small.height) == (280, 210)
    assert image_tokens(small.width, small.height) == 80
    yellow = (decoded(small).astype(int) @ [1, 1, -1]) > 250
    rows, columns = np.nonzero(yellow)
    assert columns.min() == pytest.approx(140, abs=2)
    assert rows.max() == pytest.approx(157, abs=2)


@pytest.mark.slow
def test_numbers_are_legible(monkeypatch):
    """At least 95 % of the numbers are read, each at its place, over fur, black, and each other."""
    rapidocr = pytest.importorskip("rapidocr", reason="reads the numbers")
    from napari_behaviorvlm.io.video import open_video

    placed = []
    monkeypatch.setattr(
        marks, "place_labels", lambda *a: placed.append(place_labels(*a)) or placed[-1]
    )
    with np.load(SAMPLE / "truth.npz") as arrays:
        truth = arrays["projections"]
    rng = np.random.default_rng(0)
    reader = rapidocr.RapidOCR()
    right = total = 0
    for camera, frame in [(0, 140), (2, 0), (5, 80)]:
        with open_video(SAMPLE / f"reflectance_cam{camera}.mp4") as video:
            picture = video.read(frame)
        dots = truth[frame, camera]
        dots = np.concatenate([dots, dots[:5] + rng.normal(0, 25, (5, 2))])  # and reflections
        numbers = rng.permutation(len(dots)) + 1
        box = grown((*dots[:12].min(0), *dots[:12].max(0)), 0.25)
        for where in (
            PictureMap.of_frame(1024, 1024, ImageLimits()),
            PictureMap.of_window(box, (1024, 1024), ImageLimits()),
        ):
            sent = marked_picture(eight_bit(picture), where, numbers, dots)
            read = reader(np.ascontiguousarray(decoded(sent.image)[..., ::-1]))
            found = list(zip(read.txts, np.mean(read.boxes, axis=1), strict=True))
            for candidate, center in zip(sent.candidates, placed[-1].center, strict=True):
                near = [text for text, at in found if np.abs(at - center).max() < 14]
                right += near == [str(candidate.number)]
                total += 1
    assert total > 95
    assert right / total >= 0.95
