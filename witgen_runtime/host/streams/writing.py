"""The writable ends of streams and futures that the host passes to the guest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import abi
from ..adapters.calling.instructions import Step
from .protocol import DROPPED, Mover, Order, is_blocked
from .pumps import Feed

__all__ = ["Outgoing"]


class Outgoing:
    """A writable end of a stream that the host passed to the guest, and the feed of its elements."""

    def __init__(self, manager: Mover, kind: int, feed: Feed, type_: abi.Stream | abi.Future) -> None:
        self._manager = manager
        self._kind = kind
        self._feed = feed
        self.type_ = type_
        self._is_future = isinstance(type_, abi.Future)
        self._is_counted = type_.type is None
        self._end = 0
        self._writes = self._blocked = False
        self._count = self._taken = self._address = 0

    def opened(self, end: int) -> None:
        """Begin to write."""
        self._end = end
        feed = self._feed
        feed.ready = lambda: self._manager.soon(self._write)
        feed.start()

    def _order(
        self,
        step: Step,
        done: Callable[[int, int], None] | None = None,
        *,
        address: int = 0,
        first: int = 0,
        amount: int = 0,
    ) -> None:
        lasts = step in (Step.WRITE, Step.WRITE_ON)
        self._manager.order(Order(step, self._kind, self._end, address, first, amount, done, lasts))

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
        """Return the elements to write."""
        elements = self._feed.take()
        self._taken, self._count = 0, len(elements)
        return self._count if self._is_counted else elements

    def _began(self, result: int, address: int) -> None:
        self._address = address
        self._blocked = is_blocked(result)
        if not self._blocked:
            self._moved(result)

    def told(self, result: int) -> None:
        """Handle an event: the end of the running write, or that the guest has dropped its end."""
        if self._blocked:
            self._moved(result)
        elif not self._writes:
            self._leave()

    def _moved(self, result: int) -> None:
        self._blocked = False
        dropped = result & 15 == DROPPED
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
        """The guest takes the written elements when it reads."""

    def _leave(self) -> None:
        self._order(Step.DROP_WRITABLE)
        self._manager.forget(self._end)
        self._end = 0
        self._feed.stop()

    def give_up(self, _cause: BaseException | None) -> None:
        """Write nothing any more."""
        self._end = 0
        self._feed.stop()
