"""Sprites, the placing of writing, and how marks become quads."""

import numpy as np
import pytest

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.gui.models.frame_marks import ViewMarks
from napari_behaviorvlm.gui.models.palette import Form, Shape
from napari_behaviorvlm.gui.views.marks_overlay import MarkPainter, Pointed, nearest_mark
from napari_behaviorvlm.gui.views.sprites import SpriteAtlas
from napari_behaviorvlm.gui.views.text_places import place_texts

MOUSE = Skeleton.quantum_dot_mouse()
NOWHERE = Pointed()


@pytest.fixture
def painter(qapp):
    return MarkPainter(MOUSE)


def some_marks(dots, labels, keypoints, selected=0, taken=None, crosses=()):
    dots, labels = np.reshape(dots, (-1, 2)), np.reshape(labels, (-1, 2))
    crosses = np.reshape(np.array(crosses, float), (-1, 2))
    nothing, none = np.zeros((0, 2, 2)), np.zeros(0, np.intp)
    count = len(dots)
    return ViewMarks(
        camera=0, selected=selected, chosen_view=False, dots=dots.astype(float),
        numbers=np.arange(count) + 1,
        taken=np.full(count, -1) if taken is None else np.array(taken),
        labels=labels.astype(float), keypoints=np.array(keypoints, np.intp),
        statuses=np.full(len(labels), Status.PROPOSED, np.intp),
        flagged=np.zeros(len(labels), bool), crosses=crosses,
        crossed=np.array(keypoints[: len(crosses)], np.intp), errors=nothing, erring=none,
        bones=nothing, guides=nothing, guided=none, proposals=np.zeros((0, 2)), proposed=none,
    )  # fmt: skip


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_sprites_do_not_touch_each_other_in_the_atlas(qapp, ratio):
    atlas = SpriteAtlas(ratio)
    atlas.texts(MOUSE.keypoints)
    height, width = atlas.sprites.image.shape[:2]
    cover = np.zeros((height, width), int)
    for left, top, right, bottom in atlas.sprites.boxes * (width, height, width, height):
        cover[round(top) - 1 : round(bottom) + 1, round(left) - 1 : round(right) + 1] += 1
    assert cover.max() == 1
    assert not (atlas.sprites.image[..., 3] * (cover == 0)).any()
    first = atlas.sprites.sizes[atlas.icon("dot")]
    assert first == pytest.approx((18, 18))


def test_every_side_and_status_looks_different(qapp):
    atlas = SpriteAtlas()
    sprites = atlas.sprites
    height, width = sprites.image.shape[:2]
    seen = set()
    for shape in Shape:
        for form in Form:
            box = sprites.boxes[atlas.label(shape, form)] * (width, height, width, height)
            left, top, right, bottom = np.round(box).astype(int)
            seen.add(sprites.image[top:bottom, left:right].tobytes())
    assert len(seen) == len(Shape) * len(Form)


def test_the_middle_of_a_filled_mark_lets_the_dot_through(qapp):
    atlas = SpriteAtlas()
    height, width = atlas.sprites.image.shape[:2]
    box = atlas.sprites.boxes[atlas.label(Shape.LEFT, Form.FILLED)]
    x, y = ((box[:2] + box[2:]) / 2 * (width, height)).astype(int)
    assert atlas.sprites.image[y, x, 3] < 40
    assert atlas.sprites.image[y, x + 4, 0] > 200


def test_writing_that_is_new_is_drawn_once(qapp):
    atlas = SpriteAtlas()
    before = atlas.sprites.revision
    index = atlas.texts(["137", "12"])
    assert atlas.sprites.revision > before
    drawn = atlas.sprites
    np.testing.assert_array_equal(atlas.texts(["137", "12"]), index)
    assert atlas.sprites is drawn


def test_a_line_of_letters_is_as_long_as_the_line(qapp):
    atlas = SpriteAtlas()
    index, x = atlas.line("frame 41")
    assert len(index) == 16
    assert (np.diff(x[:8]) > 0).all()
    word = atlas.texts(["frame 41"])[0]
    whole = atlas.sprites.sizes[word, 0]
    assert x[7] - x[0] < whole < x[7] + 12


