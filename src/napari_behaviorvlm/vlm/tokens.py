"""Tokens before a request is sent.

Pictures are counted exactly by Anthropic's documented formula, texts are estimated; the estimate is
scaled by what earlier answers of the same model really counted (`AnswerStore.token_ratio`).
"""

import json
import math
import re
from dataclasses import dataclass

from napari_behaviorvlm.vlm.facts import AnyFacts, AssignFacts, MergeFacts, RegionsFacts
from napari_behaviorvlm.vlm.request import Request

PATCH = 28
"""Side of the square of pixels that is one token."""

_PIECES = re.compile(r"[A-Za-z]{1,7}|\d{1,3}|[^\sA-Za-z\d]+")

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
    texts = sum(map(text_tokens, request.texts)) + text_tokens(request.system)
    if request.schema is not None:
        texts += text_tokens(json.dumps(request.schema))
    pictures = sum(image_tokens(image.width, image.height) for image in request.images)
    return texts + pictures + OVERHEAD


def answer_tokens(facts: AnyFacts, *, reasons: bool = True) -> int:
    """Estimate the output tokens of an answer; thinking is not counted."""
    if isinstance(facts, RegionsFacts):
        return 12 + 34 * len(facts.regions)
    if isinstance(facts, AssignFacts):
        each = (18 if reasons else 0) + (22 if facts.views is None else 28)
        return 12 + each * len(facts.keypoints) * len(facts.all_views)
    if isinstance(facts, MergeFacts):
        return 20 + 20 * len(facts.clips)
    return 140
