"""Labelling a recording: piece by piece, kept as it goes, made current when it is whole.

Decisions of people are never changed: they lie over what is computed here, and a dot that a person
named also tells the solver.
"""

import shutil
from collections.abc import Generator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TypeVar

import numpy as np

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import IdentityError
from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.labels import Labels, Poses, Source, Status
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.core.seeds import SeedTable
from napari_behaviorvlm.geometry.check import check_rig
from napari_behaviorvlm.identity.seeds import Seeds
from napari_behaviorvlm.identity.strategies import CandidateVotes
from napari_behaviorvlm.identity.strategies.geometric import GeometricStrategy
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import (
    content_key,
    has_result,
    read_alternative,
    read_result,
    remove_others,
    write_result,
)
from napari_behaviorvlm.io.project.store import Run
from napari_behaviorvlm.vlm.session import Settings
from napari_behaviorvlm.workflows.state import status_counts

Result = TypeVar("Result")
Table = TypeVar("Table", Labels, Poses)

HUMAN_VOTE = 20.0
"""Weight of a person's word for a candidate (log likelihood ratio): nothing outvotes it."""

SOLVER_VERSION = 1
"""Raise it when the same input gives other labels: part of content keys."""


@dataclass(frozen=True)
class LabelRequest:
    """What to label and how.

    Parameters
    ----------
    strategy : {"geometric", "paper"}
    span : FrameSpan
    model : Settings, optional
        How to reach the vision-language model; only for "paper".
    regions, refine : bool
        Steps of "paper" that can be left out; see `PaperSettings`.
    batch : bool
        Ask through Message Batches: hand in and come back, at half price. Each frame is then
        shown with the seed frames as examples instead of with the frames before it.
    wait : bool
        With ``batch``, wait until the batches are done instead of coming back.
    """

    strategy: str = "geometric"
    span: FrameSpan = field(default_factory=FrameSpan)
    model: Settings | None = None
    regions: bool = True
    refine: bool = True
    batch: bool = False
    wait: bool = False


@dataclass(frozen=True)
class LabelPlan:
    """What `label` would do, and what it would cost."""

    strategy: str
    frames: int
    missing_candidates: int
    vlm_calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0

    @property
    def sentence(self) -> str:
        """The plan in words."""
        return (
            f"Would label {self.frames} frames with the {self.strategy} strategy: "
            f"{self.vlm_calls} calls to a vision-language model, {self.cost_usd:.2f} USD."
        )


@dataclass(frozen=True)
class LabelReport:
    """What was labelled.

    Parameters
    ----------
    points : int
        Keypoints in 3D in these frames, of ``points_possible``.
    median_error : float
        Reprojection error, px.
    labels : dict of str to int
        Cells by status.
    computed : bool
        False if nothing had changed since the last time.
    """

    strategy: str
    frames: int
    points: int
    points_possible: int
    median_error: float
    labels: dict[str, int]
    computed: bool

    @property
    def sentence(self) -> str:
        """The result in words."""
        share = 100 * self.points / max(self.points_possible, 1)
        known = "" if self.computed else " (nothing had changed)"
        return (
            f"{self.points} of {self.points_possible} keypoints in 3D ({share:.1f} %) in "
            f"{self.frames} frames, median reprojection error {self.median_error:.2f} px{known}."
        )


@dataclass(frozen=True, eq=False)
class _Job:
    """Everything a labelling depends on."""

    frames: range
    seeds: Seeds
    candidates: CandidateTable
    votes: CandidateVotes | None
    key: str
    strategy: GeometricStrategy
    settings: dict[str, object]


def plan(project: Project, request: LabelRequest) -> LabelPlan:
    """Say what `label` would do, without doing it."""
    frames = request.span.within(project.config.n_frames)
    missing = project.candidates().missing(frames)
    return LabelPlan(request.strategy, len(frames), len(missing))


def label(project: Project, request: LabelRequest) -> Generator[Progress, None, LabelReport]:
    """Name the candidates of some frames and triangulate.

    Interrupted, it goes on where it stopped; with nothing changed, it does nothing.

    Raises
    ------
    IdentityError
        If there are no candidates or no seeds, or the seeds do not tell enough.
    """
    yield Progress(0, 0, "reading candidates")
    job = _job(project, request)
    folder = project.result(job.key)
    computed = not has_result(folder)
    if computed:
        yield from _compute(project, job, folder)
    run = Run(request.strategy, job.key, job.frames.start, job.frames.stop, job.settings)
    project.store.add_run(run, __version__)
    remove_others(project.results, (kept.key for kept in project.store.runs()))
    labels, poses = read_result(folder)
    return _report(request.strategy, labels, poses, computed=computed)


