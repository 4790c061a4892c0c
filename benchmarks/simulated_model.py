"""A simulated VLM without a server and without pictures, for benchmarks that ask it a lot.

It answers the same facts by the same error model as `simulated_vlm.SimulatedServer`; what is left
out is drawing, encoding, HTTP and repair turns. Tokens are counted as the simulated server counts
them, by the sizes that the pictures would have.
"""

import json
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np
from simulated_vlm import ErrorModel, Truth
from simulated_vlm.answering import Oracle
from simulated_vlm.counting import input_tokens, output_tokens

from napari_behaviorvlm.identity.strategies import paper_views
from napari_behaviorvlm.vlm.checking import check_value
from napari_behaviorvlm.vlm.facts import CandidateFacts
from napari_behaviorvlm.vlm.pictures import MarkedPicture
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Image, Request

OVERVIEW = Image(b"", 280, 280, "image/jpeg")


class SimulatedModel:
    """Answers questions in this process; asks like a `ModelSession`."""

    def __init__(self, truth: Truth, errors: ErrorModel) -> None:
        self.oracle = Oracle(truth, errors)
        self.profile = Profile()
        self.calls, self.tokens_in, self.tokens_out = 0, 0, 0
        self.seconds = 0.0
        """Spent answering; no part of anybody's pipeline."""

    def ask(self, questions: Sequence[Question]) -> Generator[None, None, list[Outcome]]:
        """Answer at once."""
        yield from ()
        began = time.process_time()
        self.calls += len(questions)
        outcomes = [Outcome(self._answer(question)) for question in questions]
        self.seconds += time.process_time() - began
        return outcomes

    def _answer(self, question: Question):
        value = self.oracle.answer(question.facts)
        self._count(question.request("simulated", self.profile), value)
        return check_value(question.facts, value, coordinates=self.profile.coordinates).answer

    def _count(self, request: Request, value: dict) -> None:
        parts = [{"text": text} for text in request.texts]
        blank = np.uint8(0)
        parts += [{"image": np.broadcast_to(blank, (i.height, i.width))} for i in request.images]
        self.tokens_in += input_tokens(request.system, parts, request.schema)
        self.tokens_out += output_tokens(json.dumps(value))


def _without_drawing(_frame, where, numbers, xy, _style=None) -> MarkedPicture:
    xy = np.asarray(xy, float).reshape(-1, 2)
    shown = np.flatnonzero(where.shows(xy))
    candidates = [
        CandidateFacts(number=int(numbers[i]), x=round(xy[i, 0], 2), y=round(xy[i, 1], 2))
        for i in shown
    ]
    return MarkedPicture(Image(b"", where.width, where.height, "image/jpeg"), where, candidates)


@contextmanager
def no_pictures() -> Iterator[None]:
    """Leave drawing away: the simulated model reads facts, not pictures."""
    with ExitStack() as stack:
        for name, stand_in in (
            ("marked_picture", _without_drawing),
            ("overview", lambda *_: OVERVIEW),
        ):
            stack.enter_context(mock.patch.object(paper_views, name, stand_in))
        yield
