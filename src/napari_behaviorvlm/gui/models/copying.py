"""Labels of the frame before, moved on to the dots of this one."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import LABELLED, Status
from napari_behaviorvlm.gui.models.edits import Edit
from napari_behaviorvlm.gui.models.label_cells import (
    FloatArray,
    Hand,
    Labelled,
    dots,
    holders,
    with_losers,
)
from napari_behaviorvlm.io.project.store import Cell, StoredLabel

COPY = "copy from the previous frame"

NEAR = 8.0
"""A dot this close to where the keypoint is expected is taken for it, px, plus its own motion."""

_FASTEST = 40.0
"""Steps between two frames that are larger (px) are not carried on: the label may have jumped."""


@dataclass(frozen=True)
class _Carried:
    """Keypoints of a view that are carried on, and where they are expected."""

    camera: int
    keypoints: NDArray[np.intp]
    expected: FloatArray
    reach: FloatArray


def copy_previous(session: Labelled, frame: int, keypoint: int | None = None) -> Edit:
    """Carry a keypoint (None: all that nobody decided) on from the frame before, in all views.

    Each label goes to the dot nearest to where its motion leads, every dot to one keypoint; where
    no dot is near it stays free, with unknown confidence. Hidden keypoints stay hidden.
    """
    if frame == 0:
        return Edit(COPY, (), "There is no frame before the first one to copy from.")
    hand = Hand.of(session)
    given: dict[Cell, StoredLabel] = {}
    for camera in range(len(session.rig)):
        given |= _view(session, frame, _wanted(session, frame, camera, keypoint), camera, hand)
    what = "this frame" if keypoint is None else session.skeleton.keypoints[keypoint]
    if not given:
        return Edit(COPY, (), f"The frame before has nothing to copy for {what}.")
    changes, losers = with_losers(session, given, hand)
    return Edit.of(COPY, changes, _note(what, given.values(), len(losers)))


def _note(what: str, given: Collection[StoredLabel], losers: int) -> str:
    placed = sum(label.candidate > 0 for label in given)
    free = sum(label.x is not None and not label.candidate for label in given)
    note = f"{what}: {placed} labels carried on to dots"
    if free:
        note += f", {free} placed freely because no dot was near (check them)"
    if losers:
        note += f", {losers} taken from other keypoints"
    return note + "."


def _wanted(session: Labelled, frame: int, camera: int, keypoint: int | None) -> NDArray[np.intp]:
    if keypoint is not None:
        return np.array([keypoint], np.intp)
    return np.flatnonzero(~session.decided[frame, camera])


def _view(
    session: Labelled, frame: int, wanted: NDArray[np.intp], camera: int, hand: Hand
) -> dict[Cell, StoredLabel]:
    status = session.labels.status[frame - 1, camera]
    given = {
        (frame, camera, int(k)): hand.nothing(Status(int(status[k])))
        for k in wanted if status[k] in {Status.OCCLUDED, Status.OUT_OF_VIEW}
    }  # fmt: skip
    carried = _carried(session, frame, camera, wanted[np.isin(status[wanted], LABELLED)])
    numbers, positions = _free_dots(session, frame, camera, carried.keypoints)
    for at, dot in _nearest_pairs(carried, positions):
        cell = (frame, camera, int(carried.keypoints[at]))
        given[cell] = (
            hand.at(carried.expected[at], 0, None) if dot < 0
            else hand.at(positions[dot], int(numbers[dot]))
        )  # fmt: skip
    return given


def _carried(session: Labelled, frame: int, camera: int, keypoints: NDArray[np.intp]) -> _Carried:
    xy = session.labels.xy
    last = xy[frame - 1, camera, keypoints]
    step = np.zeros_like(last) if frame < 2 else last - xy[frame - 2, camera, keypoints]
    fast = np.hypot(step[:, 0], step[:, 1])
    step[~(fast <= _FASTEST)] = 0.0
    return _Carried(camera, keypoints, last + step, NEAR + np.hypot(step[:, 0], step[:, 1]))


def _free_dots(
    session: Labelled, frame: int, camera: int, keypoints: NDArray[np.intp]
) -> tuple[NDArray[np.int32], FloatArray]:
    """Dots that no person gave to a keypoint other than these."""
    numbers, positions = dots(session, frame, camera)
    taken = [
        any(session.decided[frame, camera, k] and k not in keypoints
            for k in holders(session.labels, frame, camera, int(number)))
        for number in numbers
    ]  # fmt: skip
    free = ~np.array(taken, bool)
    return numbers[free], positions[free]


def _nearest_pairs(carried: _Carried, positions: FloatArray) -> list[tuple[int, int]]:
    """Dot of each carried keypoint (-1 for none) with the least distance in all."""
    from scipy.optimize import linear_sum_assignment

    distance = np.linalg.norm(carried.expected[:, None] - positions[None], axis=-1)
    reach = carried.reach[:, None]
    cost = np.where(distance <= reach, distance, 1e6)
    chosen = np.full(len(carried.keypoints), -1)
    rows, columns = linear_sum_assignment(cost)
    near = cost[rows, columns] < 1e6
    chosen[rows[near]] = columns[near]
    return list(enumerate(chosen.tolist()))
