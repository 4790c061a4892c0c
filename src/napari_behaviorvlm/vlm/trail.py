"""The exchanges about one question: the first answer, its repairs, and what is to be asked next."""

from dataclasses import dataclass, field

from napari_behaviorvlm.vlm.checking import Checked
from napari_behaviorvlm.vlm.exchange import Exchange
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.questions import Outcome, Question, Said, judge, repaired
from napari_behaviorvlm.vlm.request import Request
from napari_behaviorvlm.vlm.store import AnswerStore

REPAIRS = 2
"""Repair turns after a bad answer; then its bad items count as not answered."""


@dataclass
class Trail:
    """A question on its way.

    Parameters
    ----------
    question : Question
    profile : Profile
    request : Request or None
        What is to be asked next; None when all is said.
    """

    question: Question
    profile: Profile
    request: Request | None
    found: list[Checked] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    @classmethod
    def start(cls, question: Question, model: str, profile: Profile) -> "Trail":
        """Trail of a question that nobody has asked yet."""
        return cls(question, profile, question.request(model, profile))

    def follow(self, store: AnswerStore, address: str) -> None:
        """Go as far as known answers lead."""
        while self.request is not None:
            known = store.find(self.request.key(address))
            if known is None:
                return
            self.add(known)

    def add(self, exchange: Exchange) -> None:
        """Take the answer to the request at hand, and see what is to be asked next."""
        assert self.request is not None
        said = Said(exchange.text, exchange.value, exchange.stop)
        self.exchanges.append(exchange)
        self.found.append(judge(self.question, said, self.profile))
        if self.found[-1].sound or len(self.found) > REPAIRS:
            self.request = None
        else:
            self.request = repaired(self.question, self.request, said, self.found[-1])

    def outcome(self, calls: int = 0, cost: float = 0.0, failure: str = "") -> Outcome:
        """Take the attempt with the fewest problems, the latest of equals."""
        numbers = tuple(exchange.id for exchange in self.exchanges)
        if not self.found:
            return Outcome(None, (), numbers, calls, cost, failure)
        best = min(reversed(self.found), key=lambda each: (each.answer is None, len(each.problems)))
        return Outcome(best.answer, best.problems, numbers, calls, cost, failure)
