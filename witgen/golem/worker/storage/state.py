"""The state file: an SQLite database with workers, oplogs, promises and invocations, accessed through `State`."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Collection, Generator
from pathlib import Path
from typing import Any, Final

from ..errors import StateError, WorkerError, as_text, undamaged
from ..oplog.codec import Encoded
from ..oplog.entries import (
    BRACKETS,
    COMPLETED,
    CREATED,
    INVOKED,
    LOG,
    REPLAYED,
    UPDATED,
    Entry,
    earliest_open,
)
from .explained import Explained
from .lock import canonical, make_private, refuse_irregular
from .rows import ENTRY, SELECTED, encoded_of, entries_of

__all__ = ["BESIDE", "State"]

FORMAT: Final = 4
"""Version of the schema below and of the encoding of oplogs, stored in the file's `user_version`."""

BESIDE: Final = ("-journal", "-wal", "-shm")
"""Suffixes of SQLite's files beside the state file. SQLite would wait forever if one were a pipe."""

_BUSY_SECONDS: Final = 2.0

_SCHEMA = """
CREATE TABLE components (
    id TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (id, version)
) WITHOUT ROWID;
CREATE TABLE workers (
    number INTEGER PRIMARY KEY AUTOINCREMENT, component TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
    created INTEGER NOT NULL, args TEXT NOT NULL, env TEXT NOT NULL, config TEXT NOT NULL, status TEXT NOT NULL,
    retries INTEGER NOT NULL DEFAULT 0, failed_at INTEGER NOT NULL DEFAULT 0, pruned INTEGER NOT NULL DEFAULT 0,
    once INTEGER NOT NULL DEFAULT 0, wish TEXT NOT NULL DEFAULT '', UNIQUE (component, name)
);
CREATE INDEX wishes ON workers (number) WHERE wish <> '';
CREATE TABLE oplog (
    worker INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, name TEXT NOT NULL,
    key TEXT NOT NULL, request TEXT NOT NULL, request_data BLOB NOT NULL, response TEXT, response_data BLOB,
    dead INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (worker, position)
) WITHOUT ROWID;
CREATE INDEX keys ON oplog (worker, key, kind) WHERE key <> '';
CREATE TABLE promises (
    worker INTEGER NOT NULL, position INTEGER NOT NULL, data BLOB, PRIMARY KEY (worker, position)
) WITHOUT ROWID;
CREATE TABLE invocations (
    worker INTEGER NOT NULL, key TEXT NOT NULL, function TEXT NOT NULL, request TEXT NOT NULL,
    request_data BLOB NOT NULL, due INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (worker, key)
) WITHOUT ROWID;
CREATE INDEX waiting ON invocations (due, key) WHERE state = 'pending';
CREATE TABLE place (path TEXT NOT NULL);
CREATE TABLE updates (
    number INTEGER PRIMARY KEY, worker INTEGER NOT NULL, target INTEGER NOT NULL, mode TEXT NOT NULL
);
"""

_APPEND: Final = (
    f"INSERT INTO oplog (worker, {ENTRY}) "  # noqa: S608
    "VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM oplog WHERE worker = ?), ?, ?, ?, ?, ?, ?, ?, ?, 0) "
    "RETURNING position"
)

_TABLES = "SELECT count(*) FROM sqlite_master"


