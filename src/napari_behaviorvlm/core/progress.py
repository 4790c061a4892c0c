"""How long work reports on itself."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Labels, Poses


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a long computation.

    Workflows are generators that yield these; whoever runs them (command line or dock) shows them
    and may stop between any two.

    Parameters
    ----------
    done, total : int
        Steps finished and steps in all; ``total`` is 0 where it is unknown.
    message : str
        What is being done, in words for a person.
    """

    done: int
    total: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class StepDone(Progress):
    """One of several steps has ended: what it made can be read."""


@dataclass(frozen=True, slots=True)
class Counted(Progress):
    """A step of work that asks a vision-language model, with what it has cost so far.

    Parameters
    ----------
    calls : int
        Answers that came from the model in this run.
    known : int
        Questions of this run whose answer was kept from earlier.
    input_tokens, output_tokens : int
        Of those calls, as the server counted them.
    cost : float or None
        USD of those calls; None where the price is unknown.
    waiting : str
        One sentence while the server makes us wait; empty otherwise.
    """

    calls: int = 0
    known: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0
    waiting: str = ""

    @property
    def counters(self) -> str:
        """The counters in words."""
        parts = [f"{self.calls} calls"]
        if self.known:
            parts.append(f"{self.known} known")
        tokens = self.input_tokens + self.output_tokens
        parts.append(f"{tokens / 1000:.1f}k tokens" if tokens >= 1000 else f"{tokens} tokens")
        parts.append("price unknown" if self.cost is None else f"{self.cost:.2f} USD")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Arrived(Progress):
    """Frames were solved just now.

    Parameters
    ----------
    first_frame : int
    labels : Labels
        Of the frames ``first_frame``, ``first_frame + 1``, ...
    poses : Poses
        Of the same frames.
    exchanges : ndarray of int64, shape (n, 3)
        Frame, camera and number of every exchange with a model that these labels come from.
    unanswered : int
        Questions about these frames that got no sound answer.
    """

    first_frame: int
    labels: Labels
    poses: Poses
    exchanges: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    unanswered: int = 0
