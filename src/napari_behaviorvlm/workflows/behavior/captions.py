"""The step that gives every clip its words."""

from collections import Counter
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field, replace

from napari_behaviorvlm.behavior.captions.questions import PROMPT_VERSION
from napari_behaviorvlm.behavior.captions.vocabulary import Vocabulary
from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.core.progress import Counted, Progress
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, Recording
from napari_behaviorvlm.io.project.derived import content_key
from napari_behaviorvlm.workflows.asking import CountingModel
from napari_behaviorvlm.workflows.behavior.asking import BatchAsking, asked_of, counting_model
from napari_behaviorvlm.workflows.behavior.captioning import (
    Captioned,
    CaptionReport,
    CaptionRequest,
    caption_by_model,
    caption_measured,
)
from napari_behaviorvlm.workflows.behavior.last_run import caption_settings
from napari_behaviorvlm.workflows.behavior.request import CaptionSummary, WordsRequest
from napari_behaviorvlm.workflows.behavior.results import (
    energy_of,
    pictures_of,
    poses_of,
    unit_of,
)
from napari_behaviorvlm.workflows.behavior.segmenting import read_bodies, read_clips
from napari_behaviorvlm.workflows.behavior.words import use_vocabulary, vocabulary_content

STEP = "caption"
VERSION = 3
"""Raise it when the same clips give other captions: part of keys."""


def caption(
    folder: BehaviorFolder, request: WordsRequest
) -> Generator[Progress, None, CaptionSummary]:
    """Caption the clips of all recordings, as far as something has changed since the last time.

    Captions are kept as they come; what people wrote stays.

    Yields
    ------
    Progress
        `Counted` where a model is asked.

    Returns
    -------
    CaptionSummary

    Raises
    ------
    TableError
        If a recording was not segmented yet.
    VLMError
        If the model cannot be asked (any more), or the budget is used up.
    """
    words = use_vocabulary(folder, request.vocabulary)
    jobs = [_Job.of(folder, recording, request, words) for recording in folder.recordings]
    work = _Work()
    todo = [job for job in jobs if folder.store.done(STEP, job.recording.name) != job.key]
    if todo and request.captioner == "model":
        with counting_model(folder, request) as model:
            _require_sight(model)
            yield from _ask(folder, request, model, todo, work)
    elif todo:
        for job in todo:
            report = yield from _kept(folder, job, caption_measured(job.request), work)
            _finish(folder, job, report, work)
    folder.remember(STEP, caption_settings(request))
    return _summary(folder, jobs, work)


@dataclass(frozen=True, eq=False)
class _Job:
    recording: Recording
    request: CaptionRequest
    key: str

    @classmethod
    def of(
        cls, folder: BehaviorFolder, recording: Recording, request: WordsRequest,
        words: Vocabulary | None,
    ) -> "_Job":  # fmt: skip
        clips = read_clips(folder, recording)
        folder.store.use_clips(recording.name, clips)
        bodies = read_bodies(folder, recording)
        energy = energy_of(folder, recording)
        asks = request.captioner == "model"
        key = content_key({
            "step": STEP, "version": VERSION, "captioner": request.captioner,
            "clips": [clips.animal, clips.start, clips.end, clips.cluster],
            "bodies": [bodies.centre, bodies.head, bodies.rear], "scale": recording.scale,
            "energy": [] if energy is None else [energy],
            "vocabulary": vocabulary_content(words),
            "model": [PROMPT_VERSION, request.language, *_model(request)] if asks else [],
        })  # fmt: skip
        made = CaptionRequest(
            recording.name, clips, poses_of(folder, recording, bodies), bodies, words,
            request.language, unit_of(recording), energy,
        )  # fmt: skip
        return cls(recording, made, key)


def _model(request: WordsRequest) -> list[str]:
    chosen = request.model
    return [] if chosen is None else [chosen.base_url or "", chosen.model or ""]


@dataclass
class _Work:
    computed: list[str] = field(default_factory=list)
    kept: int = 0
    notes: list[str] = field(default_factory=list)
    waiting: int = 0
    summary: CaptionSummary = field(default_factory=lambda: CaptionSummary(0))


def _ask(
    folder: BehaviorFolder, request: WordsRequest, model: CountingModel, todo: list[_Job],
    work: _Work,
) -> Generator[Progress, None, None]:  # fmt: skip
    for job in todo:
        asker = BatchAsking(model, request.wait) if request.batch else model
        with pictures_of(folder, job.recording) as read:
            asking = caption_by_model(job.request, read, asker, model.profile.limits)
            try:
                report = yield from _counted(model, _kept(folder, job, asking, work))
            except VLMError as error:
                raise type(error)(f"{error} {_so_far(folder, job)}") from error
        waiting = asker.waiting if isinstance(asker, BatchAsking) else 0
        work.waiting += waiting
        _finish(folder, job, report, work, complete=not waiting)
    work.notes += model.troubles[:3]
    work.summary = replace(work.summary, asked=asked_of(model))


def _kept(
    folder: BehaviorFolder, job: _Job, steps: Generator[Progress, None, CaptionReport], work: _Work
) -> Generator[Progress, None, CaptionReport]:
    """Keep captions as they come."""
    stayed = 0
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                work.kept += stayed
                report: CaptionReport = end.value
                return report
            if isinstance(step, Captioned):
                stayed += folder.store.set_captions(job.recording.name, step.captions)
            yield step


def _counted(
    model: CountingModel, steps: Generator[Progress, None, CaptionReport]
) -> Generator[Progress, None, CaptionReport]:
    """Put the counters beside every step."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                report: CaptionReport = end.value
                return report
            counted: Counted = model.counted(step)
            yield counted


def _finish(
    folder: BehaviorFolder, job: _Job, report: CaptionReport, work: _Work, *, complete: bool = True
) -> None:
    """Note that a recording is captioned; one with gaps is asked about again the next time."""
    work.computed.append(job.recording.name)
    if complete:
        folder.store.set_done(STEP, job.recording.name, job.key)
        work.notes += [f"{job.recording.name}: {note}" for note in report.notes]


def _require_sight(model: CountingModel) -> None:
    if not model.profile.images:
        raise VLMError(
            f"The model {model.session.asker.model} does not see pictures: choose another one with "
            "--model."
        )


def _so_far(folder: BehaviorFolder, job: _Job) -> str:
    done = sum(one.source == "vlm" for one in folder.store.captions(job.recording.name).values())
    return (
        f"{done} of {len(job.request.clips)} clips of {job.recording.name} are captioned so far; "
        "the same command goes on behind them and repeats no call."
    )


def _summary(folder: BehaviorFolder, jobs: list[_Job], work: _Work) -> CaptionSummary:
    said = Counter(
        one.source for job in jobs for one in folder.store.captions(job.recording.name).values()
    )
    waiting = (
        f"{work.waiting} clips wait for their batch (an hour in most cases, a day at most): run "
        "the same command again to collect them."
        if work.waiting else ""
    )  # fmt: skip
    return replace(
        work.summary, clips=sum(len(job.request.clips) for job in jobs),
        sources=dict(said.most_common()), computed=tuple(work.computed), kept=work.kept,
        waiting=waiting, notes=tuple(dict.fromkeys(work.notes)),
    )  # fmt: skip
