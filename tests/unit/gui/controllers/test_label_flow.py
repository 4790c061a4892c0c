"""What clicks, digits and keys do: to labels, to the selection, and in words."""

import numpy as np
import pytest
from tests.unit.gui.opened import Opened, arrays, assert_same
from tests.unit.gui.pair_session import (
    BACK,
    LEFT,
    NOSE,
    RIGHT,
    TAIL,
    exchange,
    number,
    pixels,
    right_labels,
)

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.controllers.hovering import Hovered
from napari_behaviorvlm.gui.controllers.label_flow import WHICH_VIEW, LabelFlow
from napari_behaviorvlm.gui.controllers.number_entry import NumberEntry
from napari_behaviorvlm.gui.models.session import Selection

FRAME = 26


def plant(labels):
    exchange(labels, range(20, 33), LEFT, RIGHT)


@pytest.fixture
def opened(tmp_path):
    opened = Opened(tmp_path / "pair", plant)
    opened.session.go_to(FRAME)
    yield opened
    opened.close()


@pytest.fixture
def session(opened):
    return opened.session


@pytest.fixture
def flow(session):
    flow = LabelFlow(session)
    yield flow
    flow.close()


def at(camera, keypoint, right=0.0, down=0.0):
    """Pixel of a dot, or so many pixels beside it."""
    return pixels()[FRAME, camera, keypoint] + np.array([right, down])


def test_a_click_on_a_dot_names_it_and_chooses_the_view(flow, session):
    session.select(NOSE)
    flow.click(1, at(1, TAIL, 2, 0), 5.0)
    assert session.selection == Selection(NOSE, 1)
    assert session.labels.candidate[FRAME, 1, NOSE] == number(FRAME, 1, TAIL)
    assert session.labels.status[FRAME, 1, TAIL] == Status.REJECTED


def test_a_click_on_its_own_dot_accepts_that_view(flow, session, opened):
    session.select(NOSE)
    flow.click(1, at(1, NOSE), 5.0)
    assert session.labels.status[FRAME, :, NOSE].tolist() == [1, 2, 1, 1]
    assert flow.click(1, at(1, NOSE), 5.0) is None
    assert opened.said[-1].endswith("is nose already.")


def test_a_click_beside_all_dots_only_chooses_the_view(flow, session, opened):
    before = arrays(session)
    assert flow.click(3, (1.0, 1.0), 5.0) is None
    assert session.selection.camera == 3
    assert "hold Shift" in opened.said[-1]
    assert_same(session, before)


def test_in_a_view_without_dots_a_click_places_the_label(tmp_path):
    hidden = [(FRAME, 2, keypoint) for keypoint in range(5)]
    opened = Opened(tmp_path / "pair", labelled=False, hidden=hidden)
    opened.session.go_to(FRAME)
    opened.session.select(NOSE)
    flow = LabelFlow(opened.session)
    flow.click(2, (31.5, 44.25), 5.0)
    cell = (FRAME, 2, NOSE)
    assert opened.session.labels.xy[cell].tolist() == [31.5, 44.25]
    assert opened.session.labels.candidate[cell] == 0
    assert flow.click(1, (1.0, 1.0), 5.0) is None  # the other views have dots
    flow.close()
    opened.close()


def test_shift_places_freely_and_control_picks_the_keypoint(flow, session):
    session.select(NOSE)
    flow.click(1, at(1, TAIL, 1.5, 0), 5.0, {"Shift"})
    np.testing.assert_allclose(session.labels.xy[FRAME, 1, NOSE], at(1, TAIL, 1.5, 0))
    assert session.labels.candidate[FRAME, 1, NOSE] == 0
    flow.click(2, at(2, BACK), 5.0, {"Control"})
    assert session.selection == Selection(BACK, 2)
    assert not session.decided[FRAME, 2].any()


def test_dragging_a_label_snaps_to_the_dot_it_is_dropped_on(flow, session):
    assert flow.grab(0, at(0, TAIL, 3, 0), 5.0) == TAIL
    assert flow.grab(0, (2.0, 2.0), 5.0) is None
    flow.drop(0, TAIL, at(0, NOSE, 0, 2), 5.0)
    assert session.labels.candidate[FRAME, 0, TAIL] == number(FRAME, 0, NOSE)
    assert session.project.store.journal(1)[0].action == "move"


