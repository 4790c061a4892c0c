"""Checks of `caption` answers, and of labels wherever a vocabulary is given."""

import re
import unicodedata
from typing import Any

from napari_behaviorvlm.vlm.answers import CAPTION_FIELDS, CaptionAnswer
from napari_behaviorvlm.vlm.facts import CaptionFacts, MergeFacts
from napari_behaviorvlm.vlm.problems import Problem

LONGEST_LABEL = 60
"""Letters; a label is a name, and timelines have to show it."""
OTHER = "other"
"""Always allowed in a vocabulary: a model that must choose among wrong words would invent."""

_MARKUP = re.compile(r"</?[a-zA-Z!][^>]*>")


def check_caption(
    facts: CaptionFacts, value: dict[str, Any]
) -> tuple[CaptionAnswer | None, tuple[Problem, ...]]:  # fmt: skip
    """Check a caption.

    Parameters
    ----------
    facts : CaptionFacts
        Of the request.
    value : dict
        Parsed JSON.

    Returns
    -------
    answer : CaptionAnswer or None
        Labels in the vocabulary's spelling. A label that is not allowed becomes "other" where that
        is, the model's word kept in the description; else there is no answer.
    problems : tuple of Problem
    """
    problems = _wrong_texts(value) + _wrong_clip(facts, value)
    if problems:
        return None, tuple(problems)
    texts = {name: tidy(value[name]) for name in CAPTION_FIELDS}
    label, problem = check_label(facts, texts["label"], "The caption")
    if problem is None:
        return CaptionAnswer(**texts | {"label": label}), ()
    if problem.code != "unknown_label" or OTHER not in (facts.labels or []):
        return None, (problem,)
    kept = f"{texts['description']} (called “{texts['label']}”)"
    return CaptionAnswer(**texts | {"label": OTHER, "description": kept}), (problem,)


def check_label(
    facts: CaptionFacts | MergeFacts, label: str, where: str
) -> tuple[str, Problem | None]:  # fmt: skip
    """Bring a label into the vocabulary's spelling.

    Parameters
    ----------
    facts : CaptionFacts or MergeFacts
        Of the request.
    label : str
        As the model gave it.
    where : str
        What has this label, for the sentence of the problem ("The caption", "Event 3").
    """
    label = tidy(label)
    if len(label) > LONGEST_LABEL:
        sentence = f"{where} has a label of {len(label)} letters; a label is a short name."
        return label, Problem("long_label", where, sentence)
    if facts.labels is None:
        return label, None
    spelling = {plain(name): name for name in facts.labels} | (facts.synonyms or {})
    known = spelling.get(plain(label))
    if known is not None:
        return known, None
    listed = ", ".join(facts.labels)
    sentence = f"{where} has the label {label!r}, which is not one of {listed}."
    return label, Problem("unknown_label", where, sentence)


def plain(text: str) -> str:
    """Text as it is compared: without case, punctuation and double spaces."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", text).strip()


def tidy(text: str) -> str:
    """Text of one line in one Unicode form; any language is fine."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _wrong_texts(value: dict[str, Any]) -> list[Problem]:
    problems = []
    for name in CAPTION_FIELDS:
        text = value.get(name)
        if not isinstance(text, str) or not text.strip():
            problems.append(Problem("empty_text", name, f"{name!r} needs a text."))
        elif _MARKUP.search(text):
            sentence = f"{name!r} holds HTML; plain words are needed."
            problems.append(Problem("markup", name, sentence))
        elif name == "label" and not plain(text):
            problems.append(Problem("empty_text", name, "'label' has no letters."))
    return problems


def _wrong_clip(facts: CaptionFacts, value: dict[str, Any]) -> list[Problem]:
    """Compare with what was asked about, where an answer says what it is about."""
    asked = {"clip": facts.clip, "animal": facts.animal}
    return [
        Problem("wrong_clip", name, f"The answer is about {name} {value[name]}, not {right}.")
        for name, right in asked.items()
        if isinstance(value.get(name), type(right)) and value[name] != right
    ]
