"""Handles async exports that return while their calls are running, and tasks that are cancelled while they wait.

componentize-py traps in both cases: it drops the waitable set while it contains the call's waitable, and sets the
result of a future that is cancelled. `asyncio.gather` and task groups do this as soon as one of their tasks fails.

Moreover, its loop counts as running all the time, so that exports that are not async could not call `asyncio.run`.
"""

from __future__ import annotations

import asyncio
from asyncio import _get_running_loop, _set_running_loop  # pyright: ignore[reportPrivateUsage]
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from .event_loop import async_clocks

__all__ = ["outlast_exports"]

T = TypeVar("T")

_WAIT = 2
"""CallbackCode of the Canonical ABI: call again when something of a set of waitables happens."""


class _Awaited(asyncio.Future[Any]):
    """The future that a task waits for; an answer that arrives after cancellation is discarded."""

    def set_result(self, result: Any, /) -> None:
        """Set the result unless the future was cancelled."""
        if not self.cancelled():
            super().set_result(result)


def outlast_exports() -> None:
    """Keep the task of an async export that has returned running until its calls have ended.

    Between tasks, no loop is running.
    """
    runtime: Any = import_module("componentize_py_runtime")
    support: Any = import_module("componentize_py_async_support")
    loop, poll = support._loop, support._poll  # noqa: SLF001 - there is no public way

    def poll_to_the_end(state: Any) -> int:
        loop.poll(state)
        timers = getattr(loop, "timers", None)
        if timers is not None and not state.pending_count:
            timers.leave(state)
        if state.pending_count or not state.futures:
            ended: int = poll(state)
            return ended
        runtime.context_set(state)
        waiting: int = _WAIT | state.waitable_set << 4
        return waiting

    for clock in async_clocks:
        import_module(f"{__package__}.async_timers").install(clock)
    support._poll = _with_running(loop, poll_to_the_end)  # noqa: SLF001
    support.first_poll = _with_running(loop, support.first_poll)
    _set_running_loop(None)
    loop.create_future = lambda: _Awaited(loop=loop)


def _with_running(loop: Any, function: Callable[..., T]) -> Callable[..., T]:
    """Return a function during whose calls `loop` is the running loop."""

    def call(*arguments: Any) -> T:
        before = _get_running_loop()
        _set_running_loop(loop)
        try:
            return function(*arguments)
        finally:
            _set_running_loop(before)

    return call
