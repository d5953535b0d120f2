"""The readable ends of streams and futures that a guest has passed to its host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .. import abi
from .ends import Ends
from .errors import ThreadError
from .incoming import Incoming

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
    "this would wait for the guest on the thread that runs it: read in an async function, in what is returned for a"
    " future, or in a thread of your own"
)


class _Reader:
    """What all readers have. Whoever wants nothing more closes the reader: `with` does, and forgetting it too."""

    def __init__(self, ends: Ends, incoming: Incoming, *, drives: bool) -> None:
        self._ends = ends
        self._incoming = incoming
        self._drives = drives

    def close(self) -> None:
        """Drop the end: the guest's writes end; twice is fine."""
        self._incoming.leave()

    def __del__(self) -> None:
        self._incoming.forgotten()

    def _gather(self, join: Callable[[list[Any]], Any]) -> Future[Any]:
        joined: Future[Any] = Future()

        def gathered(pieces: Future[list[Any]], _keep: _Reader = self) -> None:
            failure = pieces.exception()
            if failure is not None:
                joined.set_exception(failure)
            else:
                joined.set_result(join(pieces.result()))

        self._incoming.gather().add_done_callback(gathered)
        return joined

    def _read(self, size: int) -> Any:
        if self._ends.store.is_entered_here():
            raise ThreadError(_INSIDE)
        wanted = self._incoming.read(size)
        return self._ends.wait_for(wanted) if self._drives else wanted.result()

    async def _read_async(self, size: int) -> Any:
        wanted: Future[Any] = self._incoming.read(size)
        try:
            return await self._arrived(asyncio.wrap_future(wanted), wanted)
        except asyncio.CancelledError:
            self._incoming.cancel(wanted)
            raise

    async def _arrived(self, arriving: asyncio.Future[Any], wanted: Future[Any]) -> Any:
        """Wait for elements, and let the guest go on if nobody else does."""
        run_here = self._ends.store.around.run_here if self._drives else None
        while run_here is not None and not arriving.done():
            running = asyncio.ensure_future(run_here(partial(self._ends.go_on, wanted)))
            await asyncio.wait([running, arriving], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        return await arriving


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
        return bytes(self._read(max_count))

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read():
            yield piece

    def gather(self) -> Future[bytes]:
        """Begin to read all, and return at once: for functions that may not wait.

        What the guest has written is there whenever it calls one of its host's functions, and the future is done when
        it has closed its end.
        """
        return self._gather(b"".join)


class AsyncByteStreamReader(_Awaiting):
    """The readable end of a `stream<u8>` for coroutines; iterating gives its bytes in pieces."""

    async def read(self, max_count: int = _PIECE) -> bytes:
        """Wait for bytes and return up to `max_count`; none is there only when the other end is closed."""
        return bytes(await self._read_async(max_count))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read():
            yield piece

    def gather(self) -> Future[bytes]:
        """Begin to read all, and return at once: for functions that may not wait.

        What the guest has written is there whenever it calls one of its host's functions, and the future is done when
        it has closed its end.
        """
        return self._gather(b"".join)


class StreamReader(_Blocking, Generic[T]):
    """The readable end of a `stream<T>`; iterating gives its elements."""

    def read(self, max_count: int = _SOME) -> list[T]:
        """Wait for elements and return up to `max_count`; none is there only when the other end is closed."""
        return _listed(self._read(max_count))

    def __iter__(self) -> Iterator[T]:
        while elements := self.read():
            yield from elements

    def gather(self) -> Future[list[T]]:
        """Begin to read all, and return at once: for functions that may not wait.

        What the guest has written is there whenever it calls one of its host's functions, and the future is done when
        it has closed its end.
        """
        return self._gather(lambda pieces: [each for piece in pieces for each in _listed(piece)])


class AsyncStreamReader(_Awaiting, Generic[T]):
    """The readable end of a `stream<T>` for coroutines; iterating gives its elements."""

    async def read(self, max_count: int = _SOME) -> list[T]:
        """Wait for elements and return up to `max_count`; none is there only when the other end is closed."""
        return _listed(await self._read_async(max_count))

    async def __aiter__(self) -> AsyncIterator[T]:
        while elements := await self.read():
            for element in elements:
                yield element

    def gather(self) -> Future[list[T]]:
        """Begin to read all, and return at once: for functions that may not wait.

        What the guest has written is there whenever it calls one of its host's functions, and the future is done when
        it has closed its end.
        """
        return self._gather(lambda pieces: [each for piece in pieces for each in _listed(piece)])


class FutureReader(_Blocking, Generic[T]):
    """The readable end of a `future<T>`."""

    def read(self) -> T:
        """Wait for the value; once only."""
        return self._read(1)  # type: ignore[no-any-return]


class AsyncFutureReader(_Awaiting, Generic[T]):
    """The readable end of a `future<T>` for coroutines: it can be awaited itself."""

    async def read(self) -> T:
        """Wait for the value; once only."""
        return await self._read_async(1)  # type: ignore[no-any-return]

    def __await__(self) -> Generator[Any, None, T]:
        return self.read().__await__()


def _listed(elements: Any) -> list[Any]:
    """Return elements as a list; those without content come as their number."""
    return [None] * elements if isinstance(elements, int) else elements


def reader_of(ends: Ends, incoming: Incoming, *, awaits: bool, drives: bool = False) -> _Reader:
    """Return what reads from an end; `awaits` tells whether by coroutines, `drives` whether it lets the guest go on."""
    match incoming.type_:
        case abi.Future():
            kind: type[_Reader] = AsyncFutureReader[Any] if awaits else FutureReader[Any]
        case abi.Stream(type=abi.U8):
            kind = AsyncByteStreamReader if awaits else ByteStreamReader
        case abi.Stream():
            kind = AsyncStreamReader[Any] if awaits else StreamReader[Any]
    return kind(ends, incoming, drives=drives)