def overlaps(anchors, sizes, places):
    middle = anchors + places.shift
    half = sizes / 2 - 1
    reach = half[:, None] + half
    over = (np.abs(middle[:, None] - middle) < reach).all(axis=2)
    return np.triu(over, 1).sum()


def test_numbers_of_close_dots_do_not_cover_each_other():
    rng = np.random.default_rng(4)
    anchors = rng.uniform(0, 150, (22, 2))
    sizes = np.tile([16.0, 14], (22, 1))
    places = place_texts(anchors, sizes, np.full(22, 8.0), anchors)
    piled = place_texts(anchors, sizes, np.full(22, 8.0), anchors[:0]).shift[:1]
    naive = type(places)(np.repeat(piled, 22, axis=0), places.leaders, places.leader_ends)
    assert overlaps(anchors, sizes, naive) >= 5
    assert overlaps(anchors, sizes, places) <= 1
    assert places.leaders.any()
    # A line leads from the dot's ring towards the number.
    led = places.leader_ends[places.leaders]
    assert (np.linalg.norm(led[:, 1], axis=1) > np.linalg.norm(led[:, 0], axis=1)).all()


def test_a_lone_number_stays_beside_its_dot():
    places = place_texts(
        np.array([[50.0, 50]]), np.array([[16.0, 14]]), np.array([8.0]), np.array([[50.0, 50]])
    )
    assert not places.leaders.any()
    assert np.abs(places.shift).max() < 20
    assert not len(place_texts(*(np.zeros((0, 2)),) * 2, np.zeros(0), np.zeros((0, 2))).shift)


def test_a_view_is_a_few_arrays_however_many_marks_it_has(painter):
    rng = np.random.default_rng(0)
    marks = some_marks(rng.uniform(0, 1000, (200, 2)), [], [])
    quads = painter.quads(marks, 1.0, all_names=False, pointed=NOWHERE)
    assert len(quads) >= 400  # a ring and a number each
    assert (quads.vertices["a_width"][:4] == 0).all()


def count_names(painter, quads):
    """Quads that show a keypoint's name."""
    boxes = painter.atlas.sprites.boxes[painter._names]
    corners = quads.vertices.reshape(-1, 4)["a_tex"][:, 0]
    return sum(int(np.isclose(corners, box[:2]).all(axis=1).any()) for box in boxes)


def test_names_are_written_when_there_is_room_or_for_what_matters(painter):
    labels = [[0, 0], [20, 0], [40, 0]]
    marks = some_marks([], labels, [3, 4, 5], selected=4)

    def names(scale, *, all_names=False, pointed=NOWHERE):
        quads = painter.quads(marks, scale, all_names=all_names, pointed=pointed)
        return count_names(painter, quads)

    assert names(1.0) == 1
    assert names(1.0, pointed=Pointed(label=0)) == 2
    assert names(1.0, all_names=True) == 3
    assert names(3.0) == 3


def test_a_reprojection_on_its_label_needs_no_cross(painter):
    near = some_marks([], [[10, 10], [60, 60]], [0, 1], crosses=[[11, 10], [60, 61]])
    far = some_marks([], [[10, 10], [60, 60]], [0, 1], crosses=[[19, 10], [60, 61]])
    count = [len(painter.quads(m, 1.0, all_names=False, pointed=NOWHERE)) for m in (near, far)]
    assert count[1] == count[0] + 1


def test_the_nearest_mark_within_reach_is_pointed_at():
    marks = some_marks([[10, 10], [30, 10]], [[30, 10], [50, 50]], [0, 1], taken=[-1, 0])
    assert nearest_mark(marks, (12, 10), 5) == Pointed(dot=0)
    assert nearest_mark(marks, (31, 10), 5) == Pointed(dot=1)
    assert nearest_mark(marks, (50, 53), 5) == Pointed(label=1)
    assert nearest_mark(marks, (200, 200), 5) == NOWHERE
