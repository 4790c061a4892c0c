"""A model ready to be asked, for code that is not asynchronous: workflows, docks, scripts."""

import asyncio
import concurrent.futures
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Generator, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self, TypeVar

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.vlm.asker import Asker
from napari_behaviorvlm.vlm.batches import BatchDesk, BatchReport
from napari_behaviorvlm.vlm.chat_route import ChatClient
from napari_behaviorvlm.vlm.client import Client
from napari_behaviorvlm.vlm.cost import Budget, Price, price_of
from napari_behaviorvlm.vlm.endpoint import Endpoint, Route, endpoint
from napari_behaviorvlm.vlm.failures import BudgetError, CallError
from napari_behaviorvlm.vlm.messages_route import MessagesClient
from napari_behaviorvlm.vlm.patience import Pace, Patience, RetryPolicy
from napari_behaviorvlm.vlm.paying import PayingClient
from napari_behaviorvlm.vlm.probe import STUMBLED, probe
from napari_behaviorvlm.vlm.profile import Profile, known_profile
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.store import AnswerStore

Result = TypeVar("Result")
OnAnswer = Callable[[int, Outcome], None]
"""Takes the position of a question and what became of it, as soon as that is known."""

HEARTBEAT = 0.5
"""Seconds between two reports while waiting."""

GRACE = 10.0
"""Seconds that answers on their way get when no further question makes sense: left behind, they
would count as perhaps billed."""


@dataclass(frozen=True)
class Settings:
    """What a user chooses.

    Parameters
    ----------
    base_url : str, optional
        See `endpoint`.
    model : str, optional
        Where the server has only one model, it is that.
    key_env : str, optional
    route : Route, optional
        Found out by default.
    budget : float, optional
        USD that may have been spent in the end, with what was spent before as the store has it:
        calls that never came back and batches that are not collected count with the most that they
        can have cost.
    concurrency : int
    per_minute : float, optional
        Requests a minute.
    price : Price, optional
        Where the offline tables do not know the model.
    timeout : float
        Seconds until a silent server counts as hanging.
    policy : RetryPolicy
    """

    base_url: str | None = None
    model: str | None = None
    key_env: str | None = None
    route: Route | None = None
    budget: float | None = None
    concurrency: int = 4
    per_minute: float | None = None
    price: Price | None = None
    timeout: float = 300.0
    policy: RetryPolicy = field(default_factory=RetryPolicy)


