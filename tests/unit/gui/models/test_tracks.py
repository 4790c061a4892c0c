"""How far an edit carries: over the planted stretch, and not a frame further."""

import numpy as np
import pytest
from tests.unit.gui.opened import Opened, arrays, assert_same, one_keypoint_a_dot
from tests.unit.gui.pair_session import (
    BACK,
    FRAMES,
    LEFT,
    NOSE,
    RIGHT,
    TAIL,
    exchange,
    number,
    right_labels,
    unlabel,
)

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.models import edits
from napari_behaviorvlm.gui.models.following import follow
from napari_behaviorvlm.gui.models.tracks import extent_of, over_track

START, END = 20, 33
"""Frames with planted errors."""


@pytest.fixture
def planted(tmp_path):
    """Open a project with errors planted by a function; closed in the end."""
    made = []

    def make(plant=None, **more):
        made.append(Opened(tmp_path / f"pair{len(made)}", plant, **more))
        return made[-1].session

    yield make
    for opened in made:
        opened.close()


def wrong_dots(labels, keypoint=NOSE, camera=2, other=TAIL):
    """The nose sits on the tail's dot in one view, the tail has none."""
    for frame in range(START, END):
        labels.xy[frame, camera, keypoint] = labels.xy[frame, camera, other]
        labels.candidate[frame, camera, keypoint] = labels.candidate[frame, camera, other]
        unlabel(labels, (frame, camera, other))


def extent_and_apply(session, edit):
    extent = extent_of(edit, session)
    session.apply(edit)
    return extent


def assert_right(session, keypoints=slice(None)):
    wanted = right_labels()
    np.testing.assert_array_equal(
        session.labels.candidate[:, :, keypoints], wanted.candidate[:, :, keypoints]
    )
    np.testing.assert_array_equal(session.labels.xy[:, :, keypoints], wanted.xy[:, :, keypoints])


def test_a_dot_is_followed_through_changing_numbers(planted):
    session = planted()
    ahead = list(follow(session, 10, 1, number(10, 1, BACK), 1, 500))
    assert ahead == [(f, number(f, 1, BACK)) for f in range(11, FRAMES)]
    back = list(follow(session, 10, 1, number(10, 1, BACK), -1, 4))
    assert back == [(f, number(f, 1, BACK)) for f in (9, 8, 7, 6)]


def test_following_ends_where_the_dot_is_lost(planted):
    session = planted(hidden=[(15, 1, BACK)])
    ahead = list(follow(session, 10, 1, number(10, 1, BACK), 1, 500))
    assert [frame for frame, _ in ahead] == [11, 12, 13, 14]


def test_an_assigned_dot_is_carried_over_the_planted_frames_in_one_step(planted):
    session = planted(wrong_dots)
    before = arrays(session)
    edit = edits.assign(session, 26, 2, NOSE, number(26, 2, NOSE))
    extent = extent_and_apply(session, edit)
    assert (extent.first, extent.end, extent.n_frames) == (START, END, END - START - 1)
    assert extent.question == "Apply to the 12 other frames of this track (20 to 32)?"
    once = arrays(session)
    change = session.apply(over_track(edit, session, extent))
    assert change.rows == tuple(f for f in range(START, END) if f != 26)
    assert_right(session, [NOSE])
    assert one_keypoint_a_dot(session)
    session.undo()
    assert_same(session, once, numerics=1e-5)
    session.undo()
    assert_same(session, before)


def test_a_persons_decision_ends_the_track(planted):
    session = planted(wrong_dots)
    session.apply(edits.accept(session, 29, NOSE, 2))
    extent = extent_of(edits.assign(session, 26, 2, NOSE, number(26, 2, NOSE)), session)
    assert (extent.first, extent.end) == (START, 29)


def test_a_dot_that_a_person_gave_to_another_ends_the_track(planted):
    session = planted(wrong_dots)
    session.apply(edits.assign(session, 23, 2, BACK, number(23, 2, NOSE)))
    extent = extent_of(edits.assign(session, 26, 2, NOSE, number(26, 2, NOSE)), session)
    assert (extent.first, extent.end) == (24, END)


def test_right_labels_carry_nothing(planted):
    session = planted()
    assert extent_of(edits.accept(session, 26, NOSE), session) is None
    assert extent_of(edits.assign(session, 26, 2, NOSE, number(26, 2, NOSE)), session) is None
    free = edits.place(session, 26, 2, NOSE, (3.0, 3.0), 1.0)
    assert extent_of(free, session) is None


def swapped(labels):
    exchange(labels, range(START, END), LEFT, RIGHT)


def test_a_swap_is_carried_over_the_planted_frames_in_one_step(planted):
    session = planted(swapped)
    edit = edits.swap(session, 22, LEFT)
    extent = extent_and_apply(session, edit)
    assert (extent.first, extent.end) == (START, END)
    session.apply(over_track(edit, session, extent))
    assert_right(session)
    assert not session.decided[:, :, [NOSE, BACK, TAIL]].any()
    assert len(session.project.store.journal()) == 2


def test_a_swap_of_one_view_is_carried_in_that_view(planted):
    def plant(labels):
        exchange(labels, range(START, END), LEFT, RIGHT, slice(1, 2))

    session = planted(plant)
    edit = edits.swap(session, 30, RIGHT, 1)
    extent = extent_and_apply(session, edit)
    session.apply(over_track(edit, session, extent))
    assert_right(session)
    assert not session.decided[:, [0, 2, 3]].any()


def test_a_swap_of_the_frame_is_carried_too(planted):
    session = planted(swapped)
    edit = edits.swap_frame(session, END - 1)
    extent = extent_and_apply(session, edit)
    assert (extent.first, extent.end) == (START, END)
    session.apply(over_track(edit, session, extent))
    assert_right(session)


def test_views_without_labels_do_not_end_a_swap(planted):
    def plant(labels):
        swapped(labels)
        for frame in range(24, 27):
            for camera in (0, 2):
                unlabel(labels, (frame, camera, LEFT))

    session = planted(plant)
    edit = edits.swap(session, 22, LEFT)
    assert (extent_of(edit, session).first, extent_of(edit, session).end) == (START, END)


def test_finding_a_track_changes_nothing(planted):
    """All neighbours of a frame that was right contradict its swap: that is asked, never done."""
    session = planted()
    before = arrays(session)
    extent = extent_of(edits.swap(session, 26, LEFT), session)
    assert extent.n_frames == FRAMES - 1
    assert_same(session, before)


def test_occluding_goes_over_the_equally_flagged_frames(planted):
    session = planted(wrong_dots)
    edit = edits.occlude(session, 26, NOSE, 2)
    extent = extent_and_apply(session, edit)
    assert (extent.first, extent.end) == (START, END)
    session.apply(over_track(edit, session, extent))
    assert (session.labels.status[START:END, 2, NOSE] == Status.OCCLUDED).all()
    assert session.decided.sum() == END - START


def test_deleting_where_nothing_is_flagged_carries_nothing(planted):
    session = planted()
    assert extent_of(edits.delete(session, 26, NOSE, 2), session) is None


def test_cost_is_bounded(planted, monkeypatch):
    monkeypatch.setattr("napari_behaviorvlm.gui.models.tracks.FARTHEST", 5)
    session = planted(wrong_dots)
    extent = extent_of(edits.assign(session, 26, 2, NOSE, number(26, 2, NOSE)), session)
    assert (extent.first, extent.end) == (21, 32)
