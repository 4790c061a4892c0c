"""A recording of a behaviour folder as its dock sees it: the single truth of what is shown.

Views read its rows and listen to its signals; whoever wants to change a bout hands an edit to
`BehaviorSession.apply`. Edits reach the disk before they reach the rows, and only the stretch that
an edit touched is read anew.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from psygnal import Signal

from napari_behaviorvlm.core.body_tracks import BodyTracks
from napari_behaviorvlm.core.bout_edits import Edit, RenameLabel
from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import BehaviorVLMError
from napari_behaviorvlm.core.label_looks import LOOKS, LabelLooks
from napari_behaviorvlm.gui.models.behavior_rows import BehaviorRows, Total
from napari_behaviorvlm.gui.models.bout_rows import BoutRow, Stretches
from napari_behaviorvlm.gui.models.shown_poses import ShownPoses
from napari_behaviorvlm.io.behavior_folder import BehaviorFolder, BehaviorStore, Recording
from napari_behaviorvlm.workflows.behavior.segmenting import has_clips, read_bodies, read_clips
from napari_behaviorvlm.workflows.person import login_name

CLUSTERS = "clusters"
"""Source of clips that nobody has given words to."""


@dataclass(frozen=True)
class Content:
    """What was computed of a recording, as far as it has come.

    Parameters
    ----------
    clips : Clips or None
    bodies : BodyTracks or None
    """

    clips: Clips | None = None
    bodies: BodyTracks | None = None


def read_content(folder: BehaviorFolder, recording: Recording) -> Content:
    """Read what segmentation has left of a recording so far."""
    if not has_clips(folder, recording):
        return Content()
    return Content(read_clips(folder, recording), read_bodies(folder, recording))


@dataclass(frozen=True)
class Filter:
    """Which bouts are looked for; others are drawn faintly.

    Parameters
    ----------
    labels : frozenset of str
        Empty for all.
    words : str
        Must stand in the label or the description, whatever the case.
    """

    labels: frozenset[str] = frozenset()
    words: str = ""

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return bool(self.labels or self.words)

    def __call__(self, bout: Bout) -> bool:
        """Whether a bout is looked for."""
        if self.labels and bout.label not in self.labels:
            return False
        words = self.words.casefold()
        return words in bout.label.casefold() or words in bout.description.casefold()


class BehaviorSession:
    """One recording of an open behaviour folder.

    Parameters
    ----------
    folder : BehaviorFolder
        Open for writing; whoever opened it closes it.
    recording : Recording
    read : callable, optional
        Gives the `Content` of a folder and a recording; `read_content` by default.
    author : str
        Who edits; the login name where empty.
    """

    frame_changed = Signal(int)
    selection_changed = Signal(tuple)
    edited = Signal(str)
    """Bouts changed; what was done, in words."""
    filtered = Signal()
    reloaded = Signal()
    reworded = Signal()
    """Captions of clips changed, and nothing else."""
    clusters_chosen = Signal()
    posed = Signal()
    """Poses can be drawn."""
    said = Signal(str)

    def __init__(
        self, folder: BehaviorFolder, recording: Recording,
        read: Callable[[BehaviorFolder, Recording], Content] | None = None, author: str = "",
    ) -> None:  # fmt: skip
        self.folder, self.recording = folder, recording
        self.author = author or login_name()
        self.looks = LabelLooks()
        self.frame = 0
        self.selection: tuple[int, ...] = ()
        self.filter = Filter()
        self._read = read or read_content
        self._rows = BehaviorRows(folder.store, recording.name)
        self.content = Content()
        self.clusters: frozenset[int] = frozenset()
        self.poses: ShownPoses | None = None
        self.reload()

    @property
    def store(self) -> BehaviorStore:
        """Bouts and captions on disk."""
        return self.folder.store

    # What there is -----------------------------------------------------------------------------

    def reload(self) -> None:
        """Read everything anew, after a step has run."""
        self.recording = self.folder.recording(self.recording.name)
        self.content = self._read(self.folder, self.recording)
        self.unseen = _unseen(self.content.bodies, len(self.animals))
        self._rows.read(self.animals, self.content.clips)
        self._prepare()
        self.selection = tuple(number for number in self.selection if self.bout(number))
        self.reloaded.emit()

    def take_poses(self, poses: ShownPoses | None) -> None:
        """Draw these poses from now on."""
        self.poses = poses
        self.posed.emit()

    def refresh_words(self) -> None:
        """Read captions anew while a run writes them."""
        self._rows.read_words()
        self._prepare()
        self.reworded.emit()

    def _prepare(self) -> None:
        """Give looks to all labels of events and captions, together."""
        said = {clip.label for row in self.clips for clip in row.bouts if clip.source != CLUSTERS}
        self.looks.prepare(said.union(self._rows.labels))

    def look_of(self, bout: Bout) -> int:
        """Position in `LOOKS` of a bout's look; clips without words have that of their cluster."""
        if bout.source == CLUSTERS:
            return bout.cluster % len(LOOKS)
        return self.looks.place(bout.label)

    @property
    def animals(self) -> tuple[str, ...]:
        """Names, in the order of the rows."""
        for found in (self.content.clips, self.content.bodies):
            if found is not None:
                return found.animals
        if self.recording.animals:
            return self.recording.animals
        return tuple(f"A{at}" for at in range(self.recording.n_animals))

    @property
    def n_frames(self) -> int:
        """Length of the recording; 1 where nobody knows it yet."""
        if self.content.clips is not None:
            return self.content.clips.n_frames
        return self.recording.n_frames or 1

    @property
    def fps(self) -> float:
        """Frames per second; 25 where nobody knows it."""
        if self.content.clips is not None:
            return self.content.clips.fps
        return self.recording.fps or 25.0

    @property
    def events(self) -> list[BoutRow]:
        """Bouts of every animal."""
        return self._rows.events

    @property
    def clips(self) -> list[BoutRow]:
        """Clips of every animal with the words of their caption; ``clips`` holds their number."""
        return self._rows.clips

    @property
    def captions(self) -> dict[int, Caption]:
        """Captions by number of the clip, as they were given."""
        return self._rows.captions

    def frames_seen(self, animal: int) -> int:
        """In how many frames an animal is followed; all where nobody knows."""
        unseen = self.unseen[animal]
        return self.n_frames - int((unseen.end - unseen.start + 1).sum())

    def bout(self, number: int) -> Bout | None:
        """Bout of a number, None if it is gone."""
        return self._rows.bout(number)

    def row_of(self, animal: str) -> int:
        """Position of an animal."""
        return self.animals.index(animal)

    def totals(self) -> dict[str, Total]:
        """How much of each label there is, the longest first."""
        return self._rows.totals()

    # Moving and choosing -----------------------------------------------------------------------

    def go_to(self, frame: int) -> None:
        """Make a frame the current one."""
        frame = min(max(int(frame), 0), self.n_frames - 1)
        if frame != self.frame:
            self.frame = frame
            self.frame_changed.emit(frame)

    def select(self, *numbers: int) -> None:
        """Choose bouts; none to choose nothing."""
        chosen = tuple(dict.fromkeys(number for number in numbers if self.bout(number)))
        if chosen != self.selection:
            self.selection = chosen
            self.selection_changed.emit(chosen)

    @property
    def selected(self) -> list[Bout]:
        """The chosen bouts, the one chosen last at the end."""
        return [bout for bout in map(self.bout, self.selection) if bout is not None]

    @property
    def current(self) -> Bout | None:
        """The bout that commands are about: the one chosen last."""
        return self.bout(self.selection[-1]) if self.selection else None

    def bout_at(self, animal: int, frame: int) -> Bout | None:
        """Bout of an animal at a frame."""
        row = self.events[animal]
        at = row.at(frame)
        return row.bouts[at] if at >= 0 else None

    def clip_at(self, animal: int, frame: int) -> Bout | None:
        """Clip of an animal at a frame."""
        row = self.clips[animal]
        at = row.at(frame)
        return row.bouts[at] if at >= 0 else None

    def told(self, animal: int) -> BoutRow:
        """Events of an animal, or its clips as long as there are no events."""
        return self.events[animal] if len(self.events[animal]) else self.clips[animal]

    def told_at(self, animal: int, frame: int) -> Bout | None:
        """Event of an animal at a frame, or its clip as long as there are no events."""
        row = self.told(animal)
        at = row.at(frame)
        return row.bouts[at] if at >= 0 else None

    def choose_clusters(self, clusters: Iterable[int]) -> None:
        """Choose clusters whose clips stand out."""
        chosen = frozenset(clusters)
        if chosen != self.clusters:
            self.clusters = chosen
            self.clusters_chosen.emit()

    def look_for(self, wanted: Filter) -> None:
        """Draw bouts faintly that are not looked for."""
        if wanted != self.filter:
            self.filter = wanted
            self.filtered.emit()

    def found(self) -> list[Bout]:
        """Bouts that are looked for, by their start."""
        hits = [bout for row in self.events for bout in row.bouts if self.filter(bout)]
        return sorted(hits, key=lambda bout: (bout.start_frame, bout.animal))

    # Edits -------------------------------------------------------------------------------------

    def apply(self, edit: Edit) -> bool:
        """Make an edit and keep it; why it cannot be done is said, and nothing is changed then."""
        try:
            number = self.store.apply(edit, self.author)
        except BehaviorVLMError as problem:
            self.said.emit(str(problem))
            return False
        self._take(number, everything=isinstance(edit, RenameLabel))
        self.edited.emit(_capital(edit.action))
        return True

    def undo(self) -> None:
        """Take the last edit back, also one of an earlier day."""
        self._flip(self.store.undo, "Undone", "There is nothing to undo.")

    def redo(self) -> None:
        """Make the edit again that was undone last."""
        self._flip(self.store.redo, "Done again", "There is nothing to do again.")

    def _flip(self, turn: Callable[[], object], done: str, nothing: str) -> None:
        try:
            entry = turn()
        except BehaviorVLMError as problem:
            self.said.emit(str(problem))
            return
        if entry is None:
            self.said.emit(nothing)
            return
        self._take(entry.id, everything=entry.action.startswith("rename"))  # type: ignore[attr-defined]
        self.edited.emit(f"{done}: {entry.action}")  # type: ignore[attr-defined]

    def _take(self, number: int, *, everything: bool) -> None:
        """Read the stretches anew that an edit has touched."""
        if everything:
            self._rows.read_events()
            self._rows.read_words()
        else:
            for touched in self.store.touched(number):
                self._rows.take(touched)
        self.looks.prepare(self._rows.labels)
        self.select(*(chosen for chosen in self.selection if self.bout(chosen)))


def _unseen(bodies: BodyTracks | None, n_animals: int) -> list[Stretches]:
    """Where every animal is not followed; nowhere as long as nobody knows."""
    if bodies is None:
        return [Stretches.of(np.zeros(0, bool))] * n_animals
    lost = ~bodies.tracked
    return [Stretches.of(lost[:, at]) for at in range(n_animals)]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
