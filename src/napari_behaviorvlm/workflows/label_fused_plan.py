"""What labelling with the fused strategy would cost: it is rehearsed on geometry's own answers.

Which questions are asked follows from what geometry doubts, so that the first round is known
exactly; later rounds depend on answers, and the rehearsal answers with the names that geometry
gives. Of a long recording a part is rehearsed.
"""

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.identity.strategies.fused.strategy import FusedStrategy
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.label_fused import FusedRun, fused_strategy
from napari_behaviorvlm.workflows.label_inputs import LabelInputs, human_votes
from napari_behaviorvlm.workflows.label_paper_plan import plan_of
from napari_behaviorvlm.workflows.label_request import LabelPlan, LabelRequest
from napari_behaviorvlm.workflows.pictures import ProjectPictures
from napari_behaviorvlm.workflows.rehearsal import (
    Rehearsal,
    history,
    known_answers,
    means_of,
)

MOST = 512
"""Frames that are rehearsed at most."""


def plan_fused(project: Project, request: LabelRequest, given: LabelInputs) -> LabelPlan:
    """Estimate calls, tokens and cost; no question is sent."""
    alone = LabelPlan("fused", len(given.frames), 0)
    if request.calls_per_frame <= 0:
        return alone
    try:
        return _rehearsed(project, request, given)
    except VLMError as error:
        note = f"No model could be asked: {error} The labels would be geometry's alone."
        return LabelPlan("fused", len(given.frames), 0, note=note)


def _rehearsed(project: Project, request: LabelRequest, given: LabelInputs) -> LabelPlan:
    store = known_answers(project)
    try:
        with ProjectPictures(project, given.seeds.frames) as pictures:
            means = means_of(project, request.model or Settings(), store)
            run = FusedRun(project, request, given, (means.where.base_url, means.where.model))
            missing = 0 if run.done else len(given.frames)
            frames = _sample(given.frames) if missing else np.zeros(0, np.int64)
            rehearsal = Rehearsal(
                means, store.token_ratio(means.where.model), project.skeleton,
                lambda camera, frame: _places(project, given, strategy, camera, frame), store,
            )  # fmt: skip
            strategy = fused_strategy(project, request, rehearsal, pictures)
            if len(frames):
                for _ in strategy.label(
                    project.rig, project.skeleton, given.seeds, given.candidates, frames,
                    human_votes(project),
                ):  # fmt: skip
                    pass
            earlier = history(store, means.where.model)
    finally:
        store.close()
    share = missing / max(len(frames), 1)
    asked = rehearsal.scaled(share, earlier, once=given.seeds.frames)
    return plan_of(request, given, means, asked, missing)


def _sample(frames: range) -> NDArray[np.int64]:
    """Frames from the middle, all of them if they are few."""
    skipped = max(0, len(frames) - MOST) // 2
    return np.asarray(frames[skipped : skipped + MOST])


def _places(
    project: Project, given: LabelInputs, strategy: FusedStrategy, camera: str, frame: int
) -> NDArray[np.float64]:
    """Pixels of the keypoints where they are taken to be."""
    at = project.rig.names.index(camera)
    seeds = list(given.seeds.frames)
    places: NDArray[np.float64]
    if frame in seeds:
        places = given.seeds.xy[seeds.index(frame), at]
    else:
        assert strategy.board is not None
        labels = strategy.board.whole.labels
        places = labels.xy[int(np.searchsorted(labels.frames, frame)), at]
    return places
