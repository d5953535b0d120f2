"""The key-value store of agents in tests: in memory, and empty for each test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._bindings.guest.testing import Fakes

__all__ = ["KeyValueStore"]

_NUMBER = 8
"""Bytes of a number that `increment` counts."""


class KeyValueStore:
    """Answers what agents ask of `wasi:keyvalue`."""

    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes
        self._buckets: dict[str, dict[str, bytes]] = {}

    def install(self) -> None:
        """Let the fakes answer."""
        types, one = self._fakes.wasi_keyvalue_types, self._fakes.wasi_keyvalue_eventual
        several, atomic = self._fakes.wasi_keyvalue_eventual_batch, self._fakes.wasi_keyvalue_atomic
        types.Bucket.open_bucket.answers(self._open)
        types.OutgoingValue.outgoing_value_write_body_sync.answers(self._write)
        types.IncomingValue.incoming_value_consume_sync.answers(lambda value: bytes(_data(value)))
        types.IncomingValue.incoming_value_size.answers(lambda value: len(_data(value)))
        one.get.answers(self._get)
        one.set.answers(self._set)
        one.delete.answers(self._delete)
        one.exists.answers(lambda bucket, key: key in self._of(bucket))
        several.get_many.answers(lambda bucket, keys: [self._get(bucket, key) for key in keys])
        several.keys.answers(lambda bucket: list(self._of(bucket)))
        several.set_many.answers(self._set_many)
        several.delete_many.answers(self._delete_many)
        atomic.increment.answers(self._increment)
        atomic.compare_and_swap.answers(self._compare_and_swap)

    def _open(self, name: str) -> Any:
        made: Any = self._fakes.wasi_keyvalue_types.Bucket()
        made.name = name
        return made

    def _of(self, bucket: Any) -> dict[str, bytes]:
        return self._buckets.setdefault(bucket.name, {})

    def _write(self, value: Any, content: bytes) -> None:
        value.data = content

    def _get(self, bucket: Any, key: str) -> Any:
        found = self._of(bucket).get(key)
        if found is None:
            return None
        made: Any = self._fakes.wasi_keyvalue_types.IncomingValue()
        made.data = found
        return made

    def _set(self, bucket: Any, key: str, value: Any) -> None:
        self._of(bucket)[key] = _data(value)

    def _delete(self, bucket: Any, key: str) -> None:
        self._of(bucket).pop(key, None)

    def _set_many(self, bucket: Any, values: Iterable[tuple[str, Any]]) -> None:
        for key, value in values:
            self._set(bucket, key, value)

    def _delete_many(self, bucket: Any, keys: Iterable[str]) -> None:
        for key in keys:
            self._delete(bucket, key)

    def _number(self, bucket: Any, key: str) -> int:
        return int.from_bytes(self._of(bucket).get(key, b""), "little")

    def _increment(self, bucket: Any, key: str, delta: int) -> int:
        number = self._number(bucket, key) + delta
        self._of(bucket)[key] = number.to_bytes(_NUMBER, "little")
        return number

    def _compare_and_swap(self, bucket: Any, key: str, old: int, new: int) -> bool:
        if self._number(bucket, key) != old:
            return False
        self._of(bucket)[key] = new.to_bytes(_NUMBER, "little")
        return True


def _data(value: Any) -> bytes:
    return getattr(value, "data", b"")
