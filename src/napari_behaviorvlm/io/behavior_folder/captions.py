"""Clips in use and their captions."""

import math
import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np

from napari_behaviorvlm.core.bout_changes import HUMAN, Span
from napari_behaviorvlm.core.bouts import Clips
from napari_behaviorvlm.core.captions import Caption
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.behavior_folder.file import StoreFile

Row = tuple[object, ...]

_COLUMNS = "label, description, posture, movement, social, confidence, source, exchange"


class CaptionTable:
    """Captions of clips, by the stretch of frames that they are about.

    Parameters
    ----------
    file : StoreFile
    """

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    # Clips -------------------------------------------------------------------------------------

    def use_clips(self, recording: str, clips: Clips) -> bool:
        """Make a clip table the one in use; False where it was already.

        Captions of clips that are unchanged stay; of the others only people's words are kept, for
        the case that their clip comes back. Bouts keep referring to the clips that still exist.
        """
        new = _clip_rows(clips)
        if self._clips(recording) == new:
            return False
        with self._file.transaction() as connection:
            number = self._file.made_id(connection, recording)
            old = _extents(connection, number)
            connection.execute("DELETE FROM clip WHERE recording = ?", (number,))
            connection.executemany(
                "INSERT INTO clip VALUES (?, ?, ?, ?, ?, ?, ?)", [(number, *row) for row in new]
            )
            connection.execute(
                "UPDATE recording SET n_frames = ? WHERE id = ?", (clips.n_frames, number)
            )
            _renumber(connection, number)
            _refer_again(connection, number, old)
            connection.execute("DELETE FROM step WHERE recording = ?", (number,))
        return True

    def spans(self, recording: str, numbers: tuple[int, ...] | None = None) -> dict[int, Span]:
        """First and last frames of clips by number; of all by default."""
        at = self._file.id_of(recording)
        query = "SELECT number, start_frame, end_frame FROM clip WHERE recording = ?"
        if numbers is None:
            return {n: (a, b) for n, a, b in self._file.rows(query, (at,))}
        found = {}
        for clip in numbers:
            for n, a, b in self._file.rows(f"{query} AND number = ?", (at, clip)):
                found[n] = (a, b)
        return found

    def clips_of(self, clusters: tuple[int, ...]) -> list[tuple[str, str, int, Span]]:
        """Clips of some clusters, each with its recording, animal, number and frames."""
        marks = ", ".join("?" * len(clusters))
        rows = self._file.rows(
            "SELECT name, animal, number, start_frame, end_frame FROM clip JOIN recording "  # noqa: S608
            f"ON recording.id = clip.recording WHERE cluster IN ({marks}) "
            "ORDER BY clip.recording, number",
            clusters,
        )
        return [(name, animal, number, (a, b)) for name, animal, number, a, b in rows]

    def clip(self, recording: str, number: int) -> tuple[str, Span]:
        """Animal and frames of a clip.

        Raises
        ------
        TableError
            If there is none.
        """
        rows = self._file.rows(
            "SELECT animal, start_frame, end_frame FROM clip WHERE recording = ? AND number = ?",
            (self._file.id_of(recording), int(number)),
        )
        if not rows:
            raise TableError(f"{recording} has no clip {number}.")
        animal, first, last = rows[0]
        return animal, (first, last)

    def _clips(self, recording: str) -> list[Row]:
        return self._file.rows(
            "SELECT number, animal, start_frame, end_frame, cluster, confidence FROM clip "
            "WHERE recording = ? ORDER BY number",
            (self._file.id_of(recording),),
        )  # fmt: skip

    # Captions ----------------------------------------------------------------------------------

    def captions(
        self, recording: str, clips: Sequence[int] | None = None
    ) -> dict[int, Caption]:  # fmt: skip
        """Captions by clip, as they were given (renamings are not applied); of all by default."""
        at = self._file.id_of(recording)
        query = f"SELECT clip, {_COLUMNS} FROM caption WHERE recording = ?"  # noqa: S608
        if clips is None:
            rows = self._file.rows(f"{query} AND clip IS NOT NULL ORDER BY clip", (at,))
        else:
            rows = [
                row for clip in clips
                for row in self._file.rows(f"{query} AND clip = ?", (at, int(clip)))
            ]  # fmt: skip
        return {clip: caption_of(row) for clip, *row in rows}

    def set_captions(self, recording: str, captions: Mapping[int, Caption]) -> int:
        """Keep captions of clips; people's stay. Returns how many stayed.

        Raises
        ------
        TableError
            If a clip is not in use.
        """
        stayed = 0
        with self._file.transaction() as connection:
            for clip, caption in captions.items():
                key = self._place(connection, recording, clip)
                before = read_caption(connection, key)
                if before is not None and before[7] == HUMAN and caption.source != HUMAN:
                    stayed += 1
                    continue
                write_caption(connection, key, (clip, *caption_row(caption)))
        return stayed

    def place(self, connection: sqlite3.Connection, recording: str, clip: int) -> Row:
        """Key of a clip's caption: what stays when clips are numbered anew."""
        return self._place(connection, recording, clip)

    def _place(self, connection: sqlite3.Connection, recording: str, clip: int) -> Row:
        found = connection.execute(
            "SELECT recording, animal, start_frame, end_frame FROM clip JOIN recording "
            "ON recording.id = clip.recording WHERE name = ? AND number = ?",
            (recording, int(clip)),
        ).fetchone()
        if found is None:
            raise TableError(f"{recording} has no clip {clip}.")
        place: Row = found
        return place