class ModelSession:
    """A connection to one model, with its store and its budget; a context manager.

    Opening it finds out (or remembers) what the server can do.

    Parameters
    ----------
    settings : Settings
    store : AnswerStore

    Raises
    ------
    VLMError
        If the server cannot be reached, refuses the key, or has no such model.
    """

    def __init__(self, settings: Settings, store: AnswerStore) -> None:
        self.settings = settings
        self.store = store
        self.known_before = store.newest()
        """Number of the last exchange before this session began."""
        self.notice = ""
        self._news: deque[str] = deque(maxlen=100)
        self._clients: list[Client] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="vlm", daemon=True)
        self._thread.start()
        try:
            self.asker: Asker = self._run(self._open())
        except CallError as error:
            self.close()
            raise VLMError(error.sentence) from error
        except BaseException:
            self.close()
            raise

    # Life --------------------------------------------------------------------------------------

    async def _open(self) -> Asker:
        where = endpoint(
            self.settings.base_url, self.settings.model or "", key_env=self.settings.key_env,
            route=self.settings.route or Route.MESSAGES,
        )  # fmt: skip
        if not where.model:
            where = replace(where, model=await self._only_model(where))
        price = self.settings.price or price_of(where)
        budget = Budget(self.settings.budget, self.store.spending().most)
        profile = await self._profile(where, budget, price)
        client = self._client(replace(where, route=profile.route))
        pace = Pace(self.settings.concurrency, self.settings.per_minute)
        patience = Patience(client, pace, self.settings.policy, self._note)
        return Asker(patience, profile, self.store, budget, price)

    async def _only_model(self, where: Endpoint) -> str:
        names = await self._client(where).models()
        if len(names) == 1:
            return names[0]
        listed = f"it has {', '.join(sorted(names)[:12])}" if names else "it does not list any"
        raise VLMError(f"Which model of {where.server}? Choose one with --model; {listed}.")

    async def _profile(self, where: Endpoint, budget: Budget, price: Price | None) -> Profile:
        asked = self.settings.route.value if self.settings.route else "auto"
        kept = self.store.profile(where.base_url, where.model, asked)
        if kept is not None:
            return Profile.from_json(kept)
        if where.official:
            found = known_profile(where, await self._client(where).describe())
            assert found is not None
        else:

            def paying(route: Route) -> PayingClient:
                client = self._client(replace(where, route=route))
                return PayingClient(client, self.store, budget, price)

            found = await probe(paying, where, self.settings.route, self.settings.policy)
        if STUMBLED not in found.notes:  # else it may have been a bad moment
            self.store.keep_profile(where.base_url, where.model, asked, found.to_json())
        return found

    def _client(self, where: Endpoint) -> Client:
        kind = MessagesClient if where.route is Route.MESSAGES else ChatClient
        client: Client = kind(where, timeout=self.settings.timeout)
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Stop everything; calls on their way are noted as perhaps billed."""
        if self._loop.is_closed():
            return
        self._run(self._shut_down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _shut_down(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for client in self._clients:
            await client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    # Asking ------------------------------------------------------------------------------------

    @property
    def profile(self) -> Profile:
        """What the server can do."""
        return self.asker.profile

    @property
    def budget(self) -> Budget:
        """What was spent, and what may be."""
        return self.asker.budget

    def ask(
        self, questions: Sequence[Question], on_answer: OnAnswer = lambda _, __: None
    ) -> Generator[Progress, None, list[Outcome]]:  # fmt: skip
        """Ask questions at once, as fast as pace and server allow.

        Closing the generator stops at once; answers that came are kept.

        Parameters
        ----------
        questions : sequence of Question
        on_answer : callable
            Called in the thread that runs the generator.

        Yields
        ------
        Progress
            In questions, at least twice a second; the message tells what is being waited for.

        Returns
        -------
        list of Outcome
            In the order of the questions.

        Raises
        ------
        BudgetError
            When the next call could pass the budget; answers on their way are waited for and kept.
        VLMError
            If asking on makes no sense; answers on their way are waited for a moment and kept.
        """
        futures = [self._submit(task) for task in self._tasks(questions)]
        places = {future: at for at, future in enumerate(futures)}
        waiting = set(futures)
        until = math.inf
        try:
            while waiting and time.monotonic() < until:
                done, waiting = concurrent.futures.wait(
                    waiting, HEARTBEAT, concurrent.futures.FIRST_COMPLETED
                )
                for future in sorted(done, key=places.__getitem__):
                    if future.exception() is None:
                        on_answer(places[future], future.result())
                    elif not isinstance(future.exception(), BudgetError):
                        until = min(until, time.monotonic() + GRACE)
                        self.asker.halt(future.exception())
                answered = len(futures) - len(waiting)
                while self._news:  # also those that were over between two heartbeats
                    yield Progress(answered, len(futures), self._news.popleft())
                yield Progress(answered, len(futures), self.notice)
            if self.asker.halted is not None:
                raise self.asker.halted
            return [future.result() for future in futures]
        finally:
            self._cancel(waiting)

    def ask_in_batches(self, questions: Sequence[Question]) -> BatchReport:
        """Collect what has come of earlier batches and hand in what is to be asked next.

        Raises
        ------
        VLMError
            If the server takes no batches, cannot be asked, or the budget does not reach.
        """
        return self._run(BatchDesk(self.asker).advance(questions))

    def cancel_batches(self) -> int:
        """Stop all batches that run; returns how many."""
        return self._run(BatchDesk(self.asker).cancel())

    def _cancel(self, futures: "Collection[concurrent.futures.Future[Outcome]]") -> None:
        """Stop calls at one moment: one by one, the place of the first would go to the second."""
        waiting = list(futures)
        if waiting:
            self._loop.call_soon_threadsafe(lambda: [future.cancel() for future in waiting])

    def _tasks(self, questions: Sequence[Question]) -> list[Coroutine[Any, Any, Outcome]]:
        """One task per question; those that share a cached beginning wait for their first.

        Sent all at once, each would pay for writing the server's prompt cache.
        """
        firsts: dict[str, asyncio.Event] = {}
        tasks = []
        for question in questions:
            prefix = question.prefix
            first = prefix is not None and prefix not in firsts
            gate = None if prefix is None else firsts.setdefault(prefix, asyncio.Event())
            tasks.append(self._ask_after(question, gate, first=first))
        return tasks

    async def _ask_after(
        self, question: Question, gate: asyncio.Event | None, *, first: bool
    ) -> Outcome:  # fmt: skip
        if gate is None:
            return await self.asker.ask(question)
        if not first:
            await gate.wait()
        try:
            return await self.asker.ask(question)
        finally:
            gate.set()

    def _note(self, sentence: str) -> None:
        self.notice = sentence
        if sentence:
            self._news.append(sentence)

    def _submit(
        self, task: Coroutine[Any, Any, Result]
    ) -> "concurrent.futures.Future[Result]":  # fmt: skip
        return asyncio.run_coroutine_threadsafe(task, self._loop)

    def _run(self, task: Coroutine[Any, Any, Result]) -> Result:
        return self._submit(task).result()
