"""What words for clips would cost, without asking anybody."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from napari_behaviorvlm.behavior.captions.measured import measure
from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary, read_vocabulary
from napari_behaviorvlm.behavior.events.model import ModelMerge
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.vlm.questions import Question
from napari_behaviorvlm.vlm.request import Usage
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.vlm.tokens import answer_tokens, request_tokens
from napari_behaviorvlm.workflows.behavior.captioning import CaptionRequest, clip_question
from napari_behaviorvlm.workflows.behavior.request import WordsRequest
from napari_behaviorvlm.workflows.behavior.results import (
    energy_of,
    pictures_of,
    poses_of,
    unit_of,
)
from napari_behaviorvlm.workflows.behavior.segmenting import read_bodies, read_clips
from napari_behaviorvlm.workflows.rehearsal import Means, answers_in, history, means_in

SAMPLE = 6
"""Clips of a recording that are drawn to learn how large their questions are."""


@dataclass(frozen=True)
class WordsPlan:
    """What captioning and merging would do, and what it would cost.

    Parameters
    ----------
    clips : int
        To be captioned by a model.
    known : int
        Clips that a model captioned already; they cost nothing.
    merge_questions : int
        Windows of clips that a model would be asked about.
    vlm_calls : int
        With the repairs that earlier calls needed.
    input_tokens, output_tokens : int
    cost_usd : float or None
        None where nobody knows the price of the model.
    batch : bool
        Whether the price of the captions is that of Message Batches.
    """

    clips: int
    known: int
    merge_questions: int
    vlm_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    batch: bool = False

    @property
    def sentence(self) -> str:
        """The plan in words."""
        cost = "the price is not known" if self.cost_usd is None else f"{self.cost_usd:.2f} USD"
        known = f" ({self.known} have a caption already)" if self.known else ""
        batch = " in batches" if self.batch else ""
        return (
            f"Would ask about {self.clips} clips{known}{batch} and {self.merge_questions} windows "
            f"of clips: {self.vlm_calls} calls to a model, about {self.input_tokens} tokens in and "
            f"{self.output_tokens} out, {cost}."
        )


def plan_words(
    folder: BehaviorFolder, request: WordsRequest, steps: Sequence[str] = ("caption", "merge")
) -> WordsPlan:  # fmt: skip
    """Say what captioning and merging would cost; no model is asked.

    Parameters
    ----------
    folder : BehaviorFolder
        Segmented; opened for reading.
    request : WordsRequest
    steps : sequence of {"caption", "merge"}
        What is to be done.

    Raises
    ------
    TableError
        If a recording was not segmented yet: segmenting asks no model and costs nothing.
    VLMError
        If it cannot be said which model would be asked.
    """
    captions = "caption" in steps and request.captioner == "model"
    merges = "merge" in steps and request.merge == "model"
    if not (captions or merges):
        return WordsPlan(0, 0, 0)
    with closing(answers_in(folder.folder)) as store:
        means = means_in(folder.folder, request.model or Settings(), store)
        earlier = history(store, means.where.model)
        ratio = store.token_ratio(means.where.model)
    words = _words(folder, request)
    asked = _Asked(means, ratio)
    known = 0
    for recording in folder.recordings:
        if captions:
            known += _captions(folder, recording, request, words, asked)
        if merges:
            _merges(folder, recording, request, words, asked)
    usage, calls = asked.usage(earlier.repairs, earlier.length), asked.clips + asked.windows
    cost = None if means.price is None else means.price.of(usage, batch=request.batch)
    return WordsPlan(
        round(asked.clips), known, asked.windows, round(calls * earlier.repairs), usage.input,
        usage.output, cost, request.batch,
    )  # fmt: skip


@dataclass
class _Asked:
    """Questions that would be asked, and their tokens."""

    means: Means
    ratio: float
    clips: int = 0
    windows: int = 0
    sent: float = 0.0
    written: float = 0.0

    def add(self, questions: Sequence[Question], times: float = 1.0) -> None:
        for question in questions:
            request = question.request(self.means.where.model, self.means.profile)
            self.sent += times * request_tokens(request) * self.ratio
            self.written += times * answer_tokens(question.facts, reasons=question.reasons)

    def usage(self, repairs: float, length: float) -> Usage:
        return Usage(round(repairs * self.sent), round(repairs * length * self.written))


def _captions(
    folder: BehaviorFolder, recording: Recording, request: WordsRequest, words: Vocabulary | None,
    asked: _Asked,
) -> int:  # fmt: skip
    """Count the clips of a recording; a few of them are drawn. Returns how many are known."""
    clips = read_clips(folder, recording)
    said = folder.store.captions(recording.name)
    rows = [row for row in range(len(clips)) if row not in said or said[row].source != "vlm"]
    asked.clips += len(rows)
    if not rows:
        return len(clips)
    bodies = read_bodies(folder, recording)
    made = CaptionRequest(
        recording.name, clips, poses_of(folder, recording, bodies), bodies, words,
        request.language, unit_of(recording), energy_of(folder, recording),
    )  # fmt: skip
    measures = measure(made.tracks, made.bodies, clips, made.energy)
    chosen = np.unique(np.linspace(0, len(rows) - 1, SAMPLE).round().astype(int))
    limits = asked.means.profile.limits
    with pictures_of(folder, recording) as read:
        sample = [clip_question(made, measures[rows[at]], read, limits) for at in chosen]
    asked.add(sample, len(rows) / len(sample))
    return len(clips) - len(rows)


def _merges(
    folder: BehaviorFolder, recording: Recording, request: WordsRequest, words: Vocabulary | None,
    asked: _Asked,
) -> None:  # fmt: skip
    clips = read_clips(folder, recording)
    captions = folder.store.captions(recording.name)
    task = ModelMerge(recording.name, clips, captions, words, request.language)
    questions = task.questions()
    asked.windows += len(questions)
    asked.add(questions)


def _words(folder: BehaviorFolder, request: WordsRequest) -> Vocabulary | None:
    if request.vocabulary is not None:
        return read_vocabulary(request.vocabulary)
    return read_vocabulary(folder.vocabulary) if folder.vocabulary.is_file() else None
