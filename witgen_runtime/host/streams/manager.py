"""The streams and futures that a store's guests and its host pass each other.

The adapter that has the ends asks `step` what to do with them. All of it happens on the store's thread, while a call of
an async function is under way; other threads leave jobs, and wake the adapter up.
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
"""Seconds until a thread tries again to let the guest go on, which another thread does meanwhile."""
_QUIET = 3
"""How often nothing has to have moved until nothing is expected to."""


class _Call(Future[None]):
    """Work that has ended when somebody says so, and when there are jobs anyway."""

    def __init__(self, jobs: deque[Callable[[], None]]) -> None:
        super().__init__()
        self._jobs = jobs

    def done(self) -> bool:
        """Tell whether there is something to do."""
        return bool(self._jobs) or super().done()

    def result(self, timeout: float | None = None) -> None:
        """Nothing comes of it."""


def _seen(job: asyncio.Future[Any]) -> None:
    """Say that a failure was seen: of several who wait for the same, one tells."""
    if not job.cancelled():
        job.exception()


class _Quiet(Future[None]):
    """Work that has ended when nothing has moved for a while, or when `until` says so."""

    def __init__(self, manager: StreamManager, until: Callable[[], bool] | None) -> None:
        super().__init__()
        self._manager = manager
        self._until = until
        self._seen = -1
        self._rounds = 0

    def done(self) -> bool:
        """Tell whether nothing has moved since this was asked the last few times."""
        if self._until is not None:
            return self._until()
        self._rounds = self._rounds + 1 if self._manager.moves == self._seen else 0
        self._seen = self._manager.moves
        return self._rounds >= _QUIET

    def result(self, timeout: float | None = None) -> None:
        """Nothing comes of it."""


class StreamManager:
    """The ends that one component passes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._subtasks = Subtasks.of(store)
        self._jobs: deque[Callable[[], None]] = deque()
        self._orders: deque[Order] = deque()
        self._numbers = count(1)
        self._offered: dict[int, Outgoing] = {}
        self._moving: dict[int, Incoming | Outgoing] = {}
        self._kinds: dict[str, int] = {}
        self._deciding = RLock()
        """Held while somebody finds out whether the task will run jobs; a finalizer may do so at that moment."""
        self._running = False
        self._listens = False
        self._wake_reader = 0
        self._armed = False
        self._over = False
        self._visits = False
        """Whether what asks now is not the task, but somebody who has something new for it."""
        self._empty: set[int] = set()
        """Ends that had nothing when they were read for whom asks now."""
        self._calls: deque[Future[None]] = deque()
        self._done: Callable[[int, int], None] | None = None
        self._drives = False
        self._until: Callable[[], bool] | None = None
        self._awaited: set[Future[Any]] = set()
        """What coroutines wait for that nobody else brings."""
        self._aside: asyncio.Future[None] | None = None
        """The one job that lets guests go on for all of these."""
        self._starts: Callable[[], None] = lambda: None
        self._goes_on: Callable[[], None] = lambda: None
        self.moves = 0
        """How many steps were done."""
        store.call_hooks.before.append(self._before_call)
        store.call_hooks.after.append(self._after_call)
        store.call_environment["_call"] = store.call_hooks.call
        store.on_end(self.give_up)

    def number_kinds(self, keys: Iterable[str]) -> None:
        """Be told the keys of the kinds that the component has."""
        self._kinds = {key: number for number, key in enumerate(sorted(keys))}

    # What is called from any thread

    def soon(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread as soon as guests can go on; here and now where there are no ends for it."""
        with self._deciding:
            waits = not self._over and bool(self._running or self._moving or self._offered)
            if waits:
                self.later(job)
        if waits:
            self._wake()
        else:
            job()

    def later(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread; for finalizers too, which must not wait for anybody."""
        self._jobs.append(job)

    def _wake(self) -> None:
        # There may be none, or one that the end of the store has cancelled.
        with suppress(IndexError, InvalidStateError):
            self._calls.popleft().set_result(None)

    def drive(self) -> int:
        """Begin the call during which guests go on; return its ticket."""
        return self._subtasks.watch(_Quiet(self, self._until))

    def _before_call(self) -> None:
        """Let somebody move what the host gives in the call."""
        if self._offered and not self._running and not self._drives:
            self._inside(self._starts)

    def _after_call(self) -> None:
        """Let what a call has left be done: what its guest has written, that it has closed an end."""
        if self._moving and not self._drives:
            self._drive(None)

    def driven_by(self, starts: Callable[[], None], goes_on: Callable[[], None]) -> None:
        """Be given the functions of the component that start the task, and during which guests go on."""
        self._starts, self._goes_on = starts, goes_on

    def _drive(self, until: Callable[[], bool] | None) -> None:
        self._until = until
        if not self._running:
            self._inside(self._starts)
        self._inside(self._goes_on)

    def _inside(self, call: Callable[[], None]) -> None:
        """Make a call of ours, which nothing has to be done before and after."""
        self._drives = True
        try:
            call()
        finally:
            self._drives = False

    def _go_on(self, until: Callable[[], bool]) -> None:
        """Let guests go on until something has come up, or the thread is wanted for something else."""
        if not until():
            self.store.run(lambda: self._drive(lambda: until() or self.store.call_hooks.is_wanted()))

    def wait_for(self, wanted: Future[Any]) -> Any:
        """Let guests go on until elements are there, or while another thread does that."""
        while not wanted.done():
            try:
                self._go_on(wanted.done)
            except ThreadError:
                with suppress(TimeoutError):
                    return wanted.result(_ASK_AGAIN)
        return wanted.result()

    async def wait_on_loop(self, wanted: Future[Any]) -> Any:
        """Do the same in a coroutine: guests go on until nothing is there that a coroutine waits for."""
        self._awaited.add(wanted)
        wanted.add_done_callback(self._awaited.discard)
        arriving = asyncio.wrap_future(wanted)
        arriving.add_done_callback(_seen)
        while not wanted.done():
            aside = self._go_on_aside()
            await asyncio.wait([aside, arriving], return_when=asyncio.FIRST_COMPLETED)
            if self.store.dead is not None:
                # What the guest has failed with comes out of that, and reaches the elements too late or not at all.
                await asyncio.wait([aside])
            if aside.done():
                aside.result()
        return await arriving

    def bring(self, wanted: Future[Any]) -> None:
        """Let guests go on until elements are there, on the event loop, whether or not anybody awaits them."""
        asyncio.ensure_future(self.wait_on_loop(wanted)).add_done_callback(_seen)

    def _go_on_aside(self) -> asyncio.Future[None]:
        if self._aside is None or self._aside.done():
            on_thread = self.store.call_hooks.run_here(lambda: self._go_on(lambda: not self._awaited))
            self._aside = asyncio.ensure_future(on_thread)
            self._aside.add_done_callback(_seen)
        return self._aside

    # What the component calls

    def listen(self) -> int:
        """Begin the call that ends when there is something to do; return its ticket."""
        call = _Call(self._jobs)
        self._calls.clear()
        self._calls.append(call)
        if self._jobs or not (self._moving or self._offered):
            self._wake()
        return self._subtasks.watch(call)

    def opened(self, number: int, end: int) -> None:
        """Be told of the writable end of what the host gave."""
        outgoing = self._moving[end] = self._offered.pop(number)
        outgoing.opened(end)

    def put(self, end: int, elements: Any) -> None:
        """Be given elements."""
        incoming = self._moving[end]
        if isinstance(incoming, Incoming):
            incoming.put(elements)

    def data(self, end: int) -> Any:
        """Return elements to give to the guest."""
        outgoing = self._moving[end]
        return outgoing.take() if isinstance(outgoing, Outgoing) else None

    def classes(self, end: int) -> Classes:
        """Return what classes the elements of an end are of."""
        return classes_of(self._moving[end].type_)

    def step(self, event: int, first: int, second: int) -> tuple[int, ...]:
        """Be told of an event; return what to do now."""
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
            # The bell was rung: who exits before that is heard could not wait for it again.
            return Order(Step.WAIT)
        with self._deciding:
            self._running = bool(self._jobs)
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
        """Be told that an event was taken: the task may be about to go on because of it, and has to find one."""
        if self._visits and self._armed:
            self._armed = False
            self._orders.appendleft(Order(Step.WAKE))

    def may_wait(self, end: int) -> bool:
        """Be told that there is nothing to read, and tell whether it can be waited for: by the task only."""
        if self._visits:
            self._empty.add(end)
        return not self._visits

    def _listening(self, call: int, _: int) -> None:
        self._listens = call != 0

    # What ends do

    def order(self, order: Order) -> None:
        """Let a step be done."""
        self._orders.append(order)

    def forget(self, end: int) -> None:
        """Be told that an end is no more."""
        del self._moving[end]

    def offer(self, key: str, feed: Feed, type_: abi.Stream | abi.Future) -> int:
        """Return the number by which the guest is given what a feed brings."""
        number = next(self._numbers) & UNSIGNED
        self._offered[number] = Outgoing(self, self._kinds[key], feed, type_)
        return number

    def withdraw(self, number: int) -> None:
        """Give nothing after all."""
        self._offered.pop(number)

    def receive(self, key: str, end: int, type_: abi.Stream | abi.Future) -> Incoming:
        """Return what reads from an end that the guest has passed."""
        incoming = self._moving[end] = Incoming(self, self._kinds[key], end, type_)
        return incoming

    def give_up(self) -> None:
        """Let everybody know that nothing can be read or written any more."""
        for each in (*self._moving.values(), *self._offered.values()):
            each.give_up(self.store.dead)
        self._moving.clear()
        self._offered.clear()
        with self._deciding:
            self._over = True
        self._run_jobs()

    def _run_jobs(self) -> None:
        while self._jobs:
            self._jobs.popleft()()
