"""The calls of the Message Batches API, one attempt each."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from napari_behaviorvlm.vlm.failures import not_json
from napari_behaviorvlm.vlm.messages_route import MessagesClient, messages_body
from napari_behaviorvlm.vlm.request import AnswerForm, Request

ADDRESS = "/v1/messages/batches"


async def create_batch(
    client: MessagesClient, requests: Sequence[tuple[str, Request]], form: AnswerForm
) -> str:
    """Hand a batch in and return its id.

    Raises
    ------
    CallError
        ``maybe_paid`` where nobody knows whether the server took it.
    """
    entries = []
    for name, request in requests:
        body = messages_body(request, form, client.endpoint)
        body |= body.pop("extra_body", {})
        entries.append({"custom_id": name, "params": body})
    made = await _call(client, "POST", ADDRESS, {"requests": entries})
    if not isinstance(made.get("id"), str):
        raise not_json(client.endpoint.server, json.dumps(made))
    return str(made["id"])


async def batch_state(client: MessagesClient, batch: str) -> dict[str, Any]:
    """Return the state of a batch as the server gives it."""
    return await _call(client, "GET", f"{ADDRESS}/{batch}")


async def cancel_batch(client: MessagesClient, batch: str) -> None:
    """Ask the server to stop a batch; what is done by then is billed."""
    await _call(client, "POST", f"{ADDRESS}/{batch}/cancel", {})


async def list_batches(client: MessagesClient) -> list[dict[str, Any]]:
    """Return the newest hundred batches."""
    listed = (await _call(client, "GET", f"{ADDRESS}?limit=100")).get("data")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


async def batch_results(client: MessagesClient, state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the results of a batch that has ended, in the server's order (any).

    Parameters
    ----------
    client : MessagesClient
    state : dict
        Of the batch, as `batch_state` gives it; it tells where the results are.
    """
    text = await _text(client, "GET", _results_address(client, state))
    try:
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        raise not_json(client.endpoint.server, text) from None
    return [line for line in lines if isinstance(line, dict)]


def _results_address(client: MessagesClient, state: dict[str, Any]) -> str:
    """Where the results are; nowhere else than on the server that was asked, for the key's sake."""
    told = state.get("results_url")
    if isinstance(told, str) and told:
        there = urlsplit(urljoin(f"{client.endpoint.base_url}/", told))
        if there.netloc == client.endpoint.server:
            return there.geturl()
    return f"{ADDRESS}/{state.get('id')}/results"


async def _call(
    client: MessagesClient, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    text = await _text(client, method, path, body)
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise not_json(client.endpoint.server, text)
    return value


async def _text(
    client: MessagesClient, method: str, path: str, body: dict[str, Any] | None = None
) -> str:
    import httpx2

    async with client.translated():
        if method == "GET":
            response = await client.sdk.get(path, cast_to=httpx2.Response)
        else:
            response = await client.sdk.post(path, cast_to=httpx2.Response, body=body)
        return response.text
