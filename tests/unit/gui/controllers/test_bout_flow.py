"""Commands of the behaviour dock."""

import pytest
from tests.unit.gui.models.behavior_sessions import behavior_session

from napari_behaviorvlm.gui.controllers.behavior_actions import WindowCommands, behavior_actions
from napari_behaviorvlm.gui.controllers.bout_flow import NONE_CHOSEN, BoutFlow
from napari_behaviorvlm.gui.keymap import Keymap
from napari_behaviorvlm.gui.models.behavior_session import Filter


@pytest.fixture
def flow(tmp_path):
    session = behavior_session(tmp_path / "box.behavior")
    made = BoutFlow(session)
    made.said = []
    session.said.connect(made.said.append)
    yield made
    made.close()
    session.folder.close()


def labels(flow, animal=0):
    return [(b.start_frame, b.end_frame, b.label) for b in flow.session.events[animal].bouts]


def choose(flow, animal, frame):
    flow.session.go_to(frame)
    bout = flow.session.bout_at(animal, frame)
    flow.session.select(bout.id)
    return bout


def test_split_merge_and_undo(flow):
    choose(flow, 0, 40)
    flow.split()
    assert labels(flow)[:2] == [(0, 39, "walk"), (40, 99, "walk")]
    choose(flow, 0, 40)
    flow.merge()  # with the next, which has another name
    assert labels(flow)[:2] == [(0, 39, "walk"), (40, 149, "walk")]
    flow.session.undo()
    flow.session.undo()
    assert labels(flow)[0] == (0, 99, "walk")


def test_edges_move_to_the_frame_and_neighbours_give_way(flow):
    choose(flow, 0, 50)
    flow.session.go_to(119)
    flow.set_end()
    assert labels(flow)[:2] == [(0, 119, "walk"), (120, 149, "rest")]
    flow.session.go_to(10)
    flow.set_start()
    assert labels(flow)[0] == (10, 119, "walk")


def test_digits_names_and_other_words(flow):
    assert flow.labels == ["chase", "groom", "rear", "rest", "walk"]
    choose(flow, 1, 10)
    flow.name_by_digit(2)
    assert flow.session.bout_at(1, 10).label == "groom"
    flow.name_by_digit(9)
    assert flow.said[-1] == "There are 5 labels: none is number 9."
    flow.rename_everywhere("walk", "stroll")
    assert [label for *_, label in labels(flow)] == ["stroll", "rest", "stroll", "groom"]


def test_new_bouts_fill_the_room_there_is(flow):
    flow.session.go_to(340)
    flow.add("sniff")
    assert (340, 349, "sniff") in labels(flow)
    flow.session.go_to(120)
    flow.add()
    assert "There is a bout here already" in flow.said[-1]


def test_gaps_are_found_and_where_nobody_is_seen_is_none(flow):
    session = flow.session
    flow.next_gap()
    assert session.frame == 300
    flow.next_gap()
    assert session.frame == 475
    flow.next_gap()
    assert "Everything that follows is labelled" in flow.said[-1]
    flow.animal = 2  # labelled from 25 to 124, seen until 199
    session.go_to(0)
    flow.next_gap()
    assert session.frame == 125
    flow.next_gap()
    assert session.frame == 125


def test_taking_apart_brings_the_clips_back(flow):
    choose(flow, 0, 120)
    flow.take_apart()
    assert labels(flow)[1:3] == [(100, 124, "rest"), (125, 149, "walk")]
    choose(flow, 0, 105)
    flow.take_apart()
    assert "one clip only" in flow.said[-1]


def test_right_goes_on_to_what_nobody_has_looked_at(flow):
    choose(flow, 0, 10)
    flow.accept()
    assert flow.session.bout_at(0, 10).source == "human"
    assert flow.session.current.start_frame == 100
    choose(flow, 0, 400)
    flow.accept()
    assert "All further bouts" in flow.said[-1]


def test_moving_between_bouts_animals_and_hits(flow):
    choose(flow, 0, 10)
    flow.next_bout(1)
    assert flow.session.frame == 100
    flow.next_animal(1)
    assert flow.session.current.animal == "Tom"
    flow.next_animal(-1)
    flow.next_bout(-1)
    assert flow.session.frame == 0
    flow.session.look_for(Filter(words="chase"))
    flow.next_found(1)
    assert (flow.session.frame, flow.session.current.label) == (250, "chase")
    flow.next_found(1)  # the only one: stays
    assert flow.session.current.label == "chase"


def test_without_a_choice_commands_say_what_to_do(flow):
    for command in (flow.merge, flow.delete, flow.accept, flow.set_end, flow.take_apart):
        flow.session.select()
        command()
        assert flow.said.pop() == NONE_CHOSEN
    assert len(labels(flow)) == 4


def test_every_action_has_its_own_id_and_keys(flow):
    nothing = [lambda: None] * 11
    table = behavior_actions(flow, WindowCommands(*nothing))
    assert len({action.id for action in table}) == len(table)
    keys = [key for action in table for key in action.keys]
    assert len(set(keys)) == len(keys)
    assert not Keymap({action.id: action.keys for action in table}).problem
