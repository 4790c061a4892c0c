"""Asking a model from within a behaviour folder: counted, in one go or through batches."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.asking import CountingModel, open_model
from napari_behaviorvlm.workflows.behavior.request import Asked, WordsRequest

POLL = 30.0
"""Seconds between two looks at batches that are waited for."""

NOT_YET = "its batch is not done yet."


@contextmanager
def counting_model(folder: BehaviorFolder, request: WordsRequest) -> Iterator[CountingModel]:
    """Connect to the model of a request, with the answers and the budget of the folder.

    Raises
    ------
    VLMError
        If the server cannot be reached, refuses the key or has no such model.
    """
    with open_model(folder.folder, request.model or Settings()) as session:
        yield CountingModel(session)


def asked_of(model: CountingModel) -> Asked:
    """Return what a model was asked so far."""
    counted = model.counted(Progress(0, 0))
    return Asked(
        counted.calls, counted.known, counted.input_tokens, counted.output_tokens, counted.cost
    )


@dataclass
class BatchAsking:
    """Asks through batches; what has not come yet is a failure that says so.

    Parameters
    ----------
    model : CountingModel
    wait : bool
        Whether to wait until the batches are done.
    """

    model: CountingModel
    wait: bool
    waiting: int = field(default=0, init=False)
    """Questions whose answer is not there yet."""

    def ask(self, questions: Sequence[Question]) -> Generator[Progress, None, list[Outcome]]:
        """Ask questions, or look whether their batch is done."""
        while True:
            report = self.model.ask_in_batches(questions)
            missing = sum(outcome is None for outcome in report.outcomes)
            done = len(questions) - missing
            yield Progress(done, len(questions), f"{missing} answers wait for their batch")
            if not missing or not self.wait:
                break
            yield from _pause(done, len(questions))
        self.waiting += missing
        return [outcome or Outcome(None, failure=NOT_YET) for outcome in report.outcomes]


def _pause(done: int, total: int) -> Generator[Progress, None, None]:
    """Wait, ready to be stopped."""
    until = time.monotonic() + POLL
    while time.monotonic() < until:
        yield Progress(done, total, "waiting for batches")
        time.sleep(0.5)
