"""What a host may give where WIT names a stream or a future."""

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
"""For a `stream<u8>`: bytes, something that yields bytes (in a thread of its own), or a file opened for reading."""

AsyncByteStreamSource: TypeAlias = ByteStreamSource | AsyncIterable[_Bytes]
"""On the asyncio API also what yields bytes asynchronously, on the loop."""

StreamSource: TypeAlias = Iterable[T]
"""For a `stream<T>`: something that yields elements, in a thread of its own unless it is a list or a tuple."""

AsyncStreamSource: TypeAlias = Iterable[T] | AsyncIterable[T]
"""On the asyncio API also what yields elements asynchronously, on the loop."""

FutureSource: TypeAlias = T | Callable[[], T] | Future[T]
"""For a `future<T>`: the value, a function that returns it (in a thread of its own), or a future of Python's."""

AsyncFutureSource: TypeAlias = T | Callable[[], T] | Future[T] | Awaitable[T]
"""On the asyncio API also something to await, on the loop."""
