"""What is to be done with recordings, and what came of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from napari_behaviorvlm.vlm.session import Settings

Captioner = Literal["measured", "model"]
Merger = Literal["rule", "model"]


@dataclass(frozen=True)
class WordsRequest:
    """How clips get their words.

    Parameters
    ----------
    captioner : {"measured", "model"}
        Whether captions are computed from the tracks, or a vision-language model is asked.
    merge : {"rule", "model"}
        Whether clips are joined by their labels, or a language model is asked.
    model : Settings, optional
        How to reach the model.
    vocabulary : Path, optional
        The lab's words; kept in the folder, so that it need not be given again.
    language : str
        In which a model writes.
    absorb : float
        Seconds; what lasts shorter between two stretches of one behaviour becomes part of it.
    batch, wait : bool
        Ask for captions through Message Batches; come back later, or wait.
    """

    captioner: Captioner = "measured"
    merge: Merger = "rule"
    model: Settings | None = None
    vocabulary: Path | None = None
    language: str = "English"
    absorb: float = 0.0
    batch: bool = False
    wait: bool = False


@dataclass(frozen=True)
class Asked:
    """What asking a model took.

    Parameters
    ----------
    calls, known : int
        Answers that came just now, and answers that were kept from earlier.
    input_tokens, output_tokens : int
    cost_usd : float or None
        None where nobody knows the price.
    """

    calls: int = 0
    known: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0

    @property
    def sentence(self) -> str:
        """In words; empty where no model was asked."""
        if not (self.calls or self.known):
            return ""
        cost = "price unknown" if self.cost_usd is None else f"{self.cost_usd:.2f} USD"
        return (
            f"The model was asked {self.calls} times ({self.input_tokens} tokens in, "
            f"{self.output_tokens} out, {cost}); {self.known} answers were known."
        )


@dataclass(frozen=True)
class CaptionSummary:
    """What captioning did.

    Parameters
    ----------
    clips : int
        In all recordings.
    sources : mapping of str to int
        Captions by who said them.
    computed : tuple of str
        Recordings that were captioned just now.
    kept : int
        Captions of people that stayed.
    asked : Asked
    waiting : str
        What batches are waited for, in words; empty if nothing is.
    notes : tuple of str
        What a user should know, one sentence each.
    """

    clips: int
    sources: Mapping[str, int] = field(default_factory=dict)
    computed: tuple[str, ...] = ()
    kept: int = 0
    asked: Asked = field(default_factory=Asked)
    waiting: str = ""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """All fields, for ``--json``."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """In words."""
        by = ", ".join(f"{count} {_WHO.get(who, who)}" for who, count in self.sources.items())
        known = "" if self.computed else " Nothing had changed."
        kept = f" {_count(self.kept, 'caption')} that people wrote stayed." if self.kept else ""
        words = f"{_count(self.clips, 'clip')} have captions: {by or 'none'}.{known}{kept}"
        return " ".join(filter(None, [words, self.asked.sentence, self.waiting]))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_WHO = {"measured": "measured", "vlm": "by the model", "human": "by people"}


@dataclass(frozen=True)
class MergeSummary:
    """What merging did.

    Parameters
    ----------
    bouts : int
        In all recordings, those of people included.
    labels : mapping of str to int
        Bouts by label, the most frequent first.
    computed : tuple of str
        Recordings that were merged just now.
    kept : int
        Bouts that people made or changed.
    asked : Asked
    notes : tuple of str
    """

    bouts: int
    labels: Mapping[str, int] = field(default_factory=dict)
    computed: tuple[str, ...] = ()
    kept: int = 0
    asked: Asked = field(default_factory=Asked)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """All fields, for ``--json``."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """In words."""
        known = "" if self.computed else " Nothing had changed."
        kept = (
            f" {_count(self.kept, 'bout')} that people made or changed stayed as they are."
            if self.kept and self.computed else ""
        )  # fmt: skip
        labels = _count(len(self.labels), "behaviour")
        words = f"{_count(self.bouts, 'event')} of {labels}.{known}{kept}"
        return " ".join(filter(None, [words, self.asked.sentence]))
