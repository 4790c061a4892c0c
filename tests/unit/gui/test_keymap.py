"""Which key does what, and what an annotator has changed."""

import pytest

from napari_behaviorvlm.gui.keymap import Keymap, KeymapError, TakenKeyError, normal_key

DEFAULTS = {"next": ("Space",), "accept": ("Enter",), "redo": ("Ctrl+Shift+Z", "Ctrl+Y")}


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("shift+ctrl+z", "Ctrl+Shift+Z"), ("Enter", "Return"), ("space", "Space"), (" ", "Space"),
        ("Ctrl++", "Ctrl++"), ("+", "+"), ("Ctrl+=", "Ctrl+="), ("ctrl+alt+left", "Ctrl+Alt+Left"),
        ("Backtab", "Shift+Tab"), ("f5", "F5"), ("pageup", "PgUp"), ("x", "X"),
    ],
)  # fmt: skip
def test_keys_have_one_spelling(written, key):
    assert normal_key(written) == key
    assert normal_key(key) == key


@pytest.mark.parametrize("written", ["Hyper+X", "Banana", "Ctrl+Banana", "Ctrl+"])
def test_what_is_no_key_is_refused(written):
    if written == "Ctrl+":
        assert normal_key(written) == "Ctrl++"  # the plus key itself
        return
    with pytest.raises(KeymapError, match="is not a key"):
        normal_key(written)


def test_a_key_leads_to_its_action_and_back():
    keymap = Keymap(DEFAULTS)
    assert keymap.action("Space") == "next"
    assert keymap.action("Ctrl+Y") == keymap.action("Ctrl+Shift+Z") == "redo"
    assert keymap.action("N") is None
    assert keymap.keys("redo") == ("Ctrl+Shift+Z", "Ctrl+Y")


def test_changed_keys_survive_a_restart_and_can_be_reset(tmp_path):
    path = tmp_path / "deeper" / "keys.toml"
    keymap = Keymap(DEFAULTS, path)
    keymap.rebind("next", ["N", "space"])
    again = Keymap(DEFAULTS, path)
    assert again.keys("next") == ("N", "Space")
    assert again.is_changed("next")
    assert not again.is_changed("accept")
    again.rebind("next", ["N"])
    assert again.action("Space") is None
    again.reset("next")
    assert Keymap(DEFAULTS, path).keys("next") == ("Space",)
    assert not Keymap(DEFAULTS, path).is_changed("next")


def test_a_key_of_another_action_is_refused_and_nothing_changes(tmp_path):
    keymap = Keymap(DEFAULTS, tmp_path / "keys.toml")
    with pytest.raises(TakenKeyError) as caught:
        keymap.rebind("accept", ["A", "Space"])
    assert (caught.value.key, caught.value.holder) == ("Space", "next")
    assert keymap.keys("accept") == ("Return",)
    assert keymap.action("A") is None
    with pytest.raises(KeymapError, match="saves layers"):
        keymap.rebind("accept", ["Ctrl+S"])


def test_a_freed_key_may_be_given_away_but_not_taken_back_unseen(tmp_path):
    keymap = Keymap(DEFAULTS, tmp_path / "keys.toml")
    keymap.rebind("next", ["N"])
    keymap.rebind("accept", ["Space"])
    with pytest.raises(TakenKeyError):
        keymap.reset("next")
    keymap.reset()
    assert keymap.action("Space") == "next"
    assert keymap.action("Return") == "accept"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("[keys]\nnext = 'N'\n", "brackets"),
        ("[keys]\nnext = ['Return']\n", "accept"),
        ("[keys\n", "default keys"),
        ("[keys]\nnext = ['Banana']\n", "not a key"),
    ],
)
def test_a_file_that_does_not_fit_is_said_and_left_out(tmp_path, content, word):
    path = tmp_path / "keys.toml"
    path.write_text(content)
    keymap = Keymap(DEFAULTS, path)
    assert keymap.keys("next") == ("Space",)
    assert word in keymap.problem
    assert str(path) in keymap.problem


def test_swapped_keys_are_read_back(tmp_path):
    keymap = Keymap(DEFAULTS, tmp_path / "keys.toml")
    keymap.rebind("next", ["N"])
    keymap.rebind("accept", ["Space"])
    keymap.rebind("next", ["Return"])
    again = Keymap(DEFAULTS, tmp_path / "keys.toml")
    assert not again.problem
    assert (again.action("Space"), again.action("Return")) == ("accept", "next")


def test_keys_of_another_version_of_the_program_do_no_harm(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text("[keys]\nfly = ['F']\naccept = ['A']\n")
    keymap = Keymap(DEFAULTS, path)
    assert not keymap.problem
    assert keymap.action("A") == "accept"
    assert keymap.action("F") is None
