"""One open project as the labelling dock sees it: the single truth of everything shown.

Views read its arrays and listen to its signals; whoever wants to change a label hands an `Edit` to
`LabellingSession.apply`. Decisions reach the disk before they reach the arrays, so what is on the
screen is saved.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_behaviorvlm.core.camera import Rig
from napari_behaviorvlm.core.candidates import CandidateTable
from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.core.labels import Labels, Poses
from napari_behaviorvlm.core.progress import Arrived
from napari_behaviorvlm.core.skeleton import Skeleton
from napari_behaviorvlm.geometry.projection import project_rig
from napari_behaviorvlm.gui.models.edits import Edit
from napari_behaviorvlm.gui.models.judgement import Judgement
from napari_behaviorvlm.identity.flags import FlagTable
from napari_behaviorvlm.identity.live_queue import LiveQueue
from napari_behaviorvlm.io.project import Project
from napari_behaviorvlm.io.project.chunks import CHUNK_FRAMES
from napari_behaviorvlm.io.project.store import Cell, StoredLabel
from napari_behaviorvlm.io.project.store import Edit as JournalEntry
from napari_behaviorvlm.workflows.person import login_name
from napari_behaviorvlm.workflows.state import (
    SessionState,
    load_state,
    overlay_proposals,
    update_cells,
)

CACHED_CHUNKS = 8
"""Chunks of candidates kept in memory: those around the frames that are looked at."""


@dataclass(frozen=True)
class Selection:
    """What the next command is about.

    Parameters
    ----------
    keypoint : int
        Position on the skeleton's keypoint axis.
    camera : int
        Position on the rig's camera axis; -1 while no view was chosen.
    """

    keypoint: int = 0
    camera: int = -1


@dataclass(frozen=True)
class Change:
    """What an edit, an undo or a redo changed.

    Parameters
    ----------
    rows : tuple of int
        Frames whose labels or 3D points changed, ascending.
    keypoints : tuple of int
        Keypoints concerned, ascending.
    action : str
        What was done, in words.
    labels : int
        How many labels it concerned.
    """

    rows: tuple[int, ...]
    keypoints: tuple[int, ...]
    action: str
    labels: int = 0


@dataclass(frozen=True, eq=False)
class Fresh:
    """The session read anew, ready to be taken; see `LabellingSession.read_anew`."""

    state: SessionState
    judgement: Judgement
    edits: int
    anew: bool = False
    """Whether the state was read from the disk; a judgement alone goes with the state it is of."""


class LabellingSession:
    """An open project with its current frame and selection.

    Parameters
    ----------
    project : Project
        Open for writing; closed together with the session.
    author : str
        Who decides; the login name where empty.

    Raises
    ------
    ProjectError
        If a result of the project is damaged.
    """

    frame_changed = Signal(int)
    selection_changed = Signal(Selection)
    edited = Signal(Change)
    queue_changed = Signal()
    arrived = Signal(tuple)
    reloaded = Signal()
    seeds_changed = Signal()
    said = Signal(str)

    def __init__(self, project: Project, author: str = "") -> None:
        self.project = project
        self.author = author or login_name()
        self.frame = 0
        self.selection = Selection()
        self._state = load_state(project)
        self._judgement: Judgement | None = None
        # Edits so far, and the rows they changed: a judgement made meanwhile catches up by them.
        self._edits = 0
        self._edited_rows: list[tuple[int, tuple[int, ...]]] = []
        self._chunks: OrderedDict[int, CandidateTable] = OrderedDict()

    @classmethod
    def open(cls, folder: Path, author: str = "") -> Self:
        """Open a project folder for labelling.

        Raises
        ------
        ProjectError
            If it is not a project, damaged, or in use elsewhere.
        """
        project = Project(folder)
        try:
            return cls(project, author)
        except BaseException:
            project.close()
            raise

    def close(self) -> None:
        """Close the project; nothing has to be saved."""
        self.project.close()

    # What there is ---------------------------------------------------------------------------

    @property
    def rig(self) -> Rig:
        """Cameras; their order is the camera axis."""
        return self.project.rig

    @property
    def skeleton(self) -> Skeleton:
        """Keypoints; their order is the keypoint axis."""
        return self.project.skeleton

    @property
    def n_frames(self) -> int:
        """Frames of the recording."""
        return self.project.config.n_frames

    @property
    def fps(self) -> float | None:
        """Frames per second, None where unknown."""
        return self.project.config.fps

    @property
    def state(self) -> SessionState:
        """Labels, poses and decisions together."""
        return self._state

    @property
    def labels(self) -> Labels:
        """Live labels; row = frame number. To be read only."""
        return self._state.labels

    @property
    def poses(self) -> Poses:
        """Live 3D points; row = frame number. To be read only."""
        return self._state.poses

    @property
    def decided(self) -> NDArray[np.bool_]:
        """Cells a person decided about, shape (F, C, K)."""
        return self._state.decided

    @property
    def flags(self) -> FlagTable | None:
        """Reasons to look again; None until judged."""
        return None if self._judgement is None else self._judgement.flags

    @property
    def queue(self) -> LiveQueue | None:
        """What to look at, in order; None until judged."""
        return None if self._judgement is None else self._judgement.queue

    def candidates(self, frame: int) -> CandidateTable:
        """Dots of one frame in all views; empty where none were looked for."""
        chunk = frame // CHUNK_FRAMES
        if chunk not in self._chunks:
            first = chunk * CHUNK_FRAMES
            frames = range(first, min(first + CHUNK_FRAMES, self.n_frames))
            self._chunks[chunk] = self.project.candidates().read(frames)
            if len(self._chunks) > CACHED_CHUNKS:
                self._chunks.popitem(last=False)
        self._chunks.move_to_end(chunk)
        table = self._chunks[chunk]
        return table.select(table.rows(frame))

    def projection(self, frame: int) -> NDArray[np.float64]:
        """Where the 3D points of a frame lie in each view.

        Returns
        -------
        ndarray, shape (C, K, 2)
            Pixels; NaN without a point, or behind a camera.
        """
        return project_rig(self.rig, self.poses.points[frame]).swapaxes(0, 1)

    def proposed_dot(self, cell: Cell) -> int:
        """Return the dot that the runs propose for a label, 0 for none."""
        return self._state.proposals.candidate(cell)

    def alternative(self, frame: int, keypoint: int) -> NDArray[np.int16]:
        """Return the dot in each view that is the keypoint in the solver's next best naming.

        Returns
        -------
        ndarray of int16, shape (C,)
            0 where there is none.
        """
        return self._state.proposals.alternative(frame, keypoint)

    # Moving about ----------------------------------------------------------------------------

    def go_to(self, frame: int) -> None:
        """Show a frame; numbers beyond the recording mean its first or last frame."""
        frame = min(max(int(frame), 0), self.n_frames - 1)
        if frame != self.frame:
            self.frame = frame
            self.frame_changed.emit(frame)

    def select(self, keypoint: int, camera: int = -1) -> None:
        """Choose the keypoint, and the view, that commands are about."""
        selection = Selection(keypoint % len(self.skeleton), camera)
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit(selection)

    def say(self, sentence: str) -> None:
        """Tell the person something in one sentence."""
        self.said.emit(sentence)

    # Editing ---------------------------------------------------------------------------------

    def apply(self, edit: Edit | None) -> Change | None:
        """Make an edit: on disk first, then in the arrays, the 3D points, the flags and the queue.

        Returns
        -------
        Change or None
            None where there was nothing to do or the disk refused; `said` tells why.
        """
        if edit is None:
            return None
        if not edit.changes:
            self.say(edit.note or "Nothing to change here.")
            return None
        try:
            self.project.store.apply(edit.changes, edit.action, self.author)
        except BehaviorVLMError as error:
            self.say(str(error))
            return None
        change = self._changed((cell for cell, _ in edit.changes), edit.action)
        if edit.note:
            self.say(edit.note)
        return change

    def undo(self) -> Change | None:
        """Take the newest edit back, also one of an earlier session."""
        return self._flip(self.project.store.undo, "undo", "There is nothing to undo.")

    def redo(self) -> Change | None:
        """Make the edit again that was undone last."""
        return self._flip(self.project.store.redo, "redo", "There is nothing to redo.")

    def _flip(
        self, flip: Callable[[], list[Cell] | None], action: str, otherwise: str
    ) -> Change | None:
        try:
            cells = flip()
        except BehaviorVLMError as error:
            self.say(str(error))
            return None
        if cells is None:
            self.say(otherwise)
            return None
        return self._changed(cells, action)

    def _changed(self, cells: Iterable[Cell], action: str) -> Change:
        cells = [cell for cell in cells if cell[0] < self.n_frames]
        update_cells(self.project, self._state, cells)
        rows = tuple(sorted({cell[0] for cell in cells}))
        change = Change(rows, tuple(sorted({cell[2] for cell in cells})), action, len(cells))
        self._edits += 1
        self._edited_rows.append((self._edits, rows))
        if self._judgement is not None:
            self._judgement.update(rows, self._state, change.keypoints)
        self.edited.emit(change)
        if self._judgement is not None:
            self.queue_changed.emit()
        return change

    def history(self, cell: Cell) -> list[tuple[JournalEntry, StoredLabel | None]]:
        """Every edit of a label, oldest first, with what it left there."""
        return self.project.store.history(cell)

    @property
    def seed_frames(self) -> list[int]:
        """Frames that serve the solver as examples, ascending."""
        return self.project.store.seed_frames()

    def set_seed_frames(self, frames: Iterable[int]) -> None:
        """Replace the list of seed frames; their labels stay what they are."""
        try:
            self.project.store.set_seed_frames(frames, self.author)
        except BehaviorVLMError as error:
            self.say(str(error))
            return
        self.seeds_changed.emit()

    def arrive(self, news: Arrived) -> None:
        """Show labels of a run that is still on, wherever nobody decided.

        Flags and the queue follow when the run ends and `take` lays its whole result down.
        """
        last = min(news.first_frame + len(news.labels.frames), self.n_frames)
        rows = np.arange(news.first_frame, last)
        overlay_proposals(self._state, rows, news.labels, news.poses)
        self.arrived.emit(tuple(rows.tolist()))

    # Flags, queue and what runs leave behind ----------------------------------------------------

    def judge(self) -> Fresh:
        """Find flags and make the queue; may run in another thread, and be handed to `take`."""
        edits = self._edits
        return Fresh(self._state, Judgement.of(self.project, self._state), edits)

    def read_anew(self) -> Fresh:
        """Read what a run left behind; may run in another thread, and be handed to `take`."""
        edits = self._edits
        state = load_state(self.project)
        return Fresh(state, Judgement.of(self.project, state), edits, anew=True)

    def take(self, fresh: Fresh) -> None:
        """Show what `judge` or `read_anew` found, and edits made in the meantime over it.

        A judgement of labels that a run has replaced since is dropped.
        """
        if not fresh.anew and fresh.state is not self._state:
            return
        missed = sorted({row for at, rows in self._edited_rows if at > fresh.edits for row in rows})
        replaced, earlier = fresh.state is not self._state, self.queue
        self._state, self._judgement = fresh.state, fresh.judgement
        if earlier is not None:
            self._judgement.queue.go_on_from(earlier)
        if replaced:
            self._chunks.clear()
            self._reread(missed)
        if missed:
            self._judgement.update(tuple(missed), self._state)
        if replaced:
            self.reloaded.emit()
        self.queue_changed.emit()

    def _reread(self, rows: list[int]) -> None:
        cameras, keypoints = range(len(self.rig)), range(len(self.skeleton))
        cells = [
            (row, camera, keypoint) for row in rows for camera in cameras for keypoint in keypoints
        ]
        update_cells(self.project, self._state, cells)
