"""Captions for the clips of a recording: measured, or by a model with the measured ones behind."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.behavior.captions.measured import measure, measured_captions
from napari_behaviorvlm.behavior.captions.measures import ClipMeasures, Unit
from napari_behaviorvlm.behavior.captions.questions import CaptionQuestions, caption_of
from napari_behaviorvlm.behavior.captions.strips import (
    STYLE,
    ReadFrame,
    StripStyle,
    draw_strip,
    frames_shown,
)
from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary
from napari_behaviorvlm.behavior.events.model import Asks
from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.tracks import Tracks
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.tokens import ImageLimits

FloatArray = NDArray[np.float64]

AT_ONCE = 24
"""Clips whose pictures are in memory at once."""


@dataclass(frozen=True, eq=False)
class CaptionRequest:
    """What is to be captioned.

    Parameters
    ----------
    recording : str
        Name.
    clips : Clips
        Of the recording.
    tracks : Tracks, optional
        Poses.
    bodies : BodyTracks, optional
        Outlines; needed for pictures.
    vocabulary : Vocabulary, optional
        The lab's words.
    language : str
        In which a model writes.
    unit : Unit, optional
        For speeds and distances.
    energy : ndarray, shape (frames, animals), optional
        How much heads move within their pictures; see `energy_of`.
    only : sequence of int, optional
        Rows of the clip table; all by default.
    style : StripStyle
        Of the pictures.
    """

    recording: str
    clips: Clips
    tracks: Tracks | None = None
    bodies: BodyTracks | None = None
    vocabulary: Vocabulary | None = None
    language: str = "English"
    unit: Unit | None = None
    energy: FloatArray | None = None
    only: Sequence[int] | None = None
    style: StripStyle = STYLE

    @property
    def rows(self) -> list[int]:
        """Clips to caption."""
        return list(range(len(self.clips))) if self.only is None else list(self.only)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Captioned(Progress):
    """Clips were captioned just now: to be kept at once, so that stopping loses nothing.

    Parameters
    ----------
    captions : mapping of int to Caption
        By row of the clip table.
    """

    captions: Mapping[int, Caption] = field(default_factory=dict)


@dataclass(frozen=True)
class CaptionReport:
    """Captions, and how they came about.

    Parameters
    ----------
    captions : dict of int to Caption
        By row of the clip table.
    by_model : int
        How many a model said; the others are measured.
    notes : tuple of str
        What a user should know, one sentence each.
    """

    captions: dict[int, Caption]
    by_model: int = 0
    notes: tuple[str, ...] = ()


def caption_measured(request: CaptionRequest) -> Generator[Progress, None, CaptionReport]:
    """Caption clips from their measured numbers; no model is asked.

    Yields
    ------
    Progress
        In clips; `Captioned` where captions came.

    Returns
    -------
    CaptionReport
    """
    rows = request.rows
    yield Progress(0, len(rows), "Measuring clips")
    known = _measured(request) if rows else []
    measures = [known[row] for row in rows]
    captions = measured_captions(measures, request.vocabulary, request.unit)
    yield Captioned(len(rows), len(rows), "Clips captioned", captions=captions)
    return CaptionReport(captions)


def caption_by_model(
    request: CaptionRequest, read: ReadFrame, model: Asks, limits: ImageLimits | None = None
) -> Generator[Progress, None, CaptionReport]:
    """Ask a model about every clip; where it has no sound answer the measured caption stands.

    Parameters
    ----------
    request : CaptionRequest
        With bodies.
    read : callable
        Gives the picture of a frame; clips are read in the order of their start.
    model : Asks
        A model session; its cache and its budget hold.
    limits : ImageLimits, optional
        Of the model's pictures.

    Yields
    ------
    Progress
        In clips; `Captioned` where captions came.

    Returns
    -------
    CaptionReport

    Raises
    ------
    VLMError
        As the model session says; captions that came before were yielded.
    """
    if request.bodies is None:
        raise TableError(f"{request.recording}: no bodies are known to mark in the pictures.")
    measures = _measured(request) if len(request.clips) else []
    rows = sorted(request.rows, key=lambda row: int(request.clips.start[row]))
    captions: dict[int, Caption] = {}
    problems: dict[int, str] = {}
    for at in range(0, len(rows), AT_ONCE):
        part = rows[at : at + AT_ONCE]
        questions = []
        for row in part:
            yield Progress(at, len(rows), f"Drawing clip {row} of {measures[row].animal}")
            questions.append(clip_question(request, measures[row], read, limits))
        outcomes = yield from _shifted(model.ask(questions), at, len(rows))
        new = measured_captions([measures[row] for row in part], request.vocabulary, request.unit)
        for row, outcome in zip(part, outcomes, strict=True):
            said = caption_of(outcome)
            if said is None:
                problems[row] = outcome.failure or "its answers were not usable."
            new[row] = said or new[row]
        captions |= new
        done = at + len(part)
        yield Captioned(done, len(rows), f"{done} of {len(rows)} clips captioned", captions=new)
    return CaptionReport(captions, len(rows) - len(problems), _notes(problems))


def clip_question(
    request: CaptionRequest, measures: ClipMeasures, read: ReadFrame,
    limits: ImageLimits | None = None,
) -> Question:  # fmt: skip
    """Question about one clip, with its pictures."""
    assert request.bodies is not None
    maker = CaptionQuestions(
        request.recording, request.clips.animals, request.vocabulary, request.language,
        request.unit, request.style,
    )  # fmt: skip
    frames = frames_shown(
        measures.start_frame, measures.end_frame, request.clips.fps, request.style
    )  # fmt: skip
    strip = draw_strip(
        read, request.bodies, request.clips.animals.index(measures.animal), frames,
        request.clips.fps, limits=limits, style=request.style,
    )  # fmt: skip
    return maker.question(measures, strip)


def _measured(request: CaptionRequest) -> list[ClipMeasures]:
    return measure(request.tracks, request.bodies, request.clips, request.energy)


def _shifted(
    asking: Generator[Progress, None, list[Outcome]], before: int, total: int
) -> Generator[Progress, None, list[Outcome]]:
    """Progress of one part as progress of the whole."""
    with closing(asking):  # stopping stops the calls, too
        while True:
            try:
                step = next(asking)
            except StopIteration as end:
                outcomes: list[Outcome] = end.value
                return outcomes
            yield Progress(before + step.done, total, step.message)


def _notes(problems: Mapping[int, str]) -> tuple[str, ...]:
    if not problems:
        return ()
    first = next(iter(problems.values()))
    return (
        f"{len(problems)} clips have their measured caption, because the model gave none: {first}",
    )