def _job(project: Project, request: LabelRequest) -> _Job:
    frames = request.span.within(project.config.n_frames)
    if project.candidates().missing(frames):
        raise IdentityError(
            f"Some of these frames have no candidates yet: run `behaviorvlm detect "
            f"{project.folder}` first."
        )
    table_of_seeds = read_seed_table(project)
    seeds = Seeds.from_table(table_of_seeds, project.rig, project.skeleton)
    _require_fitting_calibration(project, seeds)
    table = project.candidates().read(range(project.config.n_frames))
    votes = _human_votes(project)
    strategy = GeometricStrategy()
    settings: dict[str, object] = asdict(strategy.settings)
    made_from = {
        "strategy": request.strategy, "solver": SOLVER_VERSION, "settings": settings,
        "frames": [frames.start, frames.stop],
        "candidates": [table.frame, table.camera, table.number, table.xy],
        "seeds": [getattr(table_of_seeds, f.name) for f in fields(table_of_seeds)],
        "votes": [] if votes is None else [getattr(votes, f.name) for f in fields(votes)],
        "skeleton": asdict(project.skeleton),
        "cameras": [
            [c.name, c.size, c.matrix, c.distortion, c.rotation, c.translation, c.fisheye]
            for c in project.rig
        ],
    }  # fmt: skip
    return _Job(
        frames, seeds, table, votes,
        content_key(made_from), strategy, settings,
    )  # fmt: skip


def _require_fitting_calibration(project: Project, seeds: Seeds) -> None:
    """Refuse a calibration that the seeds contradict; one camera that disagrees is outvoted."""
    points = seeds.xy.transpose(0, 2, 1, 3).reshape(-1, len(project.rig), 2)
    found = check_rig(project.rig, points)
    if found.problem is not None and len(found.disagreeing) > len(project.rig) / 2:
        raise IdentityError(f"The seeds contradict the calibration. {found.problem}")


def read_seed_table(project: Project) -> SeedTable:
    """Read the labels of the seed frames as people left them.

    Raises
    ------
    IdentityError
        If there are none.
    """
    kept = (Status.ACCEPTED, Status.CORRECTED, Status.OCCLUDED)
    rows = [
        (*cell, np.nan if label.x is None else label.x, np.nan if label.y is None else label.y)
        for frame in project.store.seed_frames()
        for cell, label in project.store.labels(frame, frame + 1)
        if label.status in kept
    ]
    if not rows:
        raise IdentityError(
            "There are no seed frames yet: label about three frames by hand and give them with "
            f"`behaviorvlm seed {project.folder} FILE`."
        )
    frame, camera, keypoint, x, y = (np.array(column) for column in zip(*rows, strict=True))
    return SeedTable(
        frame.astype(np.int64), camera.astype(np.int16), keypoint.astype(np.int16),
        np.column_stack([x, y]),
    )  # fmt: skip


def _human_votes(project: Project) -> CandidateVotes | None:
    """Candidates that a person named, as votes; None if there are none."""
    decisions = project.store.decisions()
    named = decisions.select(
        (decisions.source == Source.HUMAN)
        & (decisions.status == Status.CORRECTED)
        & (decisions.candidate > 0)
    )
    if not len(named):
        return None
    return CandidateVotes(
        named.frame, named.camera.astype(np.int16), named.candidate.astype(np.int32),
        named.keypoint.astype(np.int16), np.full(len(named), HUMAN_VOTE),
    )  # fmt: skip


def _compute(project: Project, job: _Job, folder: Path) -> Generator[Progress, None, None]:
    """Label piece by piece; each piece is kept until the whole is written."""
    pieces = folder.with_name(f"{folder.name}.pieces")
    size = job.strategy.settings.window
    starts = range(job.frames.start - job.frames.start % size, job.frames.stop, size)
    parts, others = [], []
    for start in starts:
        frames = range(max(start, job.frames.start), min(start + size, job.frames.stop))
        piece = pieces / f"{start:09d}"
        if not has_result(piece):
            result = yield from _shifted(
                job.strategy.label(
                    project.rig, project.skeleton, job.seeds, job.candidates,
                    np.asarray(frames), job.votes,
                ),
                frames.start - job.frames.start, len(job.frames),
            )  # fmt: skip
            write_result(piece, result.labels, result.poses, result.alternative)
        parts.append(read_result(piece))
        others.append(read_alternative(piece, parts[-1][0].status.shape))
    labels = _concatenated(Labels, [part[0] for part in parts])
    poses = _concatenated(Poses, [part[1] for part in parts])
    write_result(folder, labels, poses, np.concatenate(others))
    shutil.rmtree(pieces, ignore_errors=True)


def _shifted(
    steps: Generator[Progress, None, Result], offset: int, total: int
) -> Generator[Progress, None, Result]:
    """Progress of a part as progress of the whole."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield Progress(offset + step.done, total, step.message)


def _concatenated(kind: type[Table], tables: list[Table]) -> Table:
    columns = (column.name for column in fields(kind))
    return kind(*(np.concatenate([getattr(t, name) for t in tables]) for name in columns))


def _report(strategy: str, labels: Labels, poses: Poses, *, computed: bool) -> LabelReport:
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
