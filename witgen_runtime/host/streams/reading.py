"""The readable ends of streams and futures that the guest passes to the host."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ... import abi
from ..adapters.calling.instructions import Step
from ..errors import HostError, StoreDeadError
from .protocol import CANCELLED, DROPPED, Mover, Order, is_blocked

__all__ = ["Incoming"]

_BYTES, _ELEMENTS = 1 << 16, 1 << 10
_MOST_BYTES, _MOST_ELEMENTS = 1 << 20, 1 << 16
"""The largest number of elements to read at once."""
_ENDED = "this store is closed"
_FAILED = "this store cannot be used any more: a call in it failed"
_CLOSED = "the reader was closed"
_BUSY = "another read of this stream is in progress"


class Incoming:
    """A readable end that the guest passed to the host, and its pending read.

    Reads return lists of elements, or bytes; that of a future is a list of one.
    """

    def __init__(self, manager: Mover, kind: int, end: int, type_: abi.Stream | abi.Future) -> None:
        self._manager = manager
        self.type_ = type_
        self._kind = kind
        self.end = end
        self._wanted: Future[Any] | None = None
        self._size = self._address = 0
        self._reads = self._blocked = self._leaves = False
        is_bytes = isinstance(type_, abi.Stream) and type_.type is abi.U8
        self.nothing: Any = b"" if is_bytes else []
        """The result at the end of the stream."""
        self._came: Any = self.nothing
        """Elements that the guest has written and that were not taken yet."""
        self._lost = False
        """Whether no further elements will arrive."""
        self._cause: BaseException | None = None
        self._piece, self._most = (_BYTES, _MOST_BYTES) if is_bytes else (_ELEMENTS, _MOST_ELEMENTS)

    # Called from any thread

    def read(self, size: int) -> Future[Any]:
        """Request elements. Resolves to whatever is available; empty at the end of the stream."""
        wanted: Future[Any] = Future()
        self._manager.soon(lambda: self._want(wanted, size))
        return wanted

    def gather(self) -> Future[Any]:
        """Request all elements. If that is cancelled, elements already read are kept for the next reader."""
        gathered, pieces = Future[Any](), list[Any]()
        wanted: Future[Any] = Future()

        def ask() -> None:
            nonlocal wanted
            wanted = Future()
            wanted.add_done_callback(arrived)
            # All that is here: one after the other, the pieces would call each other.
            self._want(wanted, max(self._piece, len(self._came)))

        def arrived(wanted: Future[Any]) -> None:
            if wanted.cancelled():
                return
            failure = wanted.exception()
            if failure is None and wanted.result():
                pieces.append(wanted.result())
                if not gathered.cancelled():
                    ask()
            elif gathered.set_running_or_notify_cancel():
                if failure is None:
                    gathered.set_result(self._joined(pieces))
                else:
                    gathered.set_exception(failure)

        def give_back() -> None:
            if wanted.cancel():
                self._cancel()
            self._take_back(self._joined(pieces))

        def ended(gathered: Future[Any]) -> None:
            if gathered.cancelled():
                self._manager.soon(give_back)

        gathered.add_done_callback(ended)
        self._manager.soon(ask)
        return gathered

    def leave(self) -> None:
        """Want nothing any more, and let the guest know."""
        self._manager.soon(self.left)

    def cancel(self, wanted: Future[Any]) -> None:
        """Cancel a request; elements that it has already received are kept for the next reader."""
        if wanted.cancel():
            self._manager.soon(self._cancel)
        else:
            wanted.add_done_callback(self._untake)

    def _untake(self, wanted: Future[Any]) -> None:
        if wanted.exception() is None:
            self.give_back(wanted.result())

    def give_back(self, elements: Any) -> None:
        """Put elements back for the next reader."""
        self._manager.soon(lambda: self._take_back(elements))

    # Called on the store's thread

    def _joined(self, pieces: list[Any]) -> Any:
        if isinstance(self.nothing, bytes):
            return b"".join(pieces)
        return [element for piece in pieces for element in piece]

    def _take_back(self, elements: Any) -> None:
        self._came = self._joined([elements, self._came])

    def _want(self, wanted: Future[Any], size: int) -> None:
        if self._lost:
            _lose(wanted, self._cause)
        elif self._wanted is not None and not self._wanted.done():
            _fail(wanted, _BUSY)
        else:
            self._wanted, self._size = wanted, size
            self._hand_out()

    def _hand_out(self) -> None:
        """Complete the pending request with available elements, or start a read."""
        wanted = self._wanted
        if wanted is None:
            return
        if self._came or not self.end or self._leaves:
            self._wanted = None
            if wanted.set_running_or_notify_cancel():
                piece, self._came = self._came[: self._size], self._came[self._size :]
                wanted.set_result(piece)
        elif not self._reads and not wanted.cancelled():
            self._reads = True
            self._order(Step.READ, self._began, amount=min(self._size, self._most))

    def _order(
        self,
        step: Step,
        done: Callable[[int, int], None] | None = None,
        *,
        address: int = 0,
        amount: int = 0,
    ) -> None:
        self._manager.order(Order(step, self._kind, self.end, address, 0, amount, done))

    def settle(self) -> None:
        """Take the elements that the guest has written so far."""
        self._cancel()

    def _began(self, result: int, address: int) -> None:
        self._address = address
        self._blocked = is_blocked(result)
        if not self._blocked:
            self._moved(result)
        elif not self._manager.may_wait(self.end) or self._wanted is None or self._wanted.cancelled():
            self._cancel()

    def _cancel(self) -> None:
        if self._blocked:
            self._blocked = False
            self._order(Step.CANCEL_READ, self._cancelled)

    def _cancelled(self, result: int, _: int) -> None:
        if result != CANCELLED:
            self._manager.taken()
        self._moved(result)

    def told(self, result: int) -> None:
        """Handle an event: the end of the running read, or that the guest has dropped its end."""
        if self._blocked:
            self._moved(result)
        elif not self._reads:
            self._drop()

    def _moved(self, result: int) -> None:
        self._blocked = False
        code, is_future = result & 15, isinstance(self.type_, abi.Future)
        number = int(code == 0) if is_future else result >> 4
        is_last = code == DROPPED or (is_future and number > 0)
        self._order(
            Step.PUT, lambda _result, _address: self._arrived(is_last=is_last), address=self._address, amount=number
        )

    def put(self, elements: Any) -> None:
        """Receive the elements read: bytes if elements are bytes, their number if elements have no type."""
        if isinstance(self.nothing, list):
            elements = [None] * elements if isinstance(elements, int) else list(elements)
        self._came = self._came + elements if self._came else elements

    def _arrived(self, *, is_last: bool) -> None:
        self._reads = False
        if self._leaves:
            self._came = self.nothing
        if is_last or self._leaves:
            self._drop()
        self._hand_out()

    def left(self) -> None:
        """Want nothing any more: the job of `leave`, which a finalizer queues itself."""
        self._came = self.nothing
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            _fail(wanted, _CLOSED)
        if not self.end or self._leaves:
            return
        self._leaves = True
        if self._reads:
            self._cancel()
        else:
            self._drop()

    def _drop(self) -> None:
        self._order(Step.DROP_READABLE)
        self._manager.forget(self.end)
        self.end = 0

    def give_up(self, cause: BaseException | None) -> None:
        """Read nothing any more, because of a failure maybe."""
        self.end, self._blocked = 0, False
        self._lost, self._cause = True, cause
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            _lose(wanted, cause)


def _lose(wanted: Future[Any], cause: BaseException | None) -> None:
    failure = StoreDeadError(_ENDED if cause is None else _FAILED)
    failure.__cause__ = cause
    _end_with(wanted, failure)


def _fail(wanted: Future[Any], why: str) -> None:
    _end_with(wanted, HostError(why))


def _end_with(wanted: Future[Any], failure: HostError) -> None:
    if not wanted.done() and wanted.set_running_or_notify_cancel():
        wanted.set_exception(failure)
