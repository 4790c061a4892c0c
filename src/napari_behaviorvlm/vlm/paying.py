"""A client whose answers are kept and paid for; for what is asked before there is an `Asker`."""

from dataclasses import dataclass
from typing import Any

from napari_behaviorvlm.vlm.client import Client
from napari_behaviorvlm.vlm.cost import Budget, Price
from napari_behaviorvlm.vlm.exchange import Answered, images_of
from napari_behaviorvlm.vlm.failures import CallError
from napari_behaviorvlm.vlm.request import AnswerForm, Reply, Request
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.vlm.tokens import request_tokens


@dataclass
class PayingClient:
    """A `Client` with a budget and a store; asks anew what was asked before.

    Parameters
    ----------
    client : Client
    store : AnswerStore
    budget : Budget
    price : Price or None
    """

    client: Client
    store: AnswerStore
    budget: Budget
    price: Price | None

    def __post_init__(self) -> None:
        self.endpoint = self.client.endpoint

    async def send(self, request: Request, form: AnswerForm) -> Reply:
        """Send a request once; see `Client.send`.

        Raises
        ------
        BudgetError
            If it could pass the budget.
        """
        most = 0.0
        if self.price is not None:
            most = self.price.most(request_tokens(request), request.max_tokens)
        self.budget.reserve(most)
        cost = 0.0
        try:
            reply = await self.client.send(request, form)
            cost = self._keep(request, form, reply)
        except CallError as error:
            cost = most if error.maybe_paid else 0.0
            raise
        finally:
            self.budget.settle(most, cost)
        return reply

    def _keep(self, request: Request, form: AnswerForm, reply: Reply) -> float:
        where, price = self.endpoint, self.price
        cost = None if price is None else price.of(reply.usage)
        self.store.keep(Answered(
            request.key(f"{where.base_url} {where.route} {form}"), where.base_url, where.model,
            request.content(), images_of(request), reply.text, reply.value, reply.stop,
            reply.usage, reply.raw, 0, cost,
        ))  # fmt: skip
        return cost or 0.0

    async def describe(self) -> dict[str, Any] | None:
        """Tell what the server knows of the model; see `Client.describe`."""
        return await self.client.describe()

    async def models(self) -> list[str]:
        """List the server's models; see `Client.models`."""
        return await self.client.models()

    async def close(self) -> None:
        """Close all connections."""
        await self.client.close()
