"""Timers for componentize-py's event loop, which runs the async exports of a world and has none of its own.

A timer is a call of `wait-for` of `wasi:clocks/monotonic-clock@0.3`, a subtask like other async calls. So the host
wakes the guest for whichever of them ends first. Subtasks cannot be cancelled in componentize-py: those of cancelled
timers are taken out of the set that their export waits for when that ends, and a later one drops them.
"""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio import TimerHandle
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias

__all__ = ["LoopTimers", "install"]

Wait: TypeAlias = Callable[[int], Coroutine[Any, Any, None]]
"""`wait-for`: waits for so many nanoseconds."""

_SECOND = 1_000_000_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05
"""Seconds between two looks at a pollable, of which the loop cannot hear."""


class _Alarm:
    """The subtask of a timer: `coroutine` is the call, which waits for `future`."""

    def __init__(
        self, handle: Any, coroutine: Coroutine[Any, Any, None], future: asyncio.Future[Any], waitable: int
    ) -> None:
        self.handle = handle
        self.future = future
        self.waitable = waitable
        self._coroutine = coroutine

    def ring(self) -> None:
        """Take the result of the call, which has ended, and call the timer's function."""
        _step(self._coroutine)
        _run(self.handle)


class LoopTimers:
    """The timers of the loop, as methods of asyncio's event loops.

    Args:
        support: componentize-py's module with the loop.
        runtime: componentize-py's module with the built-in functions of the component model.
        wait: waits for a time.
    """

    def __init__(self, support: Any, runtime: Any, wait: Wait) -> None:
        self._loop = support._loop  # noqa: SLF001 - there is no public way
        self._state = support._future_state  # noqa: SLF001
        self._soon = self._loop.call_soon
        self._runtime = runtime
        self._wait = wait
        self._alarms: dict[int, _Alarm] = {}
        """The alarms by the number of their subtask, for all exports that are running."""
        self._orphans: list[_Alarm] = []
        """Alarms whose export has ended."""

    def install(self) -> None:
        """Give the loop timers."""
        loop = self._loop
        for function in self.call_soon, self.call_later, self.call_at, self.time, self.wait_for_pollable:
            setattr(loop, function.__name__, function)
        loop._timer_handle_cancelled = _ignore  # noqa: SLF001 - handles call it
        loop.timers = self

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """Call a function in the next round."""
        handle: asyncio.Handle = self._soon(callback, *args, context=copy_context() if context is None else context)
        return handle

    def time(self) -> float:
        """Return the loop's time, in seconds."""
        return time.monotonic()

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> TimerHandle:
        """Call a function after some seconds."""
        return self._set(delay, TimerHandle(self.time() + delay, callback, args, self._loop, context))

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> TimerHandle:
        """Call a function at a time of the loop."""
        return self._set(when - self.time(), TimerHandle(when, callback, args, self._loop, context))

    async def wait_for_pollable(self, pollable: Any) -> None:
        """Wait until a pollable is ready."""
        pause = _FIRST_PAUSE
        while not pollable.ready():
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def leave(self, state: Any) -> None:
        """Take the alarms of cancelled timers out of what an export waits for that has ended."""
        for waitable in [each for each in state.futures if each in self._alarms]:
            if self._alarms[waitable].handle.cancelled():
                self._runtime.waitable_join(waitable, 0)
                del state.futures[waitable]
                self._orphans.append(self._alarms.pop(waitable))

    def _set(self, delay: float, handle: TimerHandle) -> TimerHandle:
        internal: Any = handle
        # A copy, as no context can be entered twice; it has the export that is running as well.
        context: Context = internal._context.copy()  # noqa: SLF001
        context.run(self._start, max(0, round(delay * _SECOND)), handle, context)
        return handle

    def _start(self, nanoseconds: int, handle: TimerHandle, context: Context) -> None:
        state = self._state.get()
        self._adopt(state, context)
        coroutine = self._wait(nanoseconds)
        future = _step(coroutine)
        if future is None:
            self.call_soon(_run, handle, context=context)
            return
        future._asyncio_future_blocking = False  # noqa: SLF001 - no task waits for it
        waitable = next(number for number, each in state.futures.items() if each is future)
        self._alarms[waitable] = _Alarm(handle, coroutine, future, waitable)
        future.add_done_callback(partial(self._ring, waitable), context=context)

    def _ring(self, waitable: int, _: asyncio.Future[Any]) -> None:
        self._alarms.pop(waitable).ring()

    def _adopt(self, state: Any, context: Context) -> None:
        """Have an export that waits for something receive the end of alarms that an earlier one has left."""
        orphans, self._orphans = self._orphans, []
        if orphans and state.waitable_set is None:
            state.waitable_set = self._runtime.waitable_set_new()
        for alarm in orphans:
            self._runtime.waitable_join(alarm.waitable, state.waitable_set)
            # Not the alarm's own future, whose functions are called in the export that has ended.
            state.futures[alarm.waitable] = relay = self._loop.create_future()
            self._alarms[alarm.waitable] = alarm
            relay.add_done_callback(partial(self._ring_late, alarm), context=context)

    def _ring_late(self, alarm: _Alarm, relay: asyncio.Future[Any]) -> None:
        alarm.future.set_result(relay.result())
        self._ring(alarm.waitable, relay)


def _ignore(handle: TimerHandle) -> None:
    """Do nothing when a timer is cancelled: `leave` looks whether it is."""


def _run(handle: Any) -> None:
    if not handle.cancelled():
        handle._run()  # noqa: SLF001 - what event loops do


def _step(coroutine: Coroutine[Any, Any, None]) -> Any:
    """Let a coroutine run until it waits; return what for, None if it has ended."""
    try:
        return coroutine.send(None)
    except StopIteration:
        return None


def install(clock: str) -> None:
    """Give componentize-py's loop timers.

    Args:
        clock: the name of componentize-py's module of `wasi:clocks/monotonic-clock@0.3`.
    """
    import_module(clock)

    def wait(nanoseconds: int) -> Coroutine[Any, Any, None]:
        waiting: Coroutine[Any, Any, None] = sys.modules[clock].wait_for(nanoseconds)
        return waiting

    names = ("componentize_py_async_support", "componentize_py_runtime")
    support, runtime = (import_module(name) for name in names)
    LoopTimers(support, runtime, wait).install()
