"""Which animal is in which outline, from frame to frame."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from napari_behaviorvlm.behavior.animals.silhouettes import Blob, BodySize
from napari_behaviorvlm.behavior.animals.splitting import Ellipse

FloatArray = NDArray[np.float64]

_CROWDING = 1.5
"""Cost of one animal's whole area missing from an outline, in body lengths of way."""
_LOST = 2.2
"""Cost of following an animal no longer, in body lengths of way."""
_DAMPING = 0.8
"""Share of its speed that an animal is expected to keep from frame to frame."""
_PATIENCE = 8.0
"""Frames in doubt after which an animal may be twice as far away."""
_ROOM = 0.45
"""Share of a body's area that is free in an outline for another animal."""
_FULL = 0.8
"""Share of its animals' areas that an outline of several has at least."""
_LONG = 1.25
"""Length over width from which an outline has a direction."""
_IMPOSSIBLE = 1e6


@dataclass(eq=False)
class Animal:
    """What is remembered of an animal while it is followed.

    Parameters
    ----------
    ellipse : Ellipse, optional
        Where it was seen last; None = never.
    velocity : ndarray, shape (2,)
        Working px per frame.
    turning : float
        Radians per frame.
    usual : ndarray, shape (2,)
        Spread of its outline where it is alone.
    lately : ndarray, shape (2,), optional
        The same in the last moments; a rearing animal is short, also while another passes it.
    doubt : float
        Frames since it was seen well.
    """

    usual: FloatArray
    ellipse: Ellipse | None = None
    velocity: FloatArray = field(default_factory=lambda: np.zeros(2))
    doubt: float = 0.0
    lately: FloatArray | None = None
    turning: float = 0.0

    @property
    def expected(self) -> FloatArray | None:
        """Place in the next frame."""
        if self.ellipse is None:
            return None
        moving = self.velocity if self.doubt < _PATIENCE else 0.0
        return np.asarray(self.ellipse.centre + moving)

    def guess(self) -> Ellipse | None:
        """Ellipse of the size that it had lately, in the next frame."""
        place = self.expected
        if place is None or self.ellipse is None:
            return None
        size = self.usual if self.lately is None else self.lately
        turn = self.turning if self.doubt < _PATIENCE else 0.0
        return Ellipse(place, _turned(self.ellipse.axes, turn), size)

    def see(self, ellipse: Ellipse, *, alone: bool, well: bool) -> None:
        """Remember where it is now."""
        if self.ellipse is not None:
            step = ellipse.centre - self.ellipse.centre
            trust = 0.5 if alone else 0.25
            if self.doubt > 2:
                step = np.zeros(2)
            self.velocity = _DAMPING * ((1 - trust) * self.velocity + trust * step) / 0.9
            turn = _turn_between(self.ellipse, ellipse) if self.doubt <= 2 else 0.0
            self.turning = _DAMPING * ((1 - trust) * self.turning + trust * turn) / 0.9
        self.ellipse = ellipse
        lately = self.usual if self.lately is None else self.lately
        if alone and well:
            self.usual = 0.97 * self.usual + 0.03 * ellipse.spread
            self.lately = 0.6 * lately + 0.4 * ellipse.spread
        else:
            self.lately = 0.98 * lately + 0.02 * self.usual
        self.doubt = max(0.0, self.doubt - 2) if well else self.doubt + 1

    def miss(self) -> None:
        """Remember that it was not seen."""
        self.velocity, self.turning = np.zeros(2), 0.0
        self.doubt += 1


