"""What every client of a model server can do."""

from typing import Any, Protocol

from napari_behaviorvlm.vlm.endpoint import Endpoint
from napari_behaviorvlm.vlm.request import AnswerForm, Reply, Request


class Client(Protocol):
    """One attempt at a time: no retries, no cache, no money (see `Asker` for all of these)."""

    endpoint: Endpoint

    async def send(self, request: Request, form: AnswerForm) -> Reply:
        """Send a request once.

        Raises
        ------
        CallError
            For every way in which it can fail.
        """
        ...

    async def describe(self) -> dict[str, Any] | None:
        """Tell what the server knows of the model, None where it tells nothing.

        Raises
        ------
        CallError
            If the server cannot be reached or refuses the key.
        """
        ...

    async def models(self) -> list[str]:
        """List the server's models; empty where it does not list them.

        Raises
        ------
        CallError
            If the server cannot be reached or refuses the key.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
