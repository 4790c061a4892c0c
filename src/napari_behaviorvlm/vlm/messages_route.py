"""Anthropic's Messages API through its SDK: Claude, vLLM, LiteLLM, and local servers like them."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.endpoint import Endpoint
from napari_behaviorvlm.vlm.failures import (
    CallError,
    Trouble,
    failure_of_status,
    not_json,
    redacted,
)
from napari_behaviorvlm.vlm.request import AnswerForm, Part, Reply, Request, Stop, Text, Usage

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

TOOL = "answer"
"""Name of the tool whose input is the answer."""

_STOPS = {
    "end_turn": Stop.END, "stop_sequence": Stop.END, "tool_use": Stop.END,
    "max_tokens": Stop.LIMIT, "model_context_window_exceeded": Stop.LIMIT, "refusal": Stop.REFUSAL,
}  # fmt: skip


class MessagesClient:
    """Client of one model over ``/v1/messages``.

    Parameters
    ----------
    endpoint : Endpoint
    timeout : float
        Seconds until a silent server counts as hanging.
    """

    def __init__(self, endpoint: Endpoint, *, timeout: float = 300.0) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._sdk: AsyncAnthropic | None = None

    @property
    def sdk(self) -> "AsyncAnthropic":
        """The SDK's client, made when first needed (its import takes a second)."""
        if self._sdk is None:
            self._sdk = _open_sdk(self.endpoint, self.timeout)
        return self._sdk

    async def send(self, request: Request, form: AnswerForm) -> Reply:
        """Send a request once; see `Client.send`."""
        body = messages_body(request, form, self.endpoint)
        async with self.translated():
            response = await self.sdk.messages.with_raw_response.create(**body)
            text = await response.text()
        return read_message(text, self.endpoint.server)

    async def describe(self) -> dict[str, Any] | None:
        """Tell what ``/v1/models/{model}`` knows; see `Client.describe`."""
        try:
            async with self.translated():
                call = self.sdk.models.with_raw_response.retrieve(self.endpoint.model)
                text = await (await call).text()
        except CallError as error:
            if error.status in (400, 404, 405, 422, 500, 501):
                return None
            raise
        return _object(text)

    async def models(self) -> list[str]:
        """Names that ``/v1/models`` lists; see `Client.models`."""
        try:
            async with self.translated():
                text = await (await self.sdk.models.with_raw_response.list()).text()
        except CallError as error:
            if error.status in (400, 404, 405, 422, 500, 501):
                return []
            raise
        return model_names(text)

    async def close(self) -> None:
        """Close all connections."""
        if self._sdk is not None:
            await self._sdk.close()

    @asynccontextmanager
    async def translated(self) -> AsyncIterator[None]:
        """Turn every failure of the SDK into a `CallError`."""
        import anthropic

        server, secret = self.endpoint.server, self.endpoint.key
        try:
            yield
        except anthropic.APIStatusError as error:
            body = error.response.text
            failure = failure_of_status(
                error.status_code, error.response.headers, body, server, secret
            )
            raise failure from None
        except anthropic.APITimeoutError as error:
            raise _timed_out(error, server, self.timeout) from None
        except anthropic.APIConnectionError as error:
            raise connection_failure(error.__cause__ or error, server) from None
        except anthropic.APIError as error:
            raise CallError(
                Trouble.NOT_JSON, f"{server}: {redacted(error.message, secret)}."
            ) from None
        except TypeError as error:
            if "authentication" not in str(error).lower():
                raise
            sentence = (
                f"{server} needs a key: set ANTHROPIC_API_KEY, name another variable with "
                "--api-key-env, or name a local server."
            )
            raise CallError(Trouble.KEY, sentence) from None
        except OSError as error:
            raise connection_failure(error, server) from None


def _open_sdk(endpoint: Endpoint, timeout: float) -> "AsyncAnthropic":
    from anthropic import AnthropicError, AsyncAnthropic, DefaultAsyncHttpxClient

    # Proxies of the environment are not for a server on this machine.
    http = DefaultAsyncHttpxClient(trust_env=False) if endpoint.loopback else None
    # Without a key of its own, a server that is not Anthropic's gets a placeholder: the SDK must
    # not find the real key by itself and send it there.
    key = endpoint.key or (None if endpoint.official else "none")
    try:
        return AsyncAnthropic(
            api_key=key, base_url=endpoint.base_url, max_retries=0, timeout=timeout,
            http_client=http,
        )  # fmt: skip
    except (AnthropicError, ValueError) as error:
        raise VLMError(f"The credentials for {endpoint.server} cannot be used ({error}).") from None


