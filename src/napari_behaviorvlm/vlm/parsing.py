"""JSON out of whatever a model wrote around it.

Nothing is repaired or completed: an answer that breaks off is a problem to be named, not one to be
guessed at.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from napari_behaviorvlm.vlm.problems import Problem

_FENCE = re.compile(r"```[a-zA-Z0-9_-]*[ \t]*\n?(.*?)```", re.DOTALL)
_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_LONGEST = 200_000
_MOST_STARTS = 200


@dataclass(frozen=True)
class Parsed:
    """The JSON object of an answer, or why there is none."""

    value: dict[str, Any] | None
    problem: Problem | None = None


def parse_answer(text: str, key: str, *, cut_off: bool = False) -> Parsed:
    """Find the JSON object of an answer.

    Parameters
    ----------
    text : str
        May carry thinking, prose and code fences around the object.
    key : str
        Name that the object should have at its top ("assignments"); of several objects the last
        that has it is the answer, for models like to show a draft first.
    cut_off : bool
        Whether the server says that it stopped at the token limit.

    Returns
    -------
    Parsed
    """
    body = _THINKING.sub("", text)[:_LONGEST].strip()
    if not body:
        return Parsed(None, Problem("empty", "", "The answer was empty."))
    found = _objects(body)
    chosen = [value for value in found if key in value]
    if chosen and not (cut_off and _breaks_off(body)):
        return Parsed(chosen[-1])
    if cut_off or _breaks_off(body):
        return Parsed(None, Problem("truncated", "", "The answer breaks off in the middle."))
    if found:
        return Parsed(None, Problem(
            "wrong_shape", "", f"The answer is JSON, but has no {key!r} at its top."))  # fmt: skip
    return Parsed(None, Problem("no_json", "", "The answer contains no JSON object."))


def _objects(text: str) -> list[dict[str, Any]]:
    """All outermost JSON objects, in their order; fenced ones only if there are any."""
    fenced = [value for block in _FENCE.findall(text) for value in _scan(block)]
    return fenced or _scan(text)


def _scan(text: str) -> list[dict[str, Any]]:
    decoder = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_unique)
    found: list[dict[str, Any]] = []
    at = text.find("{")
    starts = 0
    while at >= 0 and starts < _MOST_STARTS:
        starts += 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            found.append(value)
        at = text.find("{", end)
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name comes twice in an object")
    return value


def _breaks_off(text: str) -> bool:
    """Whether the last brace opened outside strings is never closed."""
    start = text.find("{")
    if start < 0:
        return False
    depth, in_string, escaped = 0, False, False
    for character in text[start:]:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        else:
            depth += {"{": 1, "}": -1}.get(character, 0)
    return depth > 0
