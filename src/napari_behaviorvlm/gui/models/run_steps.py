"""What can be run on an open project, described so that a panel can offer it.

A step knows what stands in its way, what it would do and what it would cost, and how it is run.
Naming dots has several strategies; another one joins by `register_strategy` and brings the options
that the panel then asks for.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.project import Project

HOW_TO_SEED = (
    "in about three frames with different postures, click the dot of each keypoint in two views "
    "or more, and mark these frames as seed frames"
)


@dataclass(frozen=True)
class Option:
    """One thing a strategy wants to know.

    Parameters
    ----------
    name : str
        Key under which the answer stands in `RunChoice.options`.
    label, about : str
        What a person reads beside it, and in its tooltip.
    default : object
    kind : type
        ``str``, ``int``, ``float``, ``bool`` or ``pathlib.Path``.
    choices : tuple of str
        Where only some answers are possible.
    """

    name: str
    label: str
    about: str
    default: Any
    kind: type = str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunChoice:
    """What a person chose.

    Parameters
    ----------
    span : FrameSpan
    strategy : str
        Name of a strategy, "" for steps without.
    options : mapping of str to object
        Answers to the strategy's options.
    """

    span: FrameSpan = field(default_factory=FrameSpan)
    strategy: str = ""
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class RunPlan:
    """What a run would do, and what it would cost.

    Parameters
    ----------
    sentence : str
    missing : int
        Pieces of the recording whose dots are not known yet.
    calls, tokens : int
        Of a vision-language model.
    cost_usd : float or None
        None where nobody knows the price.
    """

    sentence: str
    missing: int = 0
    calls: int = 0
    tokens: int = 0
    cost_usd: float | None = 0.0

    @property
    def text(self) -> str:
        """The plan in words, and the cost last."""
        parts = [self.sentence]
        if self.missing:
            parts.append(f"In {self.missing} pieces no dots are known yet: find dots first.")
        cost = (
            "its price is not known"
            if self.cost_usd is None
            else f"for about {self.cost_usd:.2f} USD"
        )
        parts.append(
            f"A vision-language model is asked {self.calls} times ({self.tokens} tokens), {cost}."
            if self.calls
            else "No vision-language model is asked: 0 calls, 0 tokens, 0.00 USD."
        )
        return " ".join(parts)


Run = Generator[Progress, None, str]
"""A run's generator returns what it achieved, in one sentence."""


@dataclass(frozen=True)
class Strategy:
    """A way of naming dots.

    Parameters
    ----------
    name : str
        As on the command line.
    title, about : str
        What a person reads.
    plan : callable (Project, RunChoice) -> RunPlan
    run : callable (Project, RunChoice) -> generator of Progress, returning a sentence
    options : tuple of Option
    obstacle : callable (Project, RunChoice) -> str
        What stands in the way, "" if nothing does.
    asks : bool
        Whether a model is asked, which is to be chosen then.
    """

    name: str
    title: str
    about: str
    plan: Callable[[Project, RunChoice], RunPlan]
    run: Callable[[Project, RunChoice], Run]
    options: tuple[Option, ...] = ()
    obstacle: Callable[[Project, RunChoice], str] = lambda _project, _choice: ""
    asks: bool = False


@dataclass(frozen=True)
class Step:
    """Something that can be run.

    Parameters
    ----------
    name, title, about : str
    obstacle, plan, run : callable
        As of `Strategy`.
    takes_frames : bool
        Whether a part of the recording can be chosen.
    has_strategies : bool
        Whether one of the registered strategies must be chosen.
    """

    name: str
    title: str
    about: str
    obstacle: Callable[[Project, RunChoice], str]
    plan: Callable[[Project, RunChoice], RunPlan]
    run: Callable[[Project, RunChoice], Run]
    takes_frames: bool = True
    has_strategies: bool = False


_STRATEGIES: dict[str, Strategy] = {}


def register_strategy(strategy: Strategy) -> None:
    """Offer a way of naming dots, in place of an earlier one of the same name."""
    _STRATEGIES[strategy.name] = strategy


def forget_strategy(name: str) -> None:
    """Offer a strategy no longer."""
    _STRATEGIES.pop(name, None)


def strategies() -> tuple[Strategy, ...]:
    """All ways of naming dots, in the order of their registration."""
    return tuple(_STRATEGIES.values())


# Finding dots --------------------------------------------------------------------------------


def _detect_obstacle(project: Project, _: RunChoice) -> str:
    for name in project.rig.names:
        path = project.dot_video(name)
        if path is None:
            return f"This project has no video of camera {name!r}, so no dots can be looked for."
        if not path.exists():
            return f"The video {path} of camera {name!r} is missing: put it back."
    if project.has_imported:
        return "The dots of this project came from a table, which takes the place of finding them."
    return ""


