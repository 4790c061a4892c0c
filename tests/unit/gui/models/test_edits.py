"""Edits: what each command changes, what it leaves alone, and that it can be undone."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.gui.opened import Opened, arrays, assert_same, one_keypoint_a_dot
from tests.unit.gui.pair_session import (
    BACK,
    LEFT,
    NOSE,
    RIGHT,
    TAIL,
    number,
    pixels,
    right_labels,
    unlabel,
)

from napari_behaviorvlm.core.labels import LABELLED, Source, Status
from napari_behaviorvlm.gui.models import edits
from napari_behaviorvlm.gui.models.copying import copy_previous

FRAME = 7


def hide_tail(labels):
    unlabel(labels, (FRAME, 3, TAIL))


@pytest.fixture
def opened(tmp_path):
    opened = Opened(tmp_path / "pair", hide_tail, 12)
    yield opened
    opened.close()


@pytest.fixture
def session(opened):
    return opened.session


def test_accepting_keeps_position_source_and_confidence_and_says_who(session):
    before = arrays(session)
    session.apply(edits.accept(session, FRAME, TAIL))
    assert session.labels.status[FRAME, :, TAIL].tolist() == [2, 2, 2, 0]
    assert (session.labels.source[FRAME, :3, TAIL] == Source.GEOMETRIC).all()
    np.testing.assert_array_equal(session.labels.xy, before["Labels.xy"])
    np.testing.assert_array_equal(session.labels.confidence, before["Labels.confidence"])
    label = session.project.store.get((FRAME, 1, TAIL))
    assert (label.author, label.candidate) == ("Bea", number(FRAME, 1, TAIL))
    assert label.created.startswith("20")
    assert session.project.store.get((FRAME, 3, TAIL)) is None


def test_accepting_one_view_or_the_frame(session):
    session.apply(edits.accept(session, FRAME, NOSE, 2))
    assert session.labels.status[FRAME, :, NOSE].tolist() == [1, 1, 2, 1]
    session.apply(edits.accept_frame(session, FRAME))
    assert session.decided[FRAME].sum() == 19
    assert not session.decided[FRAME + 1].any()


def test_what_is_decided_is_not_accepted_over(session):
    session.apply(edits.occlude(session, FRAME, NOSE, 1))
    session.apply(edits.accept(session, FRAME, NOSE))
    assert session.labels.status[FRAME, :, NOSE].tolist() == [2, 4, 2, 2]
    assert "already" in edits.accept(session, FRAME, NOSE).note


def test_a_dot_is_taken_from_the_keypoint_that_had_it(opened):
    session, dot = opened.session, number(FRAME, 2, BACK)
    session.apply(edits.assign(session, FRAME, 2, NOSE, dot))
    nose, back = session.labels.status[FRAME, 2, [NOSE, BACK]]
    assert (nose, back) == (Status.CORRECTED, Status.REJECTED)
    np.testing.assert_array_equal(session.labels.xy[FRAME, 2, NOSE], pixels(12)[FRAME, 2, BACK])
    assert session.labels.candidate[FRAME, 2, NOSE] == dot
    assert np.isnan(session.labels.xy[FRAME, 2, BACK]).all()
    assert session.labels.confidence[FRAME, 2, NOSE] == 1
    assert session.labels.source[FRAME, 2, NOSE] == Source.HUMAN
    assert "back has no label there now" in opened.said[-1]
    assert "swap" not in opened.said[-1]


def test_taking_the_partners_dot_points_to_the_swap(opened):
    session = opened.session
    session.apply(edits.assign(session, FRAME, 2, LEFT, number(FRAME, 2, RIGHT)))
    assert "swap" in opened.said[-1]


def test_a_dot_that_is_not_there_changes_nothing_and_says_which_there_are(opened):
    session, before = opened.session, arrays(opened.session)
    assert session.apply(edits.assign(session, FRAME, 2, NOSE, 9)) is None
    assert opened.said == ["cam2 has no dot 9: its numbers go from 1 to 5."]
    assert_same(session, before)


@pytest.mark.parametrize(("off", "dot"), [(3.9, True), (4.1, False)])
def test_a_placed_label_snaps_within_reach_only(session, off, dot):
    target = pixels(12)[FRAME, 0, NOSE] + [0, off]
    session.apply(edits.place(session, FRAME, 0, NOSE, target, 4.0))
    found = session.labels.xy[FRAME, 0, NOSE]
    wanted = pixels(12)[FRAME, 0, NOSE] if dot else target
    np.testing.assert_allclose(found, wanted)
    assert session.labels.candidate[FRAME, 0, NOSE] == (number(FRAME, 0, NOSE) if dot else 0)
    assert session.labels.status[FRAME, 0, NOSE] == Status.CORRECTED


def test_hidden_in_one_view_or_in_all(session):
    session.apply(edits.occlude(session, FRAME, NOSE, 1))
    assert session.labels.status[FRAME, :, NOSE].tolist() == [1, 4, 1, 1]
    assert np.isfinite(session.poses.points[FRAME, NOSE]).all()
    session.apply(edits.occlude(session, FRAME, NOSE))
    assert session.labels.status[FRAME, :, NOSE].tolist() == [4] * 4
    assert np.isnan(session.poses.points[FRAME, NOSE]).all()
    session.apply(edits.out_of_view(session, FRAME, NOSE, 3))
    assert session.labels.status[FRAME, 3, NOSE] == Status.OUT_OF_VIEW


def test_deleting_here_and_everywhere_and_where_nothing_is(session):
    session.apply(edits.delete(session, FRAME, TAIL, 1))
    assert session.labels.status[FRAME, :, TAIL].tolist() == [1, 5, 1, 0]
    assert not edits.delete(session, FRAME, TAIL, 3).changes
    session.apply(edits.delete_everywhere(session, FRAME, TAIL))
    assert session.labels.status[FRAME, :, TAIL].tolist() == [5, 5, 5, 0]
    assert "no label here" in edits.delete_everywhere(session, FRAME, TAIL).note


def test_swapping_a_pair_moves_both_sides_in_all_views(session):
    session.apply(edits.swap(session, FRAME, RIGHT))
    xy = right_labels(12).xy[FRAME]
    np.testing.assert_array_equal(session.labels.xy[FRAME, :, LEFT], xy[:, RIGHT])
    np.testing.assert_array_equal(session.labels.xy[FRAME, :, RIGHT], xy[:, LEFT])
    np.testing.assert_array_equal(session.labels.xy[FRAME, :, BACK], xy[:, BACK])
    assert (session.labels.status[FRAME, :, [LEFT, RIGHT]] == Status.CORRECTED).all()
    # The point of the left ear is now where the right one was.
    left, right = session.poses.points[FRAME, [LEFT, RIGHT]]
    assert left[1] < right[1]


def test_swapping_one_view_leaves_the_others(session):
    before = session.labels.xy.copy()
    session.apply(edits.swap(session, FRAME, LEFT, 2))
    assert session.decided.sum() == 2
    np.testing.assert_array_equal(session.labels.xy[FRAME, 2, LEFT], before[FRAME, 2, RIGHT])


def test_a_side_without_a_label_takes_the_others_label_away(session):
    session.apply(edits.delete(session, FRAME, LEFT, 1))
    session.apply(edits.swap(session, FRAME, LEFT))
    assert session.labels.status[FRAME, 1, [LEFT, RIGHT]].tolist() == [3, 5]


def test_a_keypoint_without_partner_is_not_swapped(session):
    edit = edits.swap(session, FRAME, NOSE)
    assert (edit.changes, edit.note) == ((), "nose has no left-right partner to swap with.")


def test_copying_follows_motion_to_the_dots(session):
    session.apply(edits.delete_everywhere(session, FRAME, NOSE))
    session.apply(copy_previous(session, FRAME, NOSE))
    np.testing.assert_array_equal(session.labels.xy[FRAME, :, NOSE], pixels(12)[FRAME, :, NOSE])
    wanted = [number(FRAME, camera, NOSE) for camera in range(4)]
    assert session.labels.candidate[FRAME, :, NOSE].tolist() == wanted


def test_copying_a_frame_names_all_dots_and_leaves_decisions(session):
    session.apply(edits.occlude(session, FRAME, BACK, 0))
    session.apply(edits.occlude(session, FRAME - 1, NOSE, 1))
    session.apply(copy_previous(session, FRAME))
    wanted = right_labels(12)
    status = session.labels.status[FRAME]
    assert status[0, BACK] == status[1, NOSE] == Status.OCCLUDED
    shown = np.isin(status, LABELLED)
    assert shown.sum() == 18
    np.testing.assert_array_equal(session.labels.candidate[FRAME][shown],
                                  wanted.candidate[FRAME][shown])  # fmt: skip


def test_copying_where_no_dot_is_stays_free_and_says_so(tmp_path):
    opened = Opened(tmp_path / "pair", None, 12, hidden=[(FRAME, 2, NOSE)])
    session = opened.session
    session.apply(copy_previous(session, FRAME, NOSE))
    assert session.labels.candidate[FRAME, 2, NOSE] == 0
    assert np.isnan(session.labels.confidence[FRAME, 2, NOSE])
    away = session.labels.xy[FRAME, 2, NOSE] - pixels(12)[FRAME, 2, NOSE]
    assert np.hypot(*away) < 1.0
    assert "1 placed freely" in opened.said[-1]
    assert "no frame before" in copy_previous(session, 0, NOSE).note
    opened.close()


def test_taking_back_shows_the_proposal_again(session):
    before = arrays(session)
    session.apply(edits.assign(session, FRAME, 1, NOSE, number(FRAME, 1, TAIL)))
    session.apply(edits.take_back(session, FRAME, NOSE))
    session.apply(edits.take_back(session, FRAME, TAIL, 1))
    assert_same(session, before)
    assert "Nobody" in edits.take_back(session, FRAME, NOSE).note


def test_a_proposal_whose_dot_is_another_keypoints_now_is_not_shown_again(opened):
    session = opened.session
    dot = number(FRAME, 1, TAIL)
    session.apply(edits.assign(session, FRAME, 1, NOSE, dot))
    before = arrays(session)
    assert session.apply(edits.take_back(session, FRAME, TAIL)) is None
    assert_same(session, before)
    assert session.skeleton.keypoints[NOSE] in opened.said[-1]
    assert one_keypoint_a_dot(session)


def command(session, name, keypoint, camera, dot):
    frame = FRAME
    return {
        "accept": lambda: edits.accept(session, frame, keypoint),
        "assign": lambda: edits.assign(session, frame, camera, keypoint, dot),
        "place": lambda: edits.place(session, frame, camera, keypoint, (11.5, 80.25), 4.0),
        "occlude": lambda: edits.occlude(session, frame, keypoint, camera),
        "delete": lambda: edits.delete(session, frame, keypoint, camera),
        "clear": lambda: edits.delete_everywhere(session, frame, keypoint),
        "swap": lambda: edits.swap(session, frame, keypoint),
        "swap view": lambda: edits.swap(session, frame, keypoint, camera),
        "swap frame": lambda: edits.swap_frame(session, frame),
        "copy": lambda: copy_previous(session, frame, keypoint),
        "copy frame": lambda: copy_previous(session, frame),
        "take back": lambda: edits.take_back(session, frame, keypoint),
    }[name]()


NAMES = ("accept", "assign", "place", "occlude", "delete", "clear", "swap", "swap view",
         "swap frame", "copy", "copy frame", "take back")  # fmt: skip
COMMANDS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 4), st.integers(0, 3), st.integers(1, 5)),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(COMMANDS)
def test_any_commands_undone_and_redone_are_the_same_to_the_bit(session, commands):
    start, made = arrays(session), []
    for words in commands:
        before = arrays(session)
        if session.apply(command(session, *words)) is not None:
            made.append((before, arrays(session)))
            assert one_keypoint_a_dot(session)
    for before, _ in reversed(made):
        session.undo()
        assert_same(session, before, numerics=1e-5)
    assert_same(session, start)
    for _, after in made:
        session.redo()
        assert_same(session, after, numerics=1e-5)
    for _ in made:
        session.undo()
    assert_same(session, start)


@settings(max_examples=20, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(COMMANDS, st.sampled_from(["swap", "swap view", "swap frame"]))
def test_swapping_twice_is_as_before(session, commands, name):
    made = sum(session.apply(command(session, *words)) is not None for words in commands)
    before = arrays(session)
    for _ in range(2):
        made += session.apply(command(session, name, LEFT, 1, 1)) is not None
    after = arrays(session)
    for column in ("Labels.xy", "Labels.candidate"):
        np.testing.assert_array_equal(after[column], before[column])
    np.testing.assert_allclose(after["Poses.points"], before["Poses.points"], atol=1e-9)
    for _ in range(made):
        session.undo()


def test_the_next_best_naming_moves_all_views_and_leaves_out_the_rest(session):
    numbers = [number(FRAME, 0, BACK), 0, number(FRAME, 2, BACK), 99]
    change = session.apply(edits.next_best(session, FRAME, NOSE, numbers))
    labels = session.labels
    assert labels.candidate[FRAME, :, NOSE].tolist() == [numbers[0], 0, numbers[2], 0]
    assert labels.status[FRAME, :, NOSE].tolist() == [3, 5, 3, 5]
    assert labels.status[FRAME, :, BACK].tolist() == [5, 1, 5, 1]
    assert change.keypoints == (min(NOSE, BACK), max(NOSE, BACK))
    assert one_keypoint_a_dot(session)


def test_without_a_next_best_naming_nothing_changes(opened):
    before = arrays(opened.session)
    assert opened.session.apply(edits.next_best(opened.session, FRAME, NOSE, [0] * 4)) is None
    assert_same(opened.session, before)
    assert "no other dots" in opened.said[-1]
