"""Answers on disk: nothing is paid twice, and every label can show where it came from.

One SQLite file. Before a call goes out, the intent is written; its answer and the end of the intent
are written together. A process killed at any moment therefore leaves complete answers, and knows
which calls were on their way.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from napari_behaviorvlm.core.errors import VLMError
from napari_behaviorvlm.vlm.exchange import Answered, Exchange, Spending, now
from napari_behaviorvlm.vlm.request import Image, Stop, Usage

VERSION = 1

_SCHEMA = """
CREATE TABLE image (
    digest TEXT PRIMARY KEY, media_type TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, data BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE exchange (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    endpoint TEXT NOT NULL, model TEXT NOT NULL,
    request TEXT NOT NULL,          -- canonical JSON, pictures by digest
    answer TEXT NOT NULL,           -- text of the answer, thinking left out
    value TEXT,                     -- input of the forced tool, JSON
    stop TEXT NOT NULL,
    raw TEXT NOT NULL,              -- the server's message as it came
    input INTEGER NOT NULL, output INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    estimate INTEGER NOT NULL,      -- input tokens expected
    cost REAL,                      -- USD, NULL where the price is unknown
    batch TEXT,
    created TEXT NOT NULL
);

-- Calls on their way, and those of which nobody knows whether they were billed.
CREATE TABLE intent (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, reserved REAL NOT NULL, created TEXT NOT NULL
);

CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    nonce TEXT NOT NULL UNIQUE,
    remote TEXT,                    -- the server's id; NULL until it is known
    state TEXT NOT NULL,            -- submitting, running, collected, abandoned
    endpoint TEXT NOT NULL, model TEXT NOT NULL,
    reserved REAL NOT NULL, created TEXT NOT NULL
);
CREATE TABLE batch_item (
    batch INTEGER NOT NULL REFERENCES batch(id), place INTEGER NOT NULL,
    key TEXT NOT NULL,
    estimate INTEGER NOT NULL,
    content TEXT NOT NULL,          -- canonical JSON of the request, pictures by digest
    outcome TEXT,                   -- NULL until collected: answered, refused, lost
    message TEXT,
    PRIMARY KEY (batch, place)
) WITHOUT ROWID;
CREATE INDEX batch_item_key ON batch_item (key);

