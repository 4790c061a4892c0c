"""What labelling with a model would cost: the strategy is rehearsed on a few frames.

Later questions depend on earlier answers (crops on boxes, the last question on contradictions), so
that they cannot be counted beforehand. Therefore the strategy runs on a few frames with real
pictures; its questions are counted, and answered by the geometric solver (by the seeds, where that
cannot tell). Every other frame is taken to cost what these cost on average. Repair turns and the
length of answers are taken from the project's earlier calls of the model, if there are any.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import IdentityError
from napari_behaviorvlm.core.labels import Labels
from napari_behaviorvlm.core.progress import Arrived, Progress
from napari_behaviorvlm.identity.strategies.geometric import GeometricStrategy
from napari_behaviorvlm.identity.strategies.paper import PaperStrategy
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.vlm.batches import BatchReport
from napari_behaviorvlm.vlm.profile import Profile
from napari_behaviorvlm.vlm.questions import Outcome, Question
from napari_behaviorvlm.vlm.request import Usage
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.vlm.store import AnswerStore
from napari_behaviorvlm.vlm.trail import Trail
from napari_behaviorvlm.workflows.label_inputs import LabelInputs
from napari_behaviorvlm.workflows.label_paper import paper_settings
from napari_behaviorvlm.workflows.label_request import LabelPlan, LabelRequest
from napari_behaviorvlm.workflows.paper_run import PaperRun
from napari_behaviorvlm.workflows.pictures import ProjectPictures
from napari_behaviorvlm.workflows.rehearsal import (
    Means,
    Rehearsal,
    history,
    known_answers,
    means_of,
)

SAMPLE = 6
"""Frames to rehearse on."""

Places = dict[tuple[str, int], NDArray[np.float64]]
"""Pixels of the keypoints, shape (K, 2), by camera and frame."""


def plan_paper(project: Project, request: LabelRequest, given: LabelInputs) -> LabelPlan:
    """Estimate calls, tokens and cost; no question is sent.

    Raises
    ------
    VLMError
        If a camera has no video, or no model is chosen where the server has several.
    """
    with ProjectPictures(project, given.seeds.frames) as pictures:
        store = known_answers(project)
        try:
            means = means_of(project, request.model or Settings(), store)
            run = PaperRun.of(project, request, given, means.where.base_url, means.where.model)
            known = _known_frames(project, request, given, means, store, run, pictures)
            frames, places = _solved_sample(project, given, run.missing[known:])
            rehearsal = Rehearsal(
                means, store.token_ratio(means.where.model), project.skeleton,
                lambda camera, frame: places[camera, frame],
            )  # fmt: skip
            strategy = PaperStrategy(
                rehearsal, pictures, project.config.name, paper_settings(project, request)
            )
            rehearsed = strategy.label_in_batches if request.batch else strategy.label
            for _ in rehearsed(
                project.rig, project.skeleton, given.seeds, given.candidates, frames
            ):
                pass
            earlier = history(store, means.where.model)
        finally:
            store.close()
    missing = len(run.missing) - known
    asked = rehearsal.scaled(missing / max(len(frames), 1), earlier)
    return plan_of(request, given, means, asked, missing)


def plan_of(
    request: LabelRequest, given: LabelInputs, means: Means, asked: tuple[int, Usage, Usage],
    missing: int,
) -> LabelPlan:  # fmt: skip
    """Put a plan together from calls, what they use, and the frames they are for."""
    calls, usage, cached = asked
    price = means.price
    cost = None if price is None else price.of(usage, batch=request.batch)
    note = ""
    if price is not None and cost and cached.cache_read:
        least = price.of(cached, batch=request.batch)
        note = f"With prompt caching it may come down to {least:.2f} USD."
    return LabelPlan(
        request.strategy, len(given.frames), 0, len(given.frames) - missing, calls,
        usage.input + usage.output, usage.input, usage.output, cost, request.batch, note,
    )  # fmt: skip


def _solved_sample(
    project: Project, given: LabelInputs, missing: list[int]
) -> tuple[NDArray[np.int64], Places]:
    """Choose a few frames to rehearse on, and name their dots without a model."""
    if not missing:
        return np.zeros(0, np.int64), {}
    chosen = np.linspace(0, len(missing) - 1, min(SAMPLE, len(missing))).round().astype(int)
    frames = np.array(missing, np.int64)[np.unique(chosen)]
    try:
        xy = _geometric_labels(project, given, frames).xy
    except IdentityError:  # too little for the solver: the seeds themselves
        frames, xy = np.array(given.seeds.frames, np.int64), given.seeds.xy
    return frames, {
        (name, frame): xy[row, camera]
        for row, frame in enumerate(frames.tolist())
        for camera, name in enumerate(project.rig.names)
    }


def _geometric_labels(project: Project, given: LabelInputs, frames: NDArray[np.int64]) -> Labels:
    solving = GeometricStrategy().label(
        project.rig, project.skeleton, given.seeds, given.candidates, frames
    )
    while True:
        try:
            next(solving)
        except StopIteration as end:
            labels: Labels = end.value.labels
            return labels


class _UnknownError(Exception):
    """A question whose answer is not kept."""


@dataclass
class _Memory:
    """Answers from the kept answers only."""

    means: Means
    store: AnswerStore

    @property
    def profile(self) -> Profile:
        return self.means.profile

    def ask(self, questions: Sequence[Question]) -> Generator[Progress, None, list[Outcome]]:
        yield from ()
        outcomes = []
        for question in questions:
            trail = Trail.start(question, self.means.where.model, self.profile)
            trail.follow(self.store, self.means.where.base_url)
            if trail.request is not None:
                raise _UnknownError
            outcomes.append(trail.outcome())
        return outcomes

    def ask_in_batches(self, questions: Sequence[Question]) -> BatchReport:
        raise NotImplementedError


def _known_frames(  # noqa: PLR0917
    project: Project, request: LabelRequest, given: LabelInputs, means: Means, store: AnswerStore,
    run: PaperRun, pictures: ProjectPictures,
) -> int:  # fmt: skip
    """Frames that are not part of a run any more (or yet), but whose answers are all kept."""
    if request.batch or not run.missing or not store.spending().calls:
        return 0
    strategy = PaperStrategy(
        _Memory(means, store), pictures, project.config.name, paper_settings(project, request),
        run.kept_labels(),
    )  # fmt: skip
    frames = np.array(run.missing, np.int64)
    known = 0
    try:
        for step in strategy.label(
            project.rig, project.skeleton, given.seeds, given.candidates, frames
        ):
            known += isinstance(step, Arrived)
    except _UnknownError:
        pass
    return known