def _turned(axes: FloatArray, angle: float) -> FloatArray:
    """Axes (rows) turned clockwise on screen."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(axes @ np.array([[cos, sin], [-sin, cos]]))


def _turn_between(one: Ellipse, other: Ellipse) -> float:
    """Angle from one long axis to another, -pi/2 to pi/2; 0 where an outline is nearly round."""
    if min(e.spread[0] / e.spread[1] for e in (one, other)) < _LONG:
        return 0.0
    along, across = other.axes[0] @ one.axes[0], other.axes[0] @ one.axes[1]
    return float(np.arctan2(across, along) if along >= 0 else np.arctan2(-across, -along))


def assign(animals: list[Animal], blobs: list[Blob], size: BodySize) -> list[int]:
    """Give every animal the outline that it is in.

    An assignment of least cost (Kuhn 1955) between animals and places in outlines: an outline has
    as many places as there are animals, which get dearer the less area is left for them.

    Parameters
    ----------
    animals : list of Animal
    blobs : list of Blob
    size : BodySize
        Of one animal.

    Returns
    -------
    list of int
        Position of each animal's blob, -1 = not seen.
    """
    if not blobs:
        return [-1] * len(animals)
    found = _cheapest(animals, blobs, size)[0]
    _claim(animals, blobs, size, found)
    return found


def _claim(animals: list[Animal], blobs: list[Blob], size: BodySize, found: list[int]) -> None:
    """Let animals in doubt have outlines that nobody is in, however far away these are.

    In doubt are the lost, and those who have shared an outline that is too small for them.
    """
    filled = np.array([blob.area for blob in blobs]) / size.area
    members = np.bincount([at for at in found if at >= 0], minlength=len(blobs))
    free = [j for j in range(len(blobs)) if filled[j] - members[j] > _ROOM]
    doubtful = [
        i
        for i, animal in enumerate(animals)
        if animal.doubt > _PATIENCE
        and (
            found[i] < 0 or (members[found[i]] > 1 and filled[found[i]] < _FULL * members[found[i]])
        )
    ]
    if not free or not doubtful:
        return
    way = np.array([[_way(animals[i], blobs[j], size) for j in free] for i in doubtful])
    way /= np.array([[1 + animals[i].doubt / _PATIENCE] for i in doubtful])
    way[way > _LOST] = _IMPOSSIBLE
    for row, column in zip(*linear_sum_assignment(way), strict=True):
        one = doubtful[int(row)]
        alone = found[one] < 0 or members[found[one]] > 1
        if way[row, column] <= _LOST and alone:
            if found[one] >= 0:
                members[found[one]] -= 1
            found[one] = free[int(column)]


def clarity(n_animals: int, blobs: list[Blob], size: BodySize) -> float:
    """How well outlines of a picture show that many animals of which nothing is known.

    0 where each has an outline of its own of the usual size, less the worse.
    """
    if not blobs:
        return -_LOST * n_animals
    cost = _cheapest([Animal(np.ones(2)) for _ in range(n_animals)], blobs, size)[1]
    # The cost of animals that are each alone in an outline of the usual size or a larger one.
    return min(0.0, n_animals * (1.0 - 0.4 * _CROWDING) - cost)


def _cheapest(animals: list[Animal], blobs: list[Blob], size: BodySize) -> tuple[list[int], float]:
    n = len(animals)
    begun = any(animal.ellipse is not None for animal in animals)
    cost = np.full((n, len(blobs) * n + n), _IMPOSSIBLE)
    for j, blob in enumerate(blobs):
        filled = blob.area / size.area
        places = [_CROWDING * max(k + 0.6 - filled, -0.5) for k in range(n)]
        for i, animal in enumerate(animals):
            way = _way(animal, blob, size)
            cost[i, j * n : (j + 1) * n] = np.array(places) + way
            if animal.ellipse is None:  # nothing says that it is there, unless there is room
                crowded = np.arange(n) > max(0.0, filled - _ROOM)
                cost[i, j * n : (j + 1) * n][crowded | begun] = _IMPOSSIBLE
    for i in range(n):
        cost[i, len(blobs) * n + i] = _LOST
    rows, columns = linear_sum_assignment(cost)
    found = [-1] * n
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        found[row] = column // n if column < len(blobs) * n else -1
    return found, float(cost[rows, columns].sum())


def _way(animal: Animal, blob: Blob, size: BodySize) -> float:
    """How far an animal would have to go to be in an outline, in body lengths."""
    place = animal.expected
    if place is None:
        return 1.0
    gaps = np.linalg.norm(blob.points - place, axis=1)
    nearest = max(3, int(len(gaps) * 0.5 * min(1.0, size.area / blob.area)))
    if nearest < len(gaps):
        gaps = np.partition(gaps, nearest)[:nearest]
    return float(gaps.mean()) / size.length
