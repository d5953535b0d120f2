"""Reads the primitives of the binary format (Binary.md and the core specification, Values), never past the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .problem import Input

__all__ = ["Reader"]

T = TypeVar("T")


class Reader:
    """A cursor over a part of the input; offsets are those of the whole file."""

    __slots__ = ("_data", "end", "input", "pos")

    def __init__(self, input: Input, start: int = 0, end: int | None = None) -> None:
        self.input = input
        self._data = input.data
        self.pos = start
        self.end = len(input.data) if end is None else end

    @property
    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self.pos >= self.end

    def byte(self) -> int:
        """Read one byte."""
        if self.pos >= self.end:
            raise self.input.damaged("unexpected end", self.pos)
        value = self._data[self.pos]
        self.pos += 1
        return value

    def peek(self) -> int:
        """Return the next byte without reading it."""
        value = self.byte()
        self.pos -= 1
        return value

    def u32(self) -> int:
        """Read an unsigned LEB128 number of at most 32 bits."""
        start, shift, value = self.pos, 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 28:
                raise self.input.damaged("a number is longer than 32 bits", start)
        if value >> 32:
            raise self.input.damaged("a number does not fit 32 bits", start)
        return value

    def index(self) -> int:
        """Read a type index where an opcode could stand: a signed LEB128 number, not negative (Binary.md, Types)."""
        start = self.pos
        value = self.u32()
        if self._data[self.pos - 1] & 0x40:
            raise self.input.damaged("unknown type opcode", start)
        return value

    def name(self) -> str:
        """Read a length-prefixed UTF-8 string."""
        start = self.pos
        length = self.u32()
        if length > self.end - self.pos:
            raise self.input.damaged("a string reaches past the end", start)
        raw = self._data[self.pos : self.pos + length]
        self.pos += length
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self.input.damaged("a string is not UTF-8", start) from None

    def vector(self, read: Callable[[], T]) -> tuple[T, ...]:
        """Read a count and that many entries; every entry takes at least a byte, which bounds the count."""
        start = self.pos
        count = self.u32()
        if count > self.end - self.pos:
            raise self.input.damaged("a count is larger than the bytes that follow", start)
        self.input.limits.item(count)
        return tuple(read() for _ in range(count))

    def sized(self) -> Reader:
        """Read a byte length, skip that many bytes and return a reader for them."""
        start = self.pos
        length = self.u32()
        if length > self.end - self.pos:
            raise self.input.damaged("a section reaches past the end", start)
        part = Reader(self.input, self.pos, self.pos + length)
        self.pos += length
        return part

    def finish(self, what: str) -> None:
        """Require that everything has been read."""
        if self.pos != self.end:
            raise self.input.damaged(f"{what} does not fill its size", self.pos)
