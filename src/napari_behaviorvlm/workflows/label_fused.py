"""Labelling with the fused strategy: geometry names everything, a model is asked about the rest.

The geometric answer is part of the project before the first question goes out. Questions follow
from the dots, the seeds, people's decisions and the answers so far, and from nothing else: stopped
at any moment, the same command makes the same questions again and finds those that were answered.
"""

from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.identity.strategies.fused.examples import UNKNOWN, Decided
from napari_behaviorvlm.identity.strategies.fused.strategy import FusedSettings, FusedStrategy
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import (
    content_key,
    has_result,
    read_result,
    remove_others,
    write_result,
)
from napari_behaviorvlm.io.project.store import Run
from napari_behaviorvlm.vlm.endpoint import endpoint
from napari_behaviorvlm.vlm.prompts import VERSION
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.asking import CountingModel, open_model, require_sight
from napari_behaviorvlm.workflows.label_geometric import SOLVER_VERSION
from napari_behaviorvlm.workflows.label_inputs import LabelInputs, human_votes
from napari_behaviorvlm.workflows.label_request import LabelReport, LabelRequest, label_report
from napari_behaviorvlm.workflows.pictures import ProjectPictures

FUSED_VERSION = 1
"""Raise it when the same answers give other labels: part of content keys."""


def label_fused(
    project: Project, request: LabelRequest, given: LabelInputs
) -> Generator[Progress, None, LabelReport]:
    """Name by geometry and ask where that leaves doubt; see `workflows.label.label`."""
    chosen = request.model or Settings()
    done = _finished(project, request, given, chosen)
    if done is not None:
        return done
    alone = ""
    with ExitStack() as stack:
        model: CountingModel | None = None
        pictures: ProjectPictures | None = None
        try:
            if request.calls_per_frame > 0:
                yield Progress(0, len(given.frames), "connecting to the model")
                pictures = stack.enter_context(ProjectPictures(project, given.seeds.frames))
                session = stack.enter_context(open_model(project.folder, chosen))
                require_sight(session)
                model = CountingModel(session)
        except VLMError as error:
            alone = f"No model was asked: {error} These labels are geometry's alone."
        run = FusedRun(project, request, given, _where(model))
        strategy = fused_strategy(project, request, model, pictures)
        steps = _labelled(project, given, strategy, run)
        yield from steps if model is None else model.counting(steps)
        return _report(strategy, model, alone)


@dataclass
class FusedRun:
    """The result of one labelling, whole or as far as it has come.

    Parameters
    ----------
    project : Project
    request : LabelRequest
    given : LabelInputs
    where : tuple of str
        Address and model; empty where none is asked.
    """

    project: Project
    request: LabelRequest
    given: LabelInputs
    where: tuple[str, str]

    def __post_init__(self) -> None:
        project, given, votes = self.project, self.given, human_votes(self.project)
        decided = decided_cells(project)
        self.settings: dict[str, object] = {
            "server": self.where[0], "model": self.where[1], "prompt": VERSION,
            "calls_per_frame": self.request.calls_per_frame,
        }  # fmt: skip
        self.key = content_key({
            "strategy": "fused", "fused": FUSED_VERSION, "solver": SOLVER_VERSION,
            "settings": self.settings, "frames": [given.frames.start, given.frames.stop],
            **given.content(project),
            "votes": [] if votes is None else [getattr(votes, f.name) for f in fields(votes)],
            "decided": [getattr(decided, f.name) for f in fields(decided)],
        })  # fmt: skip

    @property
    def done(self) -> bool:
        """Whether everything that was worth it was asked."""
        return has_result(self.project.result(self.key))

    def publish(self, strategy: FusedStrategy, *, whole: bool) -> None:
        """Make the result part of the project.

        Parameters
        ----------
        strategy : FusedStrategy
        whole : bool
            False for a result on the way; the same request goes on with it.
        """
        if strategy.board is None:
            return
        found = strategy.board.whole
        key = self.key if whole else f"{self.key}-part"
        write_result(
            self.project.result(key), found.labels, found.poses, found.alternative,
            np.array(strategy.exchanges, np.int64).reshape(-1, 3), strategy.board.leans,
        )  # fmt: skip
        self.show(key)

    def show(self, key: str) -> None:
        """Lay the result over other runs."""
        frames = self.given.frames
        run = Run("fused", key, frames.start, frames.stop, self.settings)
        self.project.store.add_run(run, __version__)
        remove_others(self.project.results, (kept.key for kept in self.project.store.runs()))


