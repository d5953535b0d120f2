"""Manages the streams and futures that pass between a store's guests and its host.

The adapter holds the ends and calls `step` for its next instruction. All of this happens on the store's thread, while a
call of an async function runs; other threads queue jobs and wake the adapter.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from itertools import count
from threading import RLock
from typing import TYPE_CHECKING, Any

from ... import abi
from ..adapters.calling.instructions import DONE, SETTLE, STARTED, Event, Step
from ..adapters.calling.stream_calls import Classes, classes_of
from ..adapters.calling.subtasks import Subtasks
from ..errors import ThreadError
from .protocol import UNSIGNED, Order
from .pumps import Feed
from .reading import Incoming
from .writing import Outgoing

if TYPE_CHECKING:
    from ..store.store import Store

__all__ = ["StreamManager"]

_ASK_AGAIN = 0.02
"""Seconds until a thread tries again to run the guest, which another thread is running meanwhile."""
_QUIET = 3
"""Rounds without any step before the guests are considered quiet."""


class _Call(Future[None]):
    """Future that completes when set, or as soon as jobs are queued."""

    def __init__(self, jobs: deque[Callable[[], None]]) -> None:
        super().__init__()
        self._jobs = jobs

    def done(self) -> bool:
        """Return whether it was set or jobs are queued."""
        return bool(self._jobs) or super().done()

    def result(self, timeout: float | None = None) -> None:
        """Return nothing."""


def _seen(job: asyncio.Future[Any]) -> None:
    """Mark a failure as retrieved: only one of several waiters reports it."""
    if not job.cancelled():
        job.exception()


class _Quiet(Future[None]):
    """Future that completes when no step was done for some rounds, or when `until` returns true."""

    def __init__(self, manager: StreamManager, until: Callable[[], bool] | None) -> None:
        super().__init__()
        self._manager = manager
        self._until = until
        self._seen = -1
        self._rounds = 0

    def done(self) -> bool:
        """Return whether no step was done during the last few calls of this method."""
        if self._until is not None:
            return self._until()
        self._rounds = self._rounds + 1 if self._manager.moves == self._seen else 0
        self._seen = self._manager.moves
        return self._rounds >= _QUIET

    def result(self, timeout: float | None = None) -> None:
        """Return nothing."""


class StreamManager:
    """Manages the stream ends of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._subtasks = Subtasks.of(store)
        self.jobs: deque[Callable[[], None]] = deque()
        self._orders: deque[Order] = deque()
        self._numbers = count(1)
        self._offered: dict[int, Outgoing] = {}
        self._moving: dict[int, Incoming | Outgoing] = {}
        self._kinds: dict[str, int] = {}
        self._deciding = RLock()
        """Held to determine whether the task will run jobs; reentrant, because a finalizer may interrupt that."""
        self._running = False
        self._listens = False
        self._wake_reader = 0
        self._armed = False
        self._over = False
        self._visits = False
        """Whether `step` is called by a call that settles pending work, not by the task."""
        self._empty: set[int] = set()
        """Stream ends already found empty during this pass."""
        self._calls: deque[Future[None]] = deque()
        self._done: Callable[[int, int], None] | None = None
        self._drives = False
        self._until: Callable[[], bool] | None = None
        self._awaited: set[Future[Any]] = set()
        """Futures that coroutines await and that only running the guests completes."""
        self._aside: asyncio.Future[None] | None = None
        """The one job that runs guests for all of these."""
        self._starts: Callable[[], None] = lambda: None
        self._goes_on: Callable[[], None] = lambda: None
        self.moves = 0
        """The number of steps done."""
        store.call_hooks.before.append(self._before_call)
        store.call_hooks.after.append(self._after_call)
        store.call_environment["_call"] = store.call_hooks.call
        store.on_end(self.give_up)

    def number_kinds(self, keys: Iterable[str]) -> None:
        """Number the stream kinds of the component by their keys."""
        self._kinds = {key: number for number, key in enumerate(sorted(keys))}

    # Called from any thread

    def soon(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread as soon as guests can run; run it here and now if there are no ends."""
        with self._deciding:
            waits = not self._over and bool(self._running or self._moving or self._offered)
            if waits:
                self.jobs.append(job)
        if waits:
            self._wake()
        else:
            job()

    def _wake(self) -> None:
        # There may be no call, or closing the store may have cancelled it.
        with suppress(IndexError, InvalidStateError):
            self._calls.popleft().set_result(None)

    def drive(self) -> int:
        """Begin the call during which guests run; return its subtask number."""
        return self._subtasks.watch(_Quiet(self, self._until))

    def _before_call(self) -> None:
        """Start the task if the host offers streams in the call."""
        if self._offered and not self._running and not self._drives:
            self._inside(self._starts)

    def _after_call(self) -> None:
        """Do the steps that a call has left: its guest has written elements, or closed an end."""
        if self._moving and not self._drives:
            self._drive(None)

    def driven_by(self, starts: Callable[[], None], goes_on: Callable[[], None]) -> None:
        """Set the component's functions that start the task, and that let guests run."""
        self._starts, self._goes_on = starts, goes_on

    def _drive(self, until: Callable[[], bool] | None) -> None:
        self._until = until
        if not self._running:
            self._inside(self._starts)
        self._inside(self._goes_on)

    def _inside(self, call: Callable[[], None]) -> None:
        """Make an internal call, for which the hooks before and after calls do nothing."""
        self._drives = True
        try:
            call()
        finally:
            self._drives = False

    def _go_on(self, until: Callable[[], bool]) -> None:
        """Run guests until `until` returns true, or another job wants the thread."""
        if not until():
            self.store.run(lambda: self._drive(lambda: until() or self.store.call_hooks.is_wanted()), waits=False)

    def wait_for(self, wanted: Future[Any]) -> Any:
        """Run guests until elements are available, or wait while another thread makes a call, or runs them."""
        marks, mark = self.store.turns.readers.marks, object()
        while not wanted.done():
            with suppress(ThreadError):
                try:
                    marks.add(mark)
                    self._go_on(wanted.done)
                finally:
                    marks.discard(mark)
            with suppress(TimeoutError):
                return wanted.result(_ASK_AGAIN)
        return wanted.result()

    async def wait_on_loop(self, wanted: Future[Any]) -> Any:
        """Do the same in a coroutine: guests run until no coroutine waits for elements."""
        self._awaited.add(wanted)
        wanted.add_done_callback(self._awaited.discard)
        arriving = asyncio.wrap_future(wanted)
        arriving.add_done_callback(_seen)
        while not wanted.done():
            aside = self._go_on_aside()
            await asyncio.wait([aside, arriving], return_when=asyncio.FIRST_COMPLETED)
            if self.store.dead is not None:
                # The job raises the guest's failure, which reaches the elements too late or not at all.
                await asyncio.wait([aside])
            if aside.done():
                aside.result()
        return await arriving

    def bring(self, wanted: Future[Any]) -> None:
        """Run guests on the event loop until elements are available, even if nothing awaits them."""
        asyncio.ensure_future(self.wait_on_loop(wanted)).add_done_callback(_seen)

    def _go_on_aside(self) -> asyncio.Future[None]:
        if self._aside is None or self._aside.done():
            on_thread = self.store.call_hooks.run_here(lambda: self._go_on(lambda: not self._awaited))
            self._aside = asyncio.ensure_future(on_thread)
            self._aside.add_done_callback(_seen)
        return self._aside

    # Called by the component

    def listen(self) -> int:
        """Begin the call that ends when there is something to do; return its subtask number."""
        call = _Call(self.jobs)
        self._calls.clear()
        self._calls.append(call)
        if self.jobs or not (self._moving or self._offered):
            self._wake()
        return self._subtasks.watch(call)

    def opened(self, number: int, end: int) -> None:
        """Register the writable end of a stream that the host offered."""
        outgoing = self._moving[end] = self._offered.pop(number)
        outgoing.opened(end)

    def put(self, end: int, elements: Any) -> None:
        """Receive elements that the guest has written."""
        incoming = self._moving[end]
        if isinstance(incoming, Incoming):
            incoming.put(elements)

    def data(self, end: int) -> Any:
        """Return the elements to write to the guest."""
        outgoing = self._moving[end]
        return outgoing.take() if isinstance(outgoing, Outgoing) else None

    def classes(self, end: int) -> Classes:
        """Return the classes of the elements of an end."""
        return classes_of(self._moving[end].type_)

    def step(self, event: int, first: int, second: int) -> tuple[int, ...]:
        """Handle an event; return the next instruction."""
        order = self._after(event, first, second)
        return (order.step, order.kind, order.end, order.address, order.first, order.amount)

    def _after(self, event: int, first: int, second: int) -> Order:
        if event == STARTED:
            if self._running:
                return Order(Step.LEAVE)
            self._running = True
            if not self._armed:
                self._arm()
        elif event == SETTLE:
            self._visits = True
            self._empty.clear()
            for each in list(self._moving.values()):
                each.settle()
        elif event == DONE:
            done, self._done = self._done, None
            self.moves += 1
            if done is not None:
                done(first, second)
        elif event == Event.SUBTASK:
            self._listens = False
            return Order(Step.HEARD, end=first)
        elif first == self._wake_reader and event == Event.STREAM_READ:
            self._arm()
        elif event in (Event.STREAM_READ, Event.STREAM_WRITE, Event.FUTURE_READ, Event.FUTURE_WRITE):
            self._moving[first].told(second)
        return self._next()

    def _next(self) -> Order:
        self._run_jobs()
        order = self._next_order()
        if order is not None:
            self._done = order.done
            return order
        if self._visits:
            self._visits = False
            if self._orders:
                self._wake()
            return Order(Step.LEAVE)
        has_ends = self._moving or self._offered
        if has_ends and not self._listens:
            self._done = self._listening
            return Order(Step.LISTEN)
        if self._listens:
            if not has_ends:
                self._wake()
            return Order(Step.WAIT)
        if not self._armed:
            # A wake event is pending: a task that exits before receiving it could not wait for it again.
            return Order(Step.WAIT)
        with self._deciding:
            self._running = bool(self.jobs)
        return self._next() if self._running else Order(Step.EXIT)

    def _next_order(self) -> Order | None:
        for index, order in enumerate(self._orders):
            is_vain = order.step == Step.READ and order.end in self._empty
            if not (self._visits and (order.lasts or is_vain)):
                del self._orders[index]
                return order
        return None

    def _arm(self) -> None:
        def armed(wake_reader: int, _: int) -> None:
            self._wake_reader, self._armed = wake_reader, True

        self._orders.appendleft(Order(Step.ARM, done=armed))

    def taken(self) -> None:
        """Record that an event was consumed: the task may be about to resume because of it, and must find one."""
        if self._visits and self._armed:
            self._armed = False
            self._orders.appendleft(Order(Step.WAKE))

    def may_wait(self, end: int) -> bool:
        """Record that an end is empty; return whether to wait for elements, which only the task can do."""
        if self._visits:
            self._empty.add(end)
        return not self._visits

    def _listening(self, call: int, _: int) -> None:
        self._listens = call != 0

    # Called by ends

    def order(self, order: Order) -> None:
        """Queue an instruction."""
        self._orders.append(order)

    def forget(self, end: int) -> None:
        """Remove an end that was dropped."""
        del self._moving[end]

    def offer(self, key: str, feed: Feed, type_: abi.Stream | abi.Future) -> int:
        """Offer a feed to the guest; return the number that the component passes for it."""
        number = next(self._numbers) & UNSIGNED
        self._offered[number] = Outgoing(self, self._kinds[key], feed, type_)
        return number

    def withdraw(self, number: int) -> None:
        """Withdraw an offer."""
        self._offered.pop(number)

    def receive(self, key: str, end: int, type_: abi.Stream | abi.Future) -> Incoming:
        """Return the reading side of an end that the guest has passed."""
        incoming = self._moving[end] = Incoming(self, self._kinds[key], end, type_)
        return incoming

    def give_up(self) -> None:
        """End all reads and writes: none can succeed any more."""
        for each in (*self._moving.values(), *self._offered.values()):
            each.give_up(self.store.dead)
        self._moving.clear()
        self._offered.clear()
        with self._deciding:
            self._over = True
        self._run_jobs()

    def _run_jobs(self) -> None:
        while self.jobs:
            self.jobs.popleft()()