def _detect_plan(project: Project, choice: RunChoice) -> RunPlan:
    from napari_behaviorvlm.io.project.chunks import CHUNK_FRAMES, chunks_of
    from napari_behaviorvlm.workflows.detect import open_chunks

    frames = choice.span.within(project.config.n_frames)
    pieces = len(chunks_of(frames)) * len(project.rig)
    missing = len(open_chunks(project, frames))
    if not missing:
        return RunPlan(f"The dots of these {len(frames)} frames are known: nothing is left to do.")
    return RunPlan(
        f"Looks for dots in {len(frames)} frames of {len(project.rig)} cameras, in pieces of up to "
        f"{CHUNK_FRAMES} frames: {missing} of {pieces} pieces are still to be done."
    )


def _detect(project: Project, choice: RunChoice) -> Run:
    from napari_behaviorvlm.workflows.detect import DetectRequest, detect

    report = yield from detect(project, DetectRequest(choice.span))
    known = "" if report.new_chunks else " (nothing was left to do)"
    return f"{report.candidates} dots in {report.frames} frames{known}."


# Naming dots ---------------------------------------------------------------------------------


def _strategy(choice: RunChoice) -> Strategy:
    from napari_behaviorvlm.core.errors import IdentityError

    if choice.strategy not in _STRATEGIES:
        raise IdentityError(f"There is no strategy {choice.strategy!r}: choose another one.")
    return _STRATEGIES[choice.strategy]


def _label_obstacle(project: Project, choice: RunChoice) -> str:
    frames = choice.span.within(project.config.n_frames)
    if project.candidates().missing(frames):
        return "Some of these frames have no dots yet: find dots first."
    if not project.store.seed_frames():
        return f"There are no seed frames yet: {HOW_TO_SEED}."
    return _strategy(choice).obstacle(project, choice)


def _label_plan(project: Project, choice: RunChoice) -> RunPlan:
    return _strategy(choice).plan(project, choice)


def _label(project: Project, choice: RunChoice) -> Run:
    return _strategy(choice).run(project, choice)


def _geometric_plan(project: Project, choice: RunChoice) -> RunPlan:
    from napari_behaviorvlm.workflows.label import LabelRequest, plan

    planned = plan(project, LabelRequest("geometric", choice.span))
    seeds = len(project.store.seed_frames())
    text = (
        f"Names the dots of {planned.frames} frames from {seeds} seed frames and triangulates. "
        "What people decided stays; proposals that nobody decided about are replaced."
    )
    return RunPlan(
        text, planned.missing_candidates, planned.vlm_calls, planned.tokens, planned.cost_usd
    )


def _geometric(project: Project, choice: RunChoice) -> Run:
    from napari_behaviorvlm.workflows.label import LabelRequest, label

    report = yield from label(project, LabelRequest("geometric", choice.span))
    return report.sentence


# Triangulating -------------------------------------------------------------------------------


def _nothing_labelled(project: Project, _: RunChoice) -> str:
    if project.store.runs() or any(True for _ in project.store.labels()):
        return ""
    return "Nothing is labelled yet: name dots first, or label some by hand."


def _triangulate_plan(project: Project, _: RunChoice) -> RunPlan:
    return RunPlan(
        f"Computes the 3D points of {project.config.n_frames} frames again from the labels, as "
        "after an exchanged calibration; labels stay as they are."
    )


def _triangulate(project: Project, _: RunChoice) -> Run:
    from napari_behaviorvlm.workflows.triangulate import triangulate_project

    report = yield from triangulate_project(project)
    return f"{report.points} 3D points, median reprojection error {report.median_error:.2f} px."


STEPS: tuple[Step, ...] = (
    Step(
        "detect", "Find dots", "Looks for glowing dots in every camera's fluorescence video.",
        _detect_obstacle, _detect_plan, _detect,
    ),
    Step(
        "label", "Name dots", "Decides which dot is which keypoint, and triangulates.",
        _label_obstacle, _label_plan, _label, has_strategies=True,
    ),
    Step(
        "triangulate", "Triangulate", "Computes all 3D points again from the labels.",
        _nothing_labelled, _triangulate_plan, _triangulate, takes_frames=False,
    ),
)  # fmt: skip
"""In the order in which they are run on a new project."""

register_strategy(
    Strategy(
        "geometric",
        "Geometric (no VLM)",
        "From your seed frames, the geometry of the views, anatomy and motion. Needs no network "
        "and no key, and never looks at the animal itself.",
        _geometric_plan,
        _geometric,
    )
)
