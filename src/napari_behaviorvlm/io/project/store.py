"""`labels.sqlite`: human decisions, the journal of edits, and which runs are current.

Cells are addressed by positions on the camera and keypoint axes; on disk they are stored by name,
so that a calibration or skeleton in another order never moves a label.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_behaviorvlm.core.labels import Source, Status
from napari_behaviorvlm.io.project.decisions import Decisions
from napari_behaviorvlm.io.project.schema import MIGRATIONS
from napari_behaviorvlm.io.sqlite_files import connect, migrate, now, plain_errors

Cell = tuple[int, int, int]
"""Frame number, position on the camera axis, position on the keypoint axis."""

_COLUMNS = "x, y, candidate, status, source, confidence, author, created"


@dataclass(frozen=True, slots=True)
class StoredLabel:
    """What a person decided about one keypoint in one view.

    Parameters
    ----------
    x, y : float or None
        Pixels of the original frame; None where the status carries no position.
    candidate : int
        Candidate number, 0 where the position is not a candidate.
    status : Status
    source : Source
        Where the position came from; an accepted proposal keeps the proposal's source.
    confidence : float or None
    author : str
        Who decided (a person's name, or the rule that accepted it).
    created : str
        ISO 8601 time, UTC.
    """

    x: float | None
    y: float | None
    candidate: int
    status: Status
    source: Source
    confidence: float | None = None
    author: str = ""
    created: str = ""

    @property
    def row(self) -> tuple[object, ...]:
        """Values in the order of the table's columns."""
        return (
            self.x, self.y, self.candidate, int(self.status), int(self.source),
            self.confidence, self.author, self.created,
        )  # fmt: skip

    @classmethod
    def from_row(cls, row: Sequence[object]) -> "StoredLabel":
        """Inverse of `row`."""
        x, y, candidate, status, source, confidence, author, created = row
        return cls(x, y, candidate, Status(status), Source(source), confidence, author, created)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of the journal."""

    id: int
    created: str
    author: str
    action: str
    undone: bool
    cells: int


@dataclass(frozen=True, slots=True)
class Run:
    """One finished computation of proposals.

    Parameters
    ----------
    strategy : str
    key : str
        Name of the result's folder in derived/.
    first_frame, end_frame : int
        Frames ``first_frame`` to ``end_frame - 1``.
    settings : dict
    """

    strategy: str
    key: str
    first_frame: int
    end_frame: int
    settings: dict[str, object]
    created: str = ""


class LabelStore:
    """Human labels of one project.

    Parameters
    ----------
    path : Path
        The SQLite file; made if absent and `writable`.
    cameras, keypoints : sequence of str
        Names in the order of the rig and of the skeleton.
    writable : bool
        False opens the file for reading only, also in a folder that cannot be written.

    Raises
    ------
    ProjectError
        If the file is damaged, newer than this program, or cannot be written.
    """

    def __init__(
        self, path: Path, cameras: Sequence[str], keypoints: Sequence[str], *, writable: bool = True
    ) -> None:
        self.path = path
        # A dock edits while its worker reads and adds runs over the same connection.
        self._turn = threading.RLock()
        with plain_errors(path):
            self._connection = connect(path, writable=writable)
            if writable:
                migrate(self._connection, MIGRATIONS, path.name)
            self._camera_ids = self._ids("camera", cameras, writable=writable)
            self._keypoint_ids = self._ids("keypoint", keypoints, writable=writable)
        self._camera_at = {id_: at for at, id_ in enumerate(self._camera_ids)}
        self._keypoint_at = {id_: at for at, id_ in enumerate(self._keypoint_ids)}

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        self._connection.close()

    def _ids(self, table: str, names: Sequence[str], *, writable: bool) -> list[int]:
        if writable:
            with self._connection:
                statement = f"INSERT OR IGNORE INTO {table} (name) VALUES (?)"  # noqa: S608
                self._connection.executemany(statement, [(name,) for name in names])
        known = dict(self._connection.execute(f"SELECT name, id FROM {table}"))  # noqa: S608
        return [known.get(name, -1) for name in names]

    def _key(self, cell: Cell) -> tuple[int, int, int]:
        frame, camera, keypoint = cell
        return int(frame), self._camera_ids[camera], self._keypoint_ids[keypoint]

    # Labels ------------------------------------------------------------------------------------

    def get(self, cell: Cell) -> StoredLabel | None:
        """Return the decision about a cell, None if nobody decided."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM label WHERE frame=? AND camera=? AND keypoint=?",  # noqa: S608
            self._key(cell),
        ).fetchone()
        return None if row is None else StoredLabel.from_row(row)

    def labels(self, first: int = 0, end: int = 2**62) -> Iterator[tuple[Cell, StoredLabel]]:
        """All decisions about frames ``first`` to ``end - 1``, by frame."""
        with plain_errors(self.path):
            rows = self._connection.execute(
                f"SELECT frame, camera, keypoint, {_COLUMNS} FROM label "  # noqa: S608
                "WHERE frame >= ? AND frame < ? ORDER BY frame",
                (first, end),
            ).fetchall()
        for frame, camera, keypoint, *rest in rows:
            if camera in self._camera_at and keypoint in self._keypoint_at:
                cell = (frame, self._camera_at[camera], self._keypoint_at[keypoint])
                yield cell, StoredLabel.from_row(rest)

    def decisions(self, *, since: str = "", without: str | None = None) -> Decisions:
        """Return decisions as columns, by frame; for long sessions quicker than `labels`.

        Parameters
        ----------
        since : str
            Those made then or later (ISO 8601, UTC); all by default.
        without : str, optional
            An author whose decisions are left out.
        """
        with plain_errors(self.path):
            table = Decisions.read(self._connection, since=since, without=without)
        camera = _positions(self._camera_ids, table.camera)
        keypoint = _positions(self._keypoint_ids, table.keypoint)
        named = replace(table, camera=camera, keypoint=keypoint)
        return named.select((camera >= 0) & (keypoint >= 0))

    def apply(
        self, changes: Iterable[tuple[Cell, StoredLabel | None]], action: str, author: str
    ) -> int:
        """Make one edit, all of it or nothing; what was undone before can no longer be redone.

        Parameters
        ----------
        changes : iterable of (cell, label)
            None takes a decision back.
        action : str
            What was done, in words ("accept", "swap left and right").
        author : str

        Returns
        -------
        int
            Number of the edit in the journal.

        Raises
        ------
        ProjectError
            If the file cannot be written; nothing is changed then.
        """
        with self._transaction() as connection:
            connection.execute("DELETE FROM edit WHERE undone = 1")
            edit = connection.execute(
                "INSERT INTO edit (created, author, action) VALUES (?, ?, ?)",
                (now(), author, action),
            ).lastrowid
            assert edit is not None
            for cell, label in changes:
                before = self.get(cell)
                self._write(self._key(cell), label)
                connection.execute(
                    "INSERT INTO edit_cell VALUES (?, ?, ?, ?, ?, ?)",
                    (edit, *self._key(cell), _dump(before), _dump(label)),
                )
        return edit

    def _write(self, key: tuple[int, int, int], label: StoredLabel | None) -> None:
        if label is None:
            self._connection.execute(
                "DELETE FROM label WHERE frame=? AND camera=? AND keypoint=?", key
            )
        else:
            self._connection.execute(
                f"INSERT OR REPLACE INTO label (frame, camera, keypoint, {_COLUMNS}) "  # noqa: S608
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*key, *label.row),
            )

    def undo(self) -> list[Cell] | None:
        """Take the newest edit back; return its cells, None if there is nothing to undo."""
        return self._flip("WHERE undone = 0 ORDER BY id DESC", "before", undone=1)

    def redo(self) -> list[Cell] | None:
        """Make the last undone edit again; return its cells, None if there is none."""
        return self._flip("WHERE undone = 1 ORDER BY id", "after", undone=0)

    def _flip(self, choice: str, side: str, *, undone: int) -> list[Cell] | None:
        with self._transaction() as connection:
            found = connection.execute(f"SELECT id FROM edit {choice} LIMIT 1").fetchone()  # noqa: S608
            if found is None:
                return None
            rows = connection.execute(
                f"SELECT frame, camera, keypoint, {side} FROM edit_cell WHERE edit = ?",  # noqa: S608
                found,
            ).fetchall()
            for frame, camera, keypoint, text in rows:
                self._write((frame, camera, keypoint), _load(text))
            connection.execute("UPDATE edit SET undone = ? WHERE id = ?", (undone, *found))
        return [
            (frame, self._camera_at[camera], self._keypoint_at[keypoint])
            for frame, camera, keypoint, _ in rows
            if camera in self._camera_at and keypoint in self._keypoint_at
        ]

    def history(self, cell: Cell) -> list[tuple[Edit, StoredLabel | None]]:
        """Every edit of a cell, oldest first, with what it left there."""
        rows = self._connection.execute(
            "SELECT id, created, author, action, undone, after FROM edit_cell "
            "JOIN edit ON edit.id = edit_cell.edit "
            "WHERE frame=? AND camera=? AND keypoint=? ORDER BY id",
            self._key(cell),
        )
        return [(Edit(i, c, a, w, bool(u), 1), _load(after)) for i, c, a, w, u, after in rows]

    def journal(self, newest: int = 100) -> list[Edit]:
        """List the newest edits, newest first."""
        rows = self._connection.execute(
            "SELECT id, created, author, action, undone, "
            "(SELECT count(*) FROM edit_cell WHERE edit = id) FROM edit ORDER BY id DESC LIMIT ?",
            (newest,),
        )
        return [Edit(i, c, a, w, bool(u), n) for i, c, a, w, u, n in rows]

    # Seeds and runs ----------------------------------------------------------------------------

    def seed_frames(self) -> list[int]:
        """Frames that serve as examples, ascending."""
        return [row[0] for row in self._connection.execute(
            "SELECT frame FROM seed_frame ORDER BY frame")]  # fmt: skip

    def set_seed_frames(self, frames: Iterable[int], author: str) -> None:
        """Replace the list of seed frames; their labels stay what they are."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM seed_frame")
            connection.executemany(
                "INSERT INTO seed_frame VALUES (?, ?, ?)",
                [(int(frame), author, now()) for frame in sorted(set(frames))],
            )

    def runs(self) -> list[Run]:
        """Finished runs, newest last."""
        rows = self._connection.execute(
            "SELECT strategy, key, first_frame, end_frame, settings, created FROM run ORDER BY id"
        )
        return [Run(s, k, a, b, json.loads(text), c) for s, k, a, b, text, c in rows]

    def add_run(self, run: Run, program: str) -> None:
        """Make a finished run the current one for its frames; runs it covers are forgotten."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM run WHERE first_frame >= ? AND end_frame <= ?",
                (run.first_frame, run.end_frame),
            )
            connection.execute(
                "INSERT INTO run (strategy, key, first_frame, end_frame, settings, program, "
                "created) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (run.strategy, run.key, run.first_frame, run.end_frame,
                 json.dumps(run.settings, sort_keys=True), program, now()),
            )  # fmt: skip

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn, plain_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _positions(ids: Sequence[int], stored: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions on an axis by stored number; -1 for names that the axis lacks."""
    if not len(stored):
        return stored
    lookup = np.full(max(*ids, int(stored.max())) + 1, -1)
    for at, id_ in enumerate(ids):
        if id_ >= 0:
            lookup[id_] = at
    return lookup[stored]


def _dump(label: StoredLabel | None) -> str | None:
    return None if label is None else json.dumps(label.row)


def _load(text: str | None) -> StoredLabel | None:
    return None if text is None else StoredLabel.from_row(json.loads(text))
