"""A question with its facts, and what became of it."""

import hashlib
import json
from dataclasses import dataclass, replace

from napari_behaviorvlm.vlm.answers import AnyAnswer, answer_schema
from napari_behaviorvlm.vlm.checking import Checked, check_text, check_value
from napari_behaviorvlm.vlm.facts import AnyFacts, facts_block
from napari_behaviorvlm.vlm.problems import Problem, repair_text
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.request import Part, Request, Stop, Text, Turn

NO_WORDS = "(no answer)"
"""Stands for an empty answer in a repair turn: many servers insist that the roles take turns, and
that no turn is empty."""


@dataclass(frozen=True, eq=False)
class Question:
    """One thing to ask.

    Parameters
    ----------
    facts : AnyFacts
        Go out as the last block of text.
    system : str
        What the task is; the same for all questions of a kind, so that servers can cache it.
    parts : tuple of Part
        Pictures and words before the facts: examples first, the query last.
    version : str
        Of prompt and mark style.
    reasons : bool
        Whether to ask for reasons.
    max_tokens : int
    """

    facts: AnyFacts
    system: str
    parts: tuple[Part, ...]
    version: str
    reasons: bool = True
    max_tokens: int = 4096

    def request(self, model: str, profile: Profile) -> Request:
        """Request for a model, in the form that its profile allows."""
        schema = answer_schema(self.facts, profile.coordinates, reasons=self.reasons)
        turn = Turn("user", (*self.parts, Text(facts_block(self.facts))))
        request = Request(
            model, self.system, (turn,), schema, self.max_tokens, self.version, steady=True
        )
        return request if profile.extras else request.plain()

    @property
    def prefix(self) -> str | None:
        """Hash of what servers may cache (up to the last breakpoint), None without breakpoint."""
        last = max((at for at, part in enumerate(self.parts) if part.breakpoint), default=-1)
        if last < 0:
            return None
        pieces = [p.text if isinstance(p, Text) else p.digest for p in self.parts[: last + 1]]
        return hashlib.sha256("\0".join([self.system, *pieces]).encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What became of a question.

    Parameters
    ----------
    answer : AnyAnswer or None
        Sound items only; None where there is none at all.
    problems : tuple of Problem
        What was still wrong after the last repair turn; items with a problem are not in the answer.
    exchanges : tuple of int
        Numbers of the exchanges in the store, oldest first: where the answer came from.
    calls : int
        Calls made now; 0 where the answer was known.
    cost : float
        USD spent now.
    failure : str
        One sentence if the call itself failed.
    """

    answer: AnyAnswer | None
    problems: tuple[Problem, ...] = ()
    exchanges: tuple[int, ...] = ()
    calls: int = 0
    cost: float = 0.0
    failure: str = ""


@dataclass(frozen=True)
class Said:
    """The part of a reply (or of a kept exchange) that is judged."""

    text: str
    value: dict[str, object] | None
    stop: Stop


def judge(question: Question, said: Said, profile: Profile) -> Checked:
    """Hold what a model said against the facts."""
    if said.stop is Stop.REFUSAL:
        return Checked(None, (Problem("refused", "", "The model refused to answer."),))
    if said.value is not None:
        return check_value(question.facts, said.value, coordinates=profile.coordinates)
    return check_text(
        question.facts, said.text, coordinates=profile.coordinates,
        cut_off=said.stop is Stop.LIMIT,
    )  # fmt: skip


def repaired(question: Question, request: Request, said: Said, checked: Checked) -> Request | None:
    """Request that asks for a better answer; None where asking again makes no sense."""
    if any(problem.code == "refused" for problem in checked.problems):
        return None
    if said.stop is Stop.LIMIT and checked.answer is None:
        # It ran out of room: more room helps, a reproach does not.
        return replace(request, max_tokens=2 * request.max_tokens)
    again = Turn("user", (
        Text(repair_text(checked.problems)), Text(facts_block(question.facts)),
    ))  # fmt: skip
    words = said.text.strip() or (json.dumps(said.value) if said.value else NO_WORDS)
    return request.followed_by(Turn("assistant", (Text(words),)), again)
