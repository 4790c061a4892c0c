"""Animals from one picture to the next."""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.animals.linking import Animal, assign
from napari_behaviorvlm.behavior.animals.measuring import COLUMNS, sighting
from napari_behaviorvlm.behavior.animals.silhouettes import Blob, BodySize, Scene
from napari_behaviorvlm.behavior.animals.splitting import (
    Ellipse,
    ellipse_of,
    split,
    spread_out,
)

FloatArray = NDArray[np.float64]


_TOO_LARGE = 1.5
"""Areas of a body from which an outline of one animal holds something else as well."""

_WHOLE = 0.75
"""Areas of a body from which an outline is not thought to be a part of one."""


class Follower:
    """Follows a number of animals through pictures in order.

    Parameters
    ----------
    n_animals : int
        How many there are at most.
    size : BodySize
        Of one animal's outline.
    """

    def __init__(self, n_animals: int, size: BodySize) -> None:
        self.size = size
        usual = np.array([size.length / 4, size.half_width / 2])
        self.animals = [Animal(usual.copy()) for _ in range(n_animals)]

    def turned_back(self) -> "Follower":
        """Another follower that begins where this one is, to run back in time."""
        other = Follower(len(self.animals), self.size)
        for mine, its in zip(self.animals, other.animals, strict=True):
            its.ellipse, its.velocity, its.usual = mine.ellipse, -mine.velocity, mine.usual.copy()
            its.turning = -mine.turning
            its.lately = None if mine.lately is None else mine.lately.copy()
        return other

    def step(self, scene: Scene | None) -> FloatArray:
        """Take the next picture's outlines; None where nothing can be said.

        Returns
        -------
        ndarray, shape (animals, columns)
            See `measuring.COLUMNS`; NaN where an animal is not seen.
        """
        rows = np.full((len(self.animals), len(COLUMNS)), np.nan)
        blobs = scene.blobs if scene is not None else []
        found = assign(self.animals, blobs, self.size)
        seen: dict[int, tuple[Ellipse, FloatArray, FloatArray, float, bool]] = {}
        for number, blob in enumerate(blobs):
            members = [animal for animal, at in enumerate(found) if at == number]
            if len(members) == 1:
                seen[members[0]] = self._alone(members[0], blob, blobs, found)
            elif members:
                seen.update(self._together(members, blob))
        tails = _tails(scene, seen)
        for animal, (ellipse, points, grey, area, touching) in seen.items():
            rows[animal] = sighting(
                points, grey, ellipse, tails[animal], area=area, touching=touching
            ).row()
        for animal, at in enumerate(found):
            if at < 0:
                self.animals[animal].miss()
        return rows

    def _alone(
        self, animal: int, blob: Blob, blobs: list[Blob], found: list[int]
    ) -> tuple[Ellipse, FloatArray, FloatArray, float, bool]:
        points, grey, area = self._with_fragments(blob, blobs, found)
        if area > _TOO_LARGE * self.size.area:
            share = len(points)
            points, grey = self._without_stranger(animal, points, grey)
            area *= len(points) / share
        ellipse = ellipse_of(points)
        well = 0.5 * self.size.area < area < 1.6 * self.size.area
        self.animals[animal].see(ellipse, alone=True, well=well)
        return ellipse, points, grey, area, False

    def _with_fragments(
        self, blob: Blob, blobs: list[Blob], found: list[int]
    ) -> tuple[FloatArray, FloatArray, float]:
        """Outline of an animal, with the parts that something in front of it cuts off."""
        points, grey, area = blob.points, blob.grey, blob.area
        if area > _WHOLE * self.size.area:
            return points, grey, area
        for number, other in enumerate(blobs):
            if number in found or area + other.area > 1.3 * self.size.area:
                continue
            gaps = np.linalg.norm(points[::3, None] - other.points[None, ::3], axis=-1)
            if gaps.min() < self.size.half_width:
                points = np.concatenate([points, other.points])
                grey = np.concatenate([grey, other.grey])
                area += other.area
        return points, grey, area

    def _without_stranger(
        self, animal: int, points: FloatArray, grey: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Pixels of an animal in an outline that it shares with a hand, a person or a shadow."""
        guess = self.animals[animal].guess()
        if guess is None:
            return points, grey
        gaps = np.linalg.norm(points - guess.centre, axis=1)
        near = gaps < 1.5 * self.size.length
        if near.sum() < 10:
            return points, grey
        points, grey, gaps = points[near], grey[near], gaps[near]
        stranger = Ellipse(points[int(gaps.argmax())], guess.axes, guess.spread)
        _, owner = split(points, [guess, stranger])
        mine = owner == 0
        return (points[mine], grey[mine]) if mine.sum() >= 10 else (points, grey)

    def _together(
        self, members: list[int], blob: Blob
    ) -> dict[int, tuple[Ellipse, FloatArray, FloatArray, float, bool]]:
        guesses = self._guesses(members, blob)
        ellipses, owner = split(blob.points, guesses)
        well = blob.area > 0.8 * len(members) * self.size.area
        seen = {}
        for place, (animal, ellipse) in enumerate(zip(members, ellipses, strict=True)):
            mine = owner == place
            area = blob.area * float(mine.mean())
            self.animals[animal].see(ellipse, alone=False, well=well)
            if mine.sum() >= 5:
                points, grey = blob.points[mine], blob.grey[mine]
            else:
                points, grey = blob.points, blob.grey
            seen[animal] = (ellipse, points, grey, area, True)
        return seen

    def _guesses(self, members: list[int], blob: Blob) -> list[Ellipse]:
        """Where animals of one outline are expected in it."""
        guesses = [self.animals[animal].guess() for animal in members]
        known = [g for g in guesses if g is not None and _inside(g.centre, blob, self.size)]
        missing = len(members) - len(known)
        new = iter(spread_out(blob.points, known, missing))
        axes = ellipse_of(blob.points).axes
        result = []
        for animal, guess in zip(members, guesses, strict=True):
            if guess is not None and any(guess is one for one in known):
                result.append(guess)
            else:
                result.append(Ellipse(next(new), axes, self.animals[animal].usual))
        return result


def _inside(place: FloatArray, blob: Blob, size: BodySize) -> bool:
    return float(np.linalg.norm(blob.points - place, axis=1).min()) < size.length


def _tails(
    scene: Scene | None, seen: dict[int, tuple[Ellipse, FloatArray, FloatArray, float, bool]]
) -> dict[int, FloatArray]:
    """Pixels of tails by the animal that is nearest."""
    if scene is None or not seen:
        return {}
    if not len(scene.tails):
        return dict.fromkeys(seen, np.zeros((0, 2)))
    gaps = []
    for ellipse, *_ in seen.values():
        offset = (scene.tails - ellipse.centre) @ ellipse.axes.T
        gaps.append(np.linalg.norm(offset / ellipse.spread, axis=1) * ellipse.spread.mean())
    nearest = np.argmin(gaps, axis=0)
    return {animal: scene.tails[nearest == place] for place, animal in enumerate(seen)}
