"""Stopping a guest that runs: because its time is up, or because somebody no longer wants the result.

wasmtime asks a guest at every loop and call whether the engine's epoch has advanced. Each store that can be stopped has
a deadline of one epoch, and a callback that says whether to stop or to go on; so advancing the epoch asks all stores of
the engine, and only those that are meant stop. While no epoch advances, nothing is called.
"""

from __future__ import annotations

import struct
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Final, Protocol

import wasmtime

from . import ffi
from .entry import c_callback, errors, guarded
from .errors import DeadlineError

__all__ = ["Interruption"]

_CHECKS: Final = 50
"""How many times within a deadline the clock is looked at, and so how exact it is: to a fiftieth."""

_go_on: Final = struct.Struct("<Q").pack_into


class _Owner(Protocol):
    """The store that an interruption belongs to."""

    _raised: BaseException | None


@dataclass(slots=True)
class _Call:
    """A call under way: when it has to be over (0 for never), and why it is to end."""

    due: float = 0.0
    cause: BaseException | None = None


class Interruption:
    """What can stop the calls of one store. A call is outermost: what host code calls meanwhile belongs to it."""

    def __init__(self, owner: _Owner, store: wasmtime.Store, deadline: float | None) -> None:
        self._engine = store.engine
        self._owner = owner
        self._deadline = deadline
        self.call: _Call | None = None
        """The call under way. The store forgets it when the call is over."""
        self.callback = c_callback(ffi.EPOCH_CALLBACK, self._ask)
        ffi.set_epoch_callback(store, self.callback)
        store.set_epoch_deadline(1)
        if deadline is not None:
            _watch.add(self, deadline)

    def enter(self) -> None:
        """Begin an outermost call."""
        self.call = _Call() if self._deadline is None else _Call(time.monotonic() + self._deadline)

    def stop(self, cause: BaseException) -> None:
        """Let the call under way end with an exception, from any thread. Host code is not interrupted, wasm is."""
        call = self.call
        if call is not None and call.cause is None:
            call.cause = cause
            self._engine.increment_epoch()

    def check(self, now: float) -> None:
        """Stop a call whose time is up."""
        call = self.call
        if call is not None and call.due and now >= call.due:
            self.stop(DeadlineError(f"the call took longer than {self._deadline:g} seconds"))

    def check_here(self) -> None:
        """Raise what the call under way has to end with: for its own host code, while that waits for something."""
        self.check(time.monotonic())
        if self.call is not None and self.call.cause is not None:
            raise self.call.cause

    @guarded
    def _ask(self, _context: int, _data: int, delta: int, _kind: int) -> int:
        """Tell wasmtime, on the store's thread, whether to go on. Python's signal handlers run here, too."""
        try:
            if self.call is not None and self.call.cause is not None:
                raise self.call.cause  # noqa: TRY301  (this `try` is around everything)
            _go_on(ffi.MEMORY, delta, 1)
        except BaseException as error:  # noqa: BLE001  (goes through wasm, and comes out of the call as it is)
            self._owner._raised = error  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (set without a call)
            for failure in errors.all:
                return failure
        return 0


class _Watch:
    """A thread that looks at the clock while there are stores with deadlines."""

    def __init__(self) -> None:
        self._watched: weakref.WeakKeyDictionary[Interruption, float] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._running = False

    def add(self, interruption: Interruption, deadline: float) -> None:
        with self._lock:
            self._watched[interruption] = deadline
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="deadlines of stores", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._watched:
                    self._running = False
                    return
                pause = _check_all(dict(self._watched))
            time.sleep(pause)


def _check_all(watched: dict[Interruption, float]) -> float:
    """Stop the calls whose time is up; return how long to wait until the next look."""
    now = time.monotonic()
    for interruption in watched:
        interruption.check(now)
    return min(max(min(watched.values(), default=0.0) / _CHECKS, 0.001), 0.1)


_watch = _Watch()
