"""What labelling is asked for, what it would cost, and what came of it."""

from dataclasses import dataclass, field

import numpy as np

from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.state import status_counts


@dataclass(frozen=True)
class LabelRequest:
    """What to label and how.

    Parameters
    ----------
    strategy : {"geometric", "paper", "fused"}
    span : FrameSpan
    model : Settings, optional
        How to reach the vision-language model; not for "geometric".
    regions, refine : bool
        Steps of "paper" that can be left out; see `PaperSettings`.
    batch : bool
        Ask through Message Batches: hand in and come back, at half price. Each frame is then
        shown with the seed frames as examples instead of with the frames before it.
    wait : bool
        With ``batch``, wait until the batches are done instead of coming back.
    calls_per_frame : float
        Calls at most per frame of the recording; only for "fused". 0 asks nothing.
    scheduler : str, optional
        Address of a Dask scheduler that works on "geometric", or "local".
    processes : int
        Of this machine that work on "geometric".
    """

    strategy: str = "geometric"
    span: FrameSpan = field(default_factory=FrameSpan)
    model: Settings | None = None
    regions: bool = True
    refine: bool = True
    batch: bool = False
    wait: bool = False
    calls_per_frame: float = 3.0
    scheduler: str | None = None
    processes: int = 1

    @property
    def spread(self) -> bool:
        """Whether other processes or machines work on it."""
        return not self.asks and (self.scheduler is not None or self.processes > 1)

    @property
    def asks(self) -> bool:
        """Whether a model is asked."""
        return self.strategy != "geometric"


@dataclass(frozen=True)
class LabelPlan:
    """What `label` would do, and what it would cost.

    Parameters
    ----------
    strategy : str
    frames : int
    missing_candidates : int
        Pieces of the recording without candidates.
    solved_frames : int
        Frames whose answers are kept already; they cost nothing.
    vlm_calls : int
    tokens, input_tokens, output_tokens : int
        ``tokens`` is the sum of both.
    cost_usd : float or None
        None where nobody knows the price of the model.
    batch : bool
        Whether the price is that of Message Batches.
    note : str
        What a user should know besides.
    """

    strategy: str
    frames: int
    missing_candidates: int
    solved_frames: int = 0
    vlm_calls: int = 0
    tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    batch: bool = False
    note: str = ""

    @property
    def sentence(self) -> str:
        """The plan in words."""
        cost = "the price is not known" if self.cost_usd is None else f"{self.cost_usd:.2f} USD"
        solved = f" ({self.solved_frames} of them are solved already)" if self.solved_frames else ""
        tokens = (
            f", about {self.input_tokens} tokens in and {self.output_tokens} out"
            if self.tokens else ""
        )  # fmt: skip
        batch = " in batches" if self.batch else ""
        return (
            f"Would label {self.frames} frames{solved} with the {self.strategy} strategy: "
            f"{self.vlm_calls} calls to a vision-language model{batch}{tokens}, {cost}."
            + (f" {self.note}" if self.note else "")
        )


@dataclass(frozen=True)
class LabelReport:
    """What was labelled.

    Parameters
    ----------
    frames : int
        Frames that are labelled now, of those asked for.
    points : int
        Keypoints in 3D in these frames, of ``points_possible``.
    median_error : float
        Reprojection error, px.
    labels : dict of str to int
        Cells by status.
    computed : bool
        False if nothing had changed since the last time.
    calls, known : int
        Answers that came from a model just now, and questions whose answer was kept from earlier.
    input_tokens, output_tokens : int
        Of the calls.
    cost_usd : float or None
        Of the calls; None where nobody knows the price.
    unanswered : int
        Questions without any sound answer: their keypoints stay open.
    waiting : str
        What batches are waited for, in words; empty if nothing is.
    notes : tuple of str
        What a user should know besides.
    """

    strategy: str
    frames: int
    points: int
    points_possible: int
    median_error: float
    labels: dict[str, int]
    computed: bool
    calls: int = 0
    known: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    unanswered: int = 0
    waiting: str = ""
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The result in words."""
        if self.waiting and not self.frames:
            return self.waiting
        share = 100 * self.points / max(self.points_possible, 1)
        known = "" if self.computed else " (nothing had changed)"
        labelled = (
            f"{self.points} of {self.points_possible} keypoints in 3D ({share:.1f} %) in "
            f"{self.frames} frames, median reprojection error {self.median_error:.2f} px{known}."
        )
        return " ".join(filter(None, [labelled, self._asked, self.waiting]))

    @property
    def _asked(self) -> str:
        if not (self.calls or self.known):
            return ""
        cost = "price unknown" if self.cost_usd is None else f"{self.cost_usd:.2f} USD"
        return (
            f"The model was asked {self.calls} times ({self.input_tokens} tokens in, "
            f"{self.output_tokens} out, {cost}); {self.known} answers were known."
        )


def label_report(
    strategy: str, labels: Labels, poses: Poses, *, computed: bool
) -> LabelReport:  # fmt: skip
    """Report of labelled frames, without what a model has to do with them."""
    error = poses.error[np.isfinite(poses.error)]
    return LabelReport(
        strategy=strategy,
        frames=len(labels.frames),
        points=int((poses.n_views > 0).sum()),
        points_possible=poses.n_views.size,
        median_error=float(np.median(error)) if len(error) else float("nan"),
        labels=status_counts(labels),
        computed=computed,
    )