CREATE TABLE profile (
    endpoint TEXT NOT NULL, model TEXT NOT NULL, route TEXT NOT NULL,
    content TEXT NOT NULL, created TEXT NOT NULL, PRIMARY KEY (endpoint, model, route)
) WITHOUT ROWID;
"""


class AnswerStore:
    """The answers of a project.

    Parameters
    ----------
    path : Path or None
        File, made if absent; None keeps everything in memory.
    writable : bool
        False opens the file for reading only, also in a folder that cannot be written.

    Raises
    ------
    VLMError
        If the file is damaged, newer than this program, or cannot be written.
    """

    def __init__(self, path: Path | None = None, *, writable: bool = True) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self.plain_errors():
            self.connection = sqlite3.connect(
                _address(path, writable=writable), uri=True, isolation_level=None,
                check_same_thread=False, timeout=30,
            )  # fmt: skip
            self._prepare(writable=writable)

    def _prepare(self, *, writable: bool) -> None:
        if writable:
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise VLMError(
                f"{self.path} was written by a newer behaviorvlm: upgrade napari-behaviorvlm."
            )
        if version == 0:
            script = f"BEGIN IMMEDIATE;{_SCHEMA};PRAGMA user_version = {VERSION};COMMIT;"
            self.connection.executescript(script)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    # Answers -----------------------------------------------------------------------------------

    def find(self, key: str) -> Exchange | None:
        """Answer to a request, None if it was never answered."""
        return self._exchange("key = ?", key)

    def exchange(self, number: int) -> Exchange | None:
        """Answer by its number."""
        return self._exchange("id = ?", number)

    def image(self, digest: str) -> Image | None:
        """Return a picture that was sent."""
        row = self._row("SELECT data, width, height, media_type FROM image WHERE digest=?", digest)
        return None if row is None else Image(*row)

    def begin(self, key: str, reserved: float) -> int:
        """Note that a call goes out; returns the number of the intent."""
        with self.transaction() as connection:
            made = connection.execute(
                "INSERT INTO intent (key, reserved, created) VALUES (?, ?, ?)",
                (key, reserved, now()),
            )
        assert made.lastrowid is not None
        return made.lastrowid

    def drop(self, intent: int) -> None:
        """Note that a call surely cost nothing."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM intent WHERE id=?", (intent,))

    def keep(self, answer: Answered, intent: int | None = None) -> Exchange:
        """Keep an answer and end its intent, both or neither."""
        with self.transaction() as connection:
            self.insert(connection, answer)
            if intent is not None:
                connection.execute("DELETE FROM intent WHERE id=?", (intent,))
        kept = self.find(answer.key)
        assert kept is not None
        return kept

    def insert(self, connection: sqlite3.Connection, answer: Answered) -> None:
        """Insert an answer inside a transaction; the first answer to a request stays."""
        self.insert_images(connection, answer.images)
        connection.execute(
            "INSERT OR IGNORE INTO exchange (key, endpoint, model, request, answer, value, stop, "
            "raw, input, output, cache_read, cache_write, estimate, cost, batch, created) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            answer.row(),
        )

    def insert_images(self, connection: sqlite3.Connection, images: Iterable[Image]) -> None:
        """Insert pictures inside a transaction."""
        connection.executemany(
            "INSERT OR IGNORE INTO image VALUES (?, ?, ?, ?, ?)",
            [(i.digest, i.media_type, i.width, i.height, i.data) for i in images],
        )

    def newest(self) -> int:
        """Return the number of the last exchange, 0 without any."""
        row = self._row("SELECT coalesce(max(id), 0) FROM exchange")
        assert row is not None
        return int(row[0])

    # Counters ----------------------------------------------------------------------------------

    def spending(self) -> Spending:
        """Everything spent so far."""
        sums = self._row(
            "SELECT count(*), total(input), total(output), total(cache_read), total(cache_write), "
            "total(cost) FROM exchange"
        )
        open_ = self._row("SELECT count(*), total(reserved) FROM intent")
        pending = "FROM batch WHERE state IN ('submitting', 'running')"
        money = self._row(f"SELECT total(reserved) {pending}")
        items = self._row(
            f"SELECT count(*) FROM batch_item WHERE batch IN (SELECT id {pending})"  # noqa: S608
        )
        assert sums is not None
        assert open_ is not None
        assert money is not None
        assert items is not None
        usage = Usage(*map(int, sums[1:5]))
        return Spending(sums[0], usage, sums[5], open_[0], open_[1], items[0], money[0])

    def token_ratio(self, model: str, *, fewest: int = 3) -> float:
        """Input tokens that a model's server counted, per token expected; 1 where unknown."""
        row = self._row(
            "SELECT count(*), total(input + cache_read + cache_write), total(estimate) "
            "FROM exchange WHERE model=? AND estimate > 0 AND input > 0",
            model,
        )
        assert row is not None
        return float(row[1] / row[2]) if row[0] >= fewest else 1.0

    # Profiles ----------------------------------------------------------------------------------

    def profile(self, endpoint: str, model: str, route: str) -> str | None:
        """Return what was found out about an endpoint (JSON), None if nothing."""
        row = self._row(
            "SELECT content FROM profile WHERE endpoint=? AND model=? AND route=?",
            endpoint, model, route,
        )  # fmt: skip
        return None if row is None else str(row[0])

    def keep_profile(self, endpoint: str, model: str, route: str, content: str) -> None:
        """Keep what was found out about an endpoint."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO profile VALUES (?, ?, ?, ?, ?)",
                (endpoint, model, route, content, now()),
            )

    # -------------------------------------------------------------------------------------------

    def _exchange(self, where: str, value: object) -> Exchange | None:
        row = self._row(
            "SELECT id, key, endpoint, model, request, answer, value, stop, input, output, "  # noqa: S608
            f"cache_read, cache_write, cost, raw, created FROM exchange WHERE {where}",
            value,
        )
        if row is None:
            return None
        number, key, endpoint, model, request, text, tool, stop, *counts, cost, raw, created = row
        return Exchange(
            number, key, endpoint, model, json.loads(request), text,
            None if tool is None else json.loads(tool), Stop(stop), Usage(*counts), cost, raw,
            created,
        )  # fmt: skip

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._lock, self.plain_errors():
            return self.connection.execute(statement, values).fetchall()

    def _row(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        with self._lock, self.plain_errors():
            row: tuple[Any, ...] | None = self.connection.execute(statement, values).fetchone()
        return row

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing."""
        with self._lock, self.plain_errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    @contextmanager
    def plain_errors(self) -> Iterator[None]:
        """Turn every error of the database into one sentence."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise VLMError(
                f"{self.path} (answers of the model) cannot be used: {error}. Nothing more is sent."
            ) from error


def _address(path: Path | None, *, writable: bool) -> str:
    """Address of the database as SQLite takes it."""
    if path is None:
        return "file::memory:"
    if writable:
        return path.absolute().as_uri()
    # In a folder that cannot be written SQLite has no place for the log's index.
    mode = "mode=ro" if os.access(path.parent, os.W_OK) else "immutable=1"
    return f"{path.absolute().as_uri()}?{mode}"
