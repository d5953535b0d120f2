"""Stops a running guest, because its deadline has passed or its call was cancelled.

Compiled guest code checks at every loop and call whether the engine's epoch has advanced. Each interruptible store has
a deadline of one epoch, and a callback that decides whether to stop or to continue. Advancing the epoch therefore asks
all stores of the engine, and only the intended ones stop. While the epoch does not advance, nothing is called.

While a call runs on the main thread, epochs advance continuously: the callback is Python code, so Python runs pending
signal handlers in it. That is how Ctrl-C reaches a guest that spins.
"""

from __future__ import annotations

import struct
import weakref
from threading import get_ident
from time import monotonic
from typing import Final, Protocol, TypeVar

import wasmtime

from ..capi import ffi
from ..capi.entry import c_callback, errors, guarded
from ..errors import DeadlineError, EngineError
from .watch import main_thread, watch

__all__ = ["Interruption"]

T = TypeVar("T")

_TICK: Final = 1.0
"""Stands for a deadline where there is none, but handlers of signals have to run."""

_watched: Final = watch.calls

_go_on: Final = struct.Struct("<Q").pack_into


class _Owner(Protocol):
    """The store that an interruption belongs to."""

    _raised: BaseException | None


class _Call:
    """A running call: its thread, its deadline (0 for none), and the cause that ends it.

    Stopping acts on this object, so a late attempt to stop one call never stops the next.
    """

    __slots__ = ("cause", "due", "thread")

    def __init__(self, thread: int, due: float) -> None:
        self.thread = thread
        self.due = due
        self.cause: BaseException | None = None


class Interruption:
    """Stops the calls of one store. Only outermost calls count; nested calls of host code belong to them."""

    def __init__(self, owner: _Owner, store: wasmtime.Store, deadline: float | None) -> None:
        self._engine = store.engine
        self._owner = owner
        self._deadline = deadline
        self.call: _Call | None = None
        """The running call; the store removes it when the call ends."""
        self.callback = c_callback(ffi.EPOCH_CALLBACK, self._ask)
        ffi.set_epoch_callback(store, self.callback)
        store.set_epoch_deadline(1)
        self._known = weakref.ref(self)
        hash(self._known)  # which it keeps: the garbage collector may let go of this before it closes the store

    def enter(self) -> None:
        """Begin an outermost call."""
        thread, deadline = get_ident(), self._deadline
        call = self.call = _Call(thread, 0.0 if deadline is None else monotonic() + deadline)
        if deadline is not None or thread == main_thread.ident:
            _watched.add(self._known)
            if not watch.is_running:
                self._start_watch(call)

    def _start_watch(self, call: _Call) -> None:
        try:
            watch.start()
        except EngineError as error:
            # The interpreter is shutting down. Running no guest is better than running one that nothing can stop.
            self._stop(call, error)

    @property
    def remaining(self) -> float | None:
        """The remaining seconds of the running call, below 0 if it is late; None without a deadline."""
        call = self.call
        return call.due - monotonic() if call is not None and call.due else None

    def stop(self, cause: BaseException) -> None:
        """Make the running call end with an exception, from any thread. This interrupts wasm, but not host code."""
        call = self.call
        if call is not None:
            self._stop(call, cause)

    def _stop(self, call: _Call, cause: BaseException) -> None:
        if call.cause is None:
            call.cause = cause
        # Each time: it may not have been inside wasm before.
        self._engine.increment_epoch()

    def look(self, now: float) -> float | None:
        """Stop a call whose deadline has passed, and let signal handlers run during others; see `watch.Watched`."""
        call = self.call
        if call is None:
            return None
        if not self._check(call, now) and call.thread == main_thread.ident:
            self._engine.increment_epoch()
        return self._deadline or _TICK

    def forked(self) -> bool:
        """Return whether the running call belongs to the thread that forked."""
        call = self.call
        return call is not None and call.thread == get_ident()

    def _check(self, call: _Call, now: float) -> bool:
        """Stop a call if its deadline has passed; return whether it has."""
        late = bool(call.due) and now >= call.due
        if late:
            unit = "second" if self._deadline == 1 else "seconds"
            self._stop(call, DeadlineError(f"the call took longer than {self._deadline:g} {unit}"))
        return late

    def check_here(self) -> None:
        """Raise the cause that ends the running call; host functions of the runtime call this while they wait."""
        call = self.call
        if call is not None:
            self._check(call, monotonic())
            if call.cause is not None:
                raise call.cause

    def in_time(self, value: T) -> T:
        """Return a host function's result unless the call has been stopped: the guest may not check for that again."""
        self.check_here()
        return value

    @guarded
    def _ask(self, _context: int, _data: int, delta: int, _kind: int) -> int:
        """Return to wasmtime, on the store's thread, whether to continue. Python's signal handlers run here, too."""
        try:
            if self.call is not None and self.call.cause is not None:
                raise self.call.cause  # noqa: TRY301  (this `try` is around everything)
            _go_on(ffi.MEMORY, delta, 1)
        except BaseException as error:  # noqa: BLE001  (goes through wasm, and comes out of the call as it is)
            self._owner._raised = error  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (set without a call)
            for failure in errors.all:
                return failure
        return 0
