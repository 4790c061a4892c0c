"""Everything that can be done with a key in the behaviour dock, in one table."""

from dataclasses import dataclass
from functools import partial

from napari_behaviorvlm.gui.controllers.actions import Action, Run
from napari_behaviorvlm.gui.controllers.bout_flow import NONE_CHOSEN, BoutFlow


@dataclass(frozen=True)
class WindowCommands:
    """What the window does; given by the dock.

    Parameters
    ----------
    play, play_bout, zoom_in, zoom_out, see_all, fit, search, rename, why, clusters, help : callable
    """

    play: Run
    play_bout: Run
    zoom_in: Run
    zoom_out: Run
    see_all: Run
    fit: Run
    search: Run
    rename: Run
    why: Run
    clusters: Run
    help: Run


PLAY, BOUTS, GO, SEE = "Playing", "Bouts", "Moving about", "Timeline"


def behavior_actions(flow: BoutFlow, window: WindowCommands) -> tuple[Action, ...]:
    """Make the table for a session; ids and keys occur once."""
    return (*_playing(window), *_bouts(flow, window), *_moving(flow), *_seeing(window))


def _playing(window: WindowCommands) -> list[Action]:
    return [
        Action("play", "Play, or stop", PLAY, ("Space",), window.play),
        Action("play_bout", "Play the chosen bout again and again", PLAY, ("Shift+Space",),
               window.play_bout),
    ]  # fmt: skip


def _bouts(flow: BoutFlow, window: WindowCommands) -> list[Action]:
    def chosen() -> str:
        return "" if flow.session.selection else NONE_CHOSEN

    digits = [
        Action(f"label_{digit}", f"Name it as label number {digit} of the list", BOUTS,
               (str(digit),), partial(flow.name_by_digit, digit), why_not=chosen)
        for digit in range(1, 10)
    ]  # fmt: skip
    return [
        Action("accept_bout", "Right as it is; go on to the next", BOUTS, ("Return",),
               flow.accept, why_not=chosen),
        Action("rename_bout", "Give it another name", BOUTS, ("F2", "R"), window.rename,
               why_not=chosen),
        *digits,
        Action("set_start", "Let it start at this frame", BOUTS, ("[",), flow.set_start),
        Action("set_end", "Let it end at this frame", BOUTS, ("]",), flow.set_end),
        Action("split_bout", "Split at this frame", BOUTS, ("/",), flow.split),
        Action("merge_bouts", "Merge the chosen bouts, or with the next", BOUTS, ("M",),
               flow.merge, why_not=chosen),
        Action("take_apart", "Back to the clips it was made from", BOUTS, ("Shift+M",),
               flow.take_apart, why_not=chosen),
        Action("add_bout", "New bout at this frame", BOUTS, ("N",), flow.add),
        Action("delete_bout", "Delete", BOUTS, ("Del", "Backspace"), flow.delete, why_not=chosen),
        Action("undo_bout", "Undo", BOUTS, ("Ctrl+Z",), flow.session.undo),
        Action("redo_bout", "Redo", BOUTS, ("Ctrl+Shift+Z", "Ctrl+Y"), flow.session.redo),
    ]  # fmt: skip


def _moving(flow: BoutFlow) -> list[Action]:
    def go(frames: int) -> partial[None]:
        return partial(flow.step, frames)

    return [
        Action("frame_back", "Frame before", GO, ("Left", "A"), go(-1), repeats=True),
        Action("frame_on", "Next frame", GO, ("Right", "D"), go(1), repeats=True),
        Action("back_10", "10 frames back", GO, ("Ctrl+Left",), go(-10), repeats=True),
        Action("on_10", "10 frames on", GO, ("Ctrl+Right",), go(10), repeats=True),
        Action("back_100", "100 frames back", GO, ("Ctrl+Alt+Left",), go(-100), repeats=True),
        Action("on_100", "100 frames on", GO, ("Ctrl+Alt+Right",), go(100), repeats=True),
        Action("bout_back", "Bout before", GO, ("Shift+Tab", "Q"), partial(flow.next_bout, -1)),
        Action("bout_on", "Next bout", GO, ("Tab", "E"), partial(flow.next_bout, 1)),
        Action("animal_up", "Animal above", GO, ("Up", "W"), partial(flow.next_animal, -1)),
        Action("animal_down", "Animal below", GO, ("Down", "S"), partial(flow.next_animal, 1)),
        Action("gap_on", "Next stretch that is not labelled", GO, ("U",), flow.next_gap),
        Action("found_back", "Found before", GO, ("Shift+F3",), partial(flow.next_found, -1)),
        Action("found_on", "Next found", GO, ("F3",), partial(flow.next_found, 1)),
    ]  # fmt: skip


def _seeing(window: WindowCommands) -> list[Action]:
    return [
        Action("zoom_in", "See less, but closer", SEE, ("+", "="), window.zoom_in),
        Action("zoom_out", "See more", SEE, ("-",), window.zoom_out),
        Action("see_all", "See the whole recording", SEE, ("0",), window.see_all),
        Action("search", "Search captions", SEE, ("Ctrl+F",), window.search),
        Action("why", "Where a name comes from", SEE, ("Y",), window.why),
        Action("clusters", "What each cluster looks like", SEE, ("C",), window.clusters),
        Action("fit", "Show the whole picture", SEE, ("Ctrl+=",), window.fit),
        Action("help", "All keys", SEE, ("F1",), window.help),
    ]
