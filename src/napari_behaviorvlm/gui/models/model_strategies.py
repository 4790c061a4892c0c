"""Strategies that ask a model, as the run panel offers them."""

from collections.abc import Generator
from typing import Any

from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.gui.models.model_choice import ModelChoice
from napari_behaviorvlm.gui.models.run_steps import (
    Option,
    Run,
    RunChoice,
    RunPlan,
    Strategy,
    register_strategy,
)
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.label import LabelRequest, label, plan

BUDGET = Option(
    "budget", "Budget, USD",
    "What this project may have cost in all, earlier runs included; no question goes out that "
    "could pass it. 0 means no limit.", 5.0, float,
)  # fmt: skip
REGIONS = Option(
    "regions", "Region by region",
    "First where the body regions are, then the dots of each in a crop. Without: all dots of a "
    "whole frame at once, with a sixth of the calls and about twice the error.", True, bool,
)  # fmt: skip
REFINE = Option(
    "refine", "Check in 3D",
    "Views that are far from the 3D point of the others get another dot.", True, bool,
)  # fmt: skip
CALLS = Option(
    "calls_per_frame", "Calls per frame, at most",
    "Only doubtful places are asked about; mostly far fewer calls are needed.", 3.0, float,
)  # fmt: skip


def request_of(strategy: str, choice: RunChoice) -> LabelRequest:
    """Return what the labelling workflow is asked for, with the model chosen last."""
    options = dict(choice.options)
    budget = float(options.pop("budget", 0.0)) or None
    model = ModelChoice.read().settings(budget)
    return LabelRequest(strategy, choice.span, model, **options)


def _planned(strategy: str) -> Any:
    def planned(project: Project, choice: RunChoice) -> RunPlan:
        found = plan(project, request_of(strategy, choice))
        solved = f" ({found.solved_frames} are solved already)" if found.solved_frames else ""
        return RunPlan(
            f"Asks {ModelChoice.read().words} about {found.frames} frames{solved}. What people "
            f"decided stays; proposals nobody decided about are replaced. {found.note}".strip(),
            found.missing_candidates, found.vlm_calls, found.tokens, found.cost_usd,
        )  # fmt: skip

    return planned


def _running(strategy: str) -> Any:
    def running(project: Project, choice: RunChoice) -> Run:
        report = yield from _labelled(project, request_of(strategy, choice))
        return " ".join([report.sentence, *report.notes])

    return running


def _labelled(project: Project, request: LabelRequest) -> Generator[Progress, None, Any]:
    return (yield from label(project, request))


def _no_pictures(project: Project, _: RunChoice) -> str:
    for name in project.rig.names:
        path = project.video(name)
        if path is None:
            return f"A model looks at pictures, and this project has no video of camera {name!r}."
        if not path.exists():
            return f"The video {path} of camera {name!r} is missing: put it back."
    return ""


PAPER = Strategy(
    "paper",
    "Ask a vision-language model (paper)",
    "The model is shown every frame of every view with numbered dots and the last three solved "
    "frames (Ke et al., arXiv 2603.12176): about 35 questions a frame. Answers are kept; a run "
    "that is stopped goes on where it was and asks nothing twice.",
    _planned("paper"),
    _running("paper"),
    (BUDGET, REGIONS, REFINE),
    _no_pictures,
    asks=True,
)


FUSED = Strategy(
    "fused",
    "Geometry first, ask a model where in doubt (fused)",
    "Dots are fused over the views and followed, anatomy names them; the model is shown single "
    "regions of single frames where an answer would change most. At most a few questions a frame, "
    "mostly far fewer. Where the budget ends, geometry's names stay.",
    _planned("fused"),
    _running("fused"),
    (BUDGET, CALLS),
    _no_pictures,
    asks=True,
)


def offer_model_strategies() -> None:
    """Offer all strategies that ask a model, behind the one that does not."""
    register_strategy(PAPER)
    register_strategy(FUSED)
