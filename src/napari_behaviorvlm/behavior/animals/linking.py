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
    usual : ndarray, shape (2,)
        Spread of its outline where it is alone.
    doubt : float
        Frames since it was seen well.
    """

    usual: FloatArray
    ellipse: Ellipse | None = None
    velocity: FloatArray = field(default_factory=lambda: np.zeros(2))
    doubt: float = 0.0

    @property
    def expected(self) -> FloatArray | None:
        """Place in the next frame."""
        if self.ellipse is None:
            return None
        moving = self.velocity if self.doubt < _PATIENCE else 0.0
        return np.asarray(self.ellipse.centre + moving)

    def guess(self) -> Ellipse | None:
        """Ellipse of the usual size in the next frame."""
        place = self.expected
        if place is None or self.ellipse is None:
            return None
        return Ellipse(place, self.ellipse.axes, self.usual)

    def see(self, ellipse: Ellipse, *, alone: bool, well: bool) -> None:
        """Remember where it is now."""
        if self.ellipse is not None:
            step = ellipse.centre - self.ellipse.centre
            trust = 0.5 if alone else 0.25
            if self.doubt > 2:
                step = np.zeros(2)
            self.velocity = _DAMPING * ((1 - trust) * self.velocity + trust * step) / 0.9
        self.ellipse = ellipse
        if alone and well:
            self.usual = 0.97 * self.usual + 0.03 * ellipse.spread
        self.doubt = max(0.0, self.doubt - 2) if well else self.doubt + 1

    def miss(self) -> None:
        """Remember that it was not seen."""
        self.velocity = np.zeros(2)
        self.doubt += 1


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
    n = len(animals)
    if not blobs:
        return [-1] * n
    cost = np.full((n, len(blobs) * n + n), _IMPOSSIBLE)
    for j, blob in enumerate(blobs):
        filled = blob.area / size.area
        places = [_CROWDING * max(k + 0.6 - filled, -0.5) for k in range(n)]
        for i, animal in enumerate(animals):
            way = _way(animal, blob, size)
            cost[i, j * n : (j + 1) * n] = np.array(places) + way
    for i in range(n):
        cost[i, len(blobs) * n + i] = _LOST
    rows, columns = linear_sum_assignment(cost)
    found = [-1] * n
    for i, column in zip(rows, columns, strict=True):
        found[int(i)] = int(column) // n if column < len(blobs) * n else -1
    return found


def _way(animal: Animal, blob: Blob, size: BodySize) -> float:
    """How far an animal would have to go to be in an outline, in body lengths."""
    place = animal.expected
    if place is None:
        return 1.0
    gaps = np.linalg.norm(blob.points - place, axis=1)
    nearest = max(3, int(len(gaps) * 0.5 * min(1.0, size.area / blob.area)))
    if nearest < len(gaps):
        gaps = np.partition(gaps, nearest)[:nearest]
    return float(gaps.mean()) / size.length / (1 + animal.doubt / _PATIENCE)
