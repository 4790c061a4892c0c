"""A simulated VLM without a server and without pictures, for benchmarks that ask it a lot.

It answers the same facts by the same error model as `simulated_vlm.SimulatedServer`; what is left
out is drawing, encoding and HTTP. Tokens are estimated, from the sizes the pictures would have.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np
from simulated_vlm import ErrorModel, Truth
from simulated_vlm.answering import Oracle

from napari_behaviorvlm.identity.strategies import paper_views
from napari_behaviorvlm.vlm.checking import check_value
from napari_behaviorvlm.vlm.facts import CandidateFacts
from napari_behaviorvlm.vlm.pictures import MarkedPicture
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Image
from napari_behaviorvlm.vlm.tokens import answer_tokens, request_tokens

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
        for question in questions:
            self.tokens_in += request_tokens(question.request("simulated", self.profile))
            self.tokens_out += answer_tokens(question.facts, reasons=question.reasons)
        outcomes = [Outcome(self._answer(question)) for question in questions]
        self.seconds += time.process_time() - began
        return outcomes

    def _answer(self, question: Question):
        value = self.oracle.answer(question.facts)
        return check_value(question.facts, value, coordinates=self.profile.coordinates).answer


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