class State:
    """State file. Every statement is a separate transaction, and is in the file when it returns.

    A killed process loses nothing; only a machine that loses power may lose the last transactions. Any thread may use
    it.

    Args:
        path: the file.
        read_only: whether it is only read, which also works on a full disk.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path = canonical(path)
        self._lock = threading.RLock()
        self._explained = Explained(path)
        refuse_irregular(*(path.with_name(path.name + each) for each in BESIDE))
        with self._explained:
            self._refuse_other_name()
            if read_only:
                self._look()
            else:
                make_private(path)
                self._connect(str(path))
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
            self._prepare(read_only=read_only)
            if not read_only:
                self._note_name()

    def _connect(self, place: str) -> None:
        self._connection = sqlite3.connect(
            place, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=place.startswith("file:")
        )
        self._connection.row_factory = sqlite3.Row

    def _refuse_other_name(self) -> None:
        """Raise if this is a hard link to a file that was used under another name.

        SQLite keeps unfinished transactions in a file beside it, whose name is derived from that name.
        See https://www.sqlite.org/howtocorrupt.html, section 2.6.
        """
        if not self.path.exists() or self.path.stat().st_nlink == 1:
            return
        known = ""
        opened = sqlite3.connect(f"{self.path.as_uri()}?immutable=1", uri=True)
        with contextlib.closing(opened) as connection, contextlib.suppress(sqlite3.Error, TypeError):
            known = str(connection.execute("SELECT path FROM place").fetchone()[0])
        if known != str(self.path):
            also = f"; use it as {known}, or" if known else ";"
            raise StateError(
                f"{self.path}: the state file has several names (hard links){also} make a copy of it, or remove the "
                "other names"
            )

    def _note_name(self) -> None:
        """Record the name of the file in the file itself."""
        rows = self.execute("SELECT path FROM place")
        if self.path.stat().st_nlink == 1 and (not rows or rows[0]["path"] != str(self.path)):
            with self.transaction():
                self.execute("DELETE FROM place")
                self.execute("INSERT INTO place (path) VALUES (?)", str(self.path))
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _look(self) -> None:
        place = self.path.absolute().as_uri()
        is_used = self.path.with_name(f"{self.path.name}-wal").exists()
        self._connect(f"{place}?mode=ro")
        try:
            self._connection.execute(_TABLES).fetchone()
        except sqlite3.OperationalError:
            # The disk has no space for the files that users of the database share. Unused, it consists of one file.
            if is_used:
                raise
            self._connection.close()
            self._connect(f"{place}?immutable=1")

    def _prepare(self, *, read_only: bool) -> None:
        [version] = self._connection.execute("PRAGMA user_version").fetchone()
        [tables] = self._connection.execute(_TABLES).fetchone()
        if version == 0 and (tables or read_only):
            raise StateError(f"{self.path}: this database is not a state file of witgen")
        if version == 0:
            with self.transaction():
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {FORMAT}")
        elif version != FORMAT:
            raise StateError(
                f"{self.path}: written by another release of witgen (format {version}, this is {FORMAT});"
                " continue with that release, or name another file with --state"
            )

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Run several statements as one transaction."""
        with self._lock, self._explained:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def execute(self, statement: str, *values: object) -> list[Any]:
        """Run one statement and return its rows."""
        with self._lock, self._explained:
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file; twice is fine."""
        with self._lock, self._explained:
            self._connection.close()

    # Oplogs

    def append(self, worker: int, entry: Entry) -> int:
        """Append an entry to an oplog and return its position; the first is 1."""
        [row] = self.execute(
            _APPEND, worker, worker, entry.kind, entry.at or time.time_ns(), entry.name, entry.key, *entry.request,
            *((None, None) if entry.response is None else entry.response),
        )  # fmt: skip
        position: int = row["position"]
        return position

    def answer(self, worker: int, position: int, response: Encoded) -> None:
        """Add the response to the entry of a call."""
        self.execute(
            "UPDATE oplog SET response = ?, response_data = ? WHERE worker = ? AND position = ?",
            response.text, response.data, worker, position,
        )  # fmt: skip

    def reword(self, worker: int, position: int, request: str) -> None:
        """Replace the request of an entry, but not its bytes."""
        self.execute("UPDATE oplog SET request = ? WHERE worker = ? AND position = ?", request, worker, position)

    def entries(
        self, worker: int, *, start: int = 1, limit: int = -1, alive: bool = False, kinds: Collection[str] = ()
    ) -> list[Entry]:
        """Return entries from a position on; with `alive`, without discarded ones; with `kinds`, only those."""
        condition = " AND dead = 0" if alive else ""
        if kinds:
            condition += f" AND kind IN ({', '.join('?' * len(kinds))})"
        wanted = f"SELECT {SELECTED} FROM oplog WHERE worker = ? AND position >= ?{condition} ORDER BY position LIMIT ?"  # noqa: S608
        with self._lock, self._explained:
            cursor = self._connection.cursor()
            cursor.row_factory = None
            rows = cursor.execute(wanted, (worker, start, *sorted(kinds), limit)).fetchall()
        return entries_of(rows)

    def output_sizes(self, worker: int, start: int) -> dict[str, int]:
        """Return how many bytes of output each stream has in the entries from a position on."""
        rows = self.execute(
            "SELECT name, sum(length(request_data)) AS size FROM oplog "
            "WHERE worker = ? AND position >= ? AND dead = 0 AND kind = ? GROUP BY name",
            worker, start, LOG,
        )  # fmt: skip
        with undamaged("what the oplog has about output"):
            return {as_text(row["name"]): int(row["size"]) for row in rows}

    def answer_of(self, worker: int, key: str) -> Encoded | None:
        """Return the response of the call with a key; None if it was not made, or has not ended."""
        # `key <> ''` lets SQLite use the index: one row is read, however long the oplog is.
        rows = self.execute(
            "SELECT response, response_data FROM oplog INDEXED BY keys "
            "WHERE worker = ? AND key = ? AND key <> '' AND kind = ? AND dead = 0 LIMIT 1",
            worker, key, COMPLETED,
        )  # fmt: skip
        with undamaged("what the oplog has about a call"):
            return encoded_of(rows[0]["response"], rows[0]["response_data"]) if rows else None

    def call_with(self, worker: int, key: str) -> Entry | None:
        """Return the entry of the call with a key, None if it was not made."""
        rows = self.execute(
            f"SELECT {SELECTED} FROM oplog INDEXED BY keys "  # noqa: S608
            "WHERE worker = ? AND key = ? AND key <> '' AND kind = ? AND dead = 0 LIMIT 1",
            worker, key, INVOKED,
        )  # fmt: skip
        return next(iter(entries_of(rows)), None)

    def open_call(self, worker: int) -> Entry | None:
        """Return the entry of a worker's unfinished call, None if there is none."""
        last = self.last(worker, INVOKED, COMPLETED)
        return None if last is None or last.kind == COMPLETED else last

    def last(self, worker: int, *kinds: str, until: int | None = None) -> Entry | None:
        """Return the last entry of these kinds that was not discarded, `until` a position; None if there is none."""
        rows = self.execute(
            f"SELECT {SELECTED} FROM oplog WHERE worker = ? AND dead = 0 AND kind IN ({', '.join('?' * len(kinds))}) "  # noqa: S608
            "AND position <= coalesce(?, position) ORDER BY position DESC LIMIT 1",
            worker, *kinds, until,
        )  # fmt: skip
        return next(iter(entries_of(rows)), None)

    def last_snapshot(self, worker: int, *, tried: bool = False) -> Entry | None:
        """Return the last snapshot entry that was loaded, or `tried`; None if there is none."""
        snapshot = self.last(worker, UPDATED)
        while snapshot is not None and not (snapshot.is_snapshot and (tried or not snapshot.is_tried)):
            snapshot = self.last(worker, UPDATED, until=snapshot.position - 1)
        return snapshot

    def last_position(self, worker: int) -> int:
        """Return the position of the last entry, 0 if there is none."""
        [row] = self.execute("SELECT coalesce(max(position), 0) AS last FROM oplog WHERE worker = ?", worker)
        last: int = row["last"]
        return last

    def forget(self, worker: int, first: int, kind: str) -> None:
        """Discard all entries from a position on, and record that in an entry of the given kind."""
        with self.transaction():
            last = self.last_position(worker)
            if first <= last:
                self.execute("UPDATE oplog SET dead = 1 WHERE worker = ? AND position >= ?", worker, first)
                self.append(worker, Entry(kind, request=Encoded(f"[{first},{last}]")))

    def brackets(self, worker: int) -> list[Entry]:
        """Return the entries that say what is done again as a whole; none if no such thing has begun."""
        if not self.entries(worker, alive=True, limit=1, kinds=BRACKETS - {COMPLETED}):
            return []
        return self.entries(worker, alive=True, kinds=BRACKETS)

    def progress(self, worker: int) -> int:
        """Return a worker's progress: the last entry that replay follows, or the start of what is done again."""
        marks = ", ".join("?" * len(REPLAYED))
        if (opened := earliest_open(self.brackets(worker))) is not None:
            return opened
        [row] = self.execute(
            "SELECT coalesce(max(position), 0) AS last FROM oplog "  # noqa: S608
            f"WHERE worker = ? AND dead = 0 AND kind IN ({marks}) AND (response IS NOT NULL OR kind = ?)",
            worker, *sorted(REPLAYED), INVOKED,
        )  # fmt: skip
        last: int = row["last"]
        return last

    def size(self, worker: int) -> int:
        """Return the approximate size of an oplog in bytes."""
        [row] = self.execute(
            "SELECT coalesce(sum(100 + length(request) + length(request_data) + coalesce(length(response), 0) "
            "+ coalesce(length(response_data), 0)), 0) AS size FROM oplog WHERE worker = ?",
            worker,
        )
        size: int = row["size"]
        return size

    def count(self, worker: int) -> int:
        """Return the number of entries of an oplog, including discarded ones."""
        [row] = self.execute("SELECT count(*) AS number FROM oplog WHERE worker = ?", worker)
        number: int = row["number"]
        return number

    def before_invocations(self, worker: int, count: int) -> int:
        """Return the last entry before a worker's last calls."""
        rows = self.execute(
            "SELECT position FROM oplog WHERE worker = ? AND dead = 0 AND kind = ? ORDER BY position DESC LIMIT ?",
            worker, INVOKED, count,
        )  # fmt: skip
        return int(rows[-1]["position"]) - 1 if rows else self.last_position(worker)

    def prune(self, worker: int) -> int:
        """Remove entries that replay does not need; return how many.

        Those are the discarded entries, and those before the last snapshot. Entries of the worker's own
        calls, with their keys and results, are kept.
        """
        with self.transaction():
            dead = self.execute("DELETE FROM oplog WHERE worker = ? AND dead = 1 RETURNING 1", worker)
            snapshot = self.last_snapshot(worker)
            if snapshot is None:
                return len(dead)
            before = self.execute(
                "DELETE FROM oplog WHERE worker = ? AND position < ? AND kind NOT IN (?, ?, ?, ?) RETURNING 1",
                worker, snapshot.position, CREATED, INVOKED, COMPLETED, UPDATED,
            )  # fmt: skip
            self.execute("UPDATE workers SET pruned = ? WHERE number = ?", snapshot.position, worker)
        return len(dead) + len(before)

    def refuse_pruned(self, worker: int, position: int) -> None:
        """Raise if entries before a position have been pruned."""
        rows = self.execute("SELECT pruned FROM workers WHERE number = ?", worker)
        with undamaged("the state file: how far an oplog is pruned"):
            is_gone = bool(rows) and position < int(rows[0]["pruned"])
        if is_gone:
            raise WorkerError(
                f"entry {position} comes before the snapshot at entry {rows[0]['pruned']}, where the oplog was pruned"
            )

    def shrink(self) -> None:
        """Return the space of removed data to the file system."""
        with self._lock, self._explained:
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy_oplog(self, source: int, target: int, last: int) -> None:
        """Copy another worker's oplog, up to a position, to a new worker."""
        columns = ENTRY.replace("position, ", "")
        self.execute(
            f"INSERT INTO oplog (worker, position, {columns}) "  # noqa: S608
            f"SELECT ?, position, {columns} FROM oplog WHERE worker = ? AND position <= ?",
            target, source, last,
        )  # fmt: skip
