"""What a server can do, found out once and kept."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

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
        Whether it is known to take Message Batches.
    extras : bool
        Whether it takes what a server of the API need not know: marks that ask it to cache the
        beginning of a prompt, and the wish for a steady answer.
    notes : tuple of str
        What a user should know besides.
    """

    route: Route = Route.MESSAGES
    form: AnswerForm = AnswerForm.SCHEMA
    images: bool = True
    coordinates: Coordinates = Coordinates.PIXELS
    limits: ImageLimits = field(default_factory=ImageLimits)
    batches: bool = False
    extras: bool = True
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
            bool(content["batches"]), bool(content["extras"]), tuple(content["notes"]),
        )  # fmt: skip


def known_profile(endpoint: Endpoint, told: Mapping[str, Any] | None = None) -> Profile | None:
    """Profile of what needs no probing: Claude at Anthropic. None for everything else.

    Parameters
    ----------
    endpoint : Endpoint
    told : mapping, optional
        What Anthropic says of the model (`Client.describe`).
    """
    if not endpoint.official:
        return None
    form = AnswerForm.SCHEMA if ability(told, "structured_outputs", True) else AnswerForm.TOOL
    return Profile(
        form=form, images=ability(told, "image_input", True),
        limits=claude_limits(endpoint.model), batches=ability(told, "batch", True),
    )  # fmt: skip


def ability(told: Mapping[str, Any] | None, name: str, unknown: bool) -> bool:
    """Whether a model can do something as its server says, ``unknown`` where it does not say."""
    abilities = (told or {}).get("capabilities")
    found = abilities.get(name) if isinstance(abilities, dict) else None
    supported = found.get("supported") if isinstance(found, dict) else None
    return supported if isinstance(supported, bool) else unknown


def claude_limits(model: str) -> ImageLimits:
    """Picture limits of a Claude model; the smaller ones for the models known to have them."""
    older = ("claude-3", "claude-haiku-4", "claude-sonnet-4", "claude-opus-4-0", "claude-opus-4-1",
             "claude-opus-4-5", "claude-opus-4-6")  # fmt: skip
    return SMALL_LIMITS if model.startswith(older) else ImageLimits()


def claude_cache_minimum(model: str) -> int | None:
    """Tokens from which on a Claude model caches a prompt's beginning; None for other models."""
    if "claude" not in model:
        return None
    if any(name in model for name in ("opus-4-5", "opus-4-6", "haiku-4-5")):
        return 4096
    return 2048 if any(name in model for name in ("opus-4-7", "haiku-3", "3-haiku")) else 1024


def guessed_coordinates(model: str) -> Coordinates:
    """Convention that a model family is known for."""
    name = model.lower()
    if "qwen" in name and "2.5" not in name and "2_5" not in name:
        return Coordinates.THOUSANDTHS
    if "gemini" in name or "gemma" in name:
        return Coordinates.THOUSANDTHS_Y_FIRST
    return Coordinates.PIXELS
