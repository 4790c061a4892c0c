"""States that start and stop, for formats that pair both by time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.io.ethogram.ethogram import Ethogram, Stretch

MILLISECONDS = 3


@dataclass(frozen=True, slots=True)
class State:
    """A stretch in which one animal is in one state.

    Parameters
    ----------
    animal, label : str
    start_frame, end_frame : int
        Both belong to it.
    comment : str
        Caption, and who said so.
    """

    animal: str
    label: str
    start_frame: int
    end_frame: int
    comment: str = ""


def states_of(ethogram: Ethogram, untracked: str) -> list[State]:
    """States of a recording, by start.

    Stretches of one animal and label that overlap become one: where both start before either
    stops, a reader that pairs starts with stops would tie the wrong ones together.

    Parameters
    ----------
    ethogram : Ethogram
    untracked : str
        Label of the frames in which an animal is not followed.
    """
    found: list[State] = []
    for animal in _animals(ethogram):
        bouts = [_state(bout) for bout in ethogram.of(animal)]
        for label in sorted({state.label for state in bouts}):
            found += _joined([state for state in bouts if state.label == label])
    found += [_gone(stretch, untracked) for stretch in ethogram.untracked]
    return sorted(found, key=lambda state: (state.start_frame, state.animal, state.label))


@dataclass(frozen=True, slots=True)
class Edge:
    """Start or stop of a state.

    Parameters
    ----------
    seconds : float
        Since the first frame, to a millisecond; a state stops where the frame after it begins.
    animal, label : str
    starts : bool
    frame : int
        First of the state, or first after it.
    comment : str
        Of the state, at its start.
    """

    seconds: float
    animal: str
    label: str
    starts: bool
    frame: int
    comment: str = ""


def edges_of(ethogram: Ethogram, states: Sequence[State]) -> list[Edge]:
    """Sort starts and stops by time, animal, label; a stop before a start at the same moment."""
    edges = []
    for state in states:
        for starts in (True, False):
            frame = state.start_frame if starts else state.end_frame + 1
            seconds = round(ethogram.begins(frame), MILLISECONDS)
            edges.append(Edge(seconds, state.animal, state.label, starts, frame,
                              state.comment if starts else ""))  # fmt: skip
    return sorted(edges, key=lambda edge: (edge.seconds, edge.animal, edge.label, edge.frame,
                                           edge.starts))  # fmt: skip


def _animals(ethogram: Ethogram) -> list[str]:
    return list(dict.fromkeys([*ethogram.animals, *(bout.animal for bout in ethogram.bouts)]))


def _joined(states: Sequence[State]) -> Iterator[State]:
    last: State | None = None
    for state in sorted(states, key=lambda state: state.start_frame):
        if last is None or state.start_frame > last.end_frame:
            if last is not None:
                yield last
            last = state
        else:
            comments = dict.fromkeys(filter(None, (last.comment, state.comment)))
            last = State(last.animal, last.label, last.start_frame,
                         max(last.end_frame, state.end_frame), " ".join(comments))  # fmt: skip
    if last is not None:
        yield last


def _state(bout: Bout) -> State:
    said = f"[{bout.source or 'unknown'}, confidence {bout.confidence:.2f}]"
    comment = f"{bout.description} {said}" if bout.description else said
    return State(bout.animal, bout.label, bout.start_frame, bout.end_frame, comment)


def _gone(stretch: Stretch, label: str) -> State:
    return State(stretch.animal, label, stretch.start_frame, stretch.end_frame)
