"""Tokens as the simulated server counts them, by rules of its own.

Pictures by Anthropic's documented formula on the decoded picture, texts by their length.
"""

import base64
import json
import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

BYTES_PER_TOKEN = 3.1


def decode(data: str) -> NDArray[np.uint8]:
    """Picture from base64."""
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def input_tokens(system: str, parts: list[dict[str, Any]], extra: object = None) -> int:
    """Tokens of a request."""
    texts = system + "".join(part.get("text", "") for part in parts)
    if extra:
        texts += json.dumps(extra)
    total = math.ceil(len(texts.encode()) / BYTES_PER_TOKEN) + 8
    for part in parts:
        if "image" in part:
            height, width = part["image"].shape[:2]
            total += math.ceil(width / 28) * math.ceil(height / 28)
    return total


def output_tokens(text: str) -> int:
    """Tokens of an answer."""
    return max(1, math.ceil(len(text.encode()) / BYTES_PER_TOKEN))
