"""The two dialects: reading requests and writing answers."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.coordinates import box_from_pixels
from napari_behaviorvlm.vlm.facts import AnyFacts, RegionsFacts, read_facts
from simulated_vlm.abilities import Abilities
from simulated_vlm.answering import Oracle
from simulated_vlm.counting import decode, input_tokens, output_tokens
from simulated_vlm.faults import spoiled

PROBE = "probe"
"""Session of the questions that find out what a server can do."""

_NUMBERS = itertools.count(1)


@dataclass
class Asked:
    """A request, whatever its dialect.

    Parameters
    ----------
    parts : list of dict
        ``{"text": ...}`` or ``{"image": array}``, of all turns in order.
    """

    model: str
    system: str
    parts: list[dict[str, Any]]
    schema: dict[str, Any] | None
    tool: str | None
    max_tokens: int
    extra: object = None
    facts: AnyFacts | None = field(default=None)


@dataclass
class Said:
    """An answer before it is put into a dialect."""

    text: str
    value: dict[str, Any] | None
    stop: str
    thinking: bool = False
    null: bool = False


def read_messages(body: dict[str, Any]) -> Asked:
    """Request of the Messages API."""
    system = body.get("system", "")
    if isinstance(system, list):
        system = "".join(block["text"] for block in system)
    parts = []
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for block in blocks:
            if block["type"] == "image":
                parts.append({"image": decode(block["source"]["data"])})
            else:
                parts.append({"text": block["text"]})
    form = (body.get("output_config") or {}).get("format") or {}
    tools = body.get("tools") or []
    forced = (body.get("tool_choice") or {}).get("name")
    return _asked(body, system, parts, form.get("schema"), forced, tools, "input_schema")


def read_chat(body: dict[str, Any]) -> Asked:
    """Request of the chat-completions route."""
    system, parts = "", []
    for message in body["messages"]:
        content = message["content"]
        if message["role"] == "system":
            system += content
            continue
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for block in blocks:
            if block["type"] == "image_url":
                parts.append({"image": decode(block["image_url"]["url"].split(",", 1)[1])})
            else:
                parts.append({"text": block["text"]})
    form = (body.get("response_format") or {}).get("json_schema") or {}
    tools = [tool["function"] for tool in body.get("tools") or []]
    forced = ((body.get("tool_choice") or {}).get("function") or {}).get("name")
    return _asked(body, system, parts, form.get("schema"), forced, tools, "parameters")


def _asked(
    body: dict[str, Any], system: str, parts: list[dict[str, Any]],
    schema: dict[str, Any] | None, forced: str | None, tools: list[dict[str, Any]], key: str,
) -> Asked:  # fmt: skip
    if forced:
        schema = next(tool[key] for tool in tools if tool["name"] == forced)
    asked = Asked(body["model"], system, parts, schema, forced, body["max_tokens"], schema)
    texts = [part["text"] for part in parts if "text" in part]
    try:
        asked.facts = read_facts(texts[-1]) if texts else None
    except VLMError:
        asked.facts = None
    return asked


def answer(asked: Asked, oracle: Oracle, can: Abilities, route: str, fault: str | None) -> Said:
    """Answer a request, spoiled by a fault of the message or the answer."""
    value = _value(asked, oracle, can)
    if value is None:
        said = Said("A white rectangle on a dark ground.", None, "end_turn")
    else:
        value = spoiled(fault or "", value)
        said = _in_form(asked, value, can, route)
    return _faulty(said, fault)


def _value(asked: Asked, oracle: Oracle, can: Abilities) -> dict[str, Any] | None:
    if isinstance(asked.facts, RegionsFacts) and asked.facts.session == PROBE:
        box = _bright_box(asked, can)
        return {"regions": [{"region": name, "box": box, "visible": bool(box)}
                            for name in asked.facts.regions]}  # fmt: skip
    if asked.facts is not None:
        found = oracle.answer(asked.facts)
        if isinstance(asked.facts, RegionsFacts):
            image = asked.facts.image
            for item in found["regions"]:
                box = box_from_pixels(item["box"], can.coordinates, image.width, image.height)
                item["box"] = [round(v, 1) for v in box]
        return found
    return None


def _bright_box(asked: Asked, can: Abilities) -> list[float]:
    picture = next((part["image"] for part in asked.parts if "image" in part), None)
    if picture is None:
        return [0.0, 0.0, 0.0, 0.0]
    rows, columns = np.nonzero(picture[..., 0] > 128)
    box = [columns.min(), rows.min(), columns.max(), rows.max()]
    height, width = picture.shape[:2]
    said = box_from_pixels([float(v) for v in box], can.coordinates, width, height)
    return [round(v, 1) for v in said]


def _in_form(asked: Asked, value: dict[str, Any], can: Abilities, route: str) -> Said:
    if asked.tool and can.tools:
        return Said("", value, "tool_use")
    text = json.dumps(value)
    if asked.schema is not None and not asked.tool and route in can.schema_routes:
        return Said(text, None, "end_turn")
    if any("plain words" in part.get("text", "") for part in asked.parts):
        # Only a server that holds its model to the schema gives JSON where words are asked for.
        return Said("A white rectangle on a dark ground.", None, "end_turn")
    return Said(f"Here is what I see:\n```json\n{text}\n```", None, "end_turn")


def _faulty(said: Said, fault: str | None) -> Said:
    if fault == "empty":
        return Said("", None, "end_turn", null=False)
    if fault == "null_content":
        return Said("", None, "end_turn", null=True)
    if fault == "thinking":
        said.thinking = True
    if fault == "refusal":
        return Said("I cannot help with that.", None, "refusal")
    if fault == "prose":
        return Said("The left ear is probably the upper dot, but I am not sure.", None, "end_turn")
    whole = said.text or json.dumps(said.value)
    if fault in ("truncated", "cut"):
        stop = "max_tokens" if fault == "truncated" else "end_turn"
        return Said(whole[: len(whole) * 2 // 3], None, stop)
    if fault == "fenced":
        return Said(f"Sure!\n```json\n{whole}\n```\nAnything else?", None, "end_turn")
    return said


def usage(asked: Asked, said: Said) -> tuple[int, int]:
    """Input and output tokens."""
    text = said.text or json.dumps(said.value)
    return input_tokens(asked.system, asked.parts, asked.extra), output_tokens(text)


def write_message(asked: Asked, said: Said) -> dict[str, Any]:
    """Answer of the Messages API."""
    content: list[dict[str, Any]] = []
    if said.thinking:
        content.append({"type": "thinking", "thinking": 'Perhaps {"assignments": []}?',
                        "signature": "c2ln"})  # fmt: skip
    if said.text:
        content.append({"type": "text", "text": said.text})
    if said.value is not None:
        content.append({"type": "tool_use", "id": "toolu_1", "name": asked.tool,
                        "input": said.value})  # fmt: skip
    tokens_in, tokens_out = usage(asked, said)
    return {
        "id": f"msg_{next(_NUMBERS)}", "type": "message", "role": "assistant",
        "model": asked.model, "content": None if said.null else content, "stop_reason": said.stop,
        "stop_sequence": None,
        "usage": {"input_tokens": tokens_in, "output_tokens": tokens_out,
                  "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
    }  # fmt: skip


def write_completion(asked: Asked, said: Said) -> dict[str, Any]:
    """Answer of the chat-completions route."""
    message: dict[str, Any] = {"role": "assistant", "content": None if said.null else said.text}
    if said.thinking:
        message["reasoning_content"] = 'Perhaps {"assignments": []}?'
    if said.value is not None:
        function = {"name": asked.tool, "arguments": json.dumps(said.value)}
        message["tool_calls"] = [{"id": "1", "type": "function", "function": function}]
    tokens_in, tokens_out = usage(asked, said)
    stops = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls",
             "refusal": "content_filter"}  # fmt: skip
    return {
        "id": f"chatcmpl-{next(_NUMBERS)}", "object": "chat.completion", "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": stops[said.stop]}],
        "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out},
    }  # fmt: skip