def caption_row(caption: Caption) -> Row:
    """Values in the order of the table's columns."""
    sure = None if math.isnan(caption.confidence) else caption.confidence
    return (
        caption.label, caption.description, caption.posture, caption.movement, caption.social,
        sure, caption.source, caption.exchange,
    )  # fmt: skip


def caption_of(row: list[object] | Row) -> Caption:
    """Inverse of `caption_row`."""
    *words, sure, source, exchange = row
    return Caption(*words, float("nan") if sure is None else sure, source, exchange)  # type: ignore[arg-type, call-arg]


def read_caption(connection: sqlite3.Connection, key: Row) -> Row | None:
    """Clip and values of the caption at a place (`caption_row` behind the clip's number)."""
    found: Row | None = connection.execute(
        f"SELECT clip, {_COLUMNS} FROM caption WHERE recording = ? AND animal = ? "  # noqa: S608
        "AND start_frame = ? AND end_frame = ?",
        key,
    ).fetchone()
    return found


def write_caption(connection: sqlite3.Connection, key: Row, row: Row | None) -> None:
    """Put a caption to a place; None takes it away."""
    if row is None:
        connection.execute(
            "DELETE FROM caption WHERE recording = ? AND animal = ? AND start_frame = ? "
            "AND end_frame = ?",
            key,
        )
        return
    connection.execute(
        f"INSERT OR REPLACE INTO caption (recording, animal, start_frame, end_frame, clip, "  # noqa: S608
        f"{_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, *row),
    )


def renumbered(connection: sqlite3.Connection, key: Row) -> int | None:
    """Return the number that the clip at a place has now."""
    found = connection.execute(
        "SELECT number FROM clip WHERE recording = ? AND animal = ? AND start_frame = ? "
        "AND end_frame = ?",
        key,
    ).fetchone()
    return None if found is None else int(found[0])


def _clip_rows(clips: Clips) -> list[Row]:
    columns = (clips.animal, clips.start, clips.end, clips.cluster, clips.confidence)
    return [
        (number, clips.animals[animal], start, end, cluster, sure)
        for number, (animal, start, end, cluster, sure) in enumerate(
            zip(*(np.asarray(column).tolist() for column in columns), strict=True)
        )
    ]


def _extents(connection: sqlite3.Connection, recording: int) -> dict[int, Row]:
    rows = connection.execute(
        "SELECT number, animal, start_frame, end_frame FROM clip WHERE recording = ?", (recording,)
    )
    return {number: tuple(rest) for number, *rest in rows}


def _renumber(connection: sqlite3.Connection, recording: int) -> None:
    """Attach captions to the clips of the same stretch; forget computed ones without any."""
    connection.execute("UPDATE caption SET clip = NULL WHERE recording = ?", (recording,))
    connection.execute(
        "UPDATE caption SET clip = clip.number FROM clip WHERE clip.recording = caption.recording "
        "AND clip.animal = caption.animal AND clip.start_frame = caption.start_frame "
        "AND clip.end_frame = caption.end_frame AND caption.recording = ?",
        (recording,),
    )
    connection.execute(
        "DELETE FROM caption WHERE recording = ? AND clip IS NULL AND source != ?",
        (recording, HUMAN),
    )


def _refer_again(connection: sqlite3.Connection, recording: int, old: dict[int, Row]) -> None:
    """Let bouts refer to clips by their new numbers; clips that are gone are left out."""
    new = {extent: number for number, extent in _extents(connection, recording).items()}
    rows = connection.execute(
        "SELECT id, clips FROM bout WHERE recording = ?", (recording,)
    ).fetchall()
    changed = []
    for bout, text in rows:
        numbers = [new.get(old.get(int(clip), ())) for clip in text.split()]
        again = " ".join(str(number) for number in numbers if number is not None)
        if again != text:
            changed.append((again, bout))
    connection.executemany("UPDATE bout SET clips = ? WHERE id = ?", changed)
