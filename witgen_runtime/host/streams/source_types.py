"""Types of the values that a host may pass for a stream or future in WIT."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from concurrent.futures import Future
from typing import Protocol, TypeAlias, TypeVar

__all__ = [
    "AsyncByteStreamSource",
    "AsyncFutureSource",
    "AsyncStreamSource",
    "ByteStreamSource",
    "FutureSource",
    "StreamSource",
]

T = TypeVar("T")


class _BinaryFile(Protocol):
    def read(self, size: int, /) -> bytes: ...


_Bytes: TypeAlias = bytes | bytearray | memoryview

ByteStreamSource: TypeAlias = _Bytes | Iterable[_Bytes] | _BinaryFile
"""For a `stream<u8>`: bytes, an iterable of bytes (iterated in a separate thread), or a file opened for reading."""

AsyncByteStreamSource: TypeAlias = ByteStreamSource | AsyncIterable[_Bytes]
"""With the asyncio API also an asynchronous iterable of bytes, iterated on the loop."""

StreamSource: TypeAlias = Iterable[T]
"""For a `stream<T>`: an iterable of elements, iterated in a separate thread unless it is a list or a tuple."""

AsyncStreamSource: TypeAlias = Iterable[T] | AsyncIterable[T]
"""With the asyncio API also an asynchronous iterable of elements, iterated on the loop."""

FutureSource: TypeAlias = T | Callable[[], T] | Future[T]
"""For a `future<T>`: the value, a function that returns it (called in a separate thread), or a Python future."""

AsyncFutureSource: TypeAlias = T | Callable[[], T] | Future[T] | Awaitable[T]
"""On the asyncio API also something to await, on the loop."""
