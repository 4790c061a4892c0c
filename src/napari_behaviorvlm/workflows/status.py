"""How far a project is, and what to do next."""

from dataclasses import asdict, dataclass, field

from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.asking import spending
from napari_behaviorvlm.workflows.review import project_flags
from napari_behaviorvlm.workflows.state import load_state, status_counts


@dataclass(frozen=True)
class ProjectStatus:
    """Counts of everything in a project.

    Parameters
    ----------
    candidates_from : str
        "detected", "imported" or "".
    labels : dict of str to int
        Cells (frame, view, keypoint) by status.
    points : int
        Keypoints in 3D over all frames, of ``points_possible``.
    flagged_points : int
        Those with at least one flag.
    cost_usd : float
        Paid for vision-language models so far, where the price is known.
    calls, input_tokens, output_tokens : int
        Answers of models so far.
    uncertain_calls, uncertain_usd
        Calls that went out and never came back, and the most that they can have cost.
    waiting_calls, waiting_usd
        Requests of batches that are not collected yet, and the most that they can cost.
    """

    name: str
    cameras: list[str]
    frames: int
    detected_frames: int
    candidates: int
    candidates_from: str
    seed_frames: list[int]
    strategies: list[str]
    labels: dict[str, int]
    decided: int
    points: int
    points_possible: int
    flagged_points: int
    flags: dict[str, int] = field(default_factory=dict)
    cost_usd: float = 0.0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    uncertain_calls: int = 0
    uncertain_usd: float = 0.0
    waiting_calls: int = 0
    waiting_usd: float = 0.0
    next_step: str = ""

    def to_dict(self) -> dict[str, object]:
        """All fields, for ``--json``."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Lines for a person."""
        labels = ", ".join(f"{count} {word}" for word, count in self.labels.items()
                           if count and word != "unlabelled")  # fmt: skip
        flags = ", ".join(f"{count} {word}" for word, count in self.flags.items() if count)
        candidates = f"{self.candidates} in {self.detected_frames} frames"
        if self.candidates_from:
            candidates += f" ({self.candidates_from})"
        return [
            ("session", self.name),
            ("cameras", ", ".join(self.cameras)),
            ("frames", str(self.frames)),
            ("candidates", candidates),
            ("seed frames", ", ".join(map(str, self.seed_frames)) or "none"),
            ("strategies", ", ".join(self.strategies) or "none"),
            ("labels", labels or "none"),
            ("decided by people", str(self.decided)),
            ("3D points", f"{self.points} of {self.points_possible}"),
            ("flagged", f"{self.flagged_points} points ({flags})" if flags else "0 points"),
            ("cost so far", self._cost),
        ]  # fmt: skip

    @property
    def _cost(self) -> str:
        parts = [f"{self.cost_usd:.2f} USD"]
        if self.calls:
            tokens = f"{self.input_tokens} tokens in, {self.output_tokens} out"
            parts.append(f"{self.calls} calls to a vision-language model ({tokens})")
        if self.uncertain_calls:
            parts.append(
                f"{self.uncertain_calls} calls never came back (at most "
                f"{self.uncertain_usd:.2f} USD more)"
            )
        if self.waiting_calls:
            parts.append(
                f"{self.waiting_calls} requests in batches (at most {self.waiting_usd:.2f} USD)"
            )
        return "; ".join(parts)


def project_status(project: Project) -> ProjectStatus:
    """Count what a project holds."""
    state = load_state(project)
    candidates = project.candidates()
    detected, total = candidates.counts()
    flags = project_flags(project, state)
    points = int((state.poses.n_views > 0).sum())
    runs = project.store.runs()
    spent = spending(project.folder)
    status = ProjectStatus(
        name=project.config.name,
        cameras=list(project.rig.names),
        frames=project.config.n_frames,
        detected_frames=detected,
        candidates=total,
        candidates_from=("imported" if project.has_imported else "detected") if detected else "",
        seed_frames=project.store.seed_frames(),
        strategies=sorted({run.strategy for run in runs}),
        labels=status_counts(state.labels),
        decided=int(state.decided.sum()),
        points=points,
        points_possible=state.poses.n_views.size,
        flagged_points=len(set(zip(flags.frame.tolist(), flags.keypoint.tolist(), strict=True))),
        flags={reason.heading: count for reason, count in flags.counts().items() if count},
        cost_usd=spent.cost,
        calls=spent.calls,
        input_tokens=spent.usage.prompt,
        output_tokens=spent.usage.output,
        uncertain_calls=spent.uncertain_calls,
        uncertain_usd=spent.uncertain_cost,
        waiting_calls=spent.waiting_calls,
        waiting_usd=spent.waiting_cost,
    )
    return ProjectStatus(**{**vars(status), "next_step": _next_step(project, status)})


def _next_step(project: Project, status: ProjectStatus) -> str:
    folder = project.folder
    if status.detected_frames < status.frames:
        return f"behaviorvlm detect {folder}"
    if not status.seed_frames:
        return f"label three frames by hand and give them with behaviorvlm seed {folder} FILE"
    if not status.strategies:
        return f"behaviorvlm label {folder} --strategy geometric"
    if not (status.labels["accepted"] or status.labels["corrected"] > 0):
        return f"behaviorvlm review {folder}"
    return f"behaviorvlm review {folder}, then behaviorvlm export {folder} dlc OUT"
