"""The state file: an SQLite database with workers, oplogs, promises and invocations. It is used through `State`."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

from ..errors import StateError, WorkerError, as_text, undamaged
from ..oplog.codec import Encoded
from ..oplog.entries import (
    BEGIN_REGION,
    COMPLETED,
    CREATED,
    END_REGION,
    INVOKED,
    REPLAYED,
    UPDATED,
    Entry,
    open_regions,
)
from .lock import canonical, make_private, refuse_irregular

__all__ = ["BESIDE", "State"]

FORMAT: Final = 4
"""Number of the schema below and of what oplogs hold, in the file's `user_version`."""

BESIDE: Final = ("-journal", "-wal", "-shm")
"""What the names of the files end in that SQLite has beside the state file; it would wait for a pipe."""

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

_TABLES = "SELECT count(*) FROM sqlite_master"

_ENTRY = "position, kind, at, name, key, request, request_data, response, response_data, dead"


class State:
    """A state file. Every statement is a transaction of its own and is in the file when it returns.

    A process that is killed loses nothing; only a machine that loses power may lose the last moments. Any thread may
    use it.

    Args:
        path: the file.
        read_only: whether it is only looked at, which works on a full disk, too.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path = canonical(path)
        self._lock = threading.RLock()
        refuse_irregular(*(path.with_name(path.name + each) for each in BESIDE))
        with self._explained():
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

        What SQLite has not put into the file yet is in one beside it, which is named after that name.
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
        """Note the name that the file is used under, in the file itself."""
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
            # No room for what the users of a file share. Where nobody uses it, there is nothing but the file.
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
                " go on with that release, or name another file with --state"
            )

    @contextlib.contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            # SQLite quotes what stands in the file, which may be no text.
            raise StateError(f"{self.path}: {_reason(error)}") from error

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Do several statements as a whole."""
        with self._lock, self._explained():
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
        with self._lock, self._explained():
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file; twice is fine."""
        with self._lock, self._explained():
            self._connection.close()

    # Oplogs

    def append(self, worker: int, entry: Entry) -> int:
        """Write a new entry at the end of an oplog and return its position; the first is 1."""
        response = entry.response
        with self.transaction():
            [row] = self.execute("SELECT coalesce(max(position), 0) + 1 AS next FROM oplog WHERE worker = ?", worker)
            self.execute(
                f"INSERT INTO oplog (worker, {_ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",  # noqa: S608
                worker, row["next"], entry.kind, entry.at or time.time_ns(), entry.name, entry.key,
                entry.request.text, entry.request.data,
                None if response is None else response.text, None if response is None else response.data,
            )  # fmt: skip
        position: int = row["next"]
        return position

    def answer(self, worker: int, position: int, response: Encoded) -> None:
        """Write down what a call returned whose entry is there already."""
        self.execute(
            "UPDATE oplog SET response = ?, response_data = ? WHERE worker = ? AND position = ?",
            response.text, response.data, worker, position,
        )  # fmt: skip

    def reword(self, worker: int, position: int, request: str) -> None:
        """Write something else into the request of an entry; its bytes stay."""
        self.execute("UPDATE oplog SET request = ? WHERE worker = ? AND position = ?", request, worker, position)

    def entries(self, worker: int, *, start: int = 1, limit: int = -1, alive: bool = False) -> list[Entry]:
        """Return entries from a position on; with `alive`, only those that count."""
        condition = " AND dead = 0" if alive else ""
        rows = self.execute(
            f"SELECT {_ENTRY} FROM oplog WHERE worker = ? AND position >= ?{condition} ORDER BY position LIMIT ?",  # noqa: S608
            worker, start, limit,
        )  # fmt: skip
        return list(map(_entry, rows))

    def answer_of(self, worker: int, key: str) -> Encoded | None:
        """Return what the call that was made under a key came to; None where it was not made, or has not ended."""
        # `key <> ''` lets SQLite use the index: one row is read, however long the oplog is.
        rows = self.execute(
            "SELECT response, response_data FROM oplog INDEXED BY keys "
            "WHERE worker = ? AND key = ? AND key <> '' AND kind = ? AND dead = 0 LIMIT 1",
            worker, key, COMPLETED,
        )  # fmt: skip
        with undamaged("what the oplog has about a call"):
            return _encoded(rows[0]["response"], rows[0]["response_data"]) if rows else None

    def open_call(self, worker: int) -> Entry | None:
        """Return the entry with which the call began that a worker is in the middle of."""
        last = self.last(worker, INVOKED, COMPLETED)
        return None if last is None or last.kind == COMPLETED else last

    def last(self, worker: int, *kinds: str, until: int | None = None) -> Entry | None:
        """Return the last entry of these kinds that counts, `until` a position; None where there is none."""
        rows = self.execute(
            f"SELECT {_ENTRY} FROM oplog WHERE worker = ? AND dead = 0 AND kind IN ({', '.join('?' * len(kinds))}) "  # noqa: S608
            "AND position <= coalesce(?, position) ORDER BY position DESC LIMIT 1",
            worker, *kinds, until,
        )  # fmt: skip
        return _entry(rows[0]) if rows else None

    def last_snapshot(self, worker: int) -> Entry | None:
        """Return the last entry that a snapshot came with which was loaded; None where there is none."""
        snapshot = self.last(worker, UPDATED)
        while snapshot is not None and (snapshot.is_tried or not snapshot.is_snapshot):
            snapshot = self.last(worker, UPDATED, until=snapshot.position - 1)
        return snapshot

    def last_position(self, worker: int) -> int:
        """Return the position of the last entry, 0 where there is none."""
        [row] = self.execute("SELECT coalesce(max(position), 0) AS last FROM oplog WHERE worker = ?", worker)
        last: int = row["last"]
        return last

    def forget(self, worker: int, first: int, kind: str) -> None:
        """Let all entries from a position on count no more, and note that as an entry of the given kind."""
        with self.transaction():
            last = self.last_position(worker)
            if first <= last:
                self.execute("UPDATE oplog SET dead = 1 WHERE worker = ? AND position >= ?", worker, first)
                self.append(worker, Entry(kind, request=Encoded(f"[{first},{last}]")))

    def progress(self, worker: int) -> int:
        """Return how far a worker has got: the last entry that replay goes by, or where an open region begins."""
        marks = ", ".join("?" * len(REPLAYED))
        rows = self.execute(
            f"SELECT {_ENTRY} FROM oplog WHERE worker = ? AND dead = 0 AND kind IN (?, ?) ORDER BY position",  # noqa: S608
            worker, BEGIN_REGION, END_REGION,
        )  # fmt: skip
        opened = open_regions(map(_entry, rows))
        if opened:
            return opened[0]
        [row] = self.execute(
            "SELECT coalesce(max(position), 0) AS last FROM oplog "  # noqa: S608
            f"WHERE worker = ? AND dead = 0 AND kind IN ({marks}) AND (response IS NOT NULL OR kind = ?)",
            worker, *sorted(REPLAYED), INVOKED,
        )  # fmt: skip
        last: int = row["last"]
        return last

    def size(self, worker: int) -> int:
        """Return how many bytes an oplog takes, about."""
        [row] = self.execute(
            "SELECT coalesce(sum(100 + length(request) + length(request_data) + coalesce(length(response), 0) "
            "+ coalesce(length(response_data), 0)), 0) AS size FROM oplog WHERE worker = ?",
            worker,
        )
        size: int = row["size"]
        return size

    def count(self, worker: int) -> int:
        """Return how many entries an oplog has, those too that count no more."""
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

        Those are the entries that count no more, and what stands before the last snapshot: of calls of the worker,
        their keys and results stay.
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
        """Raise if the oplog no longer has what stood before a position."""
        rows = self.execute("SELECT pruned FROM workers WHERE number = ?", worker)
        with undamaged("the state file: how far an oplog is pruned"):
            is_gone = bool(rows) and position < int(rows[0]["pruned"])
        if is_gone:
            raise WorkerError(
                f"entry {position} stands before the snapshot at entry {rows[0]['pruned']}, where the oplog was pruned"
            )

    def shrink(self) -> None:
        """Give the space of what was removed back to the file system."""
        with self._lock, self._explained():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy_oplog(self, source: int, target: int, last: int) -> None:
        """Begin a worker's oplog with another's, up to a position."""
        columns = _ENTRY.replace("position, ", "")
        self.execute(
            f"INSERT INTO oplog (worker, position, {columns}) "  # noqa: S608
            f"SELECT ?, position, {columns} FROM oplog WHERE worker = ? AND position <= ?",
            target, source, last,
        )  # fmt: skip


def _entry(row: Any) -> Entry:
    with undamaged(f"entry {row['position']!r} of the oplog"):
        response = None if row["response"] is None else _encoded(row["response"], row["response_data"])
        return Entry(
            as_text(row["kind"]), as_text(row["name"]), _encoded(row["request"], row["request_data"]), response,
            key=as_text(row["key"]), at=int(row["at"]), position=int(row["position"]), dead=bool(row["dead"]),
        )  # fmt: skip


def _encoded(text: Any, data: Any) -> Encoded:
    if not isinstance(data, bytes):
        raise TypeError(f"{data!r:.40} is not bytes")
    return Encoded(as_text(text), data)


def _reason(error: Exception) -> str:
    text = str(error)
    if "locked" in text or "busy" in text:
        return "the state file is locked: another program is writing to it. Try again when that is done."
    if "not a database" in text or "malformed" in text or "decode" in text:
        return f"the state file is damaged, or is no state file at all ({text}). Move it away; a new one is made then."
    if "full" in text or "disk I/O" in text:
        return f"the state file cannot grow ({text}). What was written before is kept; make room and try again."
    if "readonly" in text or "unable to open" in text:
        return f"the state file cannot be written to ({text})"
    return f"the state file cannot be used: {text}"
