"""Labelling with the geometric strategy: window by window, kept as it goes."""

import shutil
from collections.abc import Generator
from dataclasses import asdict, fields
from pathlib import Path
from typing import TypeVar

import numpy as np

from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.progress import Progress
from napari_behaviorvlm.identity.strategies import CandidateVotes
from napari_behaviorvlm.identity.strategies.geometric import GeometricStrategy
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import (
    content_key,
    has_result,
    read_alternative,
    read_result,
    write_result,
)
from napari_behaviorvlm.io.project.store import Run
from napari_behaviorvlm.workflows.label_inputs import LabelInputs, human_votes

Result = TypeVar("Result")
Table = TypeVar("Table", Labels, Poses)

SOLVER_VERSION = 2
"""Raise it when the same input gives other labels: part of content keys."""


def label_geometric(
    project: Project, given: LabelInputs
) -> Generator[Progress, None, tuple[Run, bool]]:
    """Label some frames.

    Returns
    -------
    Run
        Its result is on disk; it is not the current one yet.
    bool
        False if nothing had changed since the last time.
    """
    votes = human_votes(project)
    strategy = GeometricStrategy()
    settings: dict[str, object] = asdict(strategy.settings)
    frames = given.frames
    key = content_key({
        "strategy": strategy.name, "solver": SOLVER_VERSION, "settings": settings,
        "frames": [frames.start, frames.stop], **given.content(project),
        "votes": [] if votes is None else [getattr(votes, f.name) for f in fields(votes)],
    })  # fmt: skip
    folder = project.result(key)
    computed = not has_result(folder)
    if computed:
        yield from _compute(project, given, votes, strategy, folder)
    return Run(strategy.name, key, frames.start, frames.stop, settings), computed


def _compute(
    project: Project, given: LabelInputs, votes: CandidateVotes | None,
    strategy: GeometricStrategy, folder: Path,
) -> Generator[Progress, None, None]:  # fmt: skip
    """Label piece by piece; each piece is kept until the whole is written."""
    pieces = folder.with_name(f"{folder.name}.pieces")
    size = strategy.settings.window
    starts = range(given.frames.start - given.frames.start % size, given.frames.stop, size)
    parts, others = [], []
    for start in starts:
        frames = range(max(start, given.frames.start), min(start + size, given.frames.stop))
        piece = pieces / f"{start:09d}"
        if not has_result(piece):
            result = yield from _shifted(
                strategy.label(
                    project.rig, project.skeleton, given.seeds, given.candidates,
                    np.asarray(frames), votes,
                ),
                frames.start - given.frames.start, len(given.frames),
            )  # fmt: skip
            write_result(piece, result.labels, result.poses, result.alternative)
        parts.append(read_result(piece))
        others.append(read_alternative(piece, parts[-1][0].status.shape))
    labels = concatenated(Labels, [part[0] for part in parts])
    poses = concatenated(Poses, [part[1] for part in parts])
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


def concatenated(kind: type[Table], tables: list[Table]) -> Table:
    """Put tables of successive frames together."""
    columns = (column.name for column in fields(kind))
    return kind(*(np.concatenate([getattr(t, name) for t in tables]) for name in columns))
