"""Edits of people: made whole, kept, and undone in any later session."""

import json
import sqlite3
from dataclasses import dataclass, replace

from napari_behaviorvlm.core.bout_changes import HUMAN, around
from napari_behaviorvlm.core.bout_edits import Change, Edit, RenameLabel, SetCaption
from napari_behaviorvlm.io.behavior_folder.bouts import (
    BoutTable,
    bout_of,
    bout_text,
    insert_bout,
    rename_computed,
    write_bout_text,
)
from napari_behaviorvlm.io.behavior_folder.captions import (
    CaptionTable,
    caption_row,
    read_caption,
    renumbered,
    write_caption,
)
from napari_behaviorvlm.io.behavior_folder.file import StoreFile
from napari_behaviorvlm.io.sqlite_files import now


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One edit.

    Parameters
    ----------
    id : int
    created : str
        ISO 8601, UTC.
    author, action : str
    undone : bool
    changes : int
        Rows that it changed.
    """

    id: int
    created: str
    author: str
    action: str
    undone: bool
    changes: int


@dataclass(frozen=True, slots=True)
class Touched:
    """Frames of an animal in which an edit changed something; both ends belong to it.

    Parameters
    ----------
    recording, animal : str
    first_frame, last_frame : int
    captions : bool
        Whether captions of clips changed, and not only bouts.
    """

    recording: str
    animal: str
    first_frame: int
    last_frame: int
    captions: bool = False


class Journal:
    """Makes edits and takes them back.

    Parameters
    ----------
    file : StoreFile
    bouts : BoutTable
    captions : CaptionTable
    """

    def __init__(self, file: StoreFile, bouts: BoutTable, captions: CaptionTable) -> None:
        self._file = file
        self._bouts = bouts
        self._captions = captions

    def apply(self, edit: Edit, author: str) -> int:
        """Make an edit, all of it or nothing; what was undone can no longer be made again.

        Returns
        -------
        int
            Its number.

        Raises
        ------
        TableError
            If it cannot be done, in one sentence; nothing is changed then.
        ProjectError
            If the file cannot be written; nothing is changed then.
        """
        with self._file.transaction() as connection:
            changes = edit.changes(self._bouts)
            connection.execute("DELETE FROM edit WHERE undone = 1")
            number = connection.execute(
                "INSERT INTO edit (created, author, action, newest) "
                "VALUES (?, ?, ?, (SELECT coalesce(max(id), 0) FROM bout))",
                (now(), author, edit.action),
            ).lastrowid
            assert number is not None
            items = [self._change(connection, change) for change in changes]
            if isinstance(edit, SetCaption):
                items.append(self._caption(connection, edit))
            if isinstance(edit, RenameLabel):
                items.append(_renaming(connection, edit))
            connection.executemany(
                "INSERT INTO edit_item VALUES (?, ?, ?, ?, ?, ?)",
                [(number, place, *item) for place, item in enumerate(items)],
            )
        return number

    def undo(self) -> JournalEntry | None:
        """Take the newest edit back; None if there is nothing to undo."""
        return self._flip("WHERE undone = 0 ORDER BY id DESC", back=True)

    def redo(self) -> JournalEntry | None:
        """Make the edit again that was undone last; None if there is none."""
        return self._flip("WHERE undone = 1 ORDER BY id", back=False)

    def entries(self, newest: int = 100) -> list[JournalEntry]:
        """Edits, newest first."""
        return [
            JournalEntry(i, created, author, action, bool(undone), count)
            for i, created, author, action, undone, count in self._file.rows(
                "SELECT id, created, author, action, undone, "
                "(SELECT count(*) FROM edit_item WHERE edit = id) "
                "FROM edit ORDER BY id DESC LIMIT ?",
                (newest,),
            )
        ]

    def about(self, recording: str, bout: int, clip: int, newest: int) -> list[JournalEntry]:
        """Edits that stand and changed a bout or the caption of a clip, newest first."""
        with self._file.transaction() as connection:
            place = self._captions.place(connection, recording, clip)
        return [
            JournalEntry(i, created, author, action, False, count)
            for i, created, author, action, count in self._file.rows(
                "SELECT id, created, author, action, count(*) FROM edit JOIN edit_item "
                "ON edit.id = edit_item.edit WHERE undone = 0 AND "
                "((kind = 'bout' AND key = ?) OR (kind = 'caption' AND key = ?)) "
                "GROUP BY id ORDER BY id DESC LIMIT ?",
                (json.dumps(bout), json.dumps(place), newest),
            )
        ]

    def touched(self, number: int) -> list[Touched]:
        """Where an edit changed bouts or captions, one stretch for each recording and animal.

        Bouts that follow a renamed word are not among them.
        """
        rows = self._file.rows(
            "SELECT kind, key, before, after FROM edit_item WHERE edit = ? AND kind != 'renaming'",
            (number,),
        )
        frames: dict[tuple[int, str], list[int]] = {}
        captioned: set[tuple[int, str]] = set()
        for kind, key, *sides in rows:
            if kind == "caption":
                recording, animal, *ends = json.loads(key)
                captioned.add((recording, animal))
                frames.setdefault((recording, animal), []).extend(ends)
                continue
            for text in (text for text in sides if text is not None):
                _, recording, animal, start, end, *_ = json.loads(text)
                frames.setdefault((recording, animal), []).extend((start, end))
        return [
            Touched(
                self._file.name_of(recording), animal, min(found), max(found),
                (recording, animal) in captioned,
            )
            for (recording, animal), found in frames.items()
        ]  # fmt: skip

    # Making ------------------------------------------------------------------------------------

    def _change(self, connection: sqlite3.Connection, change: Change) -> tuple[object, ...]:
        recording = self._file.made_id(connection, change.recording)
        number = change.before.id if change.before is not None else 0
        before = bout_text(connection, number) if number else None
        if change.cleared:
            connection.execute("UPDATE bout SET cleared = 1 WHERE id = ?", (number,))
        elif change.after is None:
            connection.execute("DELETE FROM bout WHERE id = ?", (number,))
        else:
            number = insert_bout(connection, recording, replace(change.after, id=number))
        return "bout", json.dumps(number), before, bout_text(connection, number)

    def _caption(self, connection: sqlite3.Connection, edit: SetCaption) -> tuple[object, ...]:
        key = self._captions.place(connection, edit.recording, edit.clip)
        before, after = read_caption(connection, key), None
        if edit.caption is not None:
            said = replace(edit.caption, source=edit.caption.source or HUMAN)
            after = (edit.clip, *caption_row(said))
        write_caption(connection, key, after)
        return "caption", json.dumps(key), json.dumps(before), json.dumps(after)

    # Undoing -----------------------------------------------------------------------------------

    def _flip(self, choice: str, *, back: bool) -> JournalEntry | None:
        with self._file.transaction() as connection:
            found = connection.execute(
                f"SELECT id, created, author, action, newest FROM edit {choice} LIMIT 1"  # noqa: S608
            ).fetchone()
            if found is None:
                return None
            number, created, author, action, newest = found
            rows = connection.execute(
                "SELECT kind, key, before, after FROM edit_item WHERE edit = ? ORDER BY place",
                (number,),
            ).fetchall()
            self._write(connection, rows, newest, back=back)
            connection.execute("UPDATE edit SET undone = ? WHERE id = ?", (int(back), number))
        return JournalEntry(number, created, author, action, back, len(rows))

    def _write(
        self, connection: sqlite3.Connection, rows: list[tuple[str, ...]], newest: int, *,
        back: bool,
    ) -> None:  # fmt: skip
        sides = [(kind, json.loads(key), before if back else after)
                 for kind, key, before, after in (reversed(rows) if back else rows)]  # fmt: skip
        bouts = {key: text for kind, key, text in sides if kind == "bout"}
        for number, text in bouts.items():
            write_bout_text(connection, number, text)
        for number in bouts:
            _make_room(connection, number, newest, set(bouts))
        for kind, key, text in sides:
            if kind == "caption":
                _write_caption(connection, key, text)
            elif kind == "renaming":
                _write_renaming(connection, key, text)


def _renaming(connection: sqlite3.Connection, edit: RenameLabel) -> tuple[object, ...]:
    new = " ".join(edit.new.split())
    number = connection.execute(
        "INSERT INTO renaming (old, new) VALUES (?, ?)", (edit.old, new)
    ).lastrowid
    rename_computed(connection)
    return "renaming", json.dumps(number), None, json.dumps([edit.old, new])


def _write_renaming(connection: sqlite3.Connection, number: int, text: str | None) -> None:
    connection.execute("DELETE FROM renaming WHERE id = ?", (number,))
    if text is not None:
        connection.execute("INSERT INTO renaming VALUES (?, ?, ?)", (number, *json.loads(text)))
    rename_computed(connection)


def _write_caption(connection: sqlite3.Connection, key: list[object], text: str | None) -> None:
    row = None if text is None else json.loads(text)
    place = tuple(key)
    if row is not None:  # clips may have been numbered anew since
        row = (renumbered(connection, place), *row[1:])
    write_caption(connection, place, row)


def _make_room(
    connection: sqlite3.Connection, number: int, newest: int, own: set[int]
) -> None:  # fmt: skip
    """Cut what was computed since an edit out of the place of a bout that is back."""
    columns = "id, animal, start_frame, end_frame, label, description, cluster, confidence, source"
    found = connection.execute(
        f"SELECT recording, said, {columns}, clips FROM bout WHERE id = ? AND cleared = 0",  # noqa: S608
        (number,),
    ).fetchone()
    if found is None:
        return
    recording, _, *row = found
    bout = bout_of(row)
    later = connection.execute(
        f"SELECT said, {columns}, clips FROM bout WHERE recording = ? AND animal = ? "  # noqa: S608
        "AND start_frame <= ? AND end_frame >= ? AND id > ? AND source != ? AND cleared = 0",
        (recording, bout.animal, bout.end_frame, bout.start_frame, newest, HUMAN),
    ).fetchall()
    for said, *rest in later:
        other = bout_of(rest)
        if other.id in own:
            continue
        connection.execute("DELETE FROM bout WHERE id = ?", (other.id,))
        for piece in around(other, [(bout.start_frame, bout.end_frame)]):
            insert_bout(connection, recording, replace(piece, id=0), said=said)
