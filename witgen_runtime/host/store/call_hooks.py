"""Hooks around the calls of a store, for streams and for stores with a dedicated thread."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from ..capi import ffi
from ..capi.entry import ROOM

__all__ = ["CallHooks"]


async def _here(job: Callable[[], Any]) -> Any:
    return job()


@dataclass(slots=True)
class CallHooks:
    """Hooks that run before a call begins and after it has returned, in the order in which they were added."""

    is_wanted: Callable[[], bool]
    """Returns whether a thread waits for the turn, or a job for the store's thread, while guests run for a reader."""
    before: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    after: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    run_here: Callable[[Callable[[], Any]], Coroutine[Any, Any, Any]] = _here
    """Runs a function on the store's thread; awaited on another one."""

    def call(self, *arguments: Any) -> int | None:
        """Run the hooks around `ffi.call`."""
        for _ in ROOM:
            break
        for hook in self.before:
            hook()
        failure: int | None = ffi.call(*arguments)
        if not failure:
            for hook in self.after:
                hook()
        return failure

    def call_async(self, *arguments: Any, idle: Callable[[float], bool]) -> int | None:
        """Run the hooks around `ffi.call_async`."""
        for _ in ROOM:
            break
        for hook in self.before:
            hook()
        failure = ffi.call_async(*arguments, idle=idle)
        if not failure:
            for hook in self.after:
                hook()
        return failure
