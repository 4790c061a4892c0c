"""How well captions and events agree with annotated behaviour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary
from napari_behaviorvlm.behavior.events.naming import concept
from napari_behaviorvlm.behavior.events.rule import NamedClips
from napari_behaviorvlm.behavior.metrics import boundary_f1, class_f1, macro_f1
from napari_behaviorvlm.core.bouts import UNTRACKED, Bout, Clips, IntArray
from napari_behaviorvlm.core.captions import Caption


@dataclass(frozen=True, slots=True)
class EventScore:
    """Agreement with annotated behaviour, frame by frame and at the changes.

    Parameters
    ----------
    named : float
        Macro-F1 with the labels taken by their word (synonyms count, nothing is matched).
    matched : float
        Macro-F1 after the best one-to-one matching of labels to behaviours.
    boundaries : float
        F1 of the moments of change within the tolerance.
    per_behaviour : dict of str to float
        F1 of every annotated behaviour by its word.
    """

    named: float
    matched: float
    boundaries: float
    per_behaviour: dict[str, float]


def score_bouts(
    truth: IntArray, behaviours: Sequence[str], bouts: Sequence[Bout], animals: Sequence[str],
    fps: float, *, tolerance: float = 0.5, vocabulary: Vocabulary | None = None,
) -> EventScore:  # fmt: skip
    """Hold events against annotation.

    Parameters
    ----------
    truth : ndarray of int, shape (frames, animals)
        Behaviour of every frame, as position in `behaviours`; negative = not annotated.
    behaviours : sequence of str
        Names.
    bouts : sequence of Bout
        What was found.
    animals : sequence of str
        Names in the order of the truth's columns.
    fps : float
        Frames per second.
    tolerance : float
        Seconds by which a change may be missed.
    vocabulary : Vocabulary, optional
        Whose synonyms count as the same word.
    """
    known = {concept(name, vocabulary): number for number, name in enumerate(behaviours)}
    found = np.full(truth.shape, UNTRACKED, np.int64)
    others: dict[str, int] = {}
    for bout in bouts:
        if bout.animal not in animals:
            continue
        word = concept(bout.label, vocabulary)
        number = known.get(word)
        if number is None:
            number = others.setdefault(word, len(behaviours) + len(others))
        found[bout.start_frame : bout.end_frame + 1, list(animals).index(bout.animal)] = number
    scores = class_f1(truth, found)
    return EventScore(
        float(np.mean(list(scores.values()))) if scores else float("nan"),
        macro_f1(truth, found), boundary_f1(truth, found, tolerance * fps),
        {behaviours[number]: score for number, score in scores.items()},
    )  # fmt: skip


def score_captions(
    truth: IntArray, behaviours: Sequence[str], clips: Clips, captions: Mapping[int, Caption],
    *, tolerance: float = 0.5, vocabulary: Vocabulary | None = None,
) -> EventScore:  # fmt: skip
    """Hold the captions of single clips against annotation; see `score_bouts`."""
    named = NamedClips(clips, captions, {})
    bouts = [named.bout([row]) for row in range(len(clips))]
    return score_bouts(
        truth, behaviours, bouts, clips.animals, clips.fps, tolerance=tolerance,
        vocabulary=vocabulary,
    )  # fmt: skip