def test_right_click_hides_and_again_takes_it_back(flow, session, opened):
    session.select(NOSE)
    flow.right_click(2, at(2, TAIL), 5.0)
    assert session.selection == Selection(TAIL, 2)
    assert session.labels.status[FRAME, 2, TAIL] == Status.OCCLUDED
    flow.occlude()
    assert session.labels.status[FRAME, 2, TAIL] == Status.PROPOSED
    assert flow.right_click(2, (1.0, 1.0), 5.0) is None
    assert "No label here" in opened.said[-1]


@pytest.mark.parametrize("command", ["delete", "occlude", "out_of_view", "accept_view"])
def test_commands_for_one_view_ask_which(flow, session, opened, command):
    before = arrays(session)
    assert getattr(flow, command)() is None
    assert opened.said == [WHICH_VIEW]
    assert_same(session, before)


def test_the_view_under_the_mouse_is_meant_until_one_is_chosen(flow, session):
    session.select(TAIL)
    flow.hover(1, at(1, BACK), 5.0)
    assert flow.hovered == Hovered(1, number(FRAME, 1, BACK), BACK)
    flow.delete()
    assert session.labels.status[FRAME, :, TAIL].tolist() == [1, 5, 1, 1]
    session.select(TAIL, 3)
    flow.delete()
    assert session.labels.status[FRAME, :, TAIL].tolist() == [1, 5, 1, 5]
    flow.hover(None)
    assert flow.hovered is None


def test_a_digit_counts_at_once_where_no_longer_number_is(flow, session):
    session.select(NOSE, 1)
    flow.digit(number(FRAME, 1, TAIL))
    assert session.labels.candidate[FRAME, 1, NOSE] == number(FRAME, 1, TAIL)
    assert flow.pending == ""


def test_two_digits_wait_for_each_other():
    numbers = range(1, 24)
    entry = NumberEntry()
    assert (entry.type(1, numbers), entry.text) == (None, "1")
    assert (entry.type(4, numbers), entry.text) == (14, "")
    assert entry.type(3, numbers) == 3  # no 30 to 39
    assert (entry.type(0, numbers), entry.type(2, numbers)) == (None, 2)
    many = range(1, 160)
    assert [entry.type(digit, many) for digit in (1, 2, 7)] == [None, None, 127]


def test_pending_digits_are_committed_by_enter_or_the_next_command(tmp_path, monkeypatch):
    opened = Opened(tmp_path / "pair", None, 12)
    session, typed = opened.session, []
    flow = LabelFlow(session)
    flow.pending_changed.connect(typed.append)
    # As if there were more than nine dots: every digit may go on.
    monkeypatch.setattr(NumberEntry, "type", lambda self, digit, numbers: setattr(
        self, "text", self.text + str(digit)))  # fmt: skip
    session.select(NOSE, 1)
    wanted = number(0, 1, TAIL)
    flow.digit(wanted)
    assert (flow.pending, session.decided.any()) == (str(wanted), False)
    flow.accept()
    assert session.labels.candidate[0, 1, NOSE] == wanted
    assert typed == [str(wanted), ""]
    flow.digit(number(0, 1, BACK))
    flow.next_keypoint()
    assert session.labels.candidate[0, 1, NOSE] == number(0, 1, BACK)
    assert session.selection == Selection(LEFT, 1)
    journal = len(session.project.store.journal())
    flow.digit(1)
    flow.delete()  # the digit, not the label
    assert (flow.pending, len(session.project.store.journal())) == ("", journal)
    flow.digit(1)
    flow.click(1, (1.0, 1.0), 5.0)  # the mouse takes over
    assert (flow.pending, len(session.project.store.journal())) == ("", journal)
    flow.close()
    opened.close()


def test_a_swap_offers_its_track_and_applies_it_in_one_step(flow, session):
    offers = []
    flow.offer_changed.connect(offers.append)
    session.select(LEFT)
    flow.swap()
    assert flow.offer.question == "Apply to the 12 other frames of this track (20 to 32)?"
    flow.extend_to_track()
    assert flow.offer is None
    assert [offer is None for offer in offers] == [False, True]
    np.testing.assert_array_equal(session.labels.xy, right_labels().xy)
    flow.undo()
    flow.undo()
    assert not session.decided.any()


