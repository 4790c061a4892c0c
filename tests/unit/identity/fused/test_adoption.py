"""Two words about two views make a hidden keypoint a point, if rays and anatomy agree."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.identity.synthetic_animal import session

from napari_behaviorvlm.identity.learning import learn
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies.fused.adoption import AdoptionSettings, adopt
from napari_behaviorvlm.identity.strategies.fused.inquiry import Words
from napari_behaviorvlm.identity.views import IdealViews
from napari_behaviorvlm.identity.windows import GeometricSettings, Recording

FRAME = 8


@pytest.fixture(scope="module")
def animal():
    return session(24, missed=0.0)


@pytest.fixture(scope="module")
def solved(animal):
    """A recording with a window in which geometry named everything."""
    views, settings = IdealViews(animal.rig), GeometricSettings()
    seeds = Seeds.from_table(animal.seeds, animal.rig, animal.skeleton)
    learned = learn(
        views, animal.skeleton, seeds, animal.candidates,
        settings=settings.learning, fusion=settings.fusion, solver=settings.solver,
    )  # fmt: skip
    recording = Recording(views, animal.skeleton, animal.candidates, learned, settings)
    window = recording.solve(animal.frames, animal.frames)
    assert (window.naming.row >= 0).all()
    return recording, window


def hidden(solved, animal, *names):
    """The window with some keypoints hidden in all frames: nothing leads from frame to frame."""
    recording, window = solved
    row = window.naming.row.copy()
    row[:, [animal.skeleton.index(name) for name in names]] = -1
    return recording, replace(window, naming=replace(window.naming, row=row))


def words(animal, said, *, dots_of, cameras=(0, 2)):
    """The model says ``said`` of the true dots of another keypoint."""
    keypoint = animal.skeleton.index(dots_of)
    number = animal.truth[FRAME, list(cameras), keypoint].astype(np.int64)
    return Words(
        np.full(len(cameras), FRAME), np.array(cameras), number,
        np.full(len(cameras), animal.skeleton.index(said)),
    )  # fmt: skip


def adopted(solved, animal, told, *names):
    recording, window = hidden(solved, animal, *names)
    return adopt(recording, window, told, AdoptionSettings())


def test_two_words_make_a_point_and_other_views_join_it(solved, animal):
    told = words(animal, "tail_tip", dots_of="tail_tip")
    window = adopted(solved, animal, told, "tail_tip")
    tip = animal.skeleton.index("tail_tip")
    row = window.naming.row[FRAME, tip]
    assert window.points.xyz[row] == pytest.approx(animal.points[FRAME, tip], abs=1.0)
    assert window.points.number[row].tolist() == animal.truth[FRAME, :, tip].tolist()
    assert window.heard.frame[row] == FRAME
    assert window.naming.margin[FRAME, tip] > 0
    others = np.delete(np.arange(len(animal.frames)), FRAME)
    assert (window.naming.row[others, tip] == -1).all()


def test_words_about_one_view_are_not_enough(solved, animal):
    told = words(animal, "tail_tip", dots_of="tail_tip", cameras=(0,))
    assert adopted(solved, animal, told, "tail_tip").naming.row[FRAME, -1] == -1


def test_rays_that_do_not_meet_make_no_point(solved, animal):
    told = words(animal, "tail_tip", dots_of="tail_tip", cameras=(0,)).joined(
        words(animal, "tail_tip", dots_of="ear_L", cameras=(2,))
    )
    assert adopted(solved, animal, told, "tail_tip", "ear_L").naming.row[FRAME, -1] == -1


def test_dots_of_named_points_stay_theirs(solved, animal):
    told = words(animal, "tail_tip", dots_of="tail_middle")
    assert adopted(solved, animal, told, "tail_tip").naming.row[FRAME, -1] == -1


def test_a_word_does_not_decide_the_side(solved, animal):
    told = words(animal, "hindpaw_L", dots_of="hindpaw_R")
    window = adopted(solved, animal, told, "hindpaw_L", "hindpaw_R")
    assert window.naming.row[FRAME, animal.skeleton.index("hindpaw_L")] == -1


def test_a_place_that_the_anatomy_rules_out_is_not_taken(solved, animal):
    told = words(animal, "ear_L", dots_of="tail_tip")
    window = adopted(solved, animal, told, "ear_L", "tail_tip")
    assert window.naming.row[FRAME, animal.skeleton.index("ear_L")] == -1


def test_a_place_where_the_animal_never_was_is_not_taken(solved, animal):
    recording, window = solved
    low, _ = recording.learned.heights
    recording = replace(recording, learned=replace(recording.learned, heights=(low + 40, 99.0)))
    told = words(animal, "tail_tip", dots_of="tail_tip")
    window = adopted((recording, window), animal, told, "tail_tip")
    assert window.naming.row[FRAME, -1] == -1
