"""The table of actions: every key of the design, each once, and each does what it says."""

import pytest
from tests.unit.gui.opened import Opened
from tests.unit.gui.pair_session import LEFT, NOSE, number

from napari_behaviorvlm.core.labels import Status
from napari_behaviorvlm.gui.controllers.actions import ViewCommands, actions
from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.controllers.review_flow import ReviewFlow
from napari_behaviorvlm.gui.keymap import Keymap

WANTED = {
    "Left": "previous_frame", "Right": "next_frame", "A": "previous_frame", "D": "next_frame",
    "Ctrl+Right": "on_10", "Ctrl+Alt+Left": "back_100", "W": "previous_keypoint",
    "S": "next_keypoint", "Tab": "next_keypoint", "Space": "next_flagged",
    "Shift+Space": "previous_flagged", "Return": "accept", "Ctrl+Return": "accept_frame",
    "O": "occlude", "Backspace": "delete", "X": "delete_everywhere", "L": "swap",
    "Shift+L": "swap_frame", "F": "zoom_to_keypoint", "Ctrl+=": "fit", "G": "follow",
    "Ctrl+Z": "undo", "Ctrl+Shift+Z": "redo", "7": "digit_7",
}  # fmt: skip


@pytest.fixture
def opened(tmp_path):
    opened = Opened(tmp_path / "pair", None, 20)
    yield opened
    opened.close()


@pytest.fixture
def called():
    return []


@pytest.fixture
def table(opened, called):
    names = ("zoom_to_keypoint", "fit", "follow", "focus_view", "next_channel", "why", "help")
    view = ViewCommands(**{name: lambda name=name: called.append(name) for name in names})
    flow = LabelFlow(opened.session)
    return {action.id: action for action in actions(flow, ReviewFlow(flow), view)}


def test_all_keys_of_the_design_once_each(table):
    keymap = Keymap({action.id: action.keys for action in table.values()})
    assert not keymap.problem
    assert {key: keymap.action(key) for key in WANTED} == WANTED
    keys = [key for action in table.values() for key in action.keys]
    assert len(keys) == len(set(keys))
    assert all(action.keys and action.title and action.group for action in table.values())


def test_every_action_runs_and_says_something_or_does_something(table, opened):
    session, heard = opened.session, []
    for signal in (session.frame_changed, session.selection_changed, session.edited,
                   session.said, session.seeds_changed, session.queue_changed):  # fmt: skip
        signal.connect(lambda *_: heard.append(1))
    quiet = {"dismiss", "first_frame", "back_10", "back_100", "previous_frame", "seed"}
    for action in table.values():
        if action.id in quiet or action.group == "View":
            continue
        heard.clear()
        session.go_to(7)
        action.run()
        assert heard, action.id


def test_actions_do_what_they_say(table, opened, called):
    session = opened.session
    table["on_10"].run()
    assert session.frame == 10
    table["previous_keypoint"].run()
    assert session.selection.keypoint == 4
    table["last_frame"].run()
    assert session.frame == 19
    session.select(NOSE, 2)
    table[f"digit_{number(19, 2, LEFT)}"].run()
    assert session.labels.candidate[19, 2, NOSE] == number(19, 2, LEFT)
    table["undo"].run()
    table["occlude_everywhere"].run()
    assert (session.labels.status[19, :, NOSE] == Status.OCCLUDED).all()
    table["fit"].run()
    assert called == ["fit"]


def test_what_cannot_be_done_says_why(table, opened):
    opened.session.select(NOSE)
    assert table["swap"].why_not() == "nose has no left-right partner."
    opened.session.select(LEFT)
    assert table["swap"].why_not() == ""
    assert table["extend"].why_not() == "Change a label first."
