"""A whole recording: what the mice do, their keypoints, and the frames."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sample_data.three_mice_generator.behaving import BEHAVIORS, Behaving, behave
from sample_data.three_mice_generator.body import KEYPOINTS, Body, Poser
from sample_data.three_mice_generator.picture import MARGIN, SIZE, Painter, Picture

PX = 66.0
"""Pixels per body length (nose to tail base)."""

FPS = 25
ANIMALS = ("A0", "A1", "A2")


@dataclass(frozen=True, eq=False)
class Session:
    """What is known of a recording.

    Parameters
    ----------
    behaving : Behaving
    bodies : list of list of Body
        By frame and mouse.
    keypoints : ndarray, shape (frames, mice, 7, 2)
        Pixels of `KEYPOINTS`.
    seed : int
    """

    behaving: Behaving
    bodies: list[list[Body]]
    keypoints: NDArray[np.float64]
    seed: int

    @classmethod
    def make(cls, seconds: float, seed: int) -> "Session":
        """Let three mice behave for some seconds."""
        box = tuple((side - 2 * MARGIN) / PX for side in SIZE)
        done = behave(seconds, FPS, (box[0], box[1]), seed, len(ANIMALS))
        posers = [Poser(PX, np.array([MARGIN, MARGIN], float)) for _ in ANIMALS]
        bodies = [
            [poser.pose(done.place[frame, at], float(done.angle[frame, at]),
                        float(done.length[frame, at]), float(done.bend[frame, at]),
                        float(done.nod[frame, at]), float(done.lift[frame, at]))
             for at, poser in enumerate(posers)]
            for frame in range(len(done.label))
        ]  # fmt: skip
        points = np.array([[body.keypoints for body in row] for row in bodies])
        assert points.shape[2] == len(KEYPOINTS)
        return cls(done, bodies, points, seed)

    def pictures(self) -> Iterator[Picture]:
        """Draw frame after frame."""
        painter = Painter(self.seed + 1000, PX)
        for bodies in self.bodies:
            yield painter.paint(bodies)

    def events(self) -> list[tuple[str, int, int, str]]:
        """Animal, first and last frame (inclusive) and name of every stretch of one behaviour."""
        found = []
        for at, animal in enumerate(ANIMALS):
            labels = self.behaving.label[:, at]
            cuts = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
            found += [
                (animal, start, end - 1, BEHAVIORS[labels[start]])
                for start, end in itertools.pairwise(cuts)
            ]
        return found
