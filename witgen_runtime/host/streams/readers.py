"""The readable ends of streams and futures that a guest has passed to its host."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from ... import abi
from ...values import Unique
from ..capi.entry import leaf
from ..errors import HostError, ThreadError
from .manager import StreamManager
from .reading import Incoming

__all__ = [
    "AsyncByteStreamReader",
    "AsyncFutureReader",
    "AsyncStreamReader",
    "ByteStreamReader",
    "FutureReader",
    "StreamReader",
    "reader_of",
]

T = TypeVar("T")

_PIECE = 1 << 16
_SOME = 256
_INSIDE = (
    "this would wait for the guest on the thread that runs it: read in an async function, in the value returned for a "
    "future, or in a separate thread"
)
_OVER = "this future was already read, or its reader was closed"


class _Reader(Unique):
    """Base of all readers. Close a reader that is no longer needed: `with` does, as does losing the last reference."""

    _WHY_UNIQUE = "is the readable end of a stream or future of a guest"
    _incoming: Incoming = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  (while it is made)

    def __init__(self, manager: StreamManager, incoming: Incoming, *, drives: bool) -> None:
        self._manager = manager
        self._incoming = incoming
        self._drives = drives
        self._ahead: deque[Any] = deque()
        """Elements read for an iterator that has not returned them yet."""

    def close(self) -> None:
        """Drop the end: the guest's writes end; twice is fine."""
        self._ahead.clear()
        self._incoming.leave()

    @leaf
    def __del__(self) -> None:
        # CPython drops an interrupt that comes in a finalizer, and leaves the rest of that undone: the guest would wait
        # for this reader for ever. So nothing here looks for signals.
        incoming = self._incoming
        if incoming and incoming.end:
            jobs = self._manager.jobs
            jobs += (incoming.left,)

    def _gather(self) -> Future[Any]:
        if self._ahead:
            self._incoming.give_back(self._taken(len(self._ahead)))
        gathered = self._incoming.gather()
        # Keeps the reader, which would close when it is forgotten.
        gathered.add_done_callback(self._gathered)
        if self._drives and self._manager.store.loop is not None:
            self._manager.bring(gathered)
        return gathered

    def _gathered(self, _: Future[Any]) -> None:
        pass

    def _keep(self, elements: list[Any]) -> bool:
        """Store elements for an iterator, and return whether there are any."""
        self._ahead.extend(elements)
        return bool(elements)

    def _taken(self, most: int) -> list[Any]:
        """Take the elements stored for an iterator."""
        return [self._ahead.popleft() for _ in range(min(most, len(self._ahead)))]

    def _read(self, size: int) -> Any:
        if self._manager.store.is_entered_here():
            raise ThreadError(_INSIDE)
        wanted = self._incoming.read(size)
        try:
            return self._manager.wait_for(wanted)
        except BaseException:
            self._incoming.cancel(wanted)
            raise

    async def _read_async(self, size: int) -> Any:
        wanted: Future[Any] = self._incoming.read(size)
        try:
            if self._drives:
                return await self._manager.wait_on_loop(wanted)
            return await asyncio.wrap_future(wanted)
        except asyncio.CancelledError:
            self._incoming.cancel(wanted)
            raise


def _counted(max_count: object) -> int:
    if type(max_count) is not int:
        raise TypeError(f"read(max_count=…): expected int, got {type(max_count).__name__}")
    if max_count <= 0:
        raise ValueError(f"read(max_count=…): expected a number of elements, got {max_count}")
    return max_count


def _only(elements: list[Any]) -> Any:
    if not elements:
        raise HostError(_OVER)
    return elements[0]


class _Blocking(_Reader):
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _Awaiting(_Reader):
    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class ByteStreamReader(_Blocking):
    """The readable end of a `stream<u8>`; iterating gives its bytes in pieces, as the guest writes them."""

    def read(self, max_count: int = _PIECE) -> bytes:
        """Wait for bytes and return up to `max_count`; none is there only when the other end is closed."""
        return self._read(_counted(max_count))  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read():
            yield piece

    def gather(self) -> Future[bytes]:
        """Begin to read everything and return at once, for functions that must not wait.

        Elements arrive whenever the guest calls a host function; the future is done when the guest has closed its end.
        """
        return self._gather()


class AsyncByteStreamReader(_Awaiting):
    """The readable end of a `stream<u8>` for coroutines; iterating gives its bytes in pieces."""

    async def read(self, max_count: int = _PIECE) -> bytes:
        """Wait for bytes and return up to `max_count`; none is there only when the other end is closed."""
        return await self._read_async(_counted(max_count))  # type: ignore[no-any-return]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read():
            yield piece

    def gather(self) -> Future[bytes]:
        """Begin to read everything and return at once, for functions that must not wait.

        Elements arrive whenever the guest calls a host function; the future is done when the guest has closed its end.
        """
        return self._gather()


class StreamReader(_Blocking, Generic[T]):
    """The readable end of a `stream<T>`; iterating gives its elements."""

    def read(self, max_count: int = _SOME) -> list[T]:
        """Wait for elements and return up to `max_count`; none is there only when the other end is closed."""
        return self._taken(_counted(max_count)) or self._read(max_count)

    def __iter__(self) -> Iterator[T]:
        while self._ahead or self._keep(self._read(_SOME)):
            yield self._ahead.popleft()

    def gather(self) -> Future[list[T]]:
        """Begin to read everything and return at once, for functions that must not wait.

        Elements arrive whenever the guest calls a host function; the future is done when the guest has closed its end.
        """
        return self._gather()


class AsyncStreamReader(_Awaiting, Generic[T]):
    """The readable end of a `stream<T>` for coroutines; iterating gives its elements."""

    async def read(self, max_count: int = _SOME) -> list[T]:
        """Wait for elements and return up to `max_count`; none is there only when the other end is closed."""
        return self._taken(_counted(max_count)) or await self._read_async(max_count)

    async def __aiter__(self) -> AsyncIterator[T]:
        while self._ahead or self._keep(await self._read_async(_SOME)):
            yield self._ahead.popleft()

    def gather(self) -> Future[list[T]]:
        """Begin to read everything and return at once, for functions that must not wait.

        Elements arrive whenever the guest calls a host function; the future is done when the guest has closed its end.
        """
        return self._gather()


class FutureReader(_Blocking, Generic[T]):
    """The readable end of a `future<T>`."""

    def read(self) -> T:
        """Wait for the value; once only."""
        return _only(self._read(1))  # type: ignore[no-any-return]


class AsyncFutureReader(_Awaiting, Generic[T]):
    """The readable end of a `future<T>` for coroutines: it can be awaited itself."""

    async def read(self) -> T:
        """Wait for the value; once only."""
        return _only(await self._read_async(1))  # type: ignore[no-any-return]

    def __await__(self) -> Generator[Any, None, T]:
        return self.read().__await__()


def reader_of(manager: StreamManager, incoming: Incoming, *, awaits: bool, drives: bool = False) -> _Reader:
    """Return the reader of an end: with coroutines if `awaits`; one that runs the guest if `drives`."""
    match incoming.type_:
        case abi.Future():
            kind: type[_Reader] = AsyncFutureReader[Any] if awaits else FutureReader[Any]
        case abi.Stream(type=abi.U8):
            kind = AsyncByteStreamReader if awaits else ByteStreamReader
        case abi.Stream():
            kind = AsyncStreamReader[Any] if awaits else StreamReader[Any]
    return kind(manager, incoming, drives=drives)
