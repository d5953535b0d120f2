"""`wasi:keyvalue/cache`. Results are available at once, except for `get-or-set` while another provides the value."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final, Self, TypeVar, cast

from witgen_runtime.host import ByteStreamReader, Pollable
from witgen_runtime.values import Err, Ok

from ..._bindings.host import wasi_keyvalue_cache, wasi_keyvalue_types
from ..._bindings.host.wasi_keyvalue_wasi_keyvalue_error import Error
from ..._bindings.types.wasi_keyvalue_cache import GetOrSetEntry, GetOrSetEntryOccupied, GetOrSetEntryVacant
from ..._bindings.types.wasi_keyvalue_wasi_keyvalue_error import ErrorException
from ..waiting import LOOK_AGAIN, look
from .file import KeyValueFile, StoreError
from .values import Failure, IncomingValue, OutgoingValue, declared, failure

__all__ = ["Cache"]

T = TypeVar("T")

_logger = logging.getLogger(__name__)

_KNOWN: Final = Pollable()
"""The pollable of all outcomes that are known; always ready."""
_KNOWN.set()


class _Known:
    """Known outcome. It can be read repeatedly; each read returns a new value."""

    def __init__(self, found: bytes | None = None, failed: str | None = None) -> None:
        self._found = found
        self._failed = failed

    @classmethod
    def of(cls, operation: Callable[[], bytes | None]) -> Self:
        """Run an operation of the store and return its outcome."""
        try:
            return cls(operation())
        except (StoreError, OSError) as error:
            return cls(failed=str(error))

    def outcome(self) -> Ok[bytes | None] | Err[Error]:
        """Return the outcome."""
        return Ok(self._found) if self._failed is None else Err(Failure(self._failed))

    def _save(self) -> bytes:
        if self._failed is not None:
            return b"!" + self._failed.encode()
        return b"" if self._found is None else b"=" + self._found

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        return cls(failed=data[1:].decode()) if data[:1] == b"!" else cls(data[1:] if data else None)


def _unwrapped(outcome: Ok[T] | Err[Error]) -> T:
    """Return the value of an outcome, or raise the error that WIT declares."""
    if isinstance(outcome, Err):
        raise ErrorException(outcome.value)
    return outcome.value


class FutureGet(_Known, wasi_keyvalue_cache.FutureGetResult):
    """Result of `get`."""

    def future_get_result_get(self) -> Ok[wasi_keyvalue_types.IncomingValue | None] | Err[Error]:
        """Return the outcome."""
        outcome = self.outcome()
        if isinstance(outcome, Err):
            return outcome
        return Ok(None if outcome.value is None else IncomingValue(outcome.value))

    def wait(self) -> wasi_keyvalue_types.IncomingValue | None:
        """Return the outcome, or raise the error."""
        return _unwrapped(self.future_get_result_get())

    def listen_to_future_get_result(self) -> Pollable:
        """Return a pollable that is ready."""
        return _KNOWN


class FutureExists(_Known, wasi_keyvalue_cache.FutureExistsResult):
    """Result of `exists`."""

    def future_exists_result_get(self) -> Ok[bool] | Err[Error]:
        """Return the outcome."""
        outcome = self.outcome()
        return outcome if isinstance(outcome, Err) else Ok(outcome.value is not None)

    def wait(self) -> bool:
        """Return the outcome, or raise the error."""
        return _unwrapped(self.future_exists_result_get())

    def listen_to_future_exists_result(self) -> Pollable:
        """Return a pollable that is ready."""
        return _KNOWN


class FutureDone(_Known, wasi_keyvalue_cache.FutureResult):
    """Result of `set` and `delete`."""

    def future_result_get(self) -> Ok[None] | Err[Error]:
        """Return the outcome."""
        outcome = self.outcome()
        return outcome if isinstance(outcome, Err) else Ok(None)

    def wait(self) -> None:
        """Raise the error, if there is one."""
        _unwrapped(self.future_result_get())

    def listen_to_future_result(self) -> Pollable:
        """Return a pollable that is ready."""
        return _KNOWN


class FutureGetOrSet(wasi_keyvalue_cache.FutureGetOrSetResult):
    """Result of `get-or-set`: a value, or the duty to provide it, once known."""

    def __init__(self, cache: Cache, key: str) -> None:
        self.key = key
        self._cache = cache
        self._known = Pollable()
        self._settled = threading.Event()
        self._outcome: Ok[bytes | None] | Err[Error] | None = None
        self._vacancy = False

    def settle(self, outcome: Ok[bytes | None] | Err[Error]) -> None:
        """Set the outcome; no value means that the component has to provide it."""
        self._outcome = outcome
        self._vacancy = isinstance(outcome, Ok) and outcome.value is None
        self._known.set()
        self._settled.set()

    def wait(self) -> GetOrSetEntry:
        """Wait for the outcome and return it, or raise the error."""
        while not self._settled.wait(LOOK_AGAIN):
            look()
        entry = self.future_get_or_set_result_get()
        return _unwrapped(Err(Failure("nothing waits for this value any more")) if entry is None else entry)

    def future_get_or_set_result_get(self) -> Ok[GetOrSetEntry] | Err[Error] | None:
        """Return the outcome, None while it is not known."""
        outcome = self._outcome
        if outcome is None:
            return None
        if isinstance(outcome, Err):
            return Err(Failure(outcome.value.trace()))
        if outcome.value is not None:
            return Ok(GetOrSetEntryOccupied(IncomingValue(outcome.value)))
        if not self._vacancy:
            return Err(Failure("the vacancy was already given away"))
        self._vacancy = False
        return Ok(GetOrSetEntryVacant(self._cache.duty(self.key)))

    def listen_to_future_get_or_set_result(self) -> Pollable:
        """Return a pollable that is ready when the outcome is known."""
        return self._known

    def dropped(self) -> None:
        """Stop waiting; a vacancy that the component has not taken passes to the next caller."""
        self._known.close()
        self._settled.set()
        self._cache.forget(self, vacant=self._vacancy)


class Vacancy(wasi_keyvalue_cache.Vacancy):
    """Duty to provide a value. A vacancy restored by replay has none, because nothing waits for it."""

    cache: ClassVar[Cache]

    def __init__(self, key: str, *, has_duty: bool = True) -> None:
        self._key = key
        self._has_duty = has_duty

    def vacancy_fill(self, ttl_ms: int | None) -> wasi_keyvalue_types.OutgoingValue:
        """Return the outgoing value to write to."""
        self._has_duty = False
        return CachedValue(self.cache, self._key, ttl_ms)

    def dropped(self) -> None:
        """Pass the duty to the next caller."""
        if self._has_duty:
            self.cache.vacate(self._key)

    def _save(self) -> bytes:
        return self._key.encode()

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        return cls(data.decode(), has_duty=False)


class CachedValue(OutgoingValue):
    """Value of a vacancy, stored when its content is set, or when its stream or the value itself is dropped."""

    def __init__(self, cache: Cache, key: str, ttl_ms: int | None) -> None:
        super().__init__()
        self._cache = cache
        self._key = key
        self._ttl_ms = ttl_ms
        self._stored = False

    def outgoing_value_write_body_sync(self, value: bytes) -> None:
        """Set the content, and store it."""
        super().outgoing_value_write_body_sync(value)
        with declared():
            self._cache.fill(self._key, value, self._ttl_ms)
        self._stored = True

    def take_body(self, data: ByteStreamReader) -> None:
        """Read the content from a stream, and store it when the stream has ended."""
        content = self.written.take(data)
        if content is None:
            raise failure("this value already has a stream")
        self._stored = True
        content.add_done_callback(lambda _: self._store())

    def dropped(self) -> None:
        """Store the content of the stream. Without content, pass the duty to the next caller."""
        if not self._stored and self.written.has_stream:
            self._store()
        elif not self._stored:
            self._cache.vacate(self._key)
        super().dropped()

    def _save(self) -> bytes:
        return b""

    def _store(self) -> None:
        try:
            self._cache.fill(self._key, self.written.read(), self._ttl_ms)
        except Exception as error:  # noqa: BLE001  (a drop cannot fail, and who waits becomes the next to provide it)
            _logger.warning("the cached value under %r is lost: %s", self._key, error)
            self._cache.vacate(self._key)


class Cache(wasi_keyvalue_cache.Cache):
    """The cache, and the callers that wait for keys to be provided."""

    FutureGetResult = FutureGet
    FutureExistsResult = FutureExists
    FutureResult = FutureDone
    FutureGetOrSetResult = FutureGetOrSet
    Vacancy: type[wasi_keyvalue_cache.Vacancy]

    def __init__(self, file: KeyValueFile) -> None:
        self.duty = type("Vacancy", (Vacancy,), {"cache": self})
        self.Vacancy = self.duty
        self._file = file
        self._lock = threading.RLock()
        self._waiting: dict[str, deque[FutureGetOrSet]] = {}
        """Waiting callers by the key that another caller has the duty to provide."""

    def get(self, k: str) -> FutureGet:
        """Look for a value."""
        return FutureGet.of(lambda: self._file.cached(k, time.time()))

    def exists(self, k: str) -> FutureExists:
        """Check whether there is a value."""
        return FutureExists.of(lambda: self._file.cached(k, time.time()))

    def set(self, k: str, v: wasi_keyvalue_types.OutgoingValue, ttl_ms: int | None) -> FutureDone:
        """Store a value."""
        # The runtime passes only instances of this class.
        written = cast("OutgoingValue", v).written
        return FutureDone.of(lambda: self.fill(k, written.read(), ttl_ms))

    def get_or_set(self, k: str) -> FutureGetOrSet:
        """Look for a value; without one, take the duty to provide it, or wait for the caller that has it."""
        future = FutureGetOrSet(self, k)
        with self._lock:
            found = FutureGet.of(lambda: self._file.cached(k, time.time())).outcome()
            if found == Ok(None) and k in self._waiting:
                self._waiting[k].append(future)
            else:
                if found == Ok(None):
                    self._waiting[k] = deque()
                future.settle(found)
        return future

    def delete(self, k: str) -> FutureDone:
        """Remove a value."""
        return FutureDone.of(lambda: self._file.uncache(k))

    def fill(self, key: str, content: bytes, ttl_ms: int | None) -> None:
        """Store a value and hand it to the waiting callers."""
        now = time.time()
        with self._lock:
            self._file.cache(key, content, now, None if ttl_ms is None else now + ttl_ms / 1000)
            for future in self._waiting.pop(key, ()):
                future.settle(Ok(content))

    def vacate(self, key: str) -> None:
        """Pass the duty to provide a value to the next waiting caller."""
        with self._lock:
            waiting = self._waiting.get(key)
            if waiting:
                waiting.popleft().settle(Ok(None))
            elif waiting is not None:
                del self._waiting[key]

    def forget(self, future: FutureGetOrSet, *, vacant: bool) -> None:
        """Stop waiting on behalf of a future; `vacant` if it had the duty to provide the value."""
        with self._lock:
            waiting = self._waiting.get(future.key, deque())
            if future in waiting:
                waiting.remove(future)
            elif vacant:
                self.vacate(future.key)
