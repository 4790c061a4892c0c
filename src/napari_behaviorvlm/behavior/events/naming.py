"""One name per behaviour, over animals and recordings.

Models call one thing "chase", "Chasing" and "pursuit". Here words are gathered that differ in
case, punctuation or ending only, that the lab's vocabulary calls synonyms, or that are usual words
for the same; the name is the vocabulary's, else the word used for most frames. Nothing is lost:
what was said stays in the description.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from napari_behaviorvlm.behavior.captions.vocabulary import USUAL, Vocabulary
from napari_behaviorvlm.vlm.captioning import plain

_USUAL = {plain(text): label for label, words in USUAL.items() for text in (label, *words)}
_SHORTEST_STEM = 3


def canonical_names(
    labels: Iterable[str] | Mapping[str, float], vocabulary: Vocabulary | None = None
) -> dict[str, str]:
    """Choose one name for every label that was used.

    Parameters
    ----------
    labels : iterable of str, or mapping of str to float
        Labels as they were given, with repeats; or how much each was used (frames).
    vocabulary : Vocabulary, optional
        The lab's words.

    Returns
    -------
    dict of str to str
        Name of every label. The same labels give the same names in any order.
    """
    use = Counter(labels) if not isinstance(labels, Mapping) else Counter(dict(labels))
    groups: dict[str, Counter[str]] = {}
    for label, weight in use.items():
        groups.setdefault(concept(label, vocabulary), Counter())[label] += weight
    names: dict[str, str] = {}
    for key, words in groups.items():
        listed = None if vocabulary is None else vocabulary.find(key)
        best = listed or min(words, key=lambda word: (-words[word], len(word), word))
        names |= dict.fromkeys(words, best)
    return names


def concept(label: str, vocabulary: Vocabulary | None = None) -> str:
    """Return what a label stands for: equal for labels that mean the same."""
    if vocabulary is not None:
        listed = vocabulary.find(label)
        if listed is not None:
            return listed
    key = plain(label)
    usual = _USUAL.get(key) or _USUAL.get(_stem(key))
    if usual is not None:
        return usual if vocabulary is None else vocabulary.measured(usual) or usual
    return " ".join(_stem(word) for word in key.split())


def _stem(word: str) -> str:
    """English ending off, where enough is left: running, runs -> run; chasing, chases -> chas."""
    for ending in ("ing", "es", "ed", "s", "e"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST_STEM and re.search(r"[aeiouy]", stem):
            doubled = ending in {"ing", "ed"} and stem[-1] == stem[-2] and stem[-1] not in "flsz"
            return stem[:-1] if doubled else stem
    return word


def with_original(description: str, said: str, name: str) -> str:
    """Return the description that keeps the word that was replaced by a name."""
    if plain(said) == plain(name) or f"called “{said}”" in description:
        return description
    return f"{description.rstrip()} (called “{said}”)".strip()
