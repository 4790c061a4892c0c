"""What can go wrong on the way, or in an answer."""

import json
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    # On the way
    "rate_limit", "overloaded", "server_error", "reset", "hang", "html", "key", "billing",
    "not_found", "too_large", "bad_request",
    # In the message
    "empty", "null_content", "thinking", "truncated", "refusal", "prose", "cut", "fenced",
    # In the answer
    "wrong_shape", "unknown_number", "twice", "confidence", "missing", "unknown_keypoint",
]  # fmt: skip

STATUS = {
    "rate_limit": (429, "rate_limit_error", "This request would exceed the rate limit"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "server_error": (500, "api_error", "Internal server error"),
    "key": (401, "authentication_error", "invalid x-api-key sk-ant-secret0123456789"),
    "billing": (402, "billing_error", "Your credit balance is too low"),
    "not_found": (404, "not_found_error", "model: nonsense"),
    "too_large": (400, "invalid_request_error", "image dimensions exceed max allowed size"),
    "bad_request": (400, "invalid_request_error", "messages: at least one message is required"),
}


@dataclass(frozen=True)
class Fault:
    """A fault that the next requests meet.

    Parameters
    ----------
    kind : str
    times : int
        How many requests in a row.
    retry_after : float, optional
        Header of a refusal, seconds.
    """

    kind: Kind
    times: int = 1
    retry_after: float | None = None


def spoiled(kind: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Answer with one of the faults of the third group."""
    answer = json.loads(json.dumps(answer))
    if kind == "wrong_shape":
        return {"result": {item.get("keypoint", "x"): 1 for item in answer.get("assignments", [])}}
    items = answer.get("assignments") or answer.get("regions") or []
    if not items:
        return answer
    if kind == "unknown_number":
        items[0]["candidate"] = 999
    elif kind == "twice" and len(items) > 1:
        items[1]["candidate"] = items[0]["candidate"] = items[0].get("candidate") or 1
    elif kind == "confidence":
        items[0]["confidence"] = 2.0
    elif kind == "missing":
        del items[0]
    elif kind == "unknown_keypoint":
        items[0]["keypoint"] = "nose"
    return answer
