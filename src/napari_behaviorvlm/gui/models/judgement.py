"""Flags and review queue of an open session, kept up to date edit by edit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.identity.bones import BoneReference
from napari_behaviorvlm.identity.flag_scale import SessionScale
from napari_behaviorvlm.identity.flags import FlagTable, compute_flags, update_flags
from napari_behaviorvlm.identity.live_queue import LiveQueue
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

    def update(
        self, rows: Sequence[int], state: SessionState, keypoints: Sequence[int] = ()
    ) -> None:
        """Judge the frames around edited rows again; O(rows) in any session.

        ``keypoints`` are those that changed, all by default; only for where the queue goes on.
        """
        self.flags = update_flags(
            self.flags, rows, labels=state.labels, poses=state.poses, rig=self.rig,
            skeleton=self.skeleton, scale=self.scale,
        )  # fmt: skip
        self.queue.update(rows, state.labels, state.poses, self.flags, keypoints)
