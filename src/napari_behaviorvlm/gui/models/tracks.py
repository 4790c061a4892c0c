"""How far an edit carries: the frames around it that need the same.

A dot that was given to a keypoint is followed through the frames before and after, and so is a pair
that was exchanged. Following ends at a person's decision, where a dot is lost or cannot be told
from its neighbour, and where the labels already say what the edit said.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_behaviorvlm.core.labels import LABELLED, Status
from napari_behaviorvlm.gui.models import edits
from napari_behaviorvlm.gui.models.edits import Edit, exchanged
from napari_behaviorvlm.gui.models.following import follow
from napari_behaviorvlm.gui.models.label_cells import (
    FloatArray,
    Hand,
    Labelled,
    dots,
    holders,
    with_losers,
)
from napari_behaviorvlm.identity.flags import WHOLE_POINT, FlagTable
from napari_behaviorvlm.io.project.store import Cell, StoredLabel

FARTHEST = 500
"""Frames that are followed at most in each direction."""

_BLOCK = 64
_NEVER_CLOSER = 10.0
"""Sides that are nearer to each other than this (px) count as this far apart."""

_CLEARLY = 0.6
"""One of two distances is clearly the smaller one below this ratio."""

Pair = tuple[int, int]


class Flagged(Labelled, Protocol):
    """A session with its flags."""

    @property
    def flags(self) -> FlagTable | None:
        """Reasons to look again; None until judged."""


@dataclass(frozen=True)
class Extent:
    """Frames beside an edit that need the same.

    Parameters
    ----------
    first, end : int
        All of them lie in ``first`` to ``end - 1``, the edited frame included.
    cells : tuple of cell
        What is to be changed; the edited frame is not among them.
    numbers : tuple of int
        For a dot that is followed, its number in each cell.
    pairs : tuple of (int, int)
        For a swap, the keypoints to exchange; ``cells`` then name the first of each pair.
    """

    first: int
    end: int
    cells: tuple[Cell, ...]
    numbers: tuple[int, ...] = ()
    pairs: tuple[Pair, ...] = ()

    @property
    def n_frames(self) -> int:
        """Frames to be changed."""
        return len({cell[0] for cell in self.cells})

    @property
    def question(self) -> str:
        """What to ask: "Apply to the 23 frames of this track (120 to 143)?"."""
        frames = "the other frame" if self.n_frames == 1 else f"the {self.n_frames} other frames"
        return f"Apply to {frames} of this track ({self.first} to {self.end - 1})?"


def extent_of(edit: Edit, session: Flagged) -> Extent | None:
    """Find the frames that need the same edit; None if there are none.

    To be called before the edit is applied: the flags around it may go with it.
    """
    if not edit.changes:
        return None
    if edit.action in {edits.ASSIGN, edits.PLACE, edits.MOVE}:
        return _of_dot(edit, session)
    if edit.action in {edits.SWAP, edits.SWAP_VIEW, edits.SWAP_FRAME}:
        return _of_swap(edit, session)
    if edit.action in {edits.OCCLUDE, edits.OUT_OF_VIEW, edits.DELETE, edits.DELETE_EVERYWHERE}:
        return _of_flags(edit, session)
    return None


def over_track(edit: Edit, session: Flagged, extent: Extent) -> Edit:
    """Return the same kind of edit for the other frames of a track, as one step of work."""
    hand = Hand.of(session)
    action = f"{edit.action}, {extent.n_frames} frames"
    note = f"Applied to {extent.n_frames} frames ({extent.first} to {extent.end - 1})."
    changes: dict[Cell, StoredLabel] = {}
    if extent.pairs:
        cameras = _cameras_of(edit, session)
        for frame in sorted({cell[0] for cell in extent.cells}):
            changes |= exchanged(session, frame, extent.pairs, cameras)
    elif extent.numbers:
        for cell, number in zip(extent.cells, extent.numbers, strict=True):
            numbers, positions = dots(session, cell[0], cell[1])
            xy = positions[np.flatnonzero(numbers == number)[0]]
            changes[cell] = hand.at(xy, number)
        changes, _ = with_losers(session, changes, hand)
    else:
        status = next(label.status for _, label in edit.changes if label is not None)
        changes = {cell: hand.nothing(status) for cell in extent.cells}
    return Edit.of(action, changes, note)


def _extent(
    frame: int, cells: Iterable[Cell], numbers: Iterable[int] = (), pairs: Iterable[Pair] = ()
) -> Extent | None:
    cells = tuple(cells)
    if not cells:
        return None
    frames = [frame, *(cell[0] for cell in cells)]
    return Extent(min(frames), max(frames) + 1, cells, tuple(numbers), tuple(pairs))


# A dot ----------------------------------------------------------------------------------------


def _of_dot(edit: Edit, session: Flagged) -> Extent | None:
    named = [(c, s) for c, s in edit.changes if s is not None and s.candidate > 0]
    if len(named) != 1:
        return None
    (frame, camera, keypoint), label = named[0]
    found: list[tuple[int, int]] = []
    for step in (-1, 1):
        found += _needing(session, camera, keypoint, follow(
            session, frame, camera, label.candidate, step, FARTHEST))  # fmt: skip
    found.sort()
    cells = [(at, camera, keypoint) for at, _ in found]
    return _extent(frame, cells, [number for _, number in found])


def _needing(
    session: Labelled, camera: int, keypoint: int, track: Iterator[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Frames and dots of a track as far as the keypoint is not there yet and nobody decided."""
    found = []
    for frame, number in track:
        held = holders(session.labels, frame, camera, number)
        if keypoint in held or session.decided[frame, camera, [keypoint, *held]].any():
            break
        found.append((frame, number))
    return found


