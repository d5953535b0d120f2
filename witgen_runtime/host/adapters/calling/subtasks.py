"""The subtasks of async functions that guests have called: they run in threads and on the event loop."""

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
"""Rounds through all waiting tasks before the thread waits although a subtask has completed."""


class WakeSignal:
    """Wakes one thread. Unlike `threading.Event`, an exception at any moment leaves it as it was."""

    def __init__(self) -> None:
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def wake(self) -> None:
        """End the current wait, or the next one; any thread may call this."""
        with suppress(RuntimeError):  # it is set already
            self._asleep.release()

    def wait(self, seconds: float) -> bool:
        """Wait for the signal; return whether it came."""
        return self._asleep.acquire(timeout=seconds)


class Subtasks:
    """The subtasks that one store's guests wait for. Everything but their completion happens on the store's thread.

    An extension of the store: guests that share it wait together.
    """

    def __init__(self, store: Store) -> None:
        self._loop = store.loop
        self._numbers = count(1)
        self._works: dict[int, Future[Any]] = {}
        self._ended = WakeSignal()
        self._moved = False
        """Whether guests have started or finished a subtask since the last wait: then others may continue at once."""
        self._done: set[int] = set()
        """Completed subtasks that no guest has polled since."""
        self._asked = 0
        """How often guests could run since the last progress."""
        store.idle = self._idle
        store.turns.readers.wake = self._ended.wake
        store.on_end(self.cancel_all)

    @classmethod
    def of(cls, store: Store) -> Subtasks:
        """Return the subtasks of `store`."""
        return store.extension(cls, cls)

    def _idle(self, seconds: float) -> bool:
        """Wait until a subtask completes; return whether guests can continue."""
        self._asked = 0 if self._moved else self._asked + 1
        # wasmtime resumes one task at a time, in turn. So all waiting tasks are resumed without a wait until the one is
        # reached whose subtask has completed; if that takes too many rounds, it waits for something else as well.
        if self._moved or (self._done and self._asked <= _ROUNDS * len(self._works)):
            self._moved = False
            return True
        return self._ended.wait(seconds)

    def starter(self, function: abi.Function, implementation: Callable[..., Any] | None) -> Callable[..., int]:
        """Return a function that starts an implementation; that of a method is looked up in the object."""

        def start(*arguments: object) -> int:
            if implementation is None:
                return self.begin(getattr(arguments[0], function.python), arguments[1:])
            return self.begin(implementation, arguments)

        return start

    def begin(self, implementation: Callable[..., Any], arguments: tuple[object, ...]) -> int:
        """Start a subtask; return its number. Coroutines run on the world's loop, other functions in a thread."""
        if self._loop is not None and inspect.iscoroutinefunction(implementation):
            work = asyncio.run_coroutine_threadsafe(implementation(*arguments), self._loop)
        else:
            work = self._in_thread(implementation, arguments)
        return self.watch(work)

    def watch(self, work: Future[Any]) -> int:
        """Register a future as a subtask; return its number."""
        subtask = next(self._numbers) & 0xFFFF_FFFF
        self._works[subtask] = work
        self._moved = True
        work.add_done_callback(lambda _: self._end(subtask))
        return subtask

    def _end(self, subtask: int) -> None:
        """Record the completion of a subtask; called on any thread."""
        if subtask in self._works:
            self._done.add(subtask)
        self._ended.wake()

    def _in_thread(self, implementation: Callable[..., object], arguments: tuple[object, ...]) -> Future[Any]:
        work, context = Future[Any](), copy_context()
        # Not `threading.Thread`: its `start` waits for the thread, and a process waits for such threads when it exits.
        _thread.start_new_thread(lambda: context.run(self._run, work, implementation, arguments), ())
        return work

    def _run(self, work: Future[Any], implementation: Callable[..., object], arguments: tuple[object, ...]) -> None:
        try:
            value = implementation(*arguments)
            if self._loop is not None and inspect.isawaitable(value):
                awaited = asyncio.run_coroutine_threadsafe(_awaited(value), self._loop)
                # Does nothing after completion; a subtask that is cancelled before that ends here.
                work.add_done_callback(lambda _: awaited.cancel())
                value = awaited.result()
        except BaseException as error:  # noqa: BLE001  (comes out of the call that led to it)
            outcome = partial(work.set_exception, error)
        else:
            outcome = partial(work.set_result, value)
        # The guest may have cancelled the subtask, even at this moment.
        with suppress(InvalidStateError):
            outcome()

    def poll(self, subtask: int) -> int:
        """Return whether a subtask is completed: 1 or 0."""
        return int(self._works[subtask].done())

    def take(self, subtask: int) -> object:
        """Return or raise the outcome of a completed subtask."""
        self._moved = True
        self._done.discard(subtask)
        return self._works.pop(subtask).result()

    def cancel(self, subtask: int) -> None:
        """Cancel a subtask: its coroutine is cancelled, the outcome of a thread is discarded."""
        self._moved = True
        work = self._works.pop(subtask, None)
        self._done.discard(subtask)
        if work is not None:
            work.cancel()

    def cancel_all(self) -> None:
        """Cancel all subtasks."""
        for subtask in list(self._works):
            self.cancel(subtask)


async def _awaited(value: Any) -> object:
    return await value
