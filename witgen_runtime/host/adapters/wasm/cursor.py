"""Reads numbers, names and vectors of the binary format; a file that ends early or lies is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from ..refusal import Refusal

__all__ = ["PREAMBLE", "Cursor", "sections"]

T = TypeVar("T")

PREAMBLE = b"\0asm\x0d\x00\x01\x00"


class Cursor:
    """A position in some bytes."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data = data
        self.position = start
        self.end = end

    def take(self, count: int) -> bytes:
        """Read some bytes."""
        start = self.position
        if count > self.end - start:
            raise Refusal("", "the component's binary ends too early")
        self.position = start + count
        return self.data[start : self.position]

    def byte(self) -> int:
        """Read one byte."""
        return self.take(1)[0]

    def number(self, bits: int = 32) -> int:
        """Read an unsigned number of at most so many bits (or the non-negative 33-bit number of a type's index)."""
        return self._leb(bits)[0]

    def signed(self, bits: int = 32) -> int:
        """Read a signed number of at most so many bits."""
        result, length = self._leb(bits)
        return result - (1 << length) if result >> length - 1 else result

    def _leb(self, bits: int) -> tuple[int, int]:
        """Read a number in LEB128; return it, and how many bits stood for it."""
        result = 0
        for shift in range(0, bits + 6 - (bits - 1) % 7, 7):
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result, shift + 7
        raise Refusal("", f"the component's binary has a number of more than {bits} bits")

    def text(self) -> str:
        """Read a string."""
        try:
            return self.take(self.number()).decode()
        except UnicodeDecodeError:
            raise Refusal("", "the component's binary has a name that is not UTF-8") from None

    def vector(self, item: Callable[[], T]) -> list[T]:
        """Read a number, and as many items."""
        return [item() for _ in range(self.number())]

    def optional(self, item: Callable[[], T]) -> T | None:
        """Read an item if there is one."""
        return item() if self.byte() else None


def sections(data: bytes, start: int = len(PREAMBLE)) -> Iterator[tuple[int, Cursor]]:
    """Yield number and content of each section of a component, beginning at `start`."""
    if not data.startswith(PREAMBLE):
        raise Refusal("", "not a component in the binary format of version 0x1000d")
    cursor = Cursor(data, start, len(data))
    while cursor.position < cursor.end:
        number, size = cursor.byte(), cursor.number()
        content = cursor.position
        if size > cursor.end - content:
            raise Refusal("", "the component's binary ends too early")
        yield number, Cursor(data, content, content + size)
        cursor.position = content + size
