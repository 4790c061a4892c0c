"""Asking: known answers first, then calls within budget and pace, checked, repaired, and kept."""

import asyncio
from dataclasses import dataclass, field

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.cost import Budget, Price
from napari_behaviorvlm.vlm.exchange import Answered, Exchange, images_of
from napari_behaviorvlm.vlm.failures import CallError
from napari_behaviorvlm.vlm.patience import Patience
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Reply, Request
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.vlm.tokens import request_tokens
from napari_behaviorvlm.vlm.trail import Trail

SAME_FAILURES = 3
"""So many questions refused by the server, and none answered: the fault is not theirs."""


@dataclass
class Asker:
    """Asks questions of one model.

    Parameters
    ----------
    patience : Patience
        Over the client.
    profile : Profile
    store : AnswerStore
    budget : Budget
    price : Price or None
        None where unknown; a limited budget is refused then.
    """

    patience: Patience
    profile: Profile
    store: AnswerStore
    budget: Budget = field(default_factory=Budget)
    price: Price | None = None
    halted: BaseException | None = field(default=None, init=False)
    _flying: dict[str, "asyncio.Task[Exchange]"] = field(default_factory=dict, init=False)
    _settled: asyncio.Event = field(default_factory=asyncio.Event, init=False, repr=False)
    _refusals: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _answers: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.price is None and self.budget.limit is not None:
            raise VLMError(
                f"The price of {self.model} is not known, so that no budget can be kept: give the "
                "price, or leave the budget away."
            )

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.patience.client.endpoint.model

    @property
    def address(self) -> str:
        """Address of the server."""
        return self.patience.client.endpoint.base_url

    def halt(self, error: BaseException | None) -> None:
        """Send nothing more: whoever would, fails with the first of these errors."""
        self.halted = self.halted or error

    async def ask(self, question: Question) -> Outcome:
        """Ask one question.

        Returns
        -------
        Outcome
            Also where the server refused this question; its ``failure`` says why.

        Raises
        ------
        BudgetError
            If the next call could pass the budget.
        VLMError
            If no question can be asked any more (wrong key, server gone for good, disk full).
        """
        trail = Trail.start(question, self.model, self.profile)
        calls, cost = 0, 0.0
        while trail.request is not None:
            try:
                exchange, fresh = await self._answered(trail.request)
            except CallError as error:
                self._count_refusal(error)
                return trail.outcome(calls, cost, error.sentence)
            calls += fresh
            cost += (exchange.cost or 0.0) if fresh else 0.0
            trail.add(exchange)
        return trail.outcome(calls, cost)

    def _count_refusal(self, error: CallError) -> None:
        """Stop everything where other questions would fail in the same way."""
        if error.hopeless or error.worth_retrying:  # no key, or patience ran out
            raise VLMError(error.sentence) from error
        same = self._refusals.get(error.trouble, 0) + 1
        self._refusals[error.trouble] = same
        if same >= SAME_FAILURES and not self._answers:
            raise VLMError(error.sentence) from error

    async def _answered(self, request: Request) -> tuple[Exchange, bool]:
        """Answer to a request, and whether it was called for now."""
        key = request.key(self.address)
        known = self.store.find(key)
        if known is not None:
            return known, False
        flying = self._flying.get(key)
        if flying is not None:
            return await asyncio.shield(flying), False
        task = asyncio.ensure_future(self._call(key, request))
        self._flying[key] = task
        try:
            return await task, True
        finally:
            del self._flying[key]

    async def _call(self, key: str, request: Request) -> Exchange:
        """Call the model once, within budget, and keep what it says."""
        estimate = request_tokens(request)
        most = self.most(estimate, request.max_tokens)
        await self.wait_for_money(most)
        charge = _Charge(self, key, most)
        try:
            reply = await self.patience.send(request, self.profile.form, charge)
        except BaseException:  # also when cancelled
            charge.give_up()
            raise
        self._answers += 1
        return charge.settle(self.answered(key, request, reply, estimate))

    def most(self, estimate: int, max_tokens: int) -> float:
        """USD that a call can cost at most."""
        if self.price is None:
            return 0.0
        ratio = max(self.store.token_ratio(self.model), 1.0)
        return self.price.most(ratio * estimate, max_tokens)

    def answered(self, key: str, request: Request, reply: Reply, estimate: int) -> Answered:
        """Answer about to be kept."""
        cost = None if self.price is None else self.price.of(reply.usage)
        return Answered(
            key, self.address, self.model, request.content(), images_of(request), reply.text,
            reply.value, reply.stop, reply.usage, reply.raw, estimate, cost,
        )  # fmt: skip

    async def wait_for_money(self, amount: float) -> None:
        """Reserve, waiting for calls on their way that may turn out cheaper than reserved."""
        while not self.budget.fits(amount) and self.budget.calls_open:
            self._settled.clear()
            await self._settled.wait()
        self.budget.reserve(amount)

    def money_settled(self, reserved: float, actual: float) -> None:
        """Replace a reservation by what it cost, and let those that wait look again."""
        self.budget.settle(reserved, actual)
        self._settled.set()


@dataclass
class _Charge:
    """The money of one call, in memory and on disk; a `Ledger`.

    The budget sets it aside before the call queues; the intent is on disk while an attempt is in
    the air, so that a killed process leaves no more doubt than there is.
    """

    asker: Asker
    key: str
    most: float
    open: bool = True
    intent: int | None = None

    def sending(self) -> None:
        if self.asker.halted is not None:
            raise self.asker.halted
        if not self.open:  # the attempt before may have been billed: this one comes on top
            self.asker.budget.reserve(self.most)
            self.open = True
        self.intent = self.asker.store.begin(self.key, self.most)

    def failed(self, error: CallError) -> None:
        if error.maybe_paid:
            self._end(self.most)
        elif self.intent is not None:
            self.asker.store.drop(self.intent)
        self.intent = None

    def give_up(self) -> None:
        """End without an answer; an attempt in the air may be billed all the same."""
        if self.open:
            self._end(0.0 if self.intent is None else self.most)

    def settle(self, answered: Answered) -> Exchange:
        """Keep the answer and pay."""
        exchange = self.asker.store.keep(answered, self.intent)
        self._end(answered.cost or 0.0)
        return exchange

    def _end(self, actual: float) -> None:
        self.open = False
        self.asker.money_settled(self.most, actual)
