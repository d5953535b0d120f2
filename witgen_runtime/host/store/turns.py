"""Gives one thread at a time the use of a store. A turn that an interrupt ends leaves nothing locked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import repeat, starmap
from typing import Any, NoReturn, TypeVar

from .. import forking, greenlets
from ..capi import memory
from ..capi.entry import ROOM, leaf
from ..capi.memory import Budget
from ..errors import StoreDeadError, ThreadError
from .interruption import Interruption

__all__ = ["Turns"]

T = TypeVar("T")

_PATIENCE = 10.0
"""Seconds that a call waits for a thread that runs guests for a reader, and is inside one of them."""


class Readers:
    """The threads whose turns only run guests until elements arrive. They let go as soon as a call wants the turn."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._generation = forking.generation()
        self.marks: set[object] = set()
        """One for each of the threads, from before its turn until after it."""
        self._waiting: set[object] = set()
        self.wake: Callable[[], None] = lambda: None
        """Wakes a thread whose guests are idle, so that it lets go."""

    def are_to_let_go(self) -> bool:
        """Return whether a call waits for the turn."""
        return bool(self._waiting)

    def wait(self, _: None) -> bool:
        """Take the turn as soon as readers let go of it; return whether it was taken. Calls do not let go."""
        mine, mark = False, object()
        patience = _PATIENCE if self.marks and self._generation == forking.generation() else 0
        taking, leaving = starmap(self._lock.acquire, ((True, patience),)), map(self._waiting.discard, (mark,))
        try:
            self._waiting.add(mark)
            self.wake()
            for mine in taking:  # noqa: B007
                break
        finally:
            for _ in leaving:
                break
        return mine


class Turns:
    """The turns of one store. Turns of one thread nest.

    Converters take turns themselves, as `alone` does: `acquiring` and `releasing` are iterated instead of called, so
    that no signal is looked for between the acquisition and the `try` behind it, nor in its `finally` (see `entry`).
    The same goes for `waiting`, which waits for `Readers`. Where limits have to know of calls, `depth` is counted, and
    `begin` is called at the start of the `try`.
    """

    thread: int | None = None
    """The only thread that may take a turn; None where any may."""
    activation: greenlets.Activation | None = None
    """The outermost call of the thread that had the last turn, where there are greenlets."""

    def __init__(self, interruption: Interruption | None, budget: Budget | None) -> None:
        self._interruption = interruption
        self._budget = budget
        self._lock = threading.RLock()
        self._generation = forking.generation()
        self.depth = 0
        # gevent may replace thread locks by greenlet locks, so the owner of a lock does not identify the thread.
        counted = interruption is not None or budget is not None or greenlets.are_imported()
        self.readers = Readers(self._lock)
        self.acquiring = map(self._lock.acquire, repeat(False))  # noqa: FBT003  (it does not wait)
        self.waiting = map(self.readers.wait, repeat(None))
        self._unlocking = starmap(self._lock.release, repeat(()))
        self.releasing = starmap(self._release, repeat(())) if counted else self._unlocking
        self.begin: Callable[[], None] | None = self._begin if counted else None

    def call_environment(self) -> dict[str, Any]:
        """Return the names that generated converters use."""
        return {
            "_turns": self, "_acquiring": self.acquiring, "_waiting": self.waiting, "_releasing": self.releasing,
            "_begin": self.begin, "_refuse_thread": self._refuse,
        }  # fmt: skip

    def is_mine(self) -> bool:
        """Return whether the current thread has the turn; `threading.Condition` uses the same protocol."""
        return bool(getattr(self._lock, "_is_owned")())  # noqa: B009  (private: the name must not look public)

    def are_lost(self) -> bool:
        """Return whether the turn belongs to a thread that does not exist after a fork."""
        if self._generation == forking.generation():
            return False
        free = self._lock.acquire(blocking=False)
        if free:
            self._lock.release()
        return not free

    def _refuse(self) -> NoReturn:
        """Raise: the turn is another thread's."""
        if self.are_lost():
            raise StoreDeadError(
                "this store cannot be used in this process: a call in it was in progress on another thread when the "
                "process was forked; open the component again"
            )
        raise ThreadError("this store is in use by another thread; a store takes one call at a time")

    def bind_here(self) -> None:
        """Leave all turns to the current thread, from now on."""
        self.thread = threading.get_ident()

    def _check_thread(self) -> None:
        """Raise if turns are another thread's only."""
        if self.thread is not None and self.thread != threading.get_ident():
            raise ThreadError(
                "this store belongs to a world that was opened for asyncio and runs on a separate thread: await the"
                " methods of the world's Async classes instead"
            )

    def admit(self) -> None:
        """Raise if the current thread or greenlet may not make a call."""
        self._check_thread()
        if greenlets.are_imported():
            greenlets.enter(self)

    def is_inside(self) -> bool:
        """Return whether a call is running: on the current thread, or on any thread if calls are counted."""
        return self.depth > 0 or self.is_mine()

    def occupy(self, activation: greenlets.Activation) -> None:
        """Note the outermost call that the next call belongs to; raise if it is another thread's turn."""
        if not self._lock.acquire(blocking=False):
            self._refuse()
        self.activation = activation
        self._lock.release()

    def alone(self, job: Callable[[], T], *, waits: bool = True) -> T:
        """Run a job that uses the store; raise if it is another thread's turn. Wait for that of a reader if `waits`."""
        self._check_thread()
        for _ in ROOM:
            break
        current, mine = memory.current, False
        outer = current.budget
        for mine in self.acquiring:  # noqa: B007
            break
        if not mine and waits:
            for mine in self.waiting:  # noqa: B007
                break
        if not mine:
            self._refuse()
        try:
            if self.begin is not None:
                self.depth += 1
                self.begin()
            current.budget = self._budget or memory.UNLIMITED
            return job()
        finally:
            current.budget = outer
            for _ in self.releasing:
                break

    def _begin(self) -> None:
        """Let limits know that a call begins, unless it is inside another."""
        if self.depth == 1:
            if self._budget is not None:
                self._budget.refused = 0
            if self._interruption is not None:
                self._interruption.enter()

    @leaf
    def _release(self) -> None:
        self.depth -= 1
        if not self.depth and self._interruption is not None:
            self._interruption.call = None
        for _ in self._unlocking:
            break
