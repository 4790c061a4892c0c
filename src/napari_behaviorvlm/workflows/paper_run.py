"""The solved frames of one labelling with a model, on disk as they come.

What was solved lies in one folder per stretch of frames, ``<key>-<first>-<end>`` in
``derived/labels``; a stretch that grows is written anew beside the old one and takes its place.
"""

import re
import time
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np

from napari_behaviorvlm import __version__
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.progress import Arrived, Progress
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.derived import (
    content_key,
    has_result,
    read_exchanges,
    read_result,
    remove_others,
    write_result,
)
from napari_behaviorvlm.io.project.store import Run
from napari_behaviorvlm.vlm.prompts import VERSION
from napari_behaviorvlm.workflows.label_geometric import concatenated
from napari_behaviorvlm.workflows.label_inputs import LabelInputs
from napari_behaviorvlm.workflows.label_request import LabelRequest

PAPER_VERSION = 2
"""Raise it when the same answers give other labels: part of content keys."""

SHORTEST = 2.0
"""Seconds between two writes at least; more where writing takes long."""

Table = TypeVar("Table", Labels, Poses)

_STRETCH = re.compile(r"(?P<key>[0-9a-f]+)-(?P<first>\d+)-(?P<end>\d+)")


@dataclass
class PaperRun:
    """What is solved of some frames.

    Parameters
    ----------
    project : Project
    frames : range
        To be solved.
    key : str
        Of everything the labels depend on, besides where the frames end.
    settings : dict
        Of the run, for the record.
    strategy : str
    """

    project: Project
    frames: range
    key: str
    settings: dict[str, object]
    strategy: str
    unanswered: int = field(default=0, init=False)
    grown: bool = field(default=False, init=False)

    @classmethod
    def of(
        cls, project: Project, request: LabelRequest, given: LabelInputs, address: str, model: str
    ) -> "PaperRun":
        """Solved frames of a request, empty where nothing was solved yet."""
        settings: dict[str, object] = {
            "server": address, "model": model, "prompt": VERSION, "regions": request.regions,
            "refine": request.refine, "batch": request.batch,
        }  # fmt: skip
        # With batches frames do not depend on each other, nor therefore on where they start.
        start = None if request.batch else given.frames.start
        key = content_key({
            "strategy": request.strategy, "solver": PAPER_VERSION, "settings": settings,
            "start": start, **given.content(project),
        })  # fmt: skip
        return cls(project, given.frames, key, settings, request.strategy)

    def __post_init__(self) -> None:
        self._solved: dict[int, Arrived] = {}
        self._written = 0
        self._next_write = time.monotonic() + SHORTEST
        for run in self.project.store.runs():
            stretch = _STRETCH.fullmatch(run.key)
            folder = self.project.result(run.key)
            if stretch is not None and stretch["key"] == self.key and has_result(folder):
                self._read(run.key)
        self._written = len(self._solved)

    def _read(self, name: str) -> None:
        labels, poses = read_result(self.project.result(name))
        exchanges = read_exchanges(self.project.result(name))
        exchanges = exchanges[np.argsort(exchanges[:, 0], kind="stable")]
        cuts = np.searchsorted(exchanges[:, 0], [labels.frames, labels.frames + 1]).T
        for row, frame in enumerate(labels.frames.tolist()):
            if frame not in self.frames:
                continue
            self._solved[frame] = Arrived(
                0, 0, "", first_frame=frame, labels=_row(labels, row), poses=_row(poses, row),
                exchanges=exchanges[slice(*cuts[row])],
            )  # fmt: skip

    @property
    def missing(self) -> list[int]:
        """Frames still to be solved."""
        return [frame for frame in self.frames if frame not in self._solved]

    def kept_labels(self) -> Labels | None:
        """Labels of the frames solved before; None if there are none."""
        return self.tables()[0] if self._solved else None

    def tables(self) -> tuple[Labels, Poses]:
        """Labels and poses of all solved frames, ascending."""
        solved = [self._solved[frame] for frame in sorted(self._solved)]
        shape = len(self.project.rig), len(self.project.skeleton)
        none = np.zeros(0, np.int64)
        labels, poses = Labels.empty(none, *shape), Poses.empty(none, *shape)
        return (
            concatenated(Labels, [labels, *(each.labels for each in solved)]),
            concatenated(Poses, [poses, *(each.poses for each in solved)]),
        )

    def take(self, step: Progress) -> Progress:
        """Keep a frame that has arrived; returns the step as one of all frames."""
        before = len(self._solved)
        if isinstance(step, Arrived):
            self._solved[step.first_frame] = step
            self.unanswered += step.unanswered
            self.grown = True
            if time.monotonic() > self._next_write:
                self.publish()
        return replace(step, done=before + isinstance(step, Arrived), total=len(self.frames))

    def publish(self, *, again: bool = False) -> None:
        """Make what is solved part of the project.

        Parameters
        ----------
        again : bool
            Lay it over other runs also if nothing has come since the last time.
        """
        if not self._solved or (len(self._solved) == self._written and not again):
            return
        began = time.monotonic()
        for stretch in _stretches(sorted(self._solved)):
            self._write(stretch)
        remove_others(self.project.results, (run.key for run in self.project.store.runs()))
        self._written = len(self._solved)
        now = time.monotonic()
        self._next_write = now + max(SHORTEST, 20 * (now - began))

    def _write(self, stretch: range) -> None:
        name = f"{self.key}-{stretch.start}-{stretch.stop}"
        if not has_result(self.project.result(name)):
            solved = [self._solved[frame] for frame in stretch]
            write_result(
                self.project.result(name), concatenated(Labels, [each.labels for each in solved]),
                concatenated(Poses, [each.poses for each in solved]),
                exchanges=np.concatenate([each.exchanges for each in solved]),
            )  # fmt: skip
        run = Run(self.strategy, name, stretch.start, stretch.stop, self.settings)
        self.project.store.add_run(run, __version__)


def _stretches(frames: list[int]) -> list[range]:
    """Group successive numbers."""
    cuts = [at for at in range(1, len(frames)) if frames[at] != frames[at - 1] + 1]
    starts, ends = [0, *cuts], [*cuts, len(frames)]
    return [range(frames[a], frames[b - 1] + 1) for a, b in zip(starts, ends, strict=True)]


def _row(table: Table, row: int) -> Table:
    at = slice(row, row + 1)
    return type(table)(*(getattr(table, column.name)[at] for column in fields(table)))
