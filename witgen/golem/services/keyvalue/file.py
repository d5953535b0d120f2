"""The file behind `wasi:keyvalue`: buckets and a cache in SQLite."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..errors import ServiceError

__all__ = ["KeyValueFile", "StoreError"]

_FORMAT: Final = 1
_U64: Final = (1 << 64) - 1
_DIGITS: Final = len(str(_U64))

_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS value (
    bucket TEXT NOT NULL, key TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cache (key TEXT NOT NULL PRIMARY KEY, content BLOB NOT NULL, expires REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cache_expires ON cache (expires) WHERE expires IS NOT NULL;
PRAGMA user_version = {_FORMAT};
COMMIT;
"""


class StoreError(Exception):
    """Operation that the store cannot do; the text says why."""


class KeyValueFile:
    """Values by bucket and key, and cached ones by key until a moment in Unix time.

    Every method is one transaction, and raises `StoreError`. Any thread may call them, and other processes may have
    the file open: the second writer waits.

    Args:
        path: the file, created if missing.
        patience: the longest wait for other writers, in seconds.
        limit: the size limit of the file, in bytes.

    Raises:
        ServiceError: the file cannot be opened, or is not a key-value store.
    """

    def __init__(self, path: Path, patience: float, limit: int | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
            self._prepare()
            if limit is not None:
                [size] = self._connection.execute("PRAGMA page_size").fetchone()
                self._connection.execute(f"PRAGMA max_page_count = {max(1, limit // size)}")
        except sqlite3.Error as error:
            raise ServiceError(f"{path} cannot be used as a key-value store: {error}") from error

    def _prepare(self) -> None:
        [found] = self._connection.execute("PRAGMA user_version").fetchone()
        if found not in (0, _FORMAT):
            raise ServiceError(f"{self.path} is a key-value store of another version of witgen (format {found})")
        if found == 0:
            # With a write-ahead log, the file stays readable when one of several writing processes is killed.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(_SCHEMA)
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        """Close the file; twice is fine."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Generator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute(begin)
                yield self._connection
                self._connection.execute("COMMIT")
            # OverflowError: a value of more than 2 GiB.
            except (sqlite3.Error, OverflowError) as error:
                self._roll_back()
                raise StoreError(f"{self.path.name}: {error}") from error
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        # There is nothing to roll back if the transaction did not begin, or the file is closed.
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")

    def get_many(self, bucket: str, keys: Iterable[str]) -> list[bytes | None]:
        """Return the values under several keys, in their order."""
        with self._transaction("BEGIN") as connection:
            return [_get(connection, bucket, _checked(key)) for key in keys]

    def keys(self, bucket: str) -> list[str]:
        """Return all keys of a bucket."""
        with self._transaction("BEGIN") as connection:
            return [key for (key,) in connection.execute("SELECT key FROM value WHERE bucket = ?", (bucket,))]

    def set_many(self, bucket: str, values: Iterable[tuple[str, bytes]]) -> None:
        """Store several values."""
        with self._transaction() as connection:
            for key, content in values:
                _set(connection, bucket, _checked(key), content)

    def delete_many(self, bucket: str, keys: Iterable[str]) -> None:
        """Remove the values that exist under several keys."""
        with self._transaction() as connection:
            rows = ((bucket, _checked(key)) for key in keys)
            connection.executemany("DELETE FROM value WHERE bucket = ? AND key = ?", rows)

    def increment(self, bucket: str, key: str, delta: int) -> int:
        """Add to the number under a key, 0 if missing, and return the sum. Numbers are stored as decimal digits."""
        with self._transaction() as connection:
            total = (_number(connection, bucket, _checked(key)) or 0) + delta
            if total > _U64:
                raise StoreError(f"the number under {key!r} would be {total}, which is more than a u64 can be")
            _set(connection, bucket, key, b"%d" % total)
            return total

    def compare_and_swap(self, bucket: str, key: str, old: int, new: int) -> bool:
        """Replace the number under a key if it is `old`."""
        with self._transaction() as connection:
            found = _number(connection, bucket, _checked(key)) == old
            if found:
                _set(connection, bucket, key, b"%d" % new)
            return found

    def cached(self, key: str, now: float) -> bytes | None:
        """Return a cached value that has not expired."""
        query = "SELECT content FROM cache WHERE key = ? AND (expires IS NULL OR expires > ?)"
        with self._transaction("BEGIN") as connection:
            row = connection.execute(query, (_checked(key), now)).fetchone()
            return None if row is None else bytes(row[0])

    def cache(self, key: str, content: bytes, now: float, expires: float | None) -> None:
        """Cache a value, and remove the expired ones."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM cache WHERE expires <= ?", (now,))
            connection.execute("INSERT OR REPLACE INTO cache VALUES (?, ?, ?)", (_checked(key), content, expires))

    def uncache(self, key: str) -> None:
        """Remove a cached value."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM cache WHERE key = ?", (_checked(key),))


def _checked(name: str) -> str:
    """Return a name; refuse one that SQLite would truncate."""
    if "\0" in name:
        raise StoreError(f"{name!r} has a NUL in it")
    return name


def _get(connection: sqlite3.Connection, bucket: str, key: str) -> bytes | None:
    row = connection.execute("SELECT content FROM value WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
    return None if row is None else bytes(row[0])


def _set(connection: sqlite3.Connection, bucket: str, key: str, content: bytes) -> None:
    connection.execute("INSERT OR REPLACE INTO value VALUES (?, ?, ?)", (bucket, key, content))


def _number(connection: sqlite3.Connection, bucket: str, key: str) -> int | None:
    content = _get(connection, bucket, key)
    if content is None:
        return None
    if not content.isdigit():
        raise StoreError(f"the value under {key!r} is not a number")
    digits = content.lstrip(b"0") or b"0"
    if len(digits) > _DIGITS or int(digits) > _U64:
        raise StoreError(f"the number under {key!r} is more than a u64 can be")
    return int(digits)
