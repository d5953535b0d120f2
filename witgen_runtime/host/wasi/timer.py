"""`Timer`: a `wasi:io/poll.pollable` that becomes ready by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NoReturn

from .internal_component import InternalComponent
from .pollables import Pollable

if TYPE_CHECKING:
    from ..store.store import Store

__all__ = ["Timer"]

_COMPONENT: Final = """(component
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $clock-pollable (eq $outer)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $clock-pollable))))))
  (core func $duration (canon lower (func $clock "subscribe-duration")))
  (core module $module (import "" "duration" (func $duration (param i64) (result i32)))
    (func (export "after") (param i64) (result i32) (call $duration (local.get 0))))
  (core instance $main (instantiate $module (with "" (instance (export "duration" (func $duration))))))
  (func (export "after") (param "nanoseconds" u64) (result (own $pollable)) (canon lift (core func $main "after"))))"""

_LONGEST: Final = 1 << 33
"""The longest duration of the clock in seconds: more than 200 years, limited by its nanosecond counter."""


class Timer(Pollable):
    """A `pollable` that becomes ready after some time, for host implementations of clocks.

    The time runs from when the object is made. Guests get wasmtime's own timers: no thread, no file descriptor, and no
    Python code runs when one becomes ready.
    """

    __slots__ = ("_due",)

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._due = time.monotonic() + seconds

    def is_set(self) -> bool:
        """Return whether the time has elapsed."""
        return time.monotonic() >= self._due

    def set(self) -> NoReturn:
        """Refuse: a timer that a guest has cannot be made to end earlier."""
        raise TypeError("a Timer becomes ready by itself; use a Pollable to set and clear it")

    clear = set

    def _lower_native(self, store: Store) -> int:
        seconds = min(max(self._due - time.monotonic(), 0), _LONGEST)
        return store.extension(_Clock, _Clock).box("after", round(seconds * 1e9))


class _Clock(InternalComponent):
    """Wasmtime's clock in one store. An extension of the store."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, _COMPONENT, ("after",))
