"""Buckets of `wasi:keyvalue` as mappings."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager
from typing import Self

from .._bindings.types.wasi_keyvalue_wasi_keyvalue_error import ErrorException
from .wrappers import wasi_keyvalue_atomic as _atomic
from .wrappers import wasi_keyvalue_eventual as _eventual
from .wrappers import wasi_keyvalue_eventual_batch as _eventual_batch
from .wrappers import wasi_keyvalue_types as _types
from .wrappers import wasi_keyvalue_wasi_keyvalue_error as _wasi_keyvalue_error

__all__ = [
    "Bucket",
    "KeyValueError",
]


class KeyValueError(Exception):
    """The store failed; the text is what it says."""


def _text(error: object) -> str:
    if isinstance(error, _wasi_keyvalue_error.Error):
        return error.trace()
    return str(error)


@contextmanager
def _failures() -> Generator[None]:
    """Raise what the store reports with its text."""
    try:
        yield
    except ErrorException as failure:
        raise KeyValueError(_text(failure.value)) from None


def _content(value: _types.IncomingValue) -> bytes:
    with value:
        return value.incoming_value_consume_sync()


def _value(content: bytes | bytearray | memoryview) -> _types.OutgoingValue:
    value = _types.OutgoingValue.new_outgoing_value()
    value.outgoing_value_write_body_sync(content)
    return value


class Bucket(MutableMapping[str, bytes]):
    """A bucket as a mapping of its keys to their values; `with` drops the handle at its end.

    Every access asks the store, and any of them can raise `KeyValueError`. What the store holds changes with others
    that write to it. `get_many`, `set_many` and `delete_many` do in one call what would be a loop otherwise.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        with _failures():
            self.handle = _types.Bucket.open_bucket(name)

    def __getitem__(self, key: str) -> bytes:
        with _failures():
            value = _eventual.get(self.handle, key)
            if value is not None:
                return _content(value)
        raise KeyError(key)

    def __setitem__(self, key: str, value: bytes | bytearray | memoryview) -> None:
        with _failures(), _value(value) as outgoing:
            _eventual.set(self.handle, key, outgoing)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        with _failures():
            _eventual.delete(self.handle, key)

    def __contains__(self, key: object) -> bool:
        with _failures():
            return isinstance(key, str) and _eventual.exists(self.handle, key)

    def __iter__(self) -> Iterator[str]:
        with _failures():
            return iter(_eventual_batch.keys(self.handle))

    def __len__(self) -> int:
        with _failures():
            return len(_eventual_batch.keys(self.handle))

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the values of those keys that are there."""
        wanted = list(keys)
        with _failures():
            found = zip(
                wanted, _eventual_batch.get_many(self.handle, wanted), strict=False
            )
            return {key: _content(value) for key, value in found if value is not None}

    def set_many(self, values: Mapping[str, bytes]) -> None:
        """Store several values; after a failure some of them may be stored."""
        with _failures(), ExitStack() as stack:
            made = {k: stack.enter_context(_value(v)) for k, v in values.items()}
            _eventual_batch.set_many(self.handle, made.items())

    def delete_many(self, keys: Iterable[str]) -> None:
        """Delete several keys; it does not matter whether they are there."""
        with _failures():
            _eventual_batch.delete_many(self.handle, keys)

    def clear(self) -> None:
        """Delete all keys."""
        self.delete_many(list(self))

    def increment(self, key: str, delta: int = 1) -> int:
        """Add to the number under a key, in one step that no other writer can come between, and return the sum."""
        with _failures():
            return _atomic.increment(self.handle, key, delta)

    def compare_and_swap(self, key: str, old: int, new: int) -> bool:
        """Set the number under a key to `new` if it is `old`; tell whether it was."""
        with _failures():
            return _atomic.compare_and_swap(self.handle, key, old, new)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.drop()
