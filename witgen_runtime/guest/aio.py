"""asyncio for guests whose worlds have pollables: functions to run a coroutine and to wait for a pollable."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

from .event_loop import EventLoop, Poll, Timer
from .resources import Resource, drop

__all__ = ["ready", "run"]

T = TypeVar("T")

_PAUSE = 0.002
"""Seconds between two looks at a pollable, in a loop of plain CPython."""


def run(main: Coroutine[Any, Any, T], *, poll: Poll, timer: Timer | None) -> T:
    """Run `main` until it completes, as `asyncio.run` does, and return its result."""
    with asyncio.Runner(loop_factory=partial(EventLoop, poll, timer)) as runner:
        return runner.run(main)


async def ready(pollable: Resource) -> None:
    """Wait until a pollable is ready, and drop it.

    Raises:
        RuntimeError: the running loop is componentize-py's, which cannot wait for pollables.
    """
    wait = getattr(asyncio.get_running_loop(), "wait_for_pollable", _look_repeatedly)
    try:
        await wait(pollable)
    finally:
        drop(pollable)


async def _look_repeatedly(pollable: Any) -> None:
    """Poll a fake's pollable from a loop of plain CPython, which cannot watch pollables."""
    while not pollable.ready():
        try:
            await asyncio.sleep(_PAUSE)
        except NotImplementedError:
            raise RuntimeError(
                "functions that are async in WIT cannot wait for pollables: await async functions of WIT, or export a"
                " function that is not async and calls asyncio.run"
            ) from None
