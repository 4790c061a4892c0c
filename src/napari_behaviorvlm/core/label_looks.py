"""A colour and a pattern for every behaviour: the same in every session and for every animal."""

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from napari_behaviorvlm.core.hues import HUES

UNLABELLED = ""
"""Label of a bout that nobody has named."""

PATTERNS = ("plain", "hatched", "dotted")
"""When the hues are used up they come again in another pattern: nothing is said by colour alone."""

_GREYS = ("#8A939C",)
_COLOURS = (*HUES, *_GREYS)

_USUAL = {
    "rest": 6, "walk": 1, "run": 0, "rear": 3, "groom": 2, "approach": 5, "chase": 4,
    "huddle": 7, "moves": 8, "other": 13,
}  # fmt: skip
"""Places of the most frequent words, chosen so that they differ in hue."""


@dataclass(frozen=True, slots=True)
class LabelLook:
    """How bouts of a label are drawn.

    Parameters
    ----------
    colour : str
        Hexadecimal.
    pattern : str
        One of `PATTERNS`.
    """

    colour: str
    pattern: str


LOOKS = tuple(LabelLook(colour, pattern) for pattern in PATTERNS for colour in _COLOURS)


class LabelLooks:
    """Looks by label; once given, a label keeps its look as long as the program runs.

    A label's place follows from its letters, so that it is the same in the next session; where two
    labels would share one, the alphabetically later goes to the next free place.
    """

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def prepare(self, labels: Iterable[str]) -> None:
        """Give looks to labels that are known together, in an order that does not depend on it."""
        for label in sorted({label for label in labels if label}):
            self._place(label)

    def place(self, label: str) -> int:
        """Position of a label's look in `LOOKS`."""
        return self._place(label)

    def of(self, label: str) -> LabelLook:
        """Look of a label."""
        return LOOKS[self._place(label)]

    def _place(self, label: str) -> int:
        if label not in self._places:
            self._places[label] = self._free(label)
        return self._places[label]

    def _free(self, label: str) -> int:
        """First place from the wanted one on that nobody has, and no usual word may come for."""
        wanted = _USUAL.get(label, crc32(label.casefold().encode()) % len(LOOKS))
        order = [(wanted + at) % len(LOOKS) for at in range(len(LOOKS))]
        taken = set(self._places.values())
        kept = set() if label in _USUAL else set(_USUAL.values())
        for unfit in (taken | kept, taken):
            for place in order:
                if place not in unfit:
                    return place
        return wanted