def test_an_offer_ends_with_another_edit_another_frame_or_a_no(flow, session, opened):
    session.select(LEFT)
    for end in (flow.dismiss_track, lambda: flow.jump(1), flow.undo):
        flow.swap()
        assert flow.offer is not None
        end()
        assert flow.offer is None
        if end != flow.undo:
            flow.undo()
        session.go_to(FRAME)
    assert flow.extend_to_track() is None
    assert "no track" in opened.said[-1]


def test_undo_goes_to_where_it_was_and_says_so(flow, session, opened):
    session.select(TAIL, 1)
    flow.delete()
    session.go_to(3)
    session.select(NOSE)
    flow.undo()
    assert (session.frame, session.selection.keypoint) == (FRAME, TAIL)
    assert opened.said[-1] == f"Undone in frame {FRAME}."
    flow.redo()
    assert session.labels.status[FRAME, 1, TAIL] == Status.REJECTED


def test_two_corrected_views_propose_the_others_and_enter_takes_them(tmp_path):
    """The nose is on the back's dot in all views: two clicks and Enter mend four views."""

    def all_wrong(labels):
        exchange(labels, [FRAME], NOSE, BACK)

    opened = Opened(tmp_path / "wrong", all_wrong)
    session, flow = opened.session, LabelFlow(opened.session)
    session.go_to(FRAME)
    session.select(NOSE)
    flow.click(0, at(0, NOSE), 5.0)
    assert flow.proposals == ()  # one view does not speak against a run's labels
    flow.click(1, at(1, NOSE), 5.0)
    assert {p.camera for p in flow.proposals} == {2, 3}
    flow.accept()
    wanted = [number(FRAME, camera, NOSE) for camera in range(4)]
    assert session.labels.candidate[FRAME, :, NOSE].tolist() == wanted
    flow.close()
    opened.close()


# Seeds ----------------------------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path):
    opened = Opened(tmp_path / "bare", labelled=False, judged=False, hidden=[(FRAME, 0, BACK)])
    opened.session.go_to(FRAME)
    yield opened
    opened.close()


def test_a_seed_frame_takes_a_click_for_each_keypoint_and_enter(bare):
    session, flow = bare.session, LabelFlow(bare.session)
    for keypoint in (NOSE, LEFT, RIGHT, BACK, TAIL):
        assert session.selection.keypoint == keypoint
        if keypoint == BACK:  # is not seen in this view
            flow.right_click(0, (5.0, 5.0), 4.0)
        else:
            flow.click(0, at(0, keypoint), 4.0)
    assert session.seed_frames == [FRAME]
    assert "Enter accepts" in bare.said[-1]
    assert flow.seeding.positions.shape == (4, 5, 2)
    flow.accept()
    assert session.selection.keypoint == BACK
    assert bare.said[-1] == "Fewer than two views so far: back."
    flow.click(1, at(1, BACK), 4.0)
    flow.click(2, at(2, BACK), 4.0)
    flow.accept()
    wanted = right_labels()
    wanted.candidate[FRAME, 0, BACK] = 0
    np.testing.assert_array_equal(session.labels.candidate[FRAME], wanted.candidate[FRAME])
    assert bare.said[-1].startswith("Every keypoint")
    flow.close()


def test_seeding_is_switched_on_and_off_and_frames_are_suggested(bare):
    session, flow = bare.session, LabelFlow(bare.session)
    heard = []
    flow.seeding.active_changed.connect(heard.append)
    assert isinstance(flow.seeding.suggest(), int)
    flow.seeding.start()
    flow.seeding.stop()
    assert heard == [True, False]
    assert session.seed_frames == [session.frame]
    flow.seeding.toggle_frame()
    assert session.seed_frames == []
    assert bare.said[-1] == f"Frame {session.frame} is no seed frame any more: 0 in all."
    flow.close()


def test_closed_flows_hear_nothing(session):
    flow = LabelFlow(session)
    flow.close()
    for signal in (session.frame_changed, session.edited, session.reloaded):
        assert len(signal) == 0


def test_undoing_many_labels_says_how_many(flow, session, opened):
    session.select(LEFT)
    flow.swap()
    change = flow.extend_to_track()
    assert change.labels > 12
    flow.undo()
    first, last = change.rows[0], change.rows[-1]
    assert opened.said[-1] == f"Undone in frames {first} to {last} ({change.labels} labels)."
