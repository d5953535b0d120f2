"""Streams and futures in the calls of one function: numbers on the way, readers and feeds in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

from ... import abi
from ..adapters.calling.stream_calls import End, Keys
from .manager import StreamManager
from .pumps import Feed, of_future, of_stream
from .readers import reader_of

__all__ = ["FunctionEnds"]


@dataclass(frozen=True, eq=False)
class FunctionEnds:
    """The streams of one function.

    `awaits` is whether coroutines read from them, `exported` whether Python calls the function: then only the reader
    itself can run the guest while Python reads.
    """

    manager: StreamManager
    keys: Keys
    _: KW_ONLY
    awaits: bool
    exported: bool = False

    def reader(self, type_: End) -> Callable[[int], Any]:
        """Return a function that makes a reader from the number of a readable end."""
        manager, key, awaits, drives = self.manager, self.keys[type_], self.awaits, self.exported
        return lambda number: reader_of(manager, manager.receive(key, number, type_), awaits=awaits, drives=drives)

    def feed(self, type_: End, value: object) -> Feed:
        """Return a feed of an implementation's result for a stream; raise `Mismatch` if it cannot be one."""
        loop = self.manager.store.loop
        if isinstance(type_, abi.Future):
            return of_future(value, loop=loop)
        return of_stream(value, is_bytes=type_.type is abi.U8, loop=loop)

    def offer(self, type_: End, value: object) -> int:
        """Offer an implementation's result to the guest; return the number of the offer."""
        return self.manager.offer(self.keys[type_], self.feed(type_, value), type_)
