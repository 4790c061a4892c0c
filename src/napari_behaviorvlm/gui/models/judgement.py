"""Flags and review queue of an open session, kept up to date edit by edit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from napari_behaviorvlm.identity.live_queue import LiveQueue

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.bones import BoneReference
from napari_behaviorvlm.identity.flag_scale import SessionScale
from napari_behaviorvlm.identity.flags import FlagTable, compute_flags, rows_to_update
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.workflows.state import SessionState


@dataclass(eq=False)
class Judgement:
    """What speaks against the labels of a session.

    Parameters
    ----------
    rig, skeleton : Rig, Skeleton
    scale : SessionScale
        Limits, measured when the session was opened: edits do not move them.
    flags : FlagTable
    queue : LiveQueue
    """

    rig: Rig
    skeleton: Skeleton
    scale: SessionScale
    flags: FlagTable
    queue: LiveQueue

    @classmethod
    def of(cls, project: Project, state: SessionState) -> Self:
        """Judge all labels."""
        rows = np.array(project.store.seed_frames(), dtype=np.intp)
        seeds = state.poses.points[rows[rows < len(state.poses.frames)]]
        reference = BoneReference.from_points(seeds, project.skeleton) if len(seeds) else None
        scale = SessionScale.measure(state.poses, project.skeleton, reference)
        flags = compute_flags(
            state.labels, state.poses, project.rig, project.skeleton, reference, scale=scale
        )
        queue = LiveQueue(
            state.labels, state.poses, flags, project.rig, project.skeleton, project.config.unit
        )
        return cls(project.rig, project.skeleton, scale, flags, queue)

    def update(self, rows: Sequence[int], state: SessionState) -> None:
        """Judge the frames around edited rows (ascending) again; O(rows) in any session."""
        n_frames = len(state.labels.frames)
        for span in _stretches([rows_to_update(row, n_frames) for row in rows]):
            new = compute_flags(
                state.labels, state.poses, self.rig, self.skeleton, rows=span, scale=self.scale
            )
            self.flags = self.flags.replaced(span.start, span.stop, new)
            self.queue.update(span, state.labels, state.poses, self.flags)


def _stretches(spans: Sequence[slice]) -> Iterator[slice]:
    """Join spans (by ascending start) that overlap or touch."""
    current: slice | None = None
    for span in spans:
        if current is None:
            current = span
        elif span.start <= current.stop:
            current = slice(current.start, max(current.stop, span.stop))
        else:
            yield current
            current = span
    if current is not None:
        yield current
