"""What is kept of a question and its answer, and what all of them together cost."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from napari_behaviorvlm.vlm.request import Image, Request, Stop, Usage


@dataclass(frozen=True)
class Exchange:
    """A request with its answer, as kept.

    Parameters
    ----------
    id : int
        What labels refer to.
    key : str
        Content hash of the request.
    request : dict
        Canonical content; pictures by digest (see `AnswerStore.image`).
    text : str
    value : dict, optional
    stop : Stop
    usage : Usage
    cost : float, optional
        USD.
    raw : str
        The server's message as it came.
    created : str
        ISO 8601 time, UTC.
    """

    id: int
    key: str
    endpoint: str
    model: str
    request: dict[str, Any]
    text: str
    value: dict[str, Any] | None
    stop: Stop
    usage: Usage
    cost: float | None
    raw: str
    created: str


@dataclass(frozen=True)
class Spending:
    """What was spent so far.

    Parameters
    ----------
    calls : int
    usage : Usage
    cost : float
        USD, of the calls whose price is known.
    uncertain_calls, uncertain_cost
        Calls that went out and never came back; the most that they can have cost.
    waiting_calls, waiting_cost
        Requests of batches that are not collected yet; the most that they can cost.
    """

    calls: int
    usage: Usage
    cost: float
    uncertain_calls: int
    uncertain_cost: float
    waiting_calls: int = 0
    waiting_cost: float = 0.0

    @property
    def most(self) -> float:
        """USD that were spent at most."""
        return self.cost + self.uncertain_cost + self.waiting_cost


@dataclass(frozen=True)
class Answered:
    """An answer about to be kept.

    Parameters
    ----------
    content : dict
        The request as `Request.content` gives it.
    images : tuple of Image
        Its pictures.
    """

    key: str
    endpoint: str
    model: str
    content: dict[str, Any]
    images: tuple[Image, ...]
    text: str
    value: dict[str, Any] | None
    stop: Stop
    usage: Usage
    raw: str
    estimate: int
    cost: float | None
    batch: str | None = None

    def row(self) -> tuple[object, ...]:
        """Values in the order of the table's columns."""
        return (
            self.key, self.endpoint, self.model, _dump(self.content), self.text,
            None if self.value is None else _dump(self.value), self.stop.value, self.raw,
            self.usage.input, self.usage.output, self.usage.cache_read, self.usage.cache_write,
            self.estimate, self.cost, self.batch, now(),
        )  # fmt: skip


def images_of(request: Request) -> tuple[Image, ...]:
    """Pictures of a request, each once."""
    return tuple({image.digest: image for image in request.images}.values())


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def now() -> str:
    """Return the current time as ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
