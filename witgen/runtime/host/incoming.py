"""What the guest gives to the host: the readable ends."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .. import abi
from .errors import HostError
from .lanes.steps import Step
from .orders import CANCELLED, DROPPED, Mover, Order, is_blocked

__all__ = ["Incoming"]

_BYTES, _ELEMENTS = 1 << 16, 1 << 10
_LOST = "the store is closed, or a call in it has failed"


class Incoming:
    """What the guest gives to the host: the readable end, and who reads from it."""

    def __init__(self, ends: Mover, kind: int, end: int, type_: abi.Stream | abi.Future) -> None:
        self._ends = ends
        self.type_ = type_
        self._kind = kind
        self._end = end
        self.elements: Any = None
        self._wanted: Future[Any] | None = None
        self._address = 0
        self._reads = self._blocked = False
        self._kept: Any = None
        """What came although nobody wanted it any more."""
        self._lost = False
        """Whether what the guest has not given yet will never come."""
        self._size = 0
        self.piece = _BYTES if type_.type is abi.U8 else _ELEMENTS
        """How many elements are asked for at once by those who want all."""

    @property
    def _nothing(self) -> Any:
        if isinstance(self.type_, abi.Future):
            return None
        return b"" if self.type_.type is abi.U8 else 0 if self.type_.type is None else []

    def _order(self, step: Step, done: Callable[[int, int], None] | None = None, **numbers: int) -> None:
        self._ends.order(Order(step, self._kind, self._end, done=done, **numbers))

    # What is called from any thread

    def read(self, size: int) -> Future[Any]:
        """Ask for elements; what comes of it is what is there then, or nothing at the end."""
        wanted: Future[Any] = Future()
        self._ends.soon(lambda: self._want(wanted, size))
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

        self._ends.soon(ask)
        return gathered

    def leave(self) -> None:
        """Want nothing any more, and let the guest know."""
        self._ends.soon(self._cancel_and_drop)

    def forgotten(self) -> None:
        """Do the same some time soon, for finalizers."""
        self._ends.later(self._cancel_and_drop)

    def cancel(self, wanted: Future[Any]) -> None:
        """Do not want the elements that were asked for."""
        if wanted.cancel():
            self._ends.soon(self._cancel)

    # What is called on the store's thread

    def _want(self, wanted: Future[Any], size: int) -> None:
        if self._lost:
            wanted.set_exception(HostError(_LOST))
        elif self._wanted is not None and not self._wanted.done():
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
        self._blocked = is_blocked(result)
        if not self._blocked:
            self._moved(result)
        elif self._wanted is None or self._wanted.cancelled():
            self._cancel()

    def _cancel(self) -> None:
        if self._blocked:
            self._blocked = False
            self._order(Step.CANCEL_READ, self._cancelled)

    def _cancelled(self, result: int, _: int) -> None:
        if result != CANCELLED:
            self._ends.taken()
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
        self._order(
            Step.PUT, lambda _result, _address: self._arrived(number, code), address=self._address, amount=number
        )

    def _arrived(self, number: int, code: int) -> None:
        self._reads = False
        if code == DROPPED or (number and isinstance(self.type_, abi.Future)):
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
            self._ends.soon(self._cancel_and_drop)
        else:
            self._drop()

    def _drop(self) -> None:
        self._order(Step.DROP_READABLE)
        self._ends.forget(self._end)
        self._end = 0

    def give_up(self) -> None:
        """Read nothing any more."""
        self._end, self._blocked, self._lost = 0, False, True
        wanted = self._wanted
        if wanted is not None and not wanted.done():
            wanted.set_exception(HostError(_LOST))
