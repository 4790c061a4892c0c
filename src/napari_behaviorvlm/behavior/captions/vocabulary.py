"""The words that a lab uses for behaviour."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.vlm.captioning import OTHER, plain

USUAL = {
    "rest": ("resting", "still", "immobile", "immobility", "sleep", "sleeping", "inactive"),
    "walk": ("walking", "locomotion", "moving", "ambulation", "locomote"),
    "run": ("running", "dart", "darting", "fast locomotion"),
    "rear": ("rearing", "upright", "stand up", "standing", "unsupported rearing"),
    "groom": ("grooming", "self-grooming", "selfgrooming", "scratch", "scratching"),
    "approach": ("approaching", "approaches", "walk towards"),
    "chase": ("chasing", "pursuit", "pursue", "follow", "following", "pursuing"),
    "huddle": ("huddling", "huddles", "side by side", "resting together"),
}
"""Words that mean the same as those of the measured captioner, as labs write them."""


@dataclass(frozen=True, slots=True)
class Word:
    """One behaviour of a vocabulary.

    Parameters
    ----------
    name : str
        What is written into tables.
    definition : str
        A sentence that tells it from the others.
    synonyms : tuple of str
        Other words for it, also in other languages.
    """

    name: str
    definition: str = ""
    synonyms: tuple[str, ...] = ()


class Vocabulary:
    """Behaviours that a lab tells apart.

    Parameters
    ----------
    words : iterable of Word
        In the lab's order.

    Raises
    ------
    TableError
        If there is no word, a name is empty, or two words share a name or a synonym.
    """

    def __init__(self, words: Iterable[Word]) -> None:
        self.words = tuple(words)
        if not self.words:
            raise TableError("The vocabulary has no behaviour; add [[behavior]] with a name.")
        self._names: dict[str, str] = {}
        for word in self.words:
            for text in (word.name, *word.synonyms):
                self._add(text, word.name)

    def _add(self, text: str, name: str) -> None:
        key = plain(text)
        if not key:
            raise TableError("A behaviour of the vocabulary has an empty name or synonym.")
        if self._names.setdefault(key, name) != name:
            raise TableError(
                f"{text!r} stands for {self._names[key]!r} and for {name!r} in the vocabulary; "
                "a word can mean one behaviour only."
            )

    @property
    def names(self) -> list[str]:
        """Names in the lab's order, and "other" at the end."""
        own = [word.name for word in self.words]
        return own if plain(OTHER) in self._names else [*own, OTHER]

    @property
    def synonyms(self) -> dict[str, str]:
        """Name of every other word, in the form that `plain` gives."""
        return {key: name for key, name in self._names.items() if key != plain(name)}

    def find(self, text: str) -> str | None:
        """Name of the behaviour that a word stands for; None where it stands for none."""
        return self._names.get(plain(text))

    def measured(self, label: str) -> str | None:
        """Name for a label of the measured captioner, also by the usual words for it."""
        for text in (label, *USUAL.get(label, ())):
            name = self.find(text)
            if name is not None:
                return name
        return None

    @property
    def sentences(self) -> str:
        """Behaviours with their definitions, one a line, as a prompt lists them."""
        lines = [
            f"- {word.name}: {word.definition}" if word.definition else f"- {word.name}"
            for word in self.words
        ]
        return "\n".join([*lines, f"- {OTHER}: none of these"])


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary: TOML with ``[[behavior]]`` tables of name, definition and synonyms.

    Raises
    ------
    TableError
        If the file is missing, is no TOML, or its behaviours are malformed or ambiguous.
    """
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise TableError(f"The vocabulary {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise TableError(f"The vocabulary {path} cannot be read: it is not in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"The vocabulary {path} is not valid TOML: {error}.") from None
    entries = content.get("behavior")
    if not isinstance(entries, list) or not entries:
        raise TableError(f"The vocabulary {path} has no [[behavior]] tables.")
    try:
        return Vocabulary(_word(entry, number) for number, entry in enumerate(entries, 1))
    except TableError as error:
        raise TableError(f"{path}: {error}") from None


def _word(entry: Any, number: int) -> Word:
    texts = entry if isinstance(entry, dict) else {}
    name, definition = texts.get("name"), texts.get("definition", "")
    synonyms = texts.get("synonyms", [])
    sound = isinstance(name, str) and isinstance(definition, str) and isinstance(synonyms, list)
    if not sound or not all(isinstance(text, str) for text in synonyms):
        raise TableError(
            f"Behaviour {number} needs a name, and may have a definition and a list of synonyms."
        )
    return Word(str(name).strip(), definition.strip(), tuple(synonyms))
