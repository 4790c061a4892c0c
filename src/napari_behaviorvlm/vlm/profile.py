"""What a server can do, found out once and kept."""

import json
from dataclasses import asdict, dataclass, field
from typing import Self

from napari_behaviorvlm.vlm.coordinates import Coordinates
from napari_behaviorvlm.vlm.endpoint import Endpoint, Route
from napari_behaviorvlm.vlm.request import AnswerForm
from napari_behaviorvlm.vlm.tokens import SMALL_LIMITS, ImageLimits

_FORM_WORDS = {
    AnswerForm.SCHEMA: "keeps answers to a JSON schema",
    AnswerForm.TOOL: "answers in JSON through a tool call",
    AnswerForm.TEXT: "answers in free text, out of which the JSON is taken",
}
_COORDINATE_WORDS = {
    Coordinates.PIXELS: "pixels",
    Coordinates.THOUSANDTHS: "thousandths of the picture's sides",
    Coordinates.THOUSANDTHS_Y_FIRST: "thousandths of the picture's sides, y first",
}


@dataclass(frozen=True)
class Profile:
    """Abilities of a model on a server.

    Parameters
    ----------
    route : Route
    form : AnswerForm
        Strictest form that works.
    images : bool
        Whether it sees pictures.
    coordinates : Coordinates
        How it counts in pictures.
    limits : ImageLimits
    batches : bool
        Whether it takes Message Batches.
    notes : tuple of str
        What a user should know besides.
    """

    route: Route = Route.MESSAGES
    form: AnswerForm = AnswerForm.SCHEMA
    images: bool = True
    coordinates: Coordinates = Coordinates.PIXELS
    limits: ImageLimits = field(default_factory=ImageLimits)
    batches: bool = False
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The profile in words, for the settings panel and `--json`."""
        sees = "sees pictures" if self.images else "does not see pictures"
        counts = f" and counts in {_COORDINATE_WORDS[self.coordinates]}" if self.images else ""
        batch = "; it takes batches at half price" if self.batches else ""
        notes = "".join(f" {note}" for note in self.notes)
        return f"The model {sees}{counts}, and {_FORM_WORDS[self.form]}{batch}.{notes}"

    def to_json(self) -> str:
        """Profile as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Inverse of `to_json`."""
        content = json.loads(text)
        return cls(
            Route(content["route"]), AnswerForm(content["form"]), bool(content["images"]),
            Coordinates(content["coordinates"]), ImageLimits(**content["limits"]),
            bool(content["batches"]), tuple(content["notes"]),
        )  # fmt: skip


def known_profile(endpoint: Endpoint) -> Profile | None:
    """Profile of what needs no probing: Claude at Anthropic. None for everything else."""
    if not endpoint.official:
        return None
    return Profile(limits=claude_limits(endpoint.model), batches=True)


def claude_limits(model: str) -> ImageLimits:
    """Picture limits of a Claude model; the smaller ones for the models known to have them."""
    older = ("claude-3", "claude-haiku-4", "claude-sonnet-4", "claude-opus-4-0", "claude-opus-4-1",
             "claude-opus-4-5", "claude-opus-4-6")  # fmt: skip
    return SMALL_LIMITS if model.startswith(older) else ImageLimits()


def guessed_coordinates(model: str) -> Coordinates:
    """Convention that a model family is known for."""
    name = model.lower()
    if "qwen" in name and "2.5" not in name and "2_5" not in name:
        return Coordinates.THOUSANDTHS
    if "gemini" in name or "gemma" in name:
        return Coordinates.THOUSANDTHS_Y_FIRST
    return Coordinates.PIXELS
