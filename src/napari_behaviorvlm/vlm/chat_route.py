"""The chat-completions route: Ollama, llama.cpp and SGLang enforce a schema only there."""

import base64
import json
from typing import TYPE_CHECKING, Any

from napari_behaviorvlm.vlm.endpoint import Endpoint
from napari_behaviorvlm.vlm.failures import CallError, failure_of_status, not_json
from napari_behaviorvlm.vlm.messages_route import (
    TOOL,
    connection_failure,
    count,
    model_names,
    system_text,
    timeout_failure,
)
from napari_behaviorvlm.vlm.request import AnswerForm, Part, Reply, Request, Stop, Text, Usage

if TYPE_CHECKING:
    import httpx2

_STOPS = {"stop": Stop.END, "tool_calls": Stop.END, "length": Stop.LIMIT,
          "content_filter": Stop.REFUSAL}  # fmt: skip


class ChatClient:
    """Client of one model over ``/v1/chat/completions``.

    Parameters
    ----------
    endpoint : Endpoint
    timeout : float
        Seconds until a silent server counts as hanging.
    """

    def __init__(self, endpoint: Endpoint, *, timeout: float = 300.0) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._http: httpx2.AsyncClient | None = None

    async def send(self, request: Request, form: AnswerForm) -> Reply:
        """Send a request once; see `Client.send`."""
        text = await self._call("POST", "/v1/chat/completions", chat_body(request, form))
        return read_completion(text, self.endpoint.server)

    async def describe(self) -> dict[str, Any] | None:
        """Say nothing: these servers tell names only."""
        return None

    async def models(self) -> list[str]:
        """Names that ``/v1/models`` lists; see `Client.models`."""
        try:
            return model_names(await self._call("GET", "/v1/models"))
        except CallError as error:
            if error.status in (400, 404, 405, 422, 500, 501):
                return []
            raise

    async def close(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> str:
        import httpx2

        server = self.endpoint.server
        if self._http is None:
            key = self.endpoint.key
            self._http = httpx2.AsyncClient(
                base_url=self.endpoint.base_url, trust_env=not self.endpoint.loopback,
                timeout=httpx2.Timeout(self.timeout, connect=10.0),
                headers={"authorization": f"Bearer {key}"} if key else {},
            )  # fmt: skip
        try:
            response = await self._http.request(method, path, json=body)
        except (httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ConnectError) as error:
            raise connection_failure(error, server) from None
        except httpx2.TimeoutException:
            raise timeout_failure(server, self.timeout) from None
        except (httpx2.HTTPError, OSError) as error:
            raise connection_failure(error, server) from None
        if response.status_code >= 400:
            raise failure_of_status(
                response.status_code, response.headers, response.text, server, self.endpoint.key
            )
        return response.text


def chat_body(request: Request, form: AnswerForm) -> dict[str, Any]:
    """Request in the words of the chat-completions route."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": system_text(request, form)}]
    for turn in request.turns:
        content = [_part(part) for part in turn.parts]
        messages.append({"role": turn.role, "content": content})
    body: dict[str, Any] = {
        "model": request.model, "messages": messages, "max_tokens": request.max_tokens,
    }  # fmt: skip
    if request.steady:
        body["temperature"] = 0
    if request.schema is not None and form is AnswerForm.SCHEMA:
        schema = {"name": TOOL, "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.schema is not None and form is AnswerForm.TOOL:
        function = {"name": TOOL, "parameters": request.schema}
        body["tools"] = [{"type": "function", "function": function}]
        body["tool_choice"] = {"type": "function", "function": {"name": TOOL}}
    return body


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    data = base64.standard_b64encode(part.data).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:{part.media_type};base64,{data}"}}


def read_completion(text: str, server: str) -> Reply:
    """Reply from the JSON of a chat completion.

    Raises
    ------
    CallError
        If it is not one.
    """
    try:
        completion = json.loads(text)
        choice = completion["choices"][0]
        message = choice["message"]
        content = message.get("content")
        calls = message.get("tool_calls") or []
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise not_json(server, text) from None
    if isinstance(content, list):
        content = "\n".join(str(p.get("text", "")) for p in content if isinstance(p, dict))
    stop = _STOPS.get(str(choice.get("finish_reason")), Stop.OTHER)
    if message.get("refusal"):
        stop, content = Stop.REFUSAL, message["refusal"]
    said = content if isinstance(content, str) else ""
    return Reply(said, _arguments(calls), stop, _usage(completion.get("usage")), text)


def _arguments(calls: object) -> dict[str, Any] | None:
    try:
        value = json.loads(calls[-1]["function"]["arguments"])  # type: ignore[index]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _usage(counters: object) -> Usage:
    found = counters if isinstance(counters, dict) else {}
    details = found.get("prompt_tokens_details")
    cached = count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    return Usage(
        max(count(found.get("prompt_tokens")) - cached, 0), count(found.get("completion_tokens")),
        cached,
    )  # fmt: skip
