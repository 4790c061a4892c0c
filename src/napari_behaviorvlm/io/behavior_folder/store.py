"""`behavior.sqlite`: captions, bouts, and the journal of what people did to them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from napari_behaviorvlm.core.bout_edits import Edit
from napari_behaviorvlm.core.bouts import Bout, Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.io.behavior_folder.bouts import BoutTable, Replaced
from napari_behaviorvlm.io.behavior_folder.captions import CaptionTable
from napari_behaviorvlm.io.behavior_folder.file import StoreFile
from napari_behaviorvlm.io.behavior_folder.journal import Journal, JournalEntry, Touched
from napari_behaviorvlm.io.sqlite_files import now

_LAST = 2**62


class BehaviorStore:
    """Captions and bouts of a behaviour folder.

    Recordings are addressed by name, clips by their number in the table in use (`use_clips`), and
    bouts by their `id`, which stays the same over edits and computations.

    Parameters
    ----------
    path : Path
        The SQLite file; made if absent and `writable`.
    writable : bool
        False opens the file for reading only, also in a folder that cannot be written.

    Raises
    ------
    ProjectError
        If the file is damaged, newer than this program, or cannot be written.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self.path = path
        self._file = StoreFile(path, writable=writable)
        self._captions = CaptionTable(self._file)
        self._bouts = BoutTable(self._file, self._captions)
        self._journal = Journal(self._file, self._bouts, self._captions)

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        self._file.close()

    # Clips and captions ------------------------------------------------------------------------

    def use_clips(self, recording: str, clips: Clips) -> bool:
        """Make a clip table the one in use; False where it was already.

        Captions of clips that are unchanged stay; of the others only people's words are kept, for
        the case that their clip comes back. Bouts keep referring to the clips that still exist.
        """
        return self._captions.use_clips(recording, clips)

    def captions(
        self, recording: str, clips: Sequence[int] | None = None
    ) -> dict[int, Caption]:  # fmt: skip
        """Captions by clip, of all by default, as they were given (see `name_of`)."""
        return self._captions.captions(recording, clips)

    def set_captions(self, recording: str, captions: Mapping[int, Caption]) -> int:
        """Keep captions of clips; people's stay. Returns how many stayed.

        Raises
        ------
        TableError
            If a clip is not in use.
        """
        return self._captions.set_captions(recording, captions)

    # Bouts -------------------------------------------------------------------------------------

    def bouts(self, recording: str) -> list[Bout]:
        """All bouts of a recording with their numbers, by animal, then by start."""
        return self._bouts.bouts(recording)

    def bouts_near(
        self, recording: str, animal: str, first: int = 0, last: int = _LAST
    ) -> list[Bout]:  # fmt: skip
        """Bouts of an animal that reach into frames `first` to `last`, by start."""
        return self._bouts.near(recording, animal, first, last)

    def bout(self, number: int) -> tuple[str, Bout]:
        """Return recording and bout of a number.

        Raises
        ------
        TableError
            If there is none.
        """
        return self._bouts.bout(number)

    def replace_bouts(self, recording: str, bouts: Iterable[Bout]) -> Replaced:
        """Put computed bouts in the place of those that were computed before.

        What people made or changed stays, and so does the emptiness where they deleted something:
        computed bouts are cut to lie around it.
        """
        return self._bouts.replace_bouts(recording, bouts)

    def labels(self) -> dict[str, int]:
        """Labels in use and how many bouts have them, the most frequent first."""
        return self._bouts.labels()

    def name_of(self, label: str) -> str:
        """Return what a label is called since people renamed it."""
        return self._bouts.name_of(label)

    def names_of(self, labels: Iterable[str]) -> dict[str, str]:
        """Return what labels are called since people renamed them."""
        return self._bouts.names_of(labels)

    # Edits -------------------------------------------------------------------------------------

    def apply(self, edit: Edit, author: str = "") -> int:
        """Make an edit (see `napari_behaviorvlm.core.bout_edits`), all of it or nothing.

        What was undone before can no longer be made again.

        Returns
        -------
        int
            Its number in the journal.

        Raises
        ------
        TableError
            If it cannot be done, in one sentence; nothing is changed then.
        ProjectError
            If the file cannot be written; nothing is changed then.
        """
        return self._journal.apply(edit, author)

    def undo(self) -> JournalEntry | None:
        """Take the newest edit back; None if there is nothing to undo."""
        return self._journal.undo()

    def redo(self) -> JournalEntry | None:
        """Make the edit again that was undone last; None if there is none."""
        return self._journal.redo()

    def journal(self, newest: int = 100) -> list[JournalEntry]:
        """List edits, newest first."""
        return self._journal.entries(newest)

    def history(
        self, recording: str, bout: int, clip: int, newest: int = 5
    ) -> list[JournalEntry]:  # fmt: skip
        """List the edits that stand and changed a bout or the caption of a clip, newest first.

        Raises
        ------
        TableError
            If the clip is not in use.
        """
        return self._journal.about(recording, bout, clip, newest)

    def touched(self, number: int) -> list[Touched]:
        """Where an edit of the journal changed things: all that a window has to read anew.

        Bouts that follow a renamed word are not among them.
        """
        return self._journal.touched(number)

    # Steps -------------------------------------------------------------------------------------

    def done(self, step: str, recording: str) -> str:
        """Key with which a step was last finished for a recording; empty if it never was."""
        rows = self._file.rows(
            "SELECT key FROM step WHERE name = ? AND recording = ?",
            (step, self._file.id_of(recording)),
        )
        return str(rows[0][0]) if rows else ""

    def set_done(self, step: str, recording: str, key: str) -> None:
        """Note that a step is finished; the key is a hash of all that it depends on."""
        with self._file.transaction() as connection:
            number = self._file.made_id(connection, recording)
            connection.execute(
                "INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?)", (number, step, key, now())
            )
