"""What can go wrong with a call, sorted by what to do about it."""

import email.utils
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from napari_behaviorvlm.core.errors import VLMError

_KEYS = re.compile(r"(sk-[A-Za-z0-9_-]{6,}|(?<=[Bb]earer )\S+)")


class BudgetError(VLMError):
    """The next call could pass the budget; nothing was sent."""


class Trouble(StrEnum):
    """Kinds of failures."""

    RATE = "rate"
    OVERLOADED = "overloaded"
    SERVER = "server"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    TIMEOUT = "timeout"
    NOT_JSON = "not_json"
    KEY = "key"
    BILLING = "billing"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    BAD_REQUEST = "bad_request"


_RETRY = {Trouble.RATE, Trouble.OVERLOADED, Trouble.SERVER, Trouble.UNREACHABLE, Trouble.BROKEN,
          Trouble.TIMEOUT, Trouble.NOT_JSON}  # fmt: skip
_MAYBE_PAID = {Trouble.BROKEN, Trouble.TIMEOUT}
_HOPELESS = {Trouble.KEY, Trouble.BILLING, Trouble.NOT_FOUND}
_FOR_ALL = {Trouble.RATE, Trouble.OVERLOADED, Trouble.UNREACHABLE}

_BY_STATUS = {
    401: Trouble.KEY, 403: Trouble.KEY, 402: Trouble.BILLING, 404: Trouble.NOT_FOUND,
    405: Trouble.NOT_FOUND, 408: Trouble.SERVER, 409: Trouble.SERVER, 413: Trouble.TOO_LARGE,
    429: Trouble.RATE, 503: Trouble.OVERLOADED, 529: Trouble.OVERLOADED,
}  # fmt: skip


@dataclass(eq=False)
class CallError(Exception):
    """A call that failed.

    Parameters
    ----------
    trouble : Trouble
    sentence : str
        For a person; never carries a key.
    retry_after : float, optional
        Seconds the server asks to wait.
    status : int, optional
        Of HTTP.
    """

    trouble: Trouble
    sentence: str
    retry_after: float | None = None
    status: int | None = None

    def __str__(self) -> str:
        return self.sentence

    @property
    def worth_retrying(self) -> bool:
        """Whether the same request may go through later."""
        return self.trouble in _RETRY

    @property
    def maybe_paid(self) -> bool:
        """Whether the server may have answered (and billed) without our getting the answer."""
        return self.trouble in _MAYBE_PAID

    @property
    def hopeless(self) -> bool:
        """Whether every other request would fail as well."""
        return self.trouble in _HOPELESS

    @property
    def concerns_all(self) -> bool:
        """Whether other requests should wait too."""
        return self.trouble in _FOR_ALL

    def given_up(self, seconds: float) -> "CallError":
        """Return the same failure after patience ran out."""
        asks = ""
        if self.retry_after and self.retry_after > seconds:
            asks = f", and the server asks for {in_words(self.retry_after)}"
        return replace(
            self, sentence=f"{self.sentence.rstrip('.')}; gave up after waiting "
            f"{in_words(seconds)}{asks}. Answers so far are kept: run it again to go on.",
        )  # fmt: skip


def in_words(seconds: float) -> str:
    """Duration for a person."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def redacted(text: str, secret: str | None = None) -> str:
    """Text without anything that looks like a key."""
    if secret:
        text = text.replace(secret, "[key]")
    return _KEYS.sub("[key]", text)


def failure_of_status(
    status: int, headers: Mapping[str, str], body: str, server: str, secret: str | None = None
) -> CallError:
    """Failure of a response with an error status.

    Parameters
    ----------
    status : int
    headers : mapping
    body : str
        Of the response.
    server : str
        Name of the endpoint, for the sentence.
    secret : str, optional
        Key that must not show up in the sentence, should the server repeat it.
    """
    said = redacted(_message(body), secret)
    trouble = _BY_STATUS.get(status)
    if trouble is None:
        trouble = Trouble.SERVER if status >= 500 else Trouble.BAD_REQUEST
    if trouble is Trouble.BAD_REQUEST and re.search(
        r"too (large|long|many)|dimensions|context (length|size|window)|exceed", said, re.IGNORECASE
    ):
        trouble = Trouble.TOO_LARGE
    words = {
        Trouble.RATE: f"{server} limits the rate of requests",
        Trouble.OVERLOADED: f"{server} is overloaded ({status})",
        Trouble.SERVER: f"{server} failed ({status})",
        Trouble.KEY: f"{server} does not accept the key ({status}): set ANTHROPIC_API_KEY, or "
                     "name another variable with --api-key-env",
        Trouble.BILLING: f"{server} reports that the account cannot pay ({status})",
        Trouble.NOT_FOUND: f"{server} knows no such model or address ({status})",
        Trouble.TOO_LARGE: f"{server} finds the request too large ({status})",
        Trouble.BAD_REQUEST: f"{server} refuses the request ({status})",
    }[trouble]  # fmt: skip
    sentence = f"{words}: {said}." if said else f"{words}."
    return CallError(trouble, sentence, retry_after(headers), status)


def not_json(server: str, body: str) -> CallError:
    """Failure of a response that should have been a message and is something else."""
    what = "a web page" if "<html" in body[:2000].lower() else "something that is not a message"
    sentence = f"{server} answered with {what}: check that the address is that of a model server."
    return CallError(Trouble.NOT_JSON, sentence)


def _message(body: str) -> str:
    """Return what an error body says, in one line."""
    try:
        error = json.loads(body)
        if isinstance(error, dict):
            error = error.get("error", error.get("message", error.get("detail", "")))
        if isinstance(error, dict):
            error = error.get("message", "")
        text = error if isinstance(error, str) else ""
    except (ValueError, RecursionError):
        text = "" if "<" in body else body
    return " ".join(text.split())[:300].rstrip(".")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, None where it does not say."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
        return seconds
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return max(value, 0.0) if math.isfinite(value) else None
