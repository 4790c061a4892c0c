"""Sending with patience: waits that a person sees and can stop, and a pace that servers accept."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from napari_behaviorvlm.vlm.client import Client
from napari_behaviorvlm.vlm.failures import CallError, in_words
from napari_behaviorvlm.vlm.request import AnswerForm, Reply, Request

Result = TypeVar("Result")
Notify = Callable[[str], None]
"""Takes a sentence for a person; an empty one when the trouble is over."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long to try again.

    Parameters
    ----------
    first_wait : float
        Seconds before the second attempt; doubled with each further one.
    longest_wait : float
        Cap of a single wait, also where the server asks for more (``retry-after``).
    patience : float
        Seconds of waiting for one request in all; then it fails.
    paid_attempts : int
        Attempts of a request that the server may have billed although no answer came.
    """

    first_wait: float = 1.0
    longest_wait: float = 60.0
    patience: float = 900.0
    paid_attempts: int = 3

    def wait(self, attempt: int, asked: float | None) -> float:
        """Seconds to wait after the ``attempt``-th failure (1, 2, ...)."""
        if asked is not None:
            return min(max(asked, 0.05), self.longest_wait)
        doubled = self.first_wait * 2.0 ** min(attempt - 1, 20)
        # Spread, so that parallel requests do not come back all at once.
        return min(doubled, self.longest_wait) * random.uniform(0.75, 1.0)  # noqa: S311


@dataclass
class Pace:
    """How many requests run at once, how many start a minute, and pauses that hold for all.

    Parameters
    ----------
    concurrency : int
    per_minute : float, optional
        Starts a minute; unlimited by default.
    """

    concurrency: int = 4
    per_minute: float | None = None
    _slots: asyncio.Semaphore = field(init=False, repr=False)
    _next_start: float = field(default=0.0, init=False, repr=False)
    _paused_until: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.concurrency)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a free place and the right moment."""
        async with self._slots:
            await self._moment()
            yield

    async def _moment(self) -> None:
        while (delay := max(self._paused_until, self._next_start) - time.monotonic()) > 0:
            await asyncio.sleep(delay)
        if self.per_minute is not None:
            self._next_start = time.monotonic() + 60.0 / self.per_minute

    def pause(self, seconds: float) -> None:
        """Let nobody start for a while."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)


@dataclass
class Patience:
    """Sends requests through a client until they succeed or there is no hope.

    Parameters
    ----------
    client : Client
    pace : Pace
    policy : RetryPolicy
    notify : callable
        Told every wait, in words.
    """

    client: Client
    pace: Pace = field(default_factory=Pace)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    notify: Notify = lambda _: None

    async def send(
        self, request: Request, form: AnswerForm, ledger: "Ledger | None" = None
    ) -> Reply:  # fmt: skip
        """Send a request, waiting and trying again as long as that makes sense.

        Cancelling the task stops at once, also in the middle of a wait or of a silent server.

        Parameters
        ----------
        request : Request
        form : AnswerForm
        ledger : Ledger, optional
            Told of every attempt; what it raises ends the call.

        Returns
        -------
        Reply

        Raises
        ------
        CallError
            If there is no hope, or patience has run out.
        """
        return await self.attempt(lambda: self.client.send(request, form), ledger)

    async def attempt(
        self, call: Callable[[], Awaitable[Result]], ledger: "Ledger | None" = None, *,
        again_if_paid: bool = True,
    ) -> Result:  # fmt: skip
        """Make any call with patience; see `send`.

        Parameters
        ----------
        call : callable
            Makes one attempt.
        ledger : Ledger, optional
        again_if_paid : bool
            Whether to try again after a failure that may have been billed.
        """
        waited, attempt, paid = 0.0, 0, 0
        while True:
            try:
                async with self.pace.slot():
                    if ledger is not None:
                        ledger.sending()
                    result = await call()
            except CallError as error:
                attempt += 1
                paid += error.maybe_paid
                if ledger is not None:
                    ledger.failed(error)
                if error.maybe_paid and not again_if_paid:
                    raise
                wait = self._next_wait(error, attempt, paid, waited)
            else:
                if attempt:
                    self.notify("")
                return result
            await asyncio.sleep(wait)
            waited += wait

    def _next_wait(self, error: CallError, attempt: int, paid: int, waited: float) -> float:
        """Seconds to wait after a failure; raises it where waiting makes no sense."""
        if not error.worth_retrying:
            raise error
        wait = self.policy.wait(attempt, error.retry_after)
        if waited + wait > self.policy.patience or paid >= self.policy.paid_attempts:
            raise error.given_up(waited)
        if error.concerns_all:
            self.pace.pause(wait)
        asked = ""
        if error.retry_after is not None and error.retry_after > wait:
            asked = f" (it asks for {in_words(error.retry_after)})"
        self.notify(
            f"{error.sentence} Trying again in {in_words(wait)}{asked}; stopping loses nothing."
        )
        return wait


class Ledger(Protocol):
    """Keeps the money of one call, attempt by attempt."""

    def sending(self) -> None:
        """Note that an attempt goes out."""
        ...

    def failed(self, error: CallError) -> None:
        """Note that an attempt failed."""
        ...
