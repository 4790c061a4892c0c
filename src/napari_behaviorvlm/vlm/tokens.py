"""Tokens before a request is sent.

Pictures are counted exactly by Anthropic's documented formula, texts are estimated; the estimate is
scaled by what earlier answers of the same model really counted (`AnswerStore.token_ratio`).
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from napari_behaviorvlm.vlm.facts import AnyFacts, AssignFacts, MergeFacts, RegionsFacts
from napari_behaviorvlm.vlm.request import Part, Request, Text

PATCH = 28
"""Side of the square of pixels that is one token."""

_PIECES = re.compile(r"[A-Za-z]{1,7}|\d{1,3}|[^\sA-Za-z\d]+")

ENVELOPE = 5
"""Tokens of an answer around its items."""

TYPICAL_REASON = "the upper of two dots on the head"
"""As long as the reasons that a model gives when asked for what it sees, in a few words."""

OVERHEAD = 10
"""Tokens of a request besides its contents."""


@dataclass(frozen=True)
class ImageLimits:
    """How large pictures may be before the server scales them (or refuses).

    Parameters
    ----------
    long_edge : int
        Pixels.
    tokens : int
        Of one picture.
    many, many_edge : int
        With more than ``many`` pictures in a request, no side may be longer than ``many_edge``.
    """

    long_edge: int = 2576
    tokens: int = 4784
    many: int = 20
    many_edge: int = 2000

    def scale(self, width: int, height: int, *, n_images: int = 1) -> float:
        """Largest scale, 1 at most, at which a picture stays within the limits."""
        edge = self.long_edge if n_images <= self.many else min(self.long_edge, self.many_edge)
        scale = min(1.0, edge / max(width, height))
        while image_tokens(round(width * scale), round(height * scale)) > self.tokens:
            scale *= 0.99
        return scale


SMALL_LIMITS = ImageLimits(long_edge=1568, tokens=1568)
"""Of models before 2026, and a safe choice for local ones."""


def image_tokens(width: int, height: int) -> int:
    """Tokens of a picture: one for each started square of 28 pixels (Anthropic's formula)."""
    return math.ceil(width / PATCH) * math.ceil(height / PATCH)


def text_tokens(text: str) -> int:
    """Estimate the tokens of a text: short words and groups of digits are one each."""
    return len(_PIECES.findall(text))


def request_tokens(request: Request) -> int:
    """Estimate the input tokens of a request."""
    parts = [part for turn in request.turns for part in turn.parts]
    schema = 0 if request.schema is None else text_tokens(json.dumps(request.schema))
    return text_tokens(request.system) + sum(map(part_tokens, parts)) + schema + OVERHEAD


def prefix_tokens(system: str, parts: Sequence[Part]) -> int:
    """Estimate the tokens of everything up to the last breakpoint; 0 without one."""
    last = max((at for at, part in enumerate(parts) if part.breakpoint), default=-1)
    return text_tokens(system) + sum(map(part_tokens, parts[: last + 1])) if last >= 0 else 0


def part_tokens(part: Part) -> int:
    """Estimate the tokens of a text or a picture."""
    if isinstance(part, Text):
        return text_tokens(part.text)
    return image_tokens(part.width, part.height)


def answer_tokens(facts: AnyFacts, *, reasons: bool = True) -> int:
    """Estimate the output tokens of an answer; thinking is not counted."""
    if isinstance(facts, RegionsFacts):
        item = {"region": "", "box": [123.4, 123.4, 234.5, 234.5], "visible": True}
        names = sum(map(text_tokens, facts.regions))
        return names + len(facts.regions) * text_tokens(json.dumps(item)) + ENVELOPE
    if isinstance(facts, AssignFacts):
        item = {"keypoint": "", "candidate": 12, "confidence": 0.85}
        if reasons:
            item["reason"] = TYPICAL_REASON
        if facts.views is not None:
            item["camera"] = facts.views[0].camera
        names = sum(map(text_tokens, facts.keypoints))
        each = names + len(facts.keypoints) * text_tokens(json.dumps(item))
        return each * len(facts.all_views) + ENVELOPE
    if isinstance(facts, MergeFacts):
        return 20 + 20 * len(facts.clips)
    return 140
