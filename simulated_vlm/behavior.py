"""What is true of a recording's behaviour, and how wrong the simulated model is about it."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

OTHER_LANGUAGE = {
    "rest": "Ruhe", "walk": "Laufen", "run": "Rennen", "rear": "Aufrichten", "groom": "Putzen",
    "approach": "接近", "chase": "追いかける", "huddle": "Σωρός",
}  # fmt: skip
"""Labels that a model writes in a language that nobody asked for."""

SYNONYMS = {
    "rest": "resting", "walk": "locomotion", "run": "Running", "rear": "rearing",
    "groom": "self-grooming", "approach": "approaching", "chase": "pursuit", "huddle": "huddling",
}  # fmt: skip


@dataclass(frozen=True)
class WordErrors:
    """How often the simulated model is wrong about behaviour; chances per clip or per boundary.

    Parameters
    ----------
    seed : int
        Equal seeds give equal answers to equal questions (asked for the same time).
    wrong : float
        Chance of the label of another behaviour. Drawn by session, animal and clip: asking again
        does not help.
    synonym : float
        Chance of another word for the right behaviour.
    foreign : float
        Chance of a label and texts in another language, at the first time of asking.
    missed, joined : float
        Chance per boundary of joining two events, and of cutting one in two.
    relabel : float
        Chance per event of a label that none of its clips had.
    drop, repeat, disorder : float
        Chance per question of leaving a clip out, of naming one twice, of exchanging two events,
        at the first time of asking; `stubborn` of them stay at every repair.
    stubborn : float
        Share of those mistakes (and of foreign labels) that repairs do not mend.
    """

    seed: int = 0
    wrong: float = 0.0
    synonym: float = 0.0
    foreign: float = 0.0
    missed: float = 0.0
    joined: float = 0.0
    relabel: float = 0.0
    drop: float = 0.0
    repeat: float = 0.0
    disorder: float = 0.0
    stubborn: float = 0.1

    def chance(self, *about: object) -> np.random.Generator:
        """Random numbers that depend on the seed and on what they are about, and nothing else."""
        text = repr((self.seed, *about)).encode()
        return np.random.default_rng(list(hashlib.sha256(text).digest()[:16]))

    def slips(self, chance: float, asked: int, *about: object) -> bool:
        """Whether a mistake is made the n-th time (from 1) that something is asked."""
        draws = self.chance(*about).random(2)
        return bool(draws[0] < chance and (asked == 1 or draws[1] < self.stubborn))


CAREFUL = WordErrors(wrong=0.08, synonym=0.15, missed=0.03, joined=0.03, drop=0.05, repeat=0.03)
"""A model that mostly sees what is there and uses its own words now and then."""

SLOPPY = WordErrors(
    wrong=0.3, synonym=0.35, foreign=0.1, missed=0.12, joined=0.12, relabel=0.05, drop=0.3,
    repeat=0.2, disorder=0.2, stubborn=0.5,
)  # fmt: skip
"""A model that is wrong in every third clip and loses clips in long lists."""


@dataclass(frozen=True, eq=False)
class BehaviorTruth:
    """True behaviour of every frame.

    Parameters
    ----------
    animals : tuple of str
    behaviors : tuple of str
        Names.
    labels : ndarray of int, shape (frames, animals)
        Position in ``behaviors``; negative where nothing is annotated.
    """

    animals: tuple[str, ...]
    behaviors: tuple[str, ...]
    labels: NDArray[np.int64]

    def of(self, animal: str, start: int, end: int) -> str | None:
        """Behaviour of most annotated frames of a stretch (ends inclusive)."""
        part = self.labels[start : end + 1, self.animals.index(animal)]
        known = part[part >= 0]
        return self.behaviors[int(np.bincount(known).argmax())] if len(known) else None


@dataclass(eq=False)
class BehaviorOracle:
    """Truth and mistakes about behaviour, and how often each thing was asked.

    Parameters
    ----------
    truth : BehaviorTruth
    errors : WordErrors
    """

    truth: BehaviorTruth
    errors: WordErrors = field(default_factory=WordErrors)
    asked: Counter[str] = field(default_factory=Counter)

    def times(self, *about: object) -> int:
        """Count a question; 1 the first time."""
        key = repr(about)
        self.asked[key] += 1
        return self.asked[key]
