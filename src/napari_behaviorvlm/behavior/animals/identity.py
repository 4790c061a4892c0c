"""Who is who after animals have touched."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.measuring import COLUMNS

FloatArray = NDArray[np.float64]

_LOOKS = ("area", "spread_along", "spread_across", "grey")
_FLOOR = np.array([0.12, 0.10, 0.10, 4.0])
"""How much the looks of one animal differ from one minute to the next: posture, light."""
_SURE = 8.0
"""Log likelihood ratio from which looks overrule movement."""
_MEMORY = 10.0
"""Seconds before and after a contact that looks are taken from."""
_LEAST = 0.4
"""Seconds an animal must be alone for its looks to count."""
_NEAR = 2.5
"""Body lengths within which animals that touch at one time touch each other."""
_MOST = 5
"""Animals in a heap whose permutations are all tried."""


@dataclass(frozen=True)
class Contact:
    """Animals that touch each other in an unbroken stretch of frames.

    Parameters
    ----------
    animals : tuple of int
    start, stop : int
        Frames; the end is exclusive.
    """

    animals: tuple[int, ...]
    start: int
    stop: int


def settle_identities(table: FloatArray, fps: float, length: float) -> FloatArray:
    """Exchange animals after contacts where size and brightness say so.

    Movement carries identities through a contact. Where animals look different enough (a likelihood
    ratio of some thousand), and differently after it than before, they are exchanged from there on.

    Parameters
    ----------
    table : ndarray, shape (frames, animals, columns)
        See `measuring.COLUMNS`.
    fps : float
        Frames per second.
    length : float
        Of a body, in the table's px.

    Returns
    -------
    ndarray, same shape
    """
    table = table.copy()
    for contact in contacts(table, fps, length):
        if len(contact.animals) > _MOST:
            continue
        order = _order(table, contact, fps)
        if order != contact.animals:
            table[contact.stop :, contact.animals] = table[contact.stop :, order]
    return table


def contacts(table: FloatArray, fps: float, length: float) -> list[Contact]:
    """Contacts in the order of their ends; pauses of a fifth of a second do not part them."""
    touching = table[..., COLUMNS.index("touching")] == 1
    pause = max(1, round(0.2 * fps))
    runs = [
        (animal, start, stop)
        for animal in range(table.shape[1])
        for start, stop in _runs(touching[:, animal], pause)
    ]
    groups: list[list[tuple[int, int, int]]] = []
    for run in sorted(runs, key=lambda r: r[1]):
        joined = [g for g in groups if any(_together(table, run, other, length) for other in g)]
        groups = [g for g in groups if g not in joined]
        groups.append([run, *(r for g in joined for r in g)])
    found = [
        Contact(
            tuple(sorted({animal for animal, _, _ in group})),
            min(start for _, start, _ in group),
            max(stop for _, _, stop in group),
        )
        for group in groups
    ]
    return sorted((c for c in found if len(c.animals) > 1), key=lambda c: c.stop)


def _runs(mask: NDArray[np.bool_], pause: int) -> list[tuple[int, int]]:
    rows = np.flatnonzero(mask)
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows) > pause)
    starts = rows[np.concatenate([[0], breaks + 1])]
    stops = rows[np.concatenate([breaks, [len(rows) - 1]])] + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _together(
    table: FloatArray, one: tuple[int, int, int], other: tuple[int, int, int], length: float
) -> bool:
    start, stop = max(one[1], other[1]), min(one[2], other[2])
    if one[0] == other[0] or start >= stop:
        return False
    gaps = np.linalg.norm(table[start:stop, one[0], :2] - table[start:stop, other[0], :2], axis=1)
    known = gaps[np.isfinite(gaps)]
    return bool(len(known)) and float(known.min()) < _NEAR * length


def _order(table: FloatArray, contact: Contact, fps: float) -> tuple[int, ...]:
    """Which columns these animals have after the contact."""
    memory = round(_MEMORY * fps)
    before = [
        _looks(table[max(0, contact.start - memory) : contact.start, a], fps, last=True)
        for a in contact.animals
    ]
    after = [
        _looks(table[contact.stop : contact.stop + memory, a], fps, last=False)
        for a in contact.animals
    ]
    if any(looks is None for looks in (*before, *after)):
        return contact.animals
    unlike = np.array([[_unlike(b, a) for a in after] for b in before])
    places = range(len(contact.animals))
    best = min(
        permutations(places), key=lambda order: sum(unlike[i, j] for i, j in enumerate(order))
    )
    gain = sum(unlike[i, i] for i in places) - sum(unlike[i, j] for i, j in enumerate(best))
    if gain / 2 < _SURE:
        return contact.animals
    return tuple(contact.animals[j] for j in best)


def _looks(rows: FloatArray, fps: float, *, last: bool) -> tuple[FloatArray, FloatArray] | None:
    """Median and spread of the looks while alone, on the side next to the contact."""
    alone = rows[rows[:, COLUMNS.index("touching")] == 0]
    if len(alone) < max(3, _LEAST * fps):
        return None
    most = round(_MEMORY / 2 * fps)
    alone = alone[-most:] if last else alone[:most]
    looks = alone[:, [COLUMNS.index(name) for name in _LOOKS]]
    looks = np.concatenate([np.log(np.maximum(looks[:, :3], 1e-3)), looks[:, 3:]], axis=1)
    middle = np.median(looks, axis=0)
    return middle, 1.4826 * np.median(np.abs(looks - middle), axis=0)


def _unlike(
    one: tuple[FloatArray, FloatArray] | None, other: tuple[FloatArray, FloatArray] | None
) -> float:
    assert one is not None
    assert other is not None
    scale = np.maximum(_FLOOR, (one[1] + other[1]) / 2)
    return float((((one[0] - other[0]) / scale) ** 2).sum())
