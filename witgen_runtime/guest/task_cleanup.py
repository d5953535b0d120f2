"""Handles async exports that return while their calls are running, and tasks that are cancelled while they wait.

componentize-py traps in both cases: it drops the waitable set while it contains the call's waitable, and sets the
result of a future that is cancelled. `asyncio.gather` and task groups do this as soon as one of their tasks fails.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

__all__ = ["outlast_exports"]

_WAIT = 2
"""CallbackCode of the Canonical ABI: call again when something of a set of waitables happens."""


class _Awaited(asyncio.Future[Any]):
    """The future that a task waits for; an answer that arrives after cancellation is discarded."""

    def set_result(self, result: Any, /) -> None:
        """Set the result unless the future was cancelled."""
        if not self.cancelled():
            super().set_result(result)


def outlast_exports() -> None:
    """Keep the task of an async export that has returned running until its calls have ended."""
    runtime: Any = import_module("componentize_py_runtime")
    support: Any = import_module("componentize_py_async_support")
    loop, poll = support._loop, support._poll  # noqa: SLF001 - there is no public way

    def poll_to_the_end(state: Any) -> int:
        loop.poll(state)
        if state.pending_count or not state.futures:
            ended: int = poll(state)
            return ended
        runtime.context_set(state)
        waiting: int = _WAIT | state.waitable_set << 4
        return waiting

    support._poll = poll_to_the_end  # noqa: SLF001
    loop.create_future = lambda: _Awaited(loop=loop)
