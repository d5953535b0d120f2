"""Protocols of the ends of streams and futures in guests: the operations of componentize-py's objects.

They are protocols, so that bindings can be imported and type-checked without componentize-py. `with` closes an end, as
does losing the last reference to it. One operation at a time may run on an end.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self, TypeVar

__all__ = [
    "ByteStreamReader",
    "ByteStreamWriter",
    "FutureReader",
    "FutureWriter",
    "StreamReader",
    "StreamWriter",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class _End(Protocol):
    """One end: `with` closes it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> bool | None: ...


class _StreamReader(_End, Protocol):
    """The readable end of a stream, whatever it carries."""

    @property
    def writer_dropped(self) -> bool:
        """Whether the other end is closed and all that it wrote has been read."""
        ...


class _StreamWriter(_End, Protocol):
    """The writable end of a stream, whatever it carries."""

    @property
    def reader_dropped(self) -> bool:
        """Whether the other end is closed."""
        ...


class StreamReader(_StreamReader, Protocol[T]):
    """The readable end of a `stream<T>`."""

    async def read(self, max_count: int) -> list[T]:
        """Wait for elements and return up to `max_count`; none is there only when the other end is closed."""
        ...


class StreamWriter(_StreamWriter, Protocol[T]):
    """The writable end of a `stream<T>`."""

    async def write(self, source: list[T]) -> int:
        """Wait until the reader takes some elements, and return how many it took."""
        ...

    async def write_all(self, source: list[T]) -> int:
        """Write until all is taken or the other end is closed, and return how many elements were taken."""
        ...


class ByteStreamReader(_StreamReader, Protocol):
    """The readable end of a `stream<u8>`."""

    async def read(self, max_count: int) -> bytes:
        """Wait for bytes and return up to `max_count`; none is there only when the other end is closed."""
        ...


class ByteStreamWriter(_StreamWriter, Protocol):
    """The writable end of a `stream<u8>`."""

    async def write(self, source: bytes) -> int:
        """Wait until the reader takes some bytes, and return how many it took."""
        ...

    async def write_all(self, source: bytes) -> int:
        """Write until all is taken or the other end is closed, and return how many bytes were taken."""
        ...


class FutureReader(_End, Protocol[T_co]):
    """The readable end of a `future<T>`."""

    async def read(self) -> T_co:
        """Wait for the value; once only."""
        ...


class FutureWriter(_End, Protocol[T_contra]):
    """The writable end of a `future<T>`; closing it sends the default that it was made with."""

    async def write(self, value: T_contra) -> bool:
        """Wait until the value is taken; False where the other end is closed. Once only."""
        ...
