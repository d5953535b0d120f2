"""`wasi:keyvalue` in one SQLite file: buckets, values, the eventual, batch and atomic operations."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from ..._bindings.host import (
    wasi_keyvalue_atomic,
    wasi_keyvalue_eventual,
    wasi_keyvalue_eventual_batch,
    wasi_keyvalue_types,
)
from .cache import Cache
from .file import KeyValueFile
from .values import Bucket, Failure, IncomingValue, OutgoingValue, Types, declared

__all__ = ["KeyValue"]


class KeyValue:
    """Key-value store, which any number of components may share.

    Args:
        path: the file, created if missing.
        patience: the longest wait, in seconds, while another process writes to the file.
        limit: the size limit of the file, in bytes; None for no limit.

    Raises:
        ServiceError: the file cannot be used.
    """

    def __init__(self, path: Path, *, patience: float = 5, limit: int | None = None) -> None:
        self.file = KeyValueFile(path, patience, limit)
        self._types = Types()
        self._cache = Cache(self.file)

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
        return {
            "wasi_keyvalue_wasi_keyvalue_error": Failure,
            "wasi_keyvalue_types": self._types,
            "wasi_keyvalue_eventual": Eventual(self.file),
            "wasi_keyvalue_eventual_batch": EventualBatch(self.file),
            "wasi_keyvalue_atomic": Atomic(self.file),
            "wasi_keyvalue_cache": self._cache,
        }

    def close(self) -> None:
        """Close the file; all further operations of components fail."""
        self.file.close()


class Eventual(wasi_keyvalue_eventual.Eventual):
    """Operations on single values."""

    def __init__(self, file: KeyValueFile) -> None:
        self._file = file

    def get(self, bucket: wasi_keyvalue_types.Bucket, key: str) -> IncomingValue | None:
        """Return the value under a key."""
        with declared():
            [content] = self._file.get_many(_name(bucket), [key])
        return None if content is None else IncomingValue(content)

    def set(
        self, bucket: wasi_keyvalue_types.Bucket, key: str, outgoing_value: wasi_keyvalue_types.OutgoingValue
    ) -> None:
        """Store a value under a key."""
        with declared():
            self._file.set_many(_name(bucket), [(key, _content(outgoing_value))])

    def delete(self, bucket: wasi_keyvalue_types.Bucket, key: str) -> None:
        """Remove the value under a key."""
        with declared():
            self._file.delete_many(_name(bucket), [key])

    def exists(self, bucket: wasi_keyvalue_types.Bucket, key: str) -> bool:
        """Return whether there is a value under a key."""
        with declared():
            return self._file.get_many(_name(bucket), [key]) != [None]


class EventualBatch(wasi_keyvalue_eventual_batch.EventualBatch):
    """Operations on several values, each done completely or not at all."""

    def __init__(self, file: KeyValueFile) -> None:
        self._file = file

    def get_many(
        self, bucket: wasi_keyvalue_types.Bucket, keys: list[str]
    ) -> list[wasi_keyvalue_types.IncomingValue | None]:
        """Return the values under several keys."""
        with declared():
            contents = self._file.get_many(_name(bucket), keys)
        return [None if content is None else IncomingValue(content) for content in contents]

    def keys(self, bucket: wasi_keyvalue_types.Bucket) -> list[str]:
        """Return all keys."""
        with declared():
            return self._file.keys(_name(bucket))

    def set_many(
        self, bucket: wasi_keyvalue_types.Bucket, key_values: list[tuple[str, wasi_keyvalue_types.OutgoingValue]]
    ) -> None:
        """Store several values."""
        with declared():
            self._file.set_many(_name(bucket), ((key, _content(value)) for key, value in key_values))

    def delete_many(self, bucket: wasi_keyvalue_types.Bucket, keys: list[str]) -> None:
        """Remove several values."""
        with declared():
            self._file.delete_many(_name(bucket), keys)


class Atomic(wasi_keyvalue_atomic.Atomic):
    """Atomic operations on numbers, which are stored as decimal digits."""

    def __init__(self, file: KeyValueFile) -> None:
        self._file = file

    def increment(self, bucket: wasi_keyvalue_types.Bucket, key: str, delta: int) -> int:
        """Add to a number."""
        with declared():
            return self._file.increment(_name(bucket), key, delta)

    def compare_and_swap(self, bucket: wasi_keyvalue_types.Bucket, key: str, old: int, new: int) -> bool:
        """Replace a number."""
        with declared():
            return self._file.compare_and_swap(_name(bucket), key, old, new)


def _name(bucket: wasi_keyvalue_types.Bucket) -> str:
    # The runtime passes only instances of this class.
    return cast("Bucket", bucket).name


def _content(value: wasi_keyvalue_types.OutgoingValue) -> bytes:
    return cast("OutgoingValue", value).written.read()
