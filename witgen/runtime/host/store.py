"""A store: one guest's memory and everything that the host keeps for it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn, Self, TypeVar, cast

import wasmtime

from . import ffi
from .around import Around
from .engine import bounds, default_engine, prove, suit
from .errors import (
    EngineError,
    FuelError,
    GuestExit,
    HostError,
    LinkError,
    MemoryLimitError,
    StoreDeadError,
    ThreadError,
    Trap,
)
from .explained import explained
from .interruption import Interruption
from .limits import Limits, grant
from .memory import Budget, create_here
from .resource import HostResource
from .stream_files import prepare
from .table import ObjectTable

__all__ = ["Store"]

T = TypeVar("T")

_OUT_OF_FUEL = "all fuel consumed by WebAssembly"
_TOO_MUCH = "fuel allocated for hostcalls has been exhausted"


class Store:
    """Runs components. One thread at a time may use it; different stores run in parallel threads.

    A store in which a call failed (the guest trapped, or host code raised something that WIT does not declare) cannot
    be used any more, as everything that lives in it: that is wasmtime's rule. `dead` is then the first failure.

    Closing a store calls `dropped()` of every host object that a guest still holds.

    Args:
        engine: which engine; by default one with the settings that the rest needs.
        wasi: what guests see of this machine; by default they share stdout and stderr.
        limits: what guests may use.
        concurrent: whether guests may have async functions.
        streams: whether host methods may return `OutputStream`, and `InputStream` without a thread for each.
        http: whether guests may send HTTP requests by wasmtime's own `wasi:http`.
    """

    dead: BaseException | None = None
    finish: Callable[[object], object] | None = None
    """What completes a value that an implementation returned, where they may be coroutines."""
    loop: asyncio.AbstractEventLoop | None = None
    """Where coroutines of implementations run, where they may be."""
    interruption: Interruption | None = None
    _depth = 0
    """How many calls are under way inside each other, where that is counted."""
    _closed = False
    _http = False
    _raised: BaseException | None = None

    def __init__(
        self,
        engine: wasmtime.Engine | None = None,
        *,
        wasi: wasmtime.WasiConfig | None = None,
        limits: Limits | None = None,
        concurrent: bool = False,
        streams: bool = False,
        http: bool = False,
    ) -> None:
        self.limits = limits or Limits()
        settings = self.limits.settings(concurrent=concurrent)
        self.engine = engine or default_engine(settings)
        suit(self.engine, settings)
        prove(self.engine)
        self.concurrent = concurrent
        """Whether guests may have async functions."""
        self.streams = streams
        """Whether files can become streams of its guests."""
        self.http = http
        """Whether guests may use wasmtime's `wasi:http`."""
        self.budget = Budget(self.limits.memory) if self.limits.memory and bounds(self.engine) else None
        self.raw = _raw_store(self, wasi or _quiet_wasi())
        self.context = ffi.context_of(self.raw)
        self.table = ObjectTable()
        self.keep: list[object] = []
        """What the C library has pointers to."""
        self.destructor = ffi.DESTRUCTOR(self._destroy)
        self.idle: Callable[[float], bool] = ffi.sleep
        """What waits so many seconds while an async call cannot go on, and tells whether it can earlier."""
        self._enders: list[Callable[[], None]] = []
        self.around = Around()
        self._lock = threading.RLock()
        self._extensions: dict[object, Any] = {}
        self._hooks: list[Callable[[], None]] = []
        # What has to be done before the next call: empty as long as nothing is out of the ordinary.
        self._attention: deque[object] = deque()
        self._jobs: deque[Callable[[], None]] = deque()
        self._abandoned: deque[int] = deque()
        if settings.interruptible:
            self.interruption = Interruption(self.raw, self.limits.deadline, self.raised)
        self.call_environment = self._environment()

    def _environment(self) -> dict[str, Any]:
        """Return what the converters name of a store."""
        plain = self.interruption is None and self.budget is None
        return {
            "_acquire": self._lock.acquire if plain else self._acquire,
            "_release": self._lock.release if plain else self._release,
            "_attention": self._attention, "_attend": self._attend, "_attend_inside": self._run_jobs,
            "_refuse_thread": self._refuse_thread, "_failed": self.failed, "_raised": self.raised,
            "_context": ffi.Address(self.context), "_call_async": self._call_async,
        }  # fmt: skip

    def _call_async(self, *arguments: Any) -> int | None:
        """Call an async function to its end. Where that is broken off, the store has tasks that nobody runs."""
        try:
            return self.around.call_async(*arguments, idle=self.idle)
        except BaseException as cause:
            self._die(cause)
            raise

    def extension(self, key: object, factory: Callable[[Store], T]) -> T:
        """Return what a part of the runtime keeps per store, made at first use."""
        if key not in self._extensions:
            self._extensions[key] = factory(self)
        return cast("T", self._extensions[key])

    def on_end(self, end: Callable[[], None]) -> None:
        """Call `end` once no guest can go on: when one has failed, and when the store is closed."""
        self._enders.append(end)
        self.on_close(end)

    def on_close(self, hook: Callable[[], None]) -> None:
        """Run `hook` when the store closes, while the C store still exists."""
        self._hooks.append(hook)

    def enable_http(self) -> None:
        """Let components of this store use `wasi:http`, if their linker has it."""
        if not self._http:
            self.raw.set_wasi_http()
            self._http = True

    def is_entered_here(self) -> bool:
        """Say whether the current thread is inside a call of this store, and so may use it without asking."""
        return _is_owned(self._lock)

    def call_soon(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread when that is next in Python. Any thread may ask, finalizers too.

        That is before a host function runs and before an export's code does. A store that closes forgets its jobs.
        """
        self._jobs.append(job)
        self._attention.append(None)

    def abandon(self, box: int) -> None:
        """Drop a handle before the next call; from any thread, finalizers too."""
        if self._closed:
            ffi.any_delete(box)
        else:
            self._abandoned.append(box)
            self._attention.append(None)

    def release(self, box: int) -> None:
        """Drop a handle now, or before the next call if a call is under way."""
        busy = self._closed or self.dead is not None or _is_owned(self._lock)
        if busy or not self._acquire():
            self.abandon(box)
            return
        try:
            self._drop(box)
        finally:
            self._release()

    @contextmanager
    def entered(self) -> Generator[None]:
        """Keep other threads out while wasmtime-py's own functions are used."""
        self._attend()
        self._enter()
        try:
            with create_here(self.budget):
                yield
        finally:
            self._release()

    def start_failed(self, error: wasmtime.WasmtimeError) -> NoReturn:
        """End an instantiation that failed: in host code, in the guest's start code, or before either."""
        text = str(error)
        if self._raised is None and "wasm trap" not in text and "wasm backtrace" not in text:
            if "exceeds memory limits" in text:
                raise MemoryLimitError(text) from None
            raise LinkError(text) from None
        cause = self._cause(text, None)
        self._die(cause)
        raise cause

    def interrupt(self, cause: BaseException) -> None:
        """End the call under way with `cause`, from another thread; the store must be interruptible."""
        if self.interruption is None:
            raise EngineError("this store cannot be interrupted; open it with Limits(interruptible=True)")
        self.interruption.stop(cause)

    def usable(self) -> None:
        """Raise if no call can be made any more."""
        if self.dead is not None:
            raise StoreDeadError("this store cannot be used any more: a call in it failed") from self.dead
        if self._closed:
            raise StoreDeadError("this store is closed")

    def raised(self, error: BaseException) -> int:
        """Keep what host code raised until the call that led to it ends; return an error for the C library."""
        self._raised = error
        return int(ffi.error_new(b"host code raised an exception"))

    def failed(self, failure: int) -> NoReturn:
        """End a call that failed: with the exception of host code, or with what the guest did."""
        cause = self._cause(*ffi.error_message(failure))
        self._die(cause)
        raise cause

    def _cause(self, text: str, code: int | None) -> BaseException:
        """Return what ended a call: the exception of host code, or what the guest did."""
        cause, self._raised = self._raised, None
        if cause is not None:
            return cause
        if code is not None:
            return GuestExit(code)
        if _OUT_OF_FUEL in text:
            return FuelError(f"the guest has used up its fuel, {self.limits.fuel}")
        if (meant := explained(text)) is not None:
            return meant
        trap = Trap(text)
        if self.budget is not None and self.budget.refused:
            asked = f"the guest asked for a memory of {self.budget.refused} bytes"
            error = MemoryLimitError(f"{asked}, and its store allows {self.budget.limit}")
            error.__cause__ = trap
            return error
        if _TOO_MUCH in text:
            trap.add_note("A guest can hand over 128 MiB of values per call, about 2.7 million elements of lists.")
        elif self.limits.memory is not None:
            trap.add_note(f"The store allows each memory {self.limits.memory} bytes; maybe the guest needs more.")
        return trap

    def _die(self, cause: BaseException) -> None:
        if self.dead is None:
            self.dead = cause
            self._attention.append(None)
            for end in self._enders:
                end()

    def tell_dropped(self, instance: HostResource) -> None:
        """Tell a host object that no guest has it any more."""
        told = instance._tell_dropped()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (WIT may use other names)
        if self.finish is not None:
            self.finish(told)

    def _destroy(self, _data: int, _context: int, number: int) -> int:
        """Be told that a guest dropped a handle of a host object."""
        try:
            self.tell_dropped(self.table.take(number))
        except BaseException as error:  # noqa: BLE001  (goes through wasm, and comes out of the call as it is)
            return self.raised(error)
        return 0

    def close(self) -> None:
        """Close the store: `dropped()` of every object that a guest holds is called; twice is fine."""
        if self._closed:
            return
        if _is_owned(self._lock):
            raise HostError("a store cannot be closed while a call in it is under way")
        self._enter()
        try:
            self._closed = True
            self._attention.append(None)
            told = [partial(self.tell_dropped, self.table.take(number)) for number in list(self.table.objects)]
            failures = _failures([*self._hooks, *told])
            for box in self._abandoned:
                ffi.any_delete(box)
            self._abandoned.clear()
            self.raw.close()
            self.keep.clear()
        finally:
            self._release()
        if failures:
            raise failures[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        # A store that could not be made has no lock yet.
        if hasattr(self, "_abandoned"):
            self.close()

    def _enter(self) -> None:
        if not self._acquire():
            self._refuse_thread()

    def _acquire(self, _blocking: object = None) -> bool:
        if not self._lock.acquire(blocking=False):
            return False
        if self.budget is not None and not self._depth:
            self.budget.refused = 0
        self._depth += 1
        if self.interruption is not None:
            self.interruption.enter()
        return True

    def _release(self) -> None:
        if self.interruption is not None:
            self.interruption.leave()
        self._depth -= 1
        self._lock.release()

    def _refuse_thread(self) -> NoReturn:
        raise ThreadError("this store is in use by another thread; a store takes one call at a time")

    def _attend(self) -> None:
        """Do what has come up since the last call."""
        if not self._attention:
            return
        self.usable()
        if _is_owned(self._lock):
            self._run_jobs()
            return
        self._enter()
        try:
            self._run_jobs()
            while self._abandoned:
                self._drop(self._abandoned.popleft())
            # In this order, so that what comes up meanwhile is not forgotten.
            self._attention.clear()
            if self._jobs or self._abandoned:
                self._attention.append(None)
        finally:
            self._release()

    def _run_jobs(self) -> None:
        while self._jobs:
            self._jobs.popleft()()

    def _drop(self, box: int) -> None:
        try:
            failure = ffi.any_drop(self.context, box)
        finally:
            ffi.any_delete(box)
        if failure:
            self.failed(failure)


def _raw_store(owner: Store, wasi: wasmtime.WasiConfig) -> wasmtime.Store:
    """Make the C library's store, with what its owner allows."""
    if owner.streams:
        prepare(wasi)
    raw = wasmtime.Store(owner.engine)
    raw.set_wasi(wasi)
    grant(raw, owner.limits, bounded=owner.budget is not None)
    return raw


def _is_owned(lock: threading.RLock) -> bool:
    """Say whether the current thread holds a lock; `threading.Condition` asks the same way."""
    return bool(getattr(lock, "_is_owned")())  # noqa: B009  (private: the name must not look public)


def _failures(hooks: list[Callable[[], None]]) -> list[BaseException]:
    failures: list[BaseException] = []
    for hook in hooks:
        try:
            hook()
        except BaseException as failure:  # noqa: BLE001  (the store must close whatever a hook raises)
            failures.append(failure)
    return failures


def _quiet_wasi() -> wasmtime.WasiConfig:
    """Return what a guest gets unless told otherwise: it may print (a guest's own tracebacks come that way)."""
    wasi = wasmtime.WasiConfig()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    return wasi
