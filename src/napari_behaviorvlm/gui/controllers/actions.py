"""Everything that can be done with a key or a button, in one table.

Keys are written as Qt writes them ("Ctrl+Shift+Z"); nothing here needs Qt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from napari_behaviorvlm.gui.controllers.label_flow import LabelFlow
from napari_behaviorvlm.gui.controllers.review_flow import ReviewFlow
from napari_behaviorvlm.gui.models.edits import partner

Run = Callable[[], object]


def _can() -> str:
    return ""


@dataclass(frozen=True)
class Action:
    """Something that can be done.

    Parameters
    ----------
    id : str
        Stable name, under which a person's own keys are kept.
    title : str
        What it does, as a button or the help says it.
    group : str
        Heading in the help.
    keys : tuple of str
        Default keys.
    run : callable
    repeats : bool
        Whether holding the key does it again and again.
    why_not : callable
        Returns a sentence while it cannot be done, else an empty text.
    """

    id: str
    title: str
    group: str
    keys: tuple[str, ...]
    run: Run
    repeats: bool = False
    why_not: Callable[[], str] = _can


@dataclass(frozen=True)
class ViewCommands:
    """What the canvas does; given by the dock.

    Parameters
    ----------
    zoom_to_keypoint, fit, follow, focus_view, next_channel, why, help : callable
        Zoom all views to the selected keypoint; show the whole pictures; follow the animal on or
        off; show the chosen view alone or all again; reflectance, fluorescence or blend; tell where
        the label comes from; list the keys.
    """

    zoom_to_keypoint: Run
    fit: Run
    follow: Run
    focus_view: Run
    next_channel: Run
    why: Run
    help: Run


GO, REVIEW, LABEL, SEED, VIEW = "Moving about", "Review", "Labels", "Seed frames", "View"


def actions(flow: LabelFlow, review: ReviewFlow, view: ViewCommands) -> tuple[Action, ...]:
    """Make the table for a session; ids and keys occur once."""
    return (
        *_review(flow, review), *_labels(flow), *_digits(flow), *_moving(flow), *_seeds(flow),
        *_view(view),
    )  # fmt: skip


def _review(flow: LabelFlow, review: ReviewFlow) -> list[Action]:
    return [
        Action("next_flagged", "Next flagged label", REVIEW, ("Space",), review.next),
        Action("previous_flagged", "Flagged label before", REVIEW, ("Shift+Space",),
               review.previous),
        Action("accept", "Accept (while reviewing: and go on)", REVIEW, ("Return",),
               review.accept),
        Action("accept_view", "Accept in this view only", REVIEW, ("Shift+Return",),
               flow.accept_view),
        Action("accept_frame", "Accept the whole frame", REVIEW, ("Ctrl+Return",),
               flow.accept_frame),
        Action("extend", "Apply to the whole track", REVIEW, ("T",), flow.extend_to_track,
               why_not=lambda: "" if flow.offer else "Change a label first."),
        Action("dismiss", "Leave the rest of the track as it is", REVIEW, ("Escape",),
               flow.dismiss_track),
    ]  # fmt: skip


def _labels(flow: LabelFlow) -> list[Action]:
    def no_partner() -> str:
        if partner(flow.session, flow.keypoint) is not None:
            return ""
        name = flow.session.skeleton.keypoints[flow.keypoint]
        return f"{name} has no left-right partner."

    def no_pairs() -> str:
        return "" if flow.session.skeleton.symmetric else "The skeleton names no left-right pairs."

    return [
        Action("occlude", "Occluded in this view", LABEL, ("O",), flow.occlude),
        Action("occlude_everywhere", "Occluded in all views", LABEL, ("Shift+O",),
               partial(flow.occlude, everywhere=True)),
        Action("out_of_view", "Outside this view's picture", LABEL, ("U",), flow.out_of_view),
        Action("delete", "Delete in this view", LABEL, ("Backspace", "Del"), flow.delete),
        Action("delete_everywhere", "Delete in all views", LABEL, ("X",), flow.delete_everywhere),
        Action("swap", "Swap with its left-right partner", LABEL, ("L",), flow.swap,
               why_not=no_partner),
        Action("swap_view", "Swap with its partner in this view only", LABEL, ("Alt+L",),
               partial(flow.swap, this_view=True), why_not=no_partner),
        Action("swap_frame", "Swap left and right of the whole frame", LABEL, ("Shift+L",),
               flow.swap_frame, why_not=no_pairs),
        Action("next_best", "The solver's second choice", LABEL, ("N",), flow.next_best),
        Action("copy", "Copy from the frame before", LABEL, ("C",), flow.copy_previous),
        Action("copy_frame", "Copy all from the frame before", LABEL, ("Shift+C",),
               partial(flow.copy_previous, whole_frame=True)),
        Action("take_back", "Take the decision back: as proposed", LABEL, ("R",), flow.take_back),
        Action("undo", "Undo", LABEL, ("Ctrl+Z",), flow.undo, repeats=True),
        Action("redo", "Redo", LABEL, ("Ctrl+Shift+Z", "Ctrl+Y"), flow.redo, repeats=True),
    ]  # fmt: skip


def _digits(flow: LabelFlow) -> list[Action]:
    return [
        Action(f"digit_{digit}", f"Dot number: {digit}", LABEL, (str(digit),),
               partial(flow.digit, digit))
        for digit in range(10)
    ]  # fmt: skip


def _moving(flow: LabelFlow) -> list[Action]:
    def step(frames: int) -> Run:
        return partial(flow.jump, frames)

    return [
        Action("previous_frame", "Frame before", GO, ("Left", "A"), step(-1), repeats=True),
        Action("next_frame", "Next frame", GO, ("Right", "D"), step(1), repeats=True),
        Action("back_10", "10 frames back", GO, ("Ctrl+Left",), step(-10), repeats=True),
        Action("on_10", "10 frames on", GO, ("Ctrl+Right",), step(10), repeats=True),
        Action("back_100", "100 frames back", GO, ("Ctrl+Alt+Left",), step(-100), repeats=True),
        Action("on_100", "100 frames on", GO, ("Ctrl+Alt+Right",), step(100), repeats=True),
        Action("first_frame", "First frame", GO, ("Home",),
               lambda: flow.jump(-flow.session.n_frames)),
        Action("last_frame", "Last frame", GO, ("End",),
               lambda: flow.jump(flow.session.n_frames)),
        Action("previous_keypoint", "Keypoint before", GO, ("W", "Shift+Tab"),
               flow.previous_keypoint, repeats=True),
        Action("next_keypoint", "Next keypoint", GO, ("S", "Tab"), flow.next_keypoint,
               repeats=True),
    ]  # fmt: skip


def _seeds(flow: LabelFlow) -> list[Action]:
    def switch() -> None:
        if flow.seeding.active:
            flow.seeding.stop()
        else:
            flow.seeding.start()

    return [
        Action("seed", "Label this frame as a seed (on, off)", SEED, ("E",), switch),
        Action("seed_frame", "Seed frame: yes or no", SEED, ("Shift+E",),
               flow.seeding.toggle_frame),
        Action("suggest_seed", "Go to a frame worth labelling", SEED, ("Ctrl+E",),
               flow.seeding.suggest),
    ]  # fmt: skip


def _view(view: ViewCommands) -> list[Action]:
    return [
        Action("zoom_to_keypoint", "Zoom all views to the keypoint", VIEW, ("F",),
               view.zoom_to_keypoint),
        Action("fit", "Show the whole pictures", VIEW, ("Ctrl+=",), view.fit),
        Action("follow", "Follow the animal", VIEW, ("G",), view.follow),
        Action("focus_view", "This view alone, or all", VIEW, ("V",), view.focus_view),
        Action("next_channel", "Reflectance, fluorescence or both", VIEW, ("B",),
               view.next_channel),
        Action("why", "Why? Where this label comes from", VIEW, ("Y",), view.why),
        Action("help", "List of keys", VIEW, ("F1",), view.help),
    ]  # fmt: skip
