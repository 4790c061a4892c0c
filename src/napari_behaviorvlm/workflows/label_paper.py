"""Labelling with the paper's strategy: a model is asked, and nothing that it was paid for is lost.

Solved frames become part of a run as they come, so that whatever stops the work (a person, the
budget, the server, a power cut) leaves them in the project. Going on starts behind them; what was
answered for the frame at hand comes from the kept answers.
"""

import time
from collections.abc import Generator
from dataclasses import replace

import numpy as np

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.identity.strategies.paper import PaperSettings, PaperStrategy
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.vlm.endpoint import endpoint
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.asking import CountingModel, open_model, require_sight
from napari_behaviorvlm.workflows.label_inputs import LabelInputs
from napari_behaviorvlm.workflows.label_request import LabelReport, LabelRequest, label_report
from napari_behaviorvlm.workflows.paper_run import PaperRun
from napari_behaviorvlm.workflows.pictures import ProjectPictures, require_pictures

AT_ONCE = 24
"""Frames whose pictures are in memory at the same time with batches."""

POLL = 30.0
"""Seconds between two looks at batches that are waited for."""


def label_paper(
    project: Project, request: LabelRequest, given: LabelInputs
) -> Generator[Progress, None, LabelReport]:
    """Ask a model for the labels of some frames; see `napari_behaviorvlm.workflows.label.label`."""
    require_pictures(project)
    chosen = request.model or Settings()
    done = _finished(project, request, given, chosen)
    if done is not None:
        return done
    yield Progress(0, len(given.frames), "connecting to the model")
    with (
        open_model(project.folder, chosen) as session,
        ProjectPictures(project, given.seeds.frames) as pictures,
    ):
        require_sight(session)
        model = CountingModel(session)
        run = PaperRun.of(project, request, given, session.asker.address, session.asker.model)
        strategy = PaperStrategy(
            model,
            pictures,
            project.config.name,
            paper_settings(project, request),
            run.kept_labels(),
        )
        steps = _in_batches if request.batch else _one_by_one
        try:
            waiting = yield from model.counting(steps(project, given, strategy, run, request))
        except VLMError as error:
            raise type(error)(f"{error}{_progress_in_words(run)}") from error
        finally:  # also when stopped: what was paid for is shown
            run.publish()
        run.publish(again=True)
        return _report(run, model, waiting)


def paper_settings(project: Project, request: LabelRequest) -> PaperSettings:
    """Switches of the strategy that a request asks for; a skeleton may have no regions."""
    regions = request.regions and bool(project.skeleton.regions)
    # Without the 3D step all views count alike, as in the benchmark's variant "without 3D".
    return PaperSettings(regions=regions, refine=request.refine, robust=request.refine)


def _finished(
    project: Project, request: LabelRequest, given: LabelInputs, chosen: Settings
) -> LabelReport | None:
    """Report where all frames are solved already: no server is needed then."""
    if not chosen.model:
        return None
    where = endpoint(chosen.base_url, chosen.model, key_env=chosen.key_env)
    run = PaperRun.of(project, request, given, where.base_url, where.model)
    if run.missing:
        return None
    run.publish(again=True)
    labels, poses = run.tables()
    return label_report(request.strategy, labels, poses, computed=False)


def _one_by_one(
    project: Project, given: LabelInputs, strategy: PaperStrategy, run: PaperRun,
    _: LabelRequest,
) -> Generator[Progress, None, str]:  # fmt: skip
    """Frame after frame, each an example for the next ones."""
    frames = np.array(run.missing, np.int64)
    asking = strategy.label(project.rig, project.skeleton, given.seeds, given.candidates, frames)
    for step in asking:
        yield run.take(step)
    return ""


def _in_batches(
    project: Project, given: LabelInputs, strategy: PaperStrategy, run: PaperRun,
    request: LabelRequest,
) -> Generator[Progress, None, str]:  # fmt: skip
    """All frames at once, as far as batches have brought the answers."""
    while True:
        waiting, missing = [], run.missing
        for start in range(0, len(missing), AT_ONCE):
            frames = np.array(missing[start : start + AT_ONCE], np.int64)
            said = yield from _group(project, given, strategy, run, frames)
            waiting += [said] if said else []
        run.publish()
        if not run.missing:
            return ""
        summary = (
            f"{len(run.missing)} of {len(given.frames)} frames wait for their batches (an hour in "
            "most cases, a day at most): run the same command again to collect them and go on."
        )
        if not request.wait:
            return summary
        yield from _pause(len(given.frames) - len(run.missing), len(given.frames), summary)


def _group(
    project: Project, given: LabelInputs, strategy: PaperStrategy, run: PaperRun,
    frames: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> Generator[Progress, None, str]:  # fmt: skip
    asking = strategy.label_in_batches(
        project.rig, project.skeleton, given.seeds, given.candidates, frames
    )
    while True:
        try:
            step = next(asking)
        except StopIteration as end:
            return str(end.value)
        yield run.take(step)


def _pause(done: int, total: int, message: str) -> Generator[Progress, None, None]:
    """Wait, ready to be stopped."""
    until = time.monotonic() + POLL
    while time.monotonic() < until:
        yield Progress(done, total, message)
        time.sleep(min(0.5, POLL))


def _progress_in_words(run: PaperRun) -> str:
    solved = len(run.frames) - len(run.missing)
    if not solved:
        return ""
    return (
        f" {solved} of {len(run.frames)} frames are labelled so far; the same command goes on "
        "behind them and repeats no call."
    )


def _report(run: PaperRun, model: CountingModel, waiting: str) -> LabelReport:
    labels, poses = run.tables()
    report = label_report(run.strategy, labels, poses, computed=run.grown)
    return replace(
        model.reported(report, run.unanswered, "their keypoints stay open in those views"),
        waiting=waiting,
    )
