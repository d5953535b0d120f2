"""asyncio on `wasi:io/poll`: one thread waits for all pollables and timers in a single `poll`.

The guest's Python has no selector and no threads, so asyncio's own loops do not start in it. Everything above the
selector is asyncio's: tasks, timeouts, queues, task groups, `async for`.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import base_events
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

from .resources import Resource, drop

__all__ = ["ready", "run"]

T = TypeVar("T")

Poll: TypeAlias = Callable[[list[Any]], list[int]]
"""`wasi:io/poll`'s `poll`: waits until at least one pollable is ready, and returns the indices of those that are."""
Timer: TypeAlias = Callable[[int], Any]
"""`wasi:clocks/monotonic-clock`'s `subscribe-duration`: a pollable that is ready after so many nanoseconds."""


class _Selector:
    """The selector of the event loop."""

    def __init__(self, poll: Poll, timer: Timer | None) -> None:
        self._poll = poll
        self._timer = timer
        self.waiting: dict[asyncio.Future[None], Resource] = {}

    def select(self, timeout: float | None) -> list[asyncio.Future[None]]:
        """Wait until something is ready or the timeout expires; return what is ready."""
        futures = list(self.waiting)
        pollables: list[Any] = list(self.waiting.values())
        if timeout is None and not pollables:
            raise RuntimeError("nothing can wake the tasks that are waiting: no pollable and no timer is left")
        if not pollables:
            time.sleep(max(timeout or 0.0, 0.0))
            return []
        if timeout is not None:
            pollables.append(self._after(timeout))
        try:
            indices = self._poll(pollables)
        finally:
            for deadline in pollables[len(futures) :]:
                drop(deadline)
        return [futures[index] for index in indices if index < len(futures)]

    def _after(self, timeout: float) -> Any:
        if self._timer is None:
            raise RuntimeError(
                "waiting for a pollable with a timeout needs `import wasi:clocks/monotonic-clock` in the world"
            )
        return self._timer(max(int(timeout * 1_000_000_000), 0))

    def close(self) -> None:
        """Discard all waiters."""
        self.waiting.clear()


class _Loop(base_events.BaseEventLoop):
    """asyncio's event loop with the selector of this module."""

    def __init__(self, poll: Poll, timer: Timer | None) -> None:
        super().__init__()
        # asyncio's base class looks the method up by this name.
        self._selector = _Selector(poll, timer)

    def _process_events(self, event_list: list[asyncio.Future[None]]) -> None:
        for future in event_list:
            if not future.done():
                future.set_result(None)

    def _write_to_self(self) -> None:
        """Does nothing: no other thread can schedule callbacks."""

    async def wait_for_pollable(self, pollable: Resource) -> None:
        """Wait until a pollable is ready."""
        future: asyncio.Future[None] = self.create_future()
        self._selector.waiting[future] = pollable
        try:
            await future
        finally:
            del self._selector.waiting[future]


def run(main: Coroutine[Any, Any, T], *, poll: Poll, timer: Timer | None) -> T:
    """Run `main` until it completes, as `asyncio.run` does, and return its result."""
    loop = _Loop(poll, timer)
    try:
        return loop.run_until_complete(main)
    finally:
        try:
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


def _cancel_all(loop: _Loop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


async def ready(pollable: Resource) -> None:
    """Wait until a pollable is ready, and drop it.

    Raises:
        RuntimeError: the running loop is not that of `run`.
    """
    try:
        wait = getattr(asyncio.get_running_loop(), "wait_for_pollable", None)
        if wait is None:
            raise RuntimeError("pollables can be awaited only in a loop that run() of guest/aio.py started")
        await wait(pollable)
    finally:
        drop(pollable)
