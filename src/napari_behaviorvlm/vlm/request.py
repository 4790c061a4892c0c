"""A request and its reply, independent of any server's dialect."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, Self


@dataclass(frozen=True)
class Text:
    """A block of text; ``breakpoint`` asks the server to cache everything up to here."""

    text: str
    breakpoint: bool = False


@dataclass(frozen=True)
class Image:
    """A picture as it is sent.

    Parameters
    ----------
    data : bytes
        Encoded file.
    width, height : int
        In pixels.
    media_type : str
    breakpoint : bool
        Ask the server to cache everything up to here.
    """

    data: bytes = field(repr=False)
    width: int
    height: int
    media_type: str = "image/png"
    breakpoint: bool = False

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.data).hexdigest()


Part = Text | Image


@dataclass(frozen=True)
class Turn:
    """What one side says."""

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True, eq=False)
class Request:
    """One question to a model.

    Parameters
    ----------
    model : str
    system : str
    turns : tuple of Turn
        The last user turn ends with the facts block.
    schema : dict, optional
        JSON schema of the answer.
    max_tokens : int
        Of the answer, thinking included.
    version : str
        Of the prompt and the mark style, so that a better prompt asks anew.
    steady : bool
        Ask for as little chance as the server allows.
    """

    model: str
    system: str
    turns: tuple[Turn, ...]
    schema: dict[str, Any] | None = None
    max_tokens: int = 4096
    version: str = ""
    steady: bool = False

    @property
    def images(self) -> list[Image]:
        """All pictures, in order."""
        return [p for turn in self.turns for p in turn.parts if isinstance(p, Image)]

    @property
    def texts(self) -> list[str]:
        """All texts, in order."""
        return [p.text for turn in self.turns for p in turn.parts if isinstance(p, Text)]

    def followed_by(self, *turns: Turn) -> Self:
        """Return the request with more turns."""
        return replace(self, turns=(*self.turns, *turns))

    def plain(self) -> Self:
        """Return the request without marks for caching and without the wish for steadiness."""
        turns = [
            replace(turn, parts=tuple(replace(part, breakpoint=False) for part in turn.parts))
            for turn in self.turns
        ]
        return replace(self, turns=tuple(turns), steady=False)

    def content(self) -> dict[str, Any]:
        """Everything the answer depends on, as plain JSON; pictures by their digests."""
        return {
            "model": self.model, "system": self.system, "schema": self.schema,
            "max_tokens": self.max_tokens, "version": self.version,
            "turns": [
                {"role": turn.role, "parts": [_plain(part) for part in turn.parts]}
                for turn in self.turns
            ],
        }  # fmt: skip

    def key(self, endpoint: str) -> str:
        """Content hash: requests with equal keys have the same answer, so none is paid twice."""
        content = {"endpoint": endpoint, **self.content()}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(part: Part) -> dict[str, Any]:
    # Breakpoints change the price, not the answer.
    if isinstance(part, Text):
        return {"text": part.text}
    return {"image": part.digest, "width": part.width, "height": part.height}


@dataclass(frozen=True)
class Usage:
    """Tokens as the server counted them; ``input`` is what was neither read from nor written to
    the server's prompt cache.
    """  # noqa: D205

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    @property
    def prompt(self) -> int:
        """All input tokens, cached or not."""
        return self.input + self.cache_read + self.cache_write

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input, self.output + other.output,
            self.cache_read + other.cache_read, self.cache_write + other.cache_write,
        )  # fmt: skip


class Stop(StrEnum):
    """Why an answer ended."""

    END = "end"
    LIMIT = "limit"
    REFUSAL = "refusal"
    OTHER = "other"


@dataclass(frozen=True)
class Reply:
    """What came back.

    Parameters
    ----------
    text : str
        Of all text blocks; thinking is left out.
    value : dict, optional
        Input of the forced tool, where the answer came that way.
    stop : Stop
    usage : Usage
    raw : str
        The server's message as it came, for provenance.
    """

    text: str
    value: dict[str, Any] | None
    stop: Stop
    usage: Usage
    raw: str = field(repr=False, default="")


class AnswerForm(StrEnum):
    """How a server is made to answer in JSON, from the strictest to the loosest."""

    SCHEMA = "schema"
    TOOL = "tool"
    TEXT = "text"
