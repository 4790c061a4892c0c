"""The SQLite file of a behaviour folder: its connection, transactions and recordings."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from napari_behaviorvlm.io.behavior_folder.schema import MIGRATIONS
from napari_behaviorvlm.io.sqlite_files import connect, migrate, plain_errors


class StoreFile:
    """An open `behavior.sqlite`.

    Parameters
    ----------
    path : Path
        Made if absent and `writable`.
    writable : bool
        False opens it for reading only, also in a folder that cannot be written.

    Raises
    ------
    ProjectError
        If the file is damaged, newer than this program, or cannot be written.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self.path = path
        # A dock edits while its worker writes captions over the same connection.
        self._turn = threading.RLock()
        with plain_errors(path):
            self._connection = connect(path, writable=writable)
            try:
                if writable:
                    migrate(self._connection, MIGRATIONS, path.name)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        self._connection.close()

    def rows(self, query: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        """Read rows."""
        with self._turn, plain_errors(self.path):
            return self._connection.execute(query, tuple(values)).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block's changes, or none of them."""
        with self._turn, plain_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def id_of(self, recording: str) -> int:
        """Return the number of a recording, -1 where nothing is kept of it."""
        found = self.rows("SELECT id FROM recording WHERE name = ?", (recording,))
        return int(found[0][0]) if found else -1

    def name_of(self, number: int) -> str:
        """Inverse of `id_of`."""
        return str(self.rows("SELECT name FROM recording WHERE id = ?", (number,))[0][0])

    def made_id(self, connection: sqlite3.Connection, recording: str) -> int:
        """Return the number of a recording, new where it has none; within a transaction."""
        connection.execute("INSERT OR IGNORE INTO recording (name) VALUES (?)", (recording,))
        query = "SELECT id FROM recording WHERE name = ?"
        return int(connection.execute(query, (recording,)).fetchone()[0])
