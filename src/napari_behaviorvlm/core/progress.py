"""How long work reports on itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a long computation.

    Workflows are generators that yield these; whoever runs them (command line or dock) shows them
    and may stop between any two.

    Parameters
    ----------
    done, total : int
        Steps finished and steps in all; ``total`` is 0 where it is unknown.
    message : str
        What is being done, in words for a person.
    """

    done: int
    total: int
    message: str = ""
