"""SQLite files that people's work lies in: opening them, and what they say when they fail."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from napari_behaviorvlm.core.errors import ProjectError


def connect(path: Path, *, writable: bool) -> sqlite3.Connection:
    """Open a file with a write-ahead log: a killed process loses the change in flight at most.

    Parameters
    ----------
    path : Path
        Made if absent and `writable`.
    writable : bool
        False opens the file for reading only, also in a folder that cannot be written.

    Raises
    ------
    ProjectError
        If it is to be read and is missing.
    """
    if not writable:
        if not path.is_file():
            raise ProjectError(f"{path} is missing: the project is not complete.")
        # A folder that cannot be written has no place for the log's index; SQLite then needs to be
        # told that nobody writes there.
        mode = "mode=ro" if _folder_writable(path.parent) else "immutable=1"
        uri = f"{path.absolute().as_uri()}?{mode}"
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def migrate(connection: sqlite3.Connection, migrations: Sequence[str], name: str) -> None:
    """Bring a database to the newest schema, one whole version at a time.

    Parameters
    ----------
    connection : sqlite3.Connection
    migrations : sequence of str
        Script ``i`` brings a file of version ``i`` to version ``i + 1``.
    name : str
        The file's, for the message.

    Raises
    ------
    ProjectError
        If a newer program wrote the file.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise ProjectError(
            f"{name} was written by a newer behaviorvlm (schema {version}, this program knows "
            f"{len(migrations)}): upgrade napari-behaviorvlm to open it."
        )
    for number in range(version, len(migrations)):
        script = f"BEGIN IMMEDIATE;{migrations[number]};PRAGMA user_version = {number + 1};COMMIT;"
        connection.executescript(script)


def now() -> str:
    """Return the current time as ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _folder_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors of the block into a `ProjectError` with one sentence about the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise ProjectError(_sentence(path, error)) from error


def _sentence(path: Path, error: sqlite3.DatabaseError) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return f"The disk that holds {path} is full; the change was not saved, nothing is lost."
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return f"{path} cannot be written: check that you may write to its folder."
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"Another program is writing to {path}: try again when it has finished."
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return f"{path} is damaged: restore it from a copy (nothing was written to it)."
    return f"{path} cannot be used ({error})."
