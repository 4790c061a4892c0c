"""What an annotator's commands do to labels, as edits that can be undone.

Every function here only reads the session and returns an `Edit`; one without changes says in its
note why there is nothing to do. ``camera=None`` means all views.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm.core.labels import LABELLED, Status
from napari_behaviorvlm.gui.models.label_cells import (
    Hand,
    Labelled,
    dots,
    has_position,
    holders,
    nearest_dot,
    with_losers,
)
from napari_behaviorvlm.io.project.store import Cell, StoredLabel

ACCEPT = "accept"
ACCEPT_FRAME = "accept frame"
ASSIGN = "assign dot"
PLACE = "place"
MOVE = "move"
NEXT_BEST = "take the next best naming"
OCCLUDE = "mark as occluded"
OUT_OF_VIEW = "mark as out of view"
DELETE = "delete in this view"
DELETE_EVERYWHERE = "delete in all views"
SWAP = "swap left and right"
SWAP_VIEW = "swap left and right in this view"
SWAP_FRAME = "swap left and right of the frame"
TAKE_BACK = "take decision back"
"""What stands in the journal."""

_SAYS = {Status.OCCLUDED: "occluded", Status.OUT_OF_VIEW: "out of view"}
_ACTION = {Status.OCCLUDED: OCCLUDE, Status.OUT_OF_VIEW: OUT_OF_VIEW}


@dataclass(frozen=True)
class Edit:
    """One step of work: made as a whole, undone as a whole.

    Parameters
    ----------
    action : str
        What was done, in words; stands in the journal.
    changes : tuple of (cell, label)
        None takes a decision back.
    note : str
        One sentence for the person, empty where nothing needs saying.
    """

    action: str
    changes: tuple[tuple[Cell, StoredLabel | None], ...]
    note: str = ""

    @classmethod
    def of(
        cls, action: str, changes: Mapping[Cell, StoredLabel | None] | Mapping[Cell, StoredLabel],
        note: str = "",
    ) -> "Edit":  # fmt: skip
        """Make an edit of a mapping."""
        return cls(action, tuple(changes.items()), note)


# Agreeing -------------------------------------------------------------------------------------


def accept(session: Labelled, frame: int, keypoint: int, camera: int | None = None) -> Edit:
    """Agree with the proposals of a keypoint, in all views or in one."""
    cells = _cells(session, frame, keypoint, camera)
    proposed = _proposed(session, cells)
    hand, name = Hand.of(session), session.skeleton.keypoints[keypoint]
    if not proposed:
        return Edit(ACCEPT, (), _nothing_to_accept(session, cells, name))
    changes = {cell: hand.accepted(session.labels, cell) for cell in proposed}
    return Edit.of(ACCEPT, changes, f"{name} accepted in {_where(session, proposed)}.")


def accept_frame(session: Labelled, frame: int) -> Edit:
    """Agree with all proposals of a frame."""
    cells = [c for k in range(len(session.skeleton)) for c in _cells(session, frame, k, None)]
    proposed, hand = _proposed(session, cells), Hand.of(session)
    if not proposed:
        return Edit(ACCEPT_FRAME, (), "This frame has no proposals left to accept.")
    changes = {cell: hand.accepted(session.labels, cell) for cell in proposed}
    return Edit.of(ACCEPT_FRAME, changes, f"{len(changes)} labels of this frame accepted.")


def _proposed(session: Labelled, cells: Iterable[Cell]) -> list[Cell]:
    return [
        cell for cell in cells
        if session.labels.status[cell] == Status.PROPOSED and not session.decided[cell]
    ]  # fmt: skip


def _nothing_to_accept(session: Labelled, cells: Sequence[Cell], name: str) -> str:
    if any(session.decided[cell] for cell in cells):
        return f"{name} is decided already."
    return f"{name} has no label here: click its dot, or mark it as occluded."


# Naming dots ----------------------------------------------------------------------------------


def assign(session: Labelled, frame: int, camera: int, keypoint: int, number: int) -> Edit:
    """Make a dot of a view the keypoint; whoever had the dot before loses it."""
    numbers, positions = dots(session, frame, camera)
    at = np.flatnonzero(numbers == number)
    if not len(at):
        return Edit(ASSIGN, (), _no_such_dot(session, camera, number, numbers.tolist()))
    return _put(session, ASSIGN, (frame, camera, keypoint), positions[at[0]], number)


def place(  # noqa: PLR0917 - a cell, a position and a distance
    session: Labelled, frame: int, camera: int, keypoint: int, xy: Iterable[float],
    reach: float, action: str = PLACE,
) -> Edit:  # fmt: skip
    """Put a label somewhere: on the dot within ``reach`` pixels, else freely where it was put."""
    xy = tuple(xy)
    found = nearest_dot(session, frame, camera, xy, reach)
    number, position = found if found is not None else (0, np.array(xy))
    return _put(session, action, (frame, camera, keypoint), position, number)


def move(  # noqa: PLR0917 - as `place`
    session: Labelled, frame: int, camera: int, keypoint: int, xy: Iterable[float], reach: float
) -> Edit:
    """Drag a label to another position, as `place`."""
    return place(session, frame, camera, keypoint, xy, reach, MOVE)


def next_best(session: Labelled, frame: int, keypoint: int, numbers: Sequence[int]) -> Edit:
    """Make other dots the keypoint in all views at once; 0 leaves a view without it.

    Parameters
    ----------
    numbers : sequence of int, length C
        Dots of the solver's next best naming.
    """
    name, hand = session.skeleton.keypoints[keypoint], Hand.of(session)
    given = {}
    for camera, number in enumerate(numbers):
        cell = (frame, camera, keypoint)
        known, positions = dots(session, frame, camera)
        at = np.flatnonzero(known == number)
        if len(at):
            given[cell] = hand.at(positions[at[0]], int(number))
        elif has_position(session.labels, cell):
            given[cell] = hand.nothing(Status.REJECTED)
    named = [cell for cell, label in given.items() if label.candidate]
    if not named:
        return Edit(NEXT_BEST, (), f"The solver saw no other dots that could be {name} here.")
    changes, losers = with_losers(session, given, hand)
    lost = sorted({session.skeleton.keypoints[at] for _, _, at in losers})
    taken = f", taken from {' and '.join(lost)}" if lost else ""
    note = f"{name} is the next best point now, in {_where(session, named)}{taken}."
    return Edit.of(NEXT_BEST, changes, note)


def _put(session: Labelled, action: str, cell: Cell, xy: np.ndarray, number: int) -> Edit:
    _, camera, keypoint = cell
    hand = Hand.of(session)
    changes, losers = with_losers(session, {cell: hand.at(xy, number)}, hand)
    name, view = session.skeleton.keypoints[keypoint], session.rig.names[camera]
    note = f"{name} is dot {number} in {view}." if number else f"{name} placed freely in {view}."
    if losers:
        other = session.skeleton.keypoints[losers[0][2]]
        note = (
            f"{name} is dot {number} in {view}, which {other} had: {other} has no label there now; "
            "select it and click its dot, or undo and swap the two."
            if _partner(session, keypoint) == losers[0][2] else
            f"{name} is dot {number} in {view}, which {other} had: {other} has no label there now; "
            "select it and click its dot, or undo."
        )  # fmt: skip
    return Edit.of(action, changes, note)


def _no_such_dot(session: Labelled, camera: int, number: int, numbers: list[int]) -> str:
    view = session.rig.names[camera]
    if not numbers:
        return f"{view} has no dots in this frame: hold Shift and click to place the label freely."
    return f"{view} has no dot {number}: its numbers go from {min(numbers)} to {max(numbers)}."


# Taking away ----------------------------------------------------------------------------------


def occlude(
    session: Labelled, frame: int, keypoint: int, camera: int | None = None,
    status: Status = Status.OCCLUDED,
) -> Edit:  # fmt: skip
    """Say that the keypoint cannot be seen, in one view or in all."""
    name, hand = session.skeleton.keypoints[keypoint], Hand.of(session)
    cells = [
        cell for cell in _cells(session, frame, keypoint, camera)
        if not (session.decided[cell] and session.labels.status[cell] == status)
    ]  # fmt: skip
    if not cells:
        return Edit(_ACTION[status], (), f"{name} is marked as {_SAYS[status]} already.")
    note = f"{name} marked as {_SAYS[status]} in {_where(session, cells)}."
    return Edit.of(_ACTION[status], {cell: hand.nothing(status) for cell in cells}, note)


def out_of_view(session: Labelled, frame: int, keypoint: int, camera: int | None = None) -> Edit:
    """Say that the keypoint is outside the picture."""
    return occlude(session, frame, keypoint, camera, Status.OUT_OF_VIEW)


def delete(session: Labelled, frame: int, keypoint: int, camera: int) -> Edit:
    """Take the label of one view away, and any mark that it is hidden."""
    return _delete(session, DELETE, keypoint, _cells(session, frame, keypoint, camera))


def delete_everywhere(session: Labelled, frame: int, keypoint: int) -> Edit:
    """Take the labels of all views away."""
    return _delete(session, DELETE_EVERYWHERE, keypoint, _cells(session, frame, keypoint, None))


def _delete(session: Labelled, action: str, keypoint: int, cells: Iterable[Cell]) -> Edit:
    empty = (Status.UNLABELLED, Status.REJECTED)
    hand, name = Hand.of(session), session.skeleton.keypoints[keypoint]
    cells = [cell for cell in cells if session.labels.status[cell] not in empty]
    if not cells:
        return Edit(action, (), f"{name} has no label here to delete.")
    changes = {cell: hand.nothing(Status.REJECTED) for cell in cells}
    return Edit.of(action, changes, f"{name} deleted in {_where(session, cells)}.")


def take_back(session: Labelled, frame: int, keypoint: int, camera: int | None = None) -> Edit:
    """Forget what a person decided; the proposal shows again.

    A view whose proposed dot is another keypoint's by now stays as it is: a dot is one keypoint's.
    """
    name = session.skeleton.keypoints[keypoint]
    decided = [c for c in _cells(session, frame, keypoint, camera) if session.decided[c]]
    if not decided:
        return Edit(TAKE_BACK, (), f"Nobody has decided about {name} here yet.")
    taken = {cell: _proposed_dot_of_others(session, cell) for cell in decided}
    cells = [cell for cell in decided if not taken[cell]]
    others = sorted({session.skeleton.keypoints[k] for found in taken.values() for k in found})
    rest = f" {' and '.join(others)} has its dot elsewhere: take that back first." if others else ""
    if not cells:
        return Edit(TAKE_BACK, (), f"{name} stays as it is:{rest}")
    note = f"{name} is as proposed again in {_where(session, cells)}.{rest}"
    return Edit.of(TAKE_BACK, dict.fromkeys(cells), note)


def _proposed_dot_of_others(session: Labelled, cell: Cell) -> list[int]:
    """Keypoints that hold the dot which is proposed for a cell."""
    frame, camera, keypoint = cell
    dot = session.proposed_dot(cell)
    return [k for k in holders(session.labels, frame, camera, dot) if k != keypoint]


# Left and right -------------------------------------------------------------------------------


def swap(session: Labelled, frame: int, keypoint: int, camera: int | None = None) -> Edit:
    """Exchange a keypoint and its left-right partner, in all views or in one."""
    action = SWAP if camera is None else SWAP_VIEW
    name, partner = session.skeleton.keypoints[keypoint], _partner(session, keypoint)
    if partner is None:
        return Edit(action, (), f"{name} has no left-right partner to swap with.")
    changes = exchanged(session, frame, [(keypoint, partner)], _cameras(session, camera))
    other = session.skeleton.keypoints[partner]
    if not changes:
        return Edit(action, (), f"Neither {name} nor {other} has a label here to swap.")
    return Edit.of(action, changes, f"{name} and {other} swapped in {_where(session, changes)}.")


def swap_frame(session: Labelled, frame: int) -> Edit:
    """Exchange left and right of all pairs in all views of a frame."""
    pairs = session.skeleton.symmetric_indices
    if not pairs:
        return Edit(SWAP_FRAME, (), "The skeleton names no left-right pairs.")
    changes = exchanged(session, frame, pairs, _cameras(session, None))
    if not changes:
        return Edit(SWAP_FRAME, (), "No left-right pair has a label in this frame.")
    return Edit.of(SWAP_FRAME, changes, f"Left and right of {len(pairs)} pairs swapped.")


def exchanged(
    session: Labelled, frame: int, pairs: Iterable[tuple[int, int]], cameras: Iterable[int]
) -> dict[Cell, StoredLabel]:
    """Labels of a frame with the two keypoints of each pair exchanged.

    Positions become the person's (they say which is which); where one of the two has no position
    the other loses its own.
    """
    hand, changes = Hand.of(session), {}
    cameras = list(cameras)
    for first, second in pairs:
        for camera in cameras:
            a, b = (frame, camera, first), (frame, camera, second)
            if not (_says_something(session, a) or _says_something(session, b)):
                continue
            changes[a], changes[b] = _as_of(session, b, hand), _as_of(session, a, hand)
    return changes


def _says_something(session: Labelled, cell: Cell) -> bool:
    return session.labels.status[cell] not in {Status.UNLABELLED, Status.REJECTED}


def _as_of(session: Labelled, cell: Cell, hand: Hand) -> StoredLabel:
    """Say about another cell what is said about this one."""
    labels = session.labels
    if has_position(labels, cell):
        return hand.at(labels.xy[cell], int(labels.candidate[cell]))
    hidden = (Status.OCCLUDED, Status.OUT_OF_VIEW)
    status = Status(int(labels.status[cell]))
    return hand.nothing(status if status in hidden else Status.REJECTED)


def partner(session: Labelled, keypoint: int) -> int | None:
    """Left-right partner of a keypoint, None where it has none."""
    return _partner(session, keypoint)


def _partner(session: Labelled, keypoint: int) -> int | None:
    for left, right in session.skeleton.symmetric_indices:
        if keypoint in {left, right}:
            return left + right - keypoint
    return None


# Words ----------------------------------------------------------------------------------------


def _cameras(session: Labelled, camera: int | None) -> list[int]:
    return list(range(len(session.rig))) if camera is None else [camera]


def _cells(session: Labelled, frame: int, keypoint: int, camera: int | None) -> list[Cell]:
    return [(frame, at, keypoint) for at in _cameras(session, camera)]


def _where(session: Labelled, cells: Iterable[Cell]) -> str:
    cameras = sorted({camera for _, camera, _ in cells})
    if len(cameras) == 1:
        return session.rig.names[cameras[0]]
    return "all views" if len(cameras) == len(session.rig) else f"{len(cameras)} views"


def labelled_views(session: Labelled, frame: int, keypoint: int) -> int:
    """Count the views in which a keypoint has a position."""
    return int(np.isin(session.labels.status[frame, :, keypoint], LABELLED).sum())
