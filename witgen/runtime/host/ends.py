"""The streams and futures that a store's guests and its host pass each other.

The helper that has the ends asks `step` what to do with them. All of it happens on the store's thread, while a call of an
async function is under way; other threads leave jobs, and wake the helper up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import abi
from .errors import HostError, ThreadError
from .feeds import Feed
from .lanes.steps import BLOCKED, DONE, NO_KIND, SETTLE, STARTED, Event, Step
from .lanes.tickets import Tickets

if TYPE_CHECKING:
    from .store import Store

__all__ = ["Ends", "Incoming", "Outgoing"]

_DROPPED, _CANCELLED = 1, 2
"""The results of a built-in whose other end is gone, and that was cancelled (CanonicalABI.md, `CopyResult`)."""
_UNSIGNED = 0xFFFF_FFFF
_ASK_AGAIN = 0.02
"""Seconds until a thread tries again to let the guest go on, which another thread does meanwhile."""
_QUIET = 3
"""How often nothing has to have moved until nothing is expected to."""
_BYTES, _ELEMENTS = 1 << 16, 1 << 10


class _Order(NamedTuple):
    """A step with its numbers, and what is told what came of it."""

    step: Step
    kind: int = NO_KIND
    end: int = 0
    address: int = 0
    first: int = 0
    amount: int = 0
    done: Callable[[int, int], None] | None = None


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


class _Quiet(Future[None]):
    """Work that has ended when nothing has moved for a while, or when `until` says so."""

    def __init__(self, ends: Ends, until: Callable[[], bool] | None) -> None:
        super().__init__()
        self._ends = ends
        self._until = until
        self._seen = -1
        self._rounds = 0

    def done(self) -> bool:
        """Tell whether nothing has moved since this was asked the last few times."""
        if self._until is not None:
            return self._until()
        self._rounds = self._rounds + 1 if self._ends.moves == self._seen else 0
        self._seen = self._ends.moves
        return self._rounds >= _QUIET

    def result(self, timeout: float | None = None) -> None:
        """Nothing comes of it."""


class Ends:
    """The ends that one component passes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._tickets = Tickets.of(store)
        self._jobs: deque[Callable[[], None]] = deque()
        self._orders: deque[_Order] = deque()
        self._numbers = count(1)
        self._offered: dict[int, Outgoing] = {}
        self._moving: dict[int, Incoming | Outgoing] = {}
        self._kinds: dict[str, int] = {}
        self._running = False
        self._listens = False
        self._bell = 0
        self._armed = False
        self._visits = False
        """Whether what asks now is not the task, but somebody who has something new for it."""
        self._calls: deque[Future[None]] = deque()
        self._done: Callable[[int, int], None] | None = None
        self._drives = False
        self._until: Callable[[], bool] | None = None
        self._starts: Callable[[], None] = lambda: None
        self._goes_on: Callable[[], None] = lambda: None
        self.moves = 0
        """How many steps were done."""
        store.before_call, store.after_call = self._before_call, self._after_call
        store.call_environment["_call"] = store.call_between
        give_up = store.give_up

        def give_all_up() -> None:
            give_up()
            self.give_up()

        store.give_up = give_all_up
        store.on_close(self.give_up)

    def number_kinds(self, keys: Iterable[str]) -> None:
        """Be told the keys of the kinds that the component has."""
        self._kinds = {key: number for number, key in enumerate(sorted(keys))}

    # What is called from any thread

    def soon(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread as soon as guests can go on."""
        self.later(job)
        self._wake()

    def later(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread; for finalizers too, which must not wait for anybody."""
        self._jobs.append(job)

    def _wake(self) -> None:
        with suppress(IndexError):
            self._calls.popleft().set_result(None)

    def drive(self) -> int:
        """Begin the call during which guests go on; return its ticket."""
        return self._tickets.watch(_Quiet(self, self._until))

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

    def go_on(self, wanted: Future[Any]) -> None:
        """Let guests go on until elements are there, or the thread is wanted for something else."""
        if not wanted.done():
            self._drive(lambda: wanted.done() or self.store.is_wanted())

    def wait_for(self, wanted: Future[Any]) -> Any:
        """Let guests go on until elements are there, or while another thread does that."""
        while not wanted.done():
            try:
                self.go_on(wanted)
            except ThreadError:
                with suppress(TimeoutError):
                    return wanted.result(_ASK_AGAIN)
        return wanted.result()

    # What the component calls

    def listen(self) -> int:
        """Begin the call that ends when there is something to do; return its ticket."""
        call = _Call(self._jobs)
        self._calls.clear()
        self._calls.append(call)
        if self._jobs or not (self._moving or self._offered):
            self._wake()
        return self._tickets.watch(call)

    def opened(self, number: int, end: int) -> None:
        """Be told of the writable end of what the host gave."""
        outgoing = self._moving[end] = self._offered.pop(number)
        outgoing.opened(end)

    def put(self, end: int, elements: Any) -> None:
        """Be given elements."""
        incoming = self._moving[end]
        if isinstance(incoming, Incoming):
            incoming.elements = elements

    def data(self, end: int) -> Any:
        """Return elements to give to the guest."""
        outgoing = self._moving[end]
        return outgoing.take() if isinstance(outgoing, Outgoing) else None

    def step(self, event: int, first: int, second: int) -> tuple[int, ...]:
        """Be told of an event; return what to do now."""
        order = self._after(event, first, second)
        return (order.step, order.kind, order.end, order.address, order.first, order.amount)

    def _after(self, event: int, first: int, second: int) -> _Order:
        if event == STARTED:
            if self._running:
                return _Order(Step.LEAVE)
            self._running = True
            if not self._armed:
                self._arm()
        elif event == SETTLE:
            self._visits = True
            for each in list(self._moving.values()):
                each.settle()
        elif event == DONE:
            done, self._done = self._done, None
            self.moves += 1
            if done is not None:
                done(first, second)
        elif event == Event.SUBTASK:
            self._listens = False
            return _Order(Step.HEARD, end=first)
        elif first == self._bell and event == Event.STREAM_READ:
            self._arm()
        elif event in (Event.STREAM_READ, Event.STREAM_WRITE, Event.FUTURE_READ, Event.FUTURE_WRITE):
            self._moving[first].told(second)
        return self._next()

    def _next(self) -> _Order:
        while self._jobs:
            self._jobs.popleft()()
        if self._orders:
            order = self._orders.popleft()
            self._done = order.done
            return order
        if self._visits:
            self._visits = False
            return _Order(Step.LEAVE)
        has_ends = self._moving or self._offered
        if has_ends and not self._listens:
            self._done = self._listening
            return _Order(Step.LISTEN)
        if self._listens:
            if not has_ends:
                self._wake()
            return _Order(Step.WAIT)
        self._running = False
        return _Order(Step.EXIT)

    def _arm(self) -> None:
        def armed(bell: int, _: int) -> None:
            self._bell, self._armed = bell, True

        self._orders.appendleft(_Order(Step.ARM, done=armed))

    def taken(self) -> None:
        """Be told that an event was taken. The task may be about to go on because of it, and there has to be one then."""
        if self._visits and self._armed:
            self._armed = False
            self._orders.appendleft(_Order(Step.RING))

    def _listening(self, call: int, _: int) -> None:
        self._listens = call != 0

    # What ends do

    def order(self, order: _Order) -> None:
        """Let a step be done."""
        self._orders.append(order)

    def forget(self, end: int) -> None:
        """Be told that an end is no more."""
        del self._moving[end]

    def offer(self, key: str, feed: Feed, type_: abi.Stream | abi.Future) -> int:
        """Return the number by which the guest is given what a feed brings."""
        number = next(self._numbers) & _UNSIGNED
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
            each.give_up()
        self._moving.clear()
        self._offered.clear()


class Outgoing:
    """What the host gives to the guest: the writable end, and the feed of what goes through it."""

    def __init__(self, ends: Ends, kind: int, feed: Feed, type_: abi.Stream | abi.Future) -> None:
        self._ends = ends
        self._kind = kind
        self._feed = feed
        self._is_future = isinstance(type_, abi.Future)
        self._is_counted = type_.type is None
        self._end = 0
        self._writes = False
        self._count = self._taken = self._address = 0

    def opened(self, end: int) -> None:
        """Begin to write."""
        self._end = end
        feed = self._feed
        feed.ready = lambda: self._ends.soon(self._write)
        feed.start()

    def _order(self, step: Step, done: Callable[[int, int], None] | None = None, **numbers: int) -> None:
        self._ends.order(_Order(step, self._kind, self._end, done=done, **numbers))

    def _write(self) -> None:
        feed = self._feed
        if self._writes or not self._end:
            return
        if feed.has_items:
            self._writes = True
            self._order(Step.WRITE, self._began)
        elif feed.failure is not None:
            self._leave()
            raise feed.failure
        elif feed.ended:
            self._leave()

    def take(self) -> Any:
        """Return what is to be written."""
        elements = self._feed.take()
        self._taken, self._count = 0, len(elements)
        return self._count if self._is_counted else elements

    def _began(self, result: int, address: int) -> None:
        self._address = address
        if result != BLOCKED & _UNSIGNED:
            self._moved(result)

    def told(self, result: int) -> None:
        """Be told of an event: of the write under way, or that the guest has dropped its end."""
        if self._writes:
            self._moved(result)
        else:
            self._leave()

    def _moved(self, result: int) -> None:
        dropped = result & 15 == _DROPPED
        self._taken += self._count if self._is_future else result >> 4
        if self._taken < self._count and not dropped:
            self._order(Step.WRITE_ON, self._began_again, address=self._address, first=self._taken, amount=self._count)
            return
        self._order(Step.FREE, address=self._address, amount=self._count)
        self._writes = False
        if dropped or self._is_future:
            self._leave()
        else:
            self._write()

    def _began_again(self, result: int, _: int) -> None:
        self._began(result, self._address)

    def settle(self) -> None:
        """What is written is the guest's to take."""

    def _leave(self) -> None:
        self._order(Step.DROP_WRITABLE)
        self._ends.forget(self._end)
        self._end = 0
        self._feed.stop()

    def give_up(self) -> None:
        """Write nothing any more."""
        self._end = 0
        self._feed.stop()


class Incoming:
    """What the guest gives to the host: the readable end, and who reads from it."""

    def __init__(self, ends: Ends, kind: int, end: int, type_: abi.Stream | abi.Future) -> None:
        self.ends = ends
        self.type_ = type_
        self._kind = kind
        self._end = end
        self.elements: Any = None
        self._wanted: Future[Any] | None = None
        self._address = 0
        self._reads = self._blocked = False
        self._kept: Any = None
        """What came although nobody wanted it any more."""
        self._size = 0
        self.piece = _BYTES if type_.type is abi.U8 else _ELEMENTS
        """How many elements are asked for at once by those who want all."""

    @property
    def _nothing(self) -> Any:
        if isinstance(self.type_, abi.Future):
            return None
        return b"" if self.type_.type is abi.U8 else 0 if self.type_.type is None else []

    def _order(self, step: Step, done: Callable[[int, int], None] | None = None, **numbers: int) -> None:
        self.ends.order(_Order(step, self._kind, self._end, done=done, **numbers))

    # What is called from any thread

    def read(self, size: int) -> Future[Any]:
        """Ask for elements; what comes of it is what is there then, or nothing at the end."""
        wanted: Future[Any] = Future()
        self.ends.soon(lambda: self._want(wanted, size))
        return wanted

    def gather(self) -> Future[Any]:
        """Ask for all elements; what comes of it are the pieces in which they came."""
        gathered, pieces = Future[Any](), list[Any]()

        def ask() -> None:
            wanted: Future[Any] = Future()
            wanted.add_done_callback(arrived)
            self._want(wanted, self.piece)

        def arrived(wanted: Future[Any]) -> None:
            failure = wanted.exception()
            if failure is not None:
                gathered.set_exception(failure)
            elif piece := wanted.result():
                pieces.append(piece)
                ask()
            else:
                gathered.set_result(pieces)

        self.ends.soon(ask)
        return gathered

    def leave(self) -> None:
        """Want nothing any more, and let the guest know."""
        self.ends.soon(self._cancel_and_drop)

    def forgotten(self) -> None:
        """Do the same some time soon, for finalizers."""
        self.ends.later(self._cancel_and_drop)

    def cancel(self, wanted: Future[Any]) -> None:
        """Do not want the elements that were asked for."""
        if wanted.cancel():
            self.ends.soon(self._cancel)

    # What is called on the store's thread

    def _want(self, wanted: Future[Any], size: int) -> None:
        if self._wanted is not None and not self._wanted.done():
            wanted.set_exception(HostError("another read of this stream is under way"))
        elif self._kept is not None:
            kept, self._kept = self._kept, None
            wanted.set_result(kept)
        elif not self._end:
            wanted.set_result(self._nothing)
        elif not wanted.cancelled():
            self._wanted, self._size = wanted, size
            if not self._reads:
                self._read()

    def settle(self) -> None:
        """Take what the guest has written by now."""
        self._cancel()

    def _read(self) -> None:
        self._reads = True
        self.elements = None
        self._order(Step.READ, self._began, amount=self._size)

    def _began(self, result: int, address: int) -> None:
        self._address = address
        self._blocked = result == BLOCKED & _UNSIGNED
        if not self._blocked:
            self._moved(result)
        elif self._wanted is None or self._wanted.cancelled():
            self._cancel()

    def _cancel(self) -> None:
        if self._blocked:
            self._blocked = False
            self._order(Step.CANCEL_READ, self._cancelled)

    def _cancelled(self, result: int, _: int) -> None:
        if result != _CANCELLED:
            self.ends.taken()
        self._moved(result)

    def told(self, result: int) -> None:
        """Be told of an event: of the read under way, or that the guest has dropped its end."""
        if self._blocked:
            self._moved(result)
        else:
            self._drop()

    def _moved(self, result: int) -> None:
        self._blocked = False
        code, is_future = result & 15, isinstance(self.type_, abi.Future)
        number = int(code == 0) if is_future else result >> 4
        self._order(Step.PUT, lambda *_: self._arrived(number, code), address=self._address, amount=number)

    def _arrived(self, number: int, code: int) -> None:
        self._reads = False
        if code == _DROPPED or (number and isinstance(self.type_, abi.Future)):
            self._drop()
        wanted, self._wanted = self._wanted, None
        if number:
            elements = self.elements[0] if isinstance(self.type_, abi.Future) else self.elements
            if wanted is None or not wanted.set_running_or_notify_cancel():
                self._kept = elements
            else:
                wanted.set_result(elements)
        elif wanted is not None and not wanted.cancelled():
            if self._end:
                self._wanted = wanted
                self._read()
            else:
                wanted.set_result(self._nothing)

    def _cancel_and_drop(self) -> None:
        if not self._end:
            return
        if self._reads:
            if self._wanted is not None:
                self._wanted.cancel()
            self._cancel()
            self.ends.soon(self._cancel_and_drop)
        else:
            self._drop()

    def _drop(self) -> None:
        self._order(Step.DROP_READABLE)
        self.ends.forget(self._end)
        self._end = 0

    def give_up(self) -> None:
        """Read nothing any more."""
        self._end = 0
        wanted = self._wanted
        if wanted is not None and not wanted.done():
            wanted.set_exception(HostError("the store is closed, or a call in it has failed"))
