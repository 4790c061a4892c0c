"""Labelling with the geometric strategy: window by window, kept as it goes."""

import shutil
from collections.abc import Generator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

import numpy as np

from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.progress import Progress
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


@dataclass(frozen=True)
class Piece:
    """Frames that are solved and kept by themselves."""

    frames: range
    folder: Path

    @property
    def done(self) -> bool:
        """Whether it has been solved."""
        return has_result(self.folder)


class GeometricRun:
    """The labelling of some frames, in pieces that may be solved in any order and anywhere.

    Parameters
    ----------
    project : Project
    given : LabelInputs
    """

    def __init__(self, project: Project, given: LabelInputs) -> None:
        self._project, self._given = project, given
        self._votes = votes = human_votes(project)
        self._strategy = GeometricStrategy()
        self.settings: dict[str, object] = asdict(self._strategy.settings)
        self.frames = given.frames
        self.key = content_key({
            "strategy": self._strategy.name, "solver": SOLVER_VERSION, "settings": self.settings,
            "frames": [self.frames.start, self.frames.stop], **given.content(project),
            "votes": [] if votes is None else [getattr(votes, f.name) for f in fields(votes)],
            **_reviewed(given),
        })  # fmt: skip
        self.folder = project.result(self.key)
        self._pieces = self.folder.with_name(f"{self.folder.name}.pieces")

    @property
    def run(self) -> Run:
        """The run as the project's store knows it."""
        return Run(
            self._strategy.name, self.key, self.frames.start, self.frames.stop, self.settings
        )

    @property
    def done(self) -> bool:
        """Whether nothing has changed since it was computed."""
        return has_result(self.folder)

    @property
    def pieces(self) -> list[Piece]:
        """All pieces, in the order of their frames."""
        size, frames = self._strategy.settings.window, self.frames
        return [
            Piece(
                range(max(start, frames.start), min(start + size, frames.stop)),
                self._pieces / f"{start:09d}",
            )
            for start in range(frames.start - frames.start % size, frames.stop, size)
        ]

    def solve(self, piece: Piece) -> Generator[Progress, None, None]:
        """Solve a piece and keep it, unless that has been done."""
        if piece.done:
            return
        given = self._given
        steps = self._strategy.label(
            self._project.rig, self._project.skeleton, given.examples, given.candidates,
            np.asarray(piece.frames), self._votes,
        )  # fmt: skip
        offset = piece.frames.start - self.frames.start
        result = yield from _shifted(steps, offset, len(self.frames))
        write_result(piece.folder, result.labels, result.poses, result.alternative)

    def finish(self) -> None:
        """Put the pieces together."""
        parts, others = [], []
        for piece in self.pieces:
            parts.append(read_result(piece.folder))
            others.append(read_alternative(piece.folder, parts[-1][0].status.shape))
        labels = concatenated(Labels, [part[0] for part in parts])
        poses = concatenated(Poses, [part[1] for part in parts])
        write_result(self.folder, labels, poses, np.concatenate(others))
        shutil.rmtree(self._pieces, ignore_errors=True)


def _reviewed(given: LabelInputs) -> dict[str, object]:
    """Examples beside the seeds; nothing where there are none, so that older keys still hold."""
    if given.examples is given.seeds:
        return {}
    return {"examples": [given.examples.frames, given.examples.xy]}


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
    run = GeometricRun(project, given)
    computed = not run.done
    if computed:
        for piece in run.pieces:
            yield from run.solve(piece)
        run.finish()
    return run.run, computed


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