def fused_strategy(
    project: Project, request: LabelRequest, model: object, pictures: ProjectPictures | None
) -> FusedStrategy:
    """Strategy of a request; ``model`` is None where none is asked."""
    return FusedStrategy(
        model,  # type: ignore[arg-type]
        pictures or _no_picture, project.config.name,
        FusedSettings(calls_per_frame=request.calls_per_frame), decided_cells(project),
    )  # fmt: skip


def decided_cells(project: Project) -> Decided:
    """Gather what people decided about views outside of the seed frames."""
    decisions = project.store.decisions()
    kept = (Status.ACCEPTED, Status.CORRECTED, Status.OCCLUDED)
    mine = (decisions.source == Source.HUMAN) | (decisions.status == Status.ACCEPTED)
    rows = np.isin(decisions.status, kept) & mine
    rows &= ~np.isin(decisions.frame, project.store.seed_frames())
    chosen = decisions.select(rows)
    hidden = chosen.status == Status.OCCLUDED
    number = np.where(hidden, 0, np.where(chosen.candidate > 0, chosen.candidate, UNKNOWN))
    return Decided(
        chosen.frame, chosen.camera.astype(np.int64), chosen.keypoint.astype(np.int64),
        number.astype(np.int64), chosen.status == Status.CORRECTED,
    )  # fmt: skip


def _no_picture(camera: str, frame: int) -> NDArray[np.generic]:
    raise NotImplementedError


def _where(model: CountingModel | None) -> tuple[str, str]:
    if model is None:
        return "", ""
    return model.session.asker.address, model.session.asker.model


def _finished(
    project: Project, request: LabelRequest, given: LabelInputs, chosen: Settings
) -> LabelReport | None:
    """Report where nothing has changed since the last time: no server is needed then."""
    if not chosen.model:
        return None
    there = endpoint(chosen.base_url, chosen.model, key_env=chosen.key_env)
    run = FusedRun(project, request, given, (there.base_url, there.model))
    if not run.done:
        return None
    run.show(run.key)
    return label_report("fused", *read_result(project.result(run.key)), computed=False)


def _labelled(
    project: Project, given: LabelInputs, strategy: FusedStrategy, run: FusedRun
) -> Generator[Progress, None, None]:
    """Label, and keep what there is: before the first question, when stopped, and at the end."""
    frames, whole = np.asarray(given.frames), False
    geometry_kept = False
    steps = strategy.label(
        project.rig, project.skeleton, given.seeds, given.candidates, frames, human_votes(project)
    )
    try:
        with closing(steps):
            for step in steps:
                if not geometry_kept and strategy.named:
                    run.publish(strategy, whole=False)
                    geometry_kept = True
                yield step
        whole = strategy.stopped is None and strategy.model is not None
    finally:
        run.publish(strategy, whole=whole)


def _report(strategy: FusedStrategy, model: CountingModel | None, alone: str) -> LabelReport:
    assert strategy.board is not None
    found = strategy.board.whole
    report = label_report("fused", found.labels, found.poses, computed=True)
    notes = [alone] if alone else []
    if strategy.stopped is not None:
        notes.append(
            f"Asking ended early: {strategy.stopped} Geometry has named the rest; the same "
            "command goes on asking and repeats no call."
        )
    report = replace(report, notes=tuple(notes))
    if model is None:
        return report
    return model.reported(
        report, strategy.unanswered, "geometry's names stay where they were doubted"
    )