def connection_failure(cause: BaseException, server: str) -> CallError:
    """Failure of a connection: never made, or broken in the middle."""
    name = type(cause).__name__
    if "Connect" in name and "Reset" not in name:
        sentence = f"{server} cannot be reached: check that it runs and that the address is right."
        return CallError(Trouble.UNREACHABLE, sentence)
    return CallError(Trouble.BROKEN, f"The connection to {server} broke off in the middle.")


def _timed_out(error: BaseException, server: str, seconds: float) -> CallError:
    if type(error.__cause__).__name__ in ("ConnectTimeout", "PoolTimeout"):
        return CallError(Trouble.UNREACHABLE, f"{server} cannot be reached: it does not answer.")
    return timeout_failure(server, seconds)


def timeout_failure(server: str, seconds: float) -> CallError:
    """Failure of a server that took the request and stayed silent."""
    return CallError(Trouble.TIMEOUT, f"{server} did not answer within {seconds:.0f} s.")


# Bodies --------------------------------------------------------------------------------------


def messages_body(request: Request, form: AnswerForm, endpoint: Endpoint) -> dict[str, Any]:
    """Request in the words of the Messages API, as the SDK (or a batch) takes it."""
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "system": system_text(request, form),
        "messages": [
            {"role": turn.role, "content": [_block(part, endpoint) for part in turn.parts]}
            for turn in request.turns
        ],
    }
    if request.schema is not None and form is AnswerForm.SCHEMA:
        body["output_config"] = {"format": {"type": "json_schema", "schema": request.schema}}
    if request.schema is not None and form is AnswerForm.TOOL:
        tool = {"name": TOOL, "description": "Give the answer.", "input_schema": request.schema}
        body |= {"tools": [tool], "tool_choice": {"type": "tool", "name": TOOL}}
    if request.steady and not endpoint.official and "claude" not in request.model:
        # Claude takes no temperature any more; local models are steadier without chance.
        body["extra_body"] = {"temperature": 0}
    return body


def system_text(request: Request, form: AnswerForm) -> str:
    """System prompt; the schema stands in it where nothing else enforces it."""
    if request.schema is None or form is not AnswerForm.TEXT:
        return request.system
    return (
        f"{request.system}\n\nAnswer with one JSON object and nothing else. It must fit this JSON "
        f"schema:\n{json.dumps(request.schema, ensure_ascii=False)}"
    )


def _block(part: Part, endpoint: Endpoint) -> dict[str, Any]:
    if isinstance(part, Text):
        block: dict[str, Any] = {"type": "text", "text": part.text}
    else:
        data = base64.standard_b64encode(part.data).decode("ascii")
        source = {"type": "base64", "media_type": part.media_type, "data": data}
        block = {"type": "image", "source": source}
        if endpoint.official:
            # Scaled down silently, positions in the picture would no longer be ours.
            block["transformations"] = {"oversized_image": "error"}
    if part.breakpoint:
        block["cache_control"] = {"type": "ephemeral"}
    return block


def read_message(text: str, server: str) -> Reply:
    """Reply from the JSON of a message.

    Raises
    ------
    CallError
        If it is not one (a web page, cut-off JSON).
    """
    message = _object(text)
    if message is None or message.get("type") == "error" or "content" not in message:
        raise not_json(server, text)
    blocks = message["content"]
    if isinstance(blocks, str):  # not of the API, but what is meant is clear
        blocks = [{"type": "text", "text": blocks}]
    blocks = [b for b in blocks if isinstance(b, dict)] if isinstance(blocks, list) else []
    said = [b.get("text") for b in blocks if b.get("type") == "text"]
    tools = [b.get("input") for b in blocks if b.get("type") == "tool_use"]
    value = tools[-1] if tools and isinstance(tools[-1], dict) else None
    stop = _STOPS.get(str(message.get("stop_reason")), Stop.OTHER)
    words = "\n".join(each for each in said if isinstance(each, str))
    return Reply(words, value, stop, _usage(message.get("usage")), text)


def _usage(counters: object) -> Usage:
    found = counters if isinstance(counters, dict) else {}
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens",
             "cache_creation_input_tokens")  # fmt: skip
    return Usage(*(count(found.get(name)) for name in names))


def count(value: object) -> int:
    """Counter as the server gave it; 0 for anything that is none."""
    return value if isinstance(value, int) and value > 0 else 0


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def model_names(text: str) -> list[str]:
    """Names in a list of models."""
    listed = (_object(text) or {}).get("data")
    listed = listed if isinstance(listed, list) else []
    return [m["id"] for m in listed if isinstance(m, dict) and isinstance(m.get("id"), str)]
