"""Geometric labelling spread over processes or a cluster.

Pieces of a recording are solved independently of each other and kept on the disk. What is solved
here, `label` finds there and only puts together, so that the labels are the same to the last bit.
"""

from collections.abc import Generator, Sequence
from pathlib import Path

from napari_behaviorvlm.core.errors import ProjectError
from napari_behaviorvlm.core.frames import FrameSpan
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.cluster import spread
from napari_behaviorvlm.workflows.label_geometric import GeometricRun
from napari_behaviorvlm.workflows.label_inputs import label_inputs

TOGETHER = 8
"""Pieces that a worker is given at once: it reads the candidates and learns the anatomy for each
lot anew."""


def solve_pieces(
    projects: Sequence[Project], span: FrameSpan, *, scheduler: str | None, processes: int
) -> Generator[Progress, None, None]:
    """Solve the pieces of several projects at the same time.

    Parameters
    ----------
    projects : sequence of Project
    span : FrameSpan
    scheduler, processes
        As of `spread`.

    Yields
    ------
    Progress
        In lots of pieces.

    Raises
    ------
    BehaviorVLMError
        The first error of a lot; what is solved stays.
    """
    jobs: list[tuple[object, ...]] = []
    for project in projects:
        run = GeometricRun(project, label_inputs(project, span))
        open_ = [] if run.done else [p.frames.start for p in run.pieces if not p.done]
        for at in range(0, len(open_), TOGETHER):
            lot = open_[at : at + TOGETHER]
            jobs.append((project.folder.absolute(), span, run.key, lot))
    if jobs:
        yield from spread(
            _solve, jobs, scheduler=scheduler, processes=processes, what="pieces of recordings"
        )


def _solve(folder: Path, span: FrameSpan, key: str, starts: Sequence[int]) -> None:
    """Solve the pieces that begin with some frames; for another process or machine."""
    with Project(folder, writable=False) as project:
        run = GeometricRun(project, label_inputs(project, span))
        if run.key != key:
            raise ProjectError(
                f"A worker sees {folder} differently: it needs this package in the same version "
                "and must see the same files."
            )
        for piece in run.pieces:
            if piece.frames.start in starts:
                for _ in run.solve(piece):
                    pass
