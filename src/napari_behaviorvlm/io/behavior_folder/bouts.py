"""Bouts of all recordings, and the words that people use for them."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from napari_behaviorvlm.core.bout_changes import HUMAN, Span, around, fitted_clips
from napari_behaviorvlm.core.bouts import Bout
from napari_behaviorvlm.core.errors import TableError
from napari_behaviorvlm.io.behavior_folder.captions import CaptionTable
from napari_behaviorvlm.io.behavior_folder.file import StoreFile

BOUT_COLUMNS = (
    "id", "recording", "animal", "start_frame", "end_frame", "label", "said", "description",
    "cluster", "confidence", "source", "clips", "cleared",
)  # fmt: skip
_BOUT = "id, animal, start_frame, end_frame, label, description, cluster, confidence, source, clips"
_ALL = ", ".join(BOUT_COLUMNS)
_LAST = 2**62

FROM_CAPTIONS = "human caption"
"""Source of a computed bout whose words people gave to its clips: merging again makes it anew."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of computed bouts.

    Parameters
    ----------
    written : int
        Bouts that are new.
    kept : int
        Bouts that people made or changed, and that stayed.
    """

    written: int
    kept: int

    @property
    def sentence(self) -> str:
        """In words, empty where nothing was kept."""
        if not self.kept:
            return ""
        bouts = "1 bout" if self.kept == 1 else f"{self.kept} bouts"
        return f"{bouts} that people made or changed stayed as they are."


class BoutTable:
    """Bouts by number and by place.

    Parameters
    ----------
    file : StoreFile
    captions : CaptionTable
        Knows the clips in use.
    """

    def __init__(self, file: StoreFile, captions: CaptionTable) -> None:
        self._file = file
        self._captions = captions

    # Reading (what edits need is O(1) in the length of the recording) ----------------------------

    def bout(self, number: int) -> tuple[str, Bout]:
        """Return recording and bout of a number.

        Raises
        ------
        TableError
            If there is none.
        """
        rows = self._file.rows(
            f"SELECT recording, {_BOUT} FROM bout WHERE id = ? AND cleared = 0",  # noqa: S608
            (int(number),),
        )
        if not rows:
            raise TableError(f"There is no bout with the number {number} any more.")
        recording, *rest = rows[0]
        return self._file.name_of(recording), bout_of(rest)

    def bouts(self, recording: str) -> list[Bout]:
        """All bouts of a recording, by animal, then by start."""
        return self._select("ORDER BY animal, start_frame, end_frame, id", recording)

    def near(
        self, recording: str, animal: str, first: int = 0, last: int = _LAST
    ) -> list[Bout]:  # fmt: skip
        """Bouts of an animal that reach into frames `first` to `last`, by start."""
        return self._select(
            "AND animal = ? AND start_frame <= ? AND end_frame >= ? ORDER BY start_frame, id",
            recording, animal, last, first,
        )  # fmt: skip

    def clips_of(self, clusters: Sequence[int]) -> list[tuple[str, str, int, Span]]:
        """Clips of some clusters, each with its recording, animal, number and frames."""
        return self._captions.clips_of(tuple(clusters))

    def clip(self, recording: str, number: int) -> tuple[str, Span]:
        """Animal and frames of a clip; `TableError` where there is none."""
        return self._captions.clip(recording, number)

    def labelled(self, label: str) -> list[tuple[str, Bout]]:
        """Bouts that people named so, in all recordings."""
        return self._everywhere("label = ? AND source = ?", label, HUMAN)

    def spans(self, recording: str, clips: Sequence[int]) -> dict[int, Span]:
        """First and last frames of clips, by their numbers."""
        return self._captions.spans(recording, tuple(clips))

    def n_frames(self, recording: str) -> int | None:
        """Length of a recording, where it is known."""
        rows = self._file.rows("SELECT n_frames FROM recording WHERE name = ?", (recording,))
        return rows[0][0] if rows else None

    def labels(self) -> dict[str, int]:
        """Labels in use and how many bouts have them, the most frequent first."""
        return dict(self._file.rows(
            "SELECT label, count(*) FROM bout WHERE cleared = 0 GROUP BY label "
            "ORDER BY count(*) DESC, label"
        ))  # fmt: skip

    def _select(self, rest: str, recording: str, *values: object) -> list[Bout]:
        rows = self._file.rows(
            f"SELECT {_BOUT} FROM bout WHERE recording = ? AND cleared = 0 {rest}",  # noqa: S608
            (self._file.id_of(recording), *values),
        )
        return [bout_of(row) for row in rows]

    def _everywhere(self, condition: str, *values: object) -> list[tuple[str, Bout]]:
        rows = self._file.rows(
            f"SELECT recording, {_BOUT} FROM bout WHERE cleared = 0 AND {condition} ORDER BY id",  # noqa: S608
            values,
        )
        names = {number: self._file.name_of(number) for number in {row[0] for row in rows}}
        return [(names[recording], bout_of(row)) for recording, *row in rows]

    # Computed bouts ----------------------------------------------------------------------------

    def replace_bouts(self, recording: str, bouts: Iterable[Bout]) -> Replaced:
        """Put computed bouts in the place of those that were computed before.

        What people made or changed stays, and so does the emptiness where they deleted something:
        computed bouts are cut to lie around it.
        """
        spans = self._captions.spans(recording)
        with self._file.transaction() as connection:
            number = self._file.made_id(connection, recording)
            connection.execute(
                "DELETE FROM bout WHERE recording = ? AND source != ? AND cleared = 0",
                (number, HUMAN),
            )
            taken = _taken(connection, number)
            new = [
                _fit(piece, bout, spans)
                for bout in map(_computed, bouts)
                for piece in around(bout, taken.get(bout.animal, ()))
            ]  # fmt: skip
            names = renamings(connection)
            for bout in new:
                insert_bout(connection, number, renamed(bout, names), said=bout.label)
            kept = connection.execute(
                "SELECT count(*) FROM bout WHERE recording = ? AND source = ? AND cleared = 0",
                (number, HUMAN),
            ).fetchone()[0]
        return Replaced(len(new), kept)

    def name_of(self, label: str) -> str:
        """Return what a label is called since people renamed it."""
        return self.names_of((label,))[label]

    def names_of(self, labels: Iterable[str]) -> dict[str, str]:
        """Return what labels are called since people renamed them."""
        rows = self._file.rows("SELECT old, new FROM renaming ORDER BY id")
        return {label: renamed_label(label, rows) for label in set(labels)}


# Rows ----------------------------------------------------------------------------------------


def bout_of(row: Sequence[object]) -> Bout:
    """Bout from the columns that are selected for one."""
    number, animal, start, end, label, description, cluster, sure, source, clips = row
    refers = tuple(int(clip) for clip in str(clips).split())
    return Bout(animal, start, end, label, description, cluster, sure, source, refers, number)  # type: ignore[arg-type]


def insert_bout(
    connection: sqlite3.Connection, recording: int, bout: Bout, *, said: str = "",
    cleared: bool = False,
) -> int:  # fmt: skip
    """Write a bout; one with a number takes the place of the row of that number."""
    clips = " ".join(map(str, bout.clips))
    cursor = connection.execute(
        f"INSERT OR REPLACE INTO bout ({_ALL}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (bout.id or None, recording, bout.animal, int(bout.start_frame), int(bout.end_frame),
         bout.label, said or bout.label, bout.description, int(bout.cluster),
         float(bout.confidence), bout.source, clips, int(cleared)),
    )  # fmt: skip
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def bout_text(connection: sqlite3.Connection, number: int) -> str | None:
    """Row of a bout as the journal keeps it; None where there is none."""
    row = connection.execute(f"SELECT {_ALL} FROM bout WHERE id = ?", (number,)).fetchone()  # noqa: S608
    return None if row is None else json.dumps(row)


def write_bout_text(connection: sqlite3.Connection, number: int, text: str | None) -> None:
    """Inverse of `bout_text`; None deletes the row."""
    if text is None:
        connection.execute("DELETE FROM bout WHERE id = ?", (number,))
        return
    connection.execute(
        f"INSERT OR REPLACE INTO bout ({_ALL}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        json.loads(text),
    )


# Names ---------------------------------------------------------------------------------------


def renamings(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """(old, new) in the order in which people said so."""
    return connection.execute("SELECT old, new FROM renaming ORDER BY id").fetchall()


def renamed_label(label: str, names: Iterable[tuple[str, str]]) -> str:
    """Apply renamings one after the other."""
    for old, new in names:
        if label == old:
            label = new
    return label


def renamed(bout: Bout, names: Iterable[tuple[str, str]]) -> Bout:
    """Apply renamings to a bout."""
    return replace(bout, label=renamed_label(bout.label, names))


def rename_computed(connection: sqlite3.Connection) -> None:
    """Call all computed bouts by the words that people use now; O(number of labels) statements."""
    names = renamings(connection)
    labels = connection.execute("SELECT DISTINCT said FROM bout").fetchall()
    for (said,) in labels:
        connection.execute(
            "UPDATE bout SET label = ? WHERE said = ? AND source != ? AND label != ?",
            (renamed_label(said, names), said, HUMAN, renamed_label(said, names)),
        )


def _taken(connection: sqlite3.Connection, recording: int) -> dict[str, list[Span]]:
    rows = connection.execute(
        "SELECT animal, start_frame, end_frame FROM bout WHERE recording = ? "
        "AND (source = ? OR cleared = 1) ORDER BY start_frame",
        (recording, HUMAN),
    )
    taken: dict[str, list[Span]] = {}
    for animal, start, end in rows:
        taken.setdefault(animal, []).append((start, end))
    return taken


def _computed(bout: Bout) -> Bout:
    """Mark a bout that was merged from people's captions as computed all the same."""
    return replace(bout, source=FROM_CAPTIONS) if bout.source == HUMAN else bout


def _fit(piece: Bout, whole: Bout, spans: dict[int, Span]) -> Bout:
    piece = replace(piece, id=0)
    return piece if piece == whole else replace(piece, clips=fitted_clips(piece, spans))
