"""The documented error model of the simulated VLM.

Two families. *Independent* mistakes concern one keypoint in one view and are drawn anew for every
question: they die in RANSAC. *Consistent* mistakes concern the whole animal: a left-right pair
exchanged, or a chain (back, tail) shifted by one, in **all views at once** and **for many frames in
a row**, because rolling examples carry them on. Votes never get rid of those.
"""

import hashlib
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.skeleton import Skeleton


@dataclass(frozen=True)
class ErrorModel:
    """How often the simulated model is wrong, and in which way.

    Parameters
    ----------
    seed : int
        Equal seeds give equal answers to equal questions.
    independent : float
        Chance, per visible keypoint and view, of naming another candidate.
    crowd : float
        Factor on ``independent`` for every keypoint asked for beyond four: a full frame with twelve
        keypoints is harder than the crop of a region.
    miss : float
        Chance of saying "not visible" of a visible dot.
    invent : float
        Chance of naming some free candidate for a hidden keypoint.
    swap : float
        Share of frames in which a left-right pair is exchanged in all views; each pair by itself.
    swap_frames : float
        Mean length of such a stretch, frames.
    shift : float
        Share of frames in which a chain (a region of three or more without sides) is shifted by
        one in all views; each chain by itself.
    shift_frames : float
        Mean length of such a stretch, frames.
    box_jitter : float
        Standard deviation of each box side, relative to the box.
    box_miss : float
        Chance of calling a visible region hidden.
    confidence : {"honest", "inverted", "constant", "none"}
        Honest: higher where right, on average. Inverted: higher where wrong. Constant: 0.9.
    """

    seed: int = 0
    independent: float = 0.0
    crowd: float = 1.0
    miss: float = 0.0
    invent: float = 0.0
    swap: float = 0.0
    swap_frames: float = 20.0
    shift: float = 0.0
    shift_frames: float = 20.0
    box_jitter: float = 0.0
    box_miss: float = 0.0
    confidence: Literal["honest", "inverted", "constant", "none"] = "honest"

    @classmethod
    def benchmark(cls, seed: int = 0) -> "ErrorModel":
        """Return the setting of all benchmarks.

        Calibrated so that the paper's three variants come out on the sample session as the paper
        reports them (``benchmarks/paper.py``); stated confidence is worth less than nothing.
        """
        return cls(
            seed=seed, independent=0.105, miss=0.02, invent=0.01, swap=0.33, shift=0.27,
            box_jitter=0.05, confidence="inverted",
        )  # fmt: skip

    @classmethod
    def from_words(cls, words: list[str]) -> "ErrorModel":
        """Error model from ``name=value`` words, as the command line has them.

        The word ``benchmark`` stands for that setting; what follows changes it.
        """
        start = cls.benchmark() if "benchmark" in words else cls()
        kinds = {field.name: type(field.default) for field in fields(cls)}
        pairs = (word.split("=", 1) for word in words if word != "benchmark")
        return replace(start, **{name: kinds[name](value) for name, value in pairs})

    def chance(self, *about: object) -> np.random.Generator:
        """Random numbers that depend on the seed and on what they are about, and nothing else."""
        text = repr((self.seed, *about)).encode()
        return np.random.default_rng(list(hashlib.sha256(text).digest()[:16]))

    def confused(
        self, skeleton: Skeleton, frame: int, n_frames: int, numbers: dict[str, int]
    ) -> dict[str, int]:  # fmt: skip
        """Identities after the consistent mistakes of a frame: the same in every view."""
        wrong = dict(numbers)
        for left, right in skeleton.symmetric:
            if _stretches(self.seed, f"swap {left}", n_frames, self.swap, self.swap_frames)[frame]:
                wrong[left], wrong[right] = numbers[right], numbers[left]
        sided = {name for pair in skeleton.symmetric for name in pair}
        for region, chain in skeleton.regions.items():
            on = _stretches(self.seed, f"shift {region}", n_frames, self.shift, self.shift_frames)
            if len(chain) < 3 or sided & set(chain) or not on[frame]:
                continue
            way = 1 if self.chance("way", region, frame // 50).random() < 0.5 else -1
            for place, name in enumerate(chain):
                other = place + way
                wrong[name] = numbers[chain[other]] if 0 <= other < len(chain) else 0
        return wrong


@cache
def _stretches(
    seed: int, what: str, n_frames: int, share: float, length: float
) -> NDArray[np.bool_]:
    """Frames in which a consistent mistake is on: a two-state Markov chain."""
    if share <= 0:
        return np.zeros(n_frames, bool)
    if share >= 1:
        return np.ones(n_frames, bool)
    draws = ErrorModel(seed).chance("stretch", what).random(n_frames)
    start, end = share / (1 - share) / length, 1 / length
    on = np.zeros(n_frames, bool)
    state = bool(draws[0] < share)
    for frame in range(n_frames):
        if frame:
            state = draws[frame] >= end if state else bool(draws[frame] < start)
        on[frame] = state
    return on
