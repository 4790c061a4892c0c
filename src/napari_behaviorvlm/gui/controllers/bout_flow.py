"""What an annotator does with bouts: one command after the other, each an edit that is kept."""

from napari_behaviorvlm.core.bout_edits import (
    Accept,
    Add,
    Delete,
    Describe,
    Merge,
    MoveEdge,
    Relabel,
    RenameLabel,
    Replace,
    Split,
)
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.gui.models.behavior_session import BehaviorSession
from napari_behaviorvlm.gui.models.bout_rows import NOTHING

NONE_CHOSEN = "Choose a bout first: click it in the timeline."
NEW_SECONDS = 1.0


class BoutFlow:
    """Commands on a session's bouts; what cannot be done is said in a sentence.

    Parameters
    ----------
    session : BehaviorSession

    Attributes
    ----------
    animal : int
        Row that commands without a chosen bout are about.
    """

    def __init__(self, session: BehaviorSession) -> None:
        self.session = session
        self.animal = 0
        session.selection_changed.connect(self._follow)

    def close(self) -> None:
        """Let go of the session."""
        self.session.selection_changed.disconnect(self._follow)

    def _follow(self, *_: object) -> None:
        if self.session.current is not None:
            self.animal = self.session.row_of(self.session.current.animal)

    # Naming ------------------------------------------------------------------------------------

    @property
    def labels(self) -> list[str]:
        """Labels in use, in the order in which digits stand for them."""
        return sorted((label for label in self.session.totals() if label), key=str.casefold)

    def name_by_digit(self, digit: int) -> None:
        """Give the chosen bouts the label that a digit stands for."""
        labels = self.labels
        if digit > len(labels):
            self.session.said.emit(f"There are {len(labels)} labels: none is number {digit}.")
            return
        self.name(labels[digit - 1])

    def name(self, label: str) -> None:
        """Give the chosen bouts a label."""
        if self._numbers():
            self.session.apply(Relabel(self._numbers(), label))

    def rename_everywhere(self, old: str, new: str) -> None:
        """Use another word for a behaviour in all recordings."""
        self.session.apply(RenameLabel(old, new))

    def describe(self, words: str) -> None:
        """Give the current bout other words."""
        bout = self.session.current
        if bout is not None and words.strip() != bout.description:
            self.session.apply(Describe(bout.id, words))

    def accept(self) -> None:
        """Take the chosen bouts for true, and go on to the next one nobody has looked at."""
        numbers = self._numbers()
        if numbers and self.session.apply(Accept(numbers)):
            self.next_unseen()

    # Cutting -----------------------------------------------------------------------------------

    def split(self) -> None:
        """Cut the bout at the current frame, which becomes the first of the second part."""
        bout = self._here()
        if bout is not None:
            self.session.apply(Split(bout.id, self.session.frame))

    def merge(self) -> None:
        """Make one bout of the chosen ones, or of the chosen one and the next."""
        numbers = self._numbers()
        if not numbers:
            return
        if len(numbers) == 1:
            bout = self.session.current
            assert bout is not None
            following = self._neighbour(bout, 1)
            if following is None:
                self.session.said.emit("There is no bout behind the chosen one to merge it with.")
                return
            numbers = (bout.id, following.id)
        label = self.session.current.label if self.session.current else ""
        self.session.apply(Merge(numbers, label))

    def delete(self) -> None:
        """Leave nothing where the chosen bouts stand."""
        if self._numbers():
            self.session.apply(Delete(self._numbers()))

    def take_apart(self) -> None:
        """Put the clips that a bout was made from in its place."""
        bout = self.session.current
        if bout is None:
            self.session.said.emit(NONE_CHOSEN)
            return
        clips = [clip for clip in self.session.clips[self.animal].bouts if clip.clips[0] in
                 bout.clips]  # fmt: skip
        if len(clips) < 2:
            self.session.said.emit("This bout was made from one clip only: use Split to cut it.")
            return
        self.session.apply(Replace(bout.id, tuple(clips)))

    def set_start(self) -> None:
        """Let the chosen bout start at the current frame."""
        self._set_edge("start")

    def set_end(self) -> None:
        """Let the chosen bout end at the current frame."""
        self._set_edge("end")

    def add(self, label: str = "") -> None:
        """Make a new bout of a second at the current frame, as far as there is room."""
        session = self.session
        if session.bout_at(self.animal, session.frame) is not None:
            session.said.emit("There is a bout here already: split it, or change its name.")
            return
        following = session.events[self.animal].next_start(session.frame, 1)
        limit = session.n_frames if following is None else following
        end = min(session.frame + max(round(NEW_SECONDS * session.fps), 1), limit) - 1
        name = label or (self.labels[0] if self.labels else "unnamed")
        bout = Bout(session.animals[self.animal], session.frame, end, name)
        if session.apply(Add(session.recording.name, bout)):
            made = session.bout_at(self.animal, session.frame)
            if made is not None:
                session.select(made.id)

    def _set_edge(self, edge: str) -> None:
        bout = self.session.current
        if bout is None:
            self.session.said.emit(NONE_CHOSEN)
            return
        self.session.apply(MoveEdge(bout.id, edge, self.session.frame))  # type: ignore[arg-type]

    # Moving ------------------------------------------------------------------------------------

    def step(self, frames: int) -> None:
        """Go on by so many frames."""
        self.session.go_to(self.session.frame + frames)

    def next_bout(self, step: int) -> None:
        """Choose the next bout of the animal (1), or the one before (-1), and go to its start."""
        session = self.session
        frame = session.current.start_frame if session.current else session.frame
        start = session.events[self.animal].next_start(frame, step)
        if start is None:
            session.said.emit("There is no further bout of this animal.")
            return
        self._go_to_bout(self.animal, start)

    def next_gap(self) -> None:
        """Go to the next stretch in which the animal is followed and nothing is labelled."""
        session, row = self.session, self.session.events[self.animal]
        unseen = session.unseen[self.animal]
        frame, looked = session.frame + 1, False
        if session.bout_at(self.animal, session.frame) is None:
            frame = row.next_start(session.frame, 1) or session.n_frames
        while frame < session.n_frames:
            at = row.at(frame)
            if at != NOTHING:
                frame = int(row.end[at]) + 1
            elif unseen.at(frame):
                frame = unseen.end_of(frame) + 1
            else:
                looked = True
                break
        if looked:
            session.select()
            session.go_to(frame)
        else:
            session.said.emit("Everything that follows is labelled, or the animal is not seen.")

    def next_animal(self, step: int) -> None:
        """Choose the bout of the next animal at the same time."""
        session = self.session
        self.animal = (self.animal + step) % len(session.animals)
        bout = session.bout_at(self.animal, session.frame)
        session.select(*(() if bout is None else (bout.id,)))
        if bout is None:
            session.said.emit(f"{session.animals[self.animal]}: nothing is labelled here.")

    def next_found(self, step: int) -> None:
        """Go to the next bout that is looked for."""
        session = self.session
        found = session.found()
        here = session.current
        at = (session.frame, "" if here is None else here.animal)
        later = [bout for bout in found if (bout.start_frame, bout.animal) > at]
        earlier = [bout for bout in found if (bout.start_frame, bout.animal) < at]
        hits = later or found if step > 0 else (earlier or found)[::-1]
        if not hits:
            session.said.emit("Nothing of that kind was found.")
            return
        self._show(hits[0])

    def next_unseen(self) -> None:
        """Go to the next bout of the animal that no person has decided about."""
        session = self.session
        row = session.events[self.animal]
        frame = session.current.start_frame if session.current else session.frame
        rest = row.bouts[row.seen(frame + 1, session.n_frames)]
        for bout in rest:
            if bout.source != "human" and bout.start_frame > frame:
                self._show(bout)
                return
        session.said.emit("All further bouts of this animal have been decided about.")

    def _show(self, bout: Bout) -> None:
        self.session.go_to(bout.start_frame)
        self.session.select(bout.id)

    def _go_to_bout(self, animal: int, start: int) -> None:
        self.session.go_to(start)
        bout = self.session.bout_at(animal, start)
        if bout is not None:
            self.session.select(bout.id)

    # What a command is about -------------------------------------------------------------------

    def _numbers(self) -> tuple[int, ...]:
        if not self.session.selection:
            self.session.said.emit(NONE_CHOSEN)
        return self.session.selection

    def _here(self) -> Bout | None:
        """Return the bout at the current frame: of the chosen ones if one is there."""
        session = self.session
        for bout in session.selected:
            if bout.start_frame <= session.frame <= bout.end_frame:
                return bout
        found = session.bout_at(self.animal, session.frame)
        if found is None:
            session.said.emit("There is no bout at this frame to split.")
        return found

    def _neighbour(self, bout: Bout, step: int) -> Bout | None:
        start = self.session.events[self.animal].next_start(bout.start_frame, step)
        return None if start is None else self.session.bout_at(self.animal, start)
