"""The work of async functions that guests have called: under way in threads and on the event loop, by ticket."""

from __future__ import annotations

import _thread
import asyncio
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from .... import abi

if TYPE_CHECKING:
    from ...store.store import Store

__all__ = ["Subtasks"]


_ROUNDS = 4
"""How often all tasks that wait are gone through, before the wait goes on although some work has ended."""


class WakeSignal:
    """Wakes one thread. Unlike `threading.Event`, an exception at any moment leaves it as it was."""

    def __init__(self) -> None:
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def wake(self) -> None:
        """End the wait under way, or the next one; from any thread."""
        with suppress(RuntimeError):  # it rings already
            self._asleep.release()

    def wait(self, seconds: float) -> bool:
        """Wait for the bell; tell whether it rang."""
        return self._asleep.acquire(timeout=seconds)


class Subtasks:
    """What one store's guests wait for. All but the ends of work happens on the store's thread.

    An extension of the store: guests that share it wait together.
    """

    def __init__(self, store: Store) -> None:
        self._loop = store.loop
        self._numbers = count(1)
        self._works: dict[int, Future[Any]] = {}
        self._ended = WakeSignal()
        self._moved = False
        """Whether guests have begun or taken something since the last wait: then others of them may go on at once."""
        self._done: set[int] = set()
        """Subtasks of work that has ended and that nobody has asked about since."""
        self._asked = 0
        """How often guests could go on since something moved."""
        store.idle = self._idle
        store.on_end(self.cancel_all)

    @classmethod
    def of(cls, store: Store) -> Subtasks:
        """Return what guests of `store` wait for."""
        return store.extension(cls, cls)

    def _idle(self, seconds: float) -> bool:
        """Wait until some work ends; tell whether guests can go on."""
        self._asked = 0 if self._moved else self._asked + 1
        # wasmtime lets one task go on at a time, each in its turn. So those that wait are gone through at once until
        # the one is found whose work has ended; if that takes too long, it waits for something else as well.
        if self._moved or (self._done and self._asked <= _ROUNDS * len(self._works)):
            self._moved = False
            return True
        return self._ended.wait(seconds)

    def starter(self, function: abi.Function, implementation: Callable[..., Any] | None) -> Callable[..., int]:
        """Return what starts a function; a method's implementation is its object's."""

        def start(*arguments: object) -> int:
            if implementation is None:
                return self.begin(getattr(arguments[0], function.python), arguments[1:])
            return self.begin(implementation, arguments)

        return start

    def begin(self, implementation: Callable[..., Any], arguments: tuple[object, ...]) -> int:
        """Start work; return its ticket. A coroutine runs on the loop that opened the world, all else in a thread."""
        if self._loop is not None and inspect.iscoroutinefunction(implementation):
            work = asyncio.run_coroutine_threadsafe(implementation(*arguments), self._loop)
        else:
            work = self._in_thread(implementation, arguments)
        return self.watch(work)

    def watch(self, work: Future[Any]) -> int:
        """Let a guest wait for work that is under way; return its ticket."""
        subtask = next(self._numbers) & 0xFFFF_FFFF
        self._works[subtask] = work
        self._moved = True
        work.add_done_callback(lambda _: self._end(subtask))
        return subtask

    def _end(self, subtask: int) -> None:
        """Be told that work has ended, on whatever thread."""
        if subtask in self._works:
            self._done.add(subtask)
        self._ended.wake()

    def _in_thread(self, implementation: Callable[..., object], arguments: tuple[object, ...]) -> Future[Any]:
        work, context = Future[Any](), copy_context()
        # Not `threading.Thread`, whose `start` waits for the thread, and whose threads a process waits for at its end.
        _thread.start_new_thread(lambda: context.run(self._run, work, implementation, arguments), ())
        return work

    def _run(self, work: Future[Any], implementation: Callable[..., object], arguments: tuple[object, ...]) -> None:
        try:
            value = implementation(*arguments)
            if self._loop is not None and inspect.isawaitable(value):
                awaited = asyncio.run_coroutine_threadsafe(_awaited(value), self._loop)
                # Does nothing once that has ended; where the work is given up before, it ends here.
                work.add_done_callback(lambda _: awaited.cancel())
                value = awaited.result()
        except BaseException as error:  # noqa: BLE001  (comes out of the call that led to it)
            outcome = partial(work.set_exception, error)
        else:
            outcome = partial(work.set_result, value)
        # The guest may have given the work up, at this moment too.
        with suppress(InvalidStateError):
            outcome()

    def poll(self, subtask: int) -> int:
        """Tell whether work is done: 1 or 0."""
        return int(self._works[subtask].done())

    def take(self, subtask: int) -> object:
        """Return or raise what came of work that is done."""
        self._moved = True
        self._done.discard(subtask)
        return self._works.pop(subtask).result()

    def cancel(self, subtask: int) -> None:
        """Give work up: its coroutine is cancelled, the outcome of a thread's is forgotten."""
        self._moved = True
        work = self._works.pop(subtask, None)
        self._done.discard(subtask)
        if work is not None:
            work.cancel()

    def cancel_all(self) -> None:
        """Give all work up: nobody waits for it any more."""
        for subtask in list(self._works):
            self.cancel(subtask)


async def _awaited(value: Any) -> object:
    return await value
