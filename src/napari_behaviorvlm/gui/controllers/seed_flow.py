"""Labelling seed frames: which keypoint is next, and what follows for the other views."""

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_behaviorvlm.core.labels import LABELLED, Status
from napari_behaviorvlm.gui.models.seeding import (
    SeedProgress,
    SeedProposal,
    make_seed_frame,
    seed_progress,
    seed_proposals,
    suggest_frames,
    toggle_seed_frame,
)
from napari_behaviorvlm.gui.models.session import LabellingSession


class SeedFlow:
    """Seeding mode of `LabelFlow`.

    Parameters
    ----------
    session : LabellingSession
    """

    active_changed = Signal(bool)

    def __init__(self, session: LabellingSession) -> None:
        self.session = session
        self.active = False
        self._proposals: tuple[SeedProposal, ...] | None = None
        self._signals = (
            session.edited, session.frame_changed, session.selection_changed, session.reloaded,
        )  # fmt: skip
        for signal in self._signals:
            signal.connect(self._forget)

    def close(self) -> None:
        """Stop listening to the session."""
        for signal in self._signals:
            signal.disconnect(self._forget)

    def _forget(self) -> None:
        self._proposals = None

    @property
    def proposals(self) -> tuple[SeedProposal, ...]:
        """What the person's labels of this frame say about other views.

        While seeding, for all keypoints, hidden ones included. Otherwise for the selected keypoint
        only, dots only, and against a run's proposal only what two labels agree on.
        """
        if self._proposals is None:
            session = self.session
            if self.active:
                self._proposals = seed_proposals(session, session.frame)
            else:
                found = seed_proposals(session, session.frame, session.selection.keypoint)
                self._proposals = tuple(p for p in found if self._convinces(p))
        return self._proposals

    @property
    def positions(self) -> NDArray[np.float64] | None:
        """Proposed dots for drawing, shape (C, K, 2), NaN for none; None without any."""
        proposed = [proposal for proposal in self.proposals if proposal.number]
        if not proposed:
            return None
        shape = (len(self.session.rig), len(self.session.skeleton), 2)
        positions = np.full(shape, np.nan)
        for proposal in proposed:
            positions[proposal.camera, proposal.keypoint] = proposal.x, proposal.y
        return positions

    def _convinces(self, proposal: SeedProposal) -> bool:
        cell = (self.session.frame, proposal.camera, proposal.keypoint)
        empty = self.session.labels.status[cell] not in LABELLED
        return proposal.number > 0 and (empty or proposal.views > 1)

    # On and off ------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the current frame a seed frame and label it, keypoint by keypoint."""
        make_seed_frame(self.session, self.session.frame)
        self._set_active(True)
        keypoint = self.session.selection.keypoint
        name = self.session.skeleton.keypoints[keypoint]
        self.session.say(f"Click the dot of {name}; right-click where it cannot be seen.")

    def stop(self) -> None:
        """Leave seeding; the labels stay."""
        self._set_active(False)

    def _set_active(self, active: bool) -> None:
        if active != self.active:
            self.active = active
            self._forget()
            self.active_changed.emit(active)

    def begin_if_first(self) -> None:
        """Start by itself with the very first label of a project without proposals."""
        session = self.session
        if self.active or session.seed_frames:
            return
        if not (session.labels.status[session.frame] == Status.PROPOSED).any():
            make_seed_frame(session, session.frame)
            self._set_active(True)

    def toggle_frame(self) -> None:
        """Make the current frame a seed frame, or one no more."""
        frame = self.session.frame
        now = toggle_seed_frame(self.session, frame)
        count = len(self.session.seed_frames)
        words = "is a seed frame now" if now else "is no seed frame any more"
        self.session.say(f"Frame {frame} {words}: {count} in all.")

    def suggest(self) -> int | None:
        """Go to a frame worth labelling as a seed."""
        found = suggest_frames(self.session, 1, self.session.seed_frames)
        if not found:
            self.session.say("There are no dots yet: run the detection first.")
            return None
        self.session.go_to(found[0])
        return found[0]

    # While labelling -------------------------------------------------------------------------

    @property
    def progress(self) -> SeedProgress:
        """How far the current frame is."""
        return seed_progress(self.session, self.session.frame)

    def advance(self) -> None:
        """Select the next keypoint that this view says nothing about yet; else report."""
        session, camera = self.session, self.session.selection.camera
        if camera < 0:
            return
        answered = session.decided[session.frame, camera].copy()
        for proposal in self.proposals:
            if proposal.camera == camera and proposal.number:
                answered[proposal.keypoint] = True
        order = np.roll(np.arange(len(answered)), -session.selection.keypoint - 1)
        left = order[~answered[order]]
        if len(left):
            session.select(int(left[0]), camera)
        else:
            self.report()

    def report(self) -> None:
        """Say what is missing, and go to the first keypoint that is."""
        session, progress = self.session, self.progress
        waiting = sum(proposal.number > 0 for proposal in self.proposals)
        if waiting:
            session.say(f"Enter accepts the {waiting} proposed labels of the other views.")
            return
        if progress.missing:
            session.select(progress.missing[0], session.selection.camera)
        session.say(progress.sentence)