# Left and right -------------------------------------------------------------------------------


def _cameras_of(edit: Edit, session: Labelled) -> list[int]:
    if edit.action == edits.SWAP_VIEW:
        return sorted({cell[1] for cell, _ in edit.changes})
    return list(range(len(session.rig)))


def _of_swap(edit: Edit, session: Flagged) -> Extent | None:
    frame = edit.changes[0][0][0]
    cameras = _cameras_of(edit, session)
    changed = {cell[2] for cell, _ in edit.changes}
    pairs = [pair for pair in session.skeleton.symmetric_indices if changed & set(pair)]
    frames = [
        *_still_swapped(session, frame, pairs, cameras, -1),
        *_still_swapped(session, frame, pairs, cameras, 1),
    ]
    cells = [(at, cameras[0], pairs[0][0]) for at in sorted(frames)]
    return _extent(frame, cells, pairs=pairs)


def _still_swapped(
    session: Labelled, frame: int, pairs: list[Pair], cameras: list[int], step: int
) -> Iterator[int]:
    """Frames, going one way, in which most labels have the two sides the other way round.

    The right positions of the edited frame are its own, exchanged; each frame that is found hands
    its own on, so that the sides are only ever compared over one frame.
    """
    cells = np.ix_(np.array(cameras), np.array(pairs).ravel())
    right = _both_sides(session, range(frame, frame + 1), pairs, cells)[0, :, ::-1]
    end = min(max(frame + step * (FARTHEST + 1), -1), len(session.labels.frames))
    for start in range(frame + step, end, step * _BLOCK):
        block = range(start, end, step)[:_BLOCK]
        positions = _both_sides(session, block, pairs, cells)
        for at, there in zip(block, positions, strict=True):
            if session.decided[at][cells].any() or _votes_for_swap(right, there) <= 0:
                return
            yield at
            right = np.where(np.isnan(there[:, ::-1]), right, there[:, ::-1])


def _both_sides(
    session: Labelled, frames: range, pairs: list[Pair], cells: tuple[np.ndarray, ...]
) -> FloatArray:
    """Labels of both sides, shape (F, P, 2, C, 2); NaN without a position."""
    labels, camera, keypoint = session.labels, *cells
    row = np.array(frames)[:, None, None]
    shown = np.isin(labels.status[row, camera, keypoint], LABELLED)
    xy = np.where(shown[..., None], labels.xy[row, camera, keypoint], np.nan)
    return xy.reshape(len(row), -1, len(pairs), 2, 2).transpose(0, 2, 3, 1, 4)


def _votes_for_swap(right: FloatArray, there: FloatArray) -> int:
    """Labels that continue the other side, less those that continue their own.

    A label votes if one of the two is clearly nearer and not farther than half the distance between
    the sides.
    """
    own, other = _squared(right - there), _squared(right - there[:, ::-1])
    apart = np.fmax(_squared(right[:, :1] - right[:, 1:]), _NEVER_CLOSER**2)
    near = np.minimum(own, other) <= apart / 4
    crossed = near & (other < _CLEARLY**2 * own)
    straight = near & (own < _CLEARLY**2 * other)
    return int(np.count_nonzero(crossed)) - int(np.count_nonzero(straight))


def _squared(vectors: FloatArray) -> FloatArray:
    """Squared lengths, infinite for NaN."""
    squared = vectors[..., 0] ** 2 + vectors[..., 1] ** 2
    return np.where(np.isnan(squared), np.inf, squared)


# Runs of flags --------------------------------------------------------------------------------


def _of_flags(edit: Edit, session: Flagged) -> Extent | None:
    (frame, _, keypoint), _ = edit.changes[0]
    cameras = sorted({cell[1] for cell, _ in edit.changes})
    flags = session.flags
    if flags is None:
        return None
    causes = _causes(flags, frame, keypoint, cameras)
    labelled = edit.changes[0][1]
    hides = labelled is not None and labelled.status != Status.REJECTED
    cells = [
        cell
        for step in (-1, 1)
        for at in _flagged_run(session, flags, frame, step, keypoint, cameras, causes)
        for cell in ((at, camera, keypoint) for camera in cameras)
        if hides or session.labels.status[cell] in LABELLED
    ]
    return _extent(frame, sorted(cells))


def _causes(
    flags: FlagTable, frame: int, keypoint: int, cameras: list[int]
) -> frozenset[tuple[int, int]]:
    """Reasons and named views of the flags of a keypoint that concern some views."""
    rows = flags.rows(frame, frame + 1)
    mine = (flags.keypoint[rows] == keypoint) & np.isin(flags.camera[rows], [WHOLE_POINT, *cameras])
    found = zip(flags.reason[rows][mine].tolist(), flags.camera[rows][mine].tolist(), strict=True)
    return frozenset(found)


def _flagged_run(  # noqa: PLR0917 - one step of `_of_flags`
    session: Labelled, flags: FlagTable, frame: int, step: int, keypoint: int,
    cameras: list[int], causes: frozenset[tuple[int, int]],
) -> Iterator[int]:  # fmt: skip
    end = min(max(frame + step * (FARTHEST + 1), -1), len(session.labels.frames))
    for at in range(frame + step, end, step):
        decided = session.decided[at, cameras, keypoint].any()
        if decided or not causes & _causes(flags, at, keypoint, cameras):
            return
        yield at
