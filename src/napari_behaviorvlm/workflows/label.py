"""Labelling a recording: piece by piece, kept as it goes, made current as it is solved.

Decisions of people are never changed: they lie over what is computed here, and a dot that a person
named also tells the geometric solver.
"""

from collections.abc import Generator, Sequence

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.errors import IdentityError
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import read_result, remove_others
from napari_behaviorvlm.workflows.label_geometric import label_geometric
from napari_behaviorvlm.workflows.label_inputs import label_inputs, read_seed_table
from napari_behaviorvlm.workflows.label_request import (
    LabelPlan,
    LabelReport,
    LabelRequest,
    label_report,
)
from napari_behaviorvlm.workflows.label_spreading import solve_pieces

__all__ = [
    "LabelPlan",
    "LabelReport",
    "LabelRequest",
    "label",
    "label_all",
    "plan",
    "read_seed_table",
]

STRATEGIES = ("geometric", "paper", "fused")


def plan(project: Project, request: LabelRequest) -> LabelPlan:
    """Say what `label` would do, without doing it; no model is asked.

    Raises
    ------
    IdentityError, VLMError
        If a model would be asked, and it cannot be said what.
    """
    _require_known(request)
    frames = request.span.within(project.config.n_frames)
    missing = project.candidates().missing(frames)
    if not request.asks:
        return LabelPlan(request.strategy, len(frames), len(missing))
    given = label_inputs(project, request.span)
    if request.strategy == "fused":
        from napari_behaviorvlm.workflows.label_fused_plan import plan_fused

        return plan_fused(project, request, given)
    from napari_behaviorvlm.workflows.label_paper_plan import plan_paper

    return plan_paper(project, request, given)


def label(project: Project, request: LabelRequest) -> Generator[Progress, None, LabelReport]:
    """Name the candidates of some frames and triangulate, in this process.

    Interrupted, it goes on where it stopped; with nothing changed, it does nothing. Where a model
    is asked, frames that were solved before an interruption are labelled all the same.

    Yields
    ------
    Progress
        Where a model is asked: `Counted`, and `Arrived` for frames that are solved.

    Raises
    ------
    IdentityError
        If there are no candidates or no seeds, or the seeds do not tell enough.
    VLMError
        If the model cannot be asked (any more), or the budget is used up. With "fused" that is no
        error: geometry has labelled the frames, and the report's notes say what was not asked.
    """
    _require_known(request)
    yield Progress(0, 0, "reading candidates")
    given = label_inputs(project, request.span)
    if request.strategy == "fused":
        from napari_behaviorvlm.workflows.label_fused import label_fused

        return (yield from label_fused(project, request, given))
    if request.asks:
        from napari_behaviorvlm.workflows.label_paper import label_paper

        return (yield from label_paper(project, request, given))
    run, computed = yield from label_geometric(project, given)
    project.store.add_run(run, __version__)
    remove_others(project.results, (kept.key for kept in project.store.runs()))
    labels, poses = read_result(project.result(run.key))
    return label_report(request.strategy, labels, poses, computed=computed)


def label_all(
    projects: Sequence[Project], request: LabelRequest
) -> Generator[Progress, None, list[LabelReport]]:
    """Label several projects; see `label`.

    Where ``request`` names a scheduler or several processes, geometry works on all of them at the
    same time.
    """
    if request.spread:
        yield from solve_pieces(
            projects, request.span, scheduler=request.scheduler, processes=request.processes
        )
    reports = []
    for project in projects:
        report = yield from label(project, request)
        reports.append(report)
    return reports


def _require_known(request: LabelRequest) -> None:
    if request.strategy not in STRATEGIES:
        raise IdentityError(
            f"There is no strategy {request.strategy!r}: choose one of {', '.join(STRATEGIES)}."
        )
