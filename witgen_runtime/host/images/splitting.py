"""Takes the first content of memories out of a component, so that it can be mapped instead of copied.

A core module that defines a memory writes its active data segments into it before any code runs, and nobody else has
the memory by then. A memory that has this content when it is made cannot be told from one into which it was copied.
The source of every number is the core specification, 5.5 (binary format of modules) and 4.7.2 (instantiation).

Which of a component's memories is meant, the host learns by their maximums. A module with a maximum that no other
memory of the component has keeps it; where several have the same, they keep their segments as well. A module that may
have 4 GiB gets a maximum of its own, a page or a few below. Imports that name a maximum notice nothing (4.5.3 of the
specification: a memory may have a smaller maximum than its importer allows).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ..adapters.refusal import Refusal
from ..adapters.wasm.cursor import PREAMBLE, Cursor
from ..adapters.wasm.encoding import unsigned
from ..capi.memory_mark import PAGE

__all__ = ["FirstContent", "Split", "split"]

_MOST_PAGES: Final = 1 << 16
_LEAST: Final = 1 << 18
"""Bytes of segments from which on it is worthwhile: wasmtime copies less than that in the time of a system call."""
_MOST_SPREAD: Final = 8
"""How many times as long as its segments an image may be."""

_MODULE, _COMPONENT = 1, 4
"""Sections of components."""
_IMPORT, _MEMORY, _DATA, _DATA_COUNT = 2, 5, 11, 12
"""Sections of modules."""
_CORE_PREAMBLE: Final = b"\0asm\x01\x00\x00\x00"
_I32_CONST, _END = 0x41, 0x0B
_PLAIN_REFERENCES: Final = (0x70, 0x6F)


@dataclass(frozen=True, slots=True)
class FirstContent:
    """What one memory contains at first.

    Attributes:
        minimum: its size at first, in bytes.
        maximum: its largest size, in bytes; no other memory of the component has it.
        data: the content, from address 0; behind it there are zeros.
    """

    minimum: int
    maximum: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Split:
    """A component without the first content of its memories, and that content."""

    content: bytes
    memories: tuple[FirstContent, ...]


def split(content: bytes) -> Split | None:
    """Return a component without large first contents of memories; None where it has none that can be taken out.

    A module whose code uses its segments itself loses them as well. wasmtime refuses the component then, so that the
    caller can take the whole one.
    """
    if not content.startswith(PREAMBLE):
        return None
    try:
        taken = _Taken(_maximums(content))
        made = taken.component(content)
    except Refusal:  # a component that wasmtime is going to refuse, too
        return None
    return Split(made, tuple(taken.memories)) if taken.memories else None


class _UnsuitableError(Exception):
    """A module has to keep its segments."""


class _Taken:
    """What has been taken out of a component.

    Args:
        maximums: of the component's memories, in pages, as they were.
    """

    def __init__(self, maximums: Iterable[int]) -> None:
        self.memories: list[FirstContent] = []
        self._used = Counter(maximums)

    def component(self, content: bytes) -> bytes:
        """Return a component without what has been taken out."""
        return PREAMBLE + b"".join(
            _section(number, self._inner(number, inner)) for number, inner in _sections(content, PREAMBLE)
        )

    def _inner(self, number: int, content: bytes) -> bytes:
        """Return the content of a section without what has been taken out."""
        if number == _MODULE and len(content) >= _LEAST:
            return self._module(content)
        return self.component(content) if number == _COMPONENT else content

    def _module(self, content: bytes) -> bytes:
        parts = dict[int, bytes](_sections(content, _CORE_PREAMBLE))
        try:
            if _DATA not in parts or _imports_memory(parts.get(_IMPORT, b"\0")):
                return content
            least, most = _limits(parts.get(_MEMORY, b""))
            data = _image(parts[_DATA], least * PAGE)
        except _UnsuitableError:
            return content
        pages = self._maximum(least, most)
        if pages is None:
            return content
        self.memories.append(FirstContent(least * PAGE, pages * PAGE, data))
        limited = b"\x01\x01" + unsigned(least) + unsigned(pages)
        return _CORE_PREAMBLE + b"".join(
            _section(number, limited if number == _MEMORY else inner)
            for number, inner in _sections(content, _CORE_PREAMBLE)
            if number not in {_DATA, _DATA_COUNT}
        )

    def _maximum(self, least: int, most: int | None) -> int | None:
        """Return a maximum that only one memory has; None where that would take pages from the guest."""
        if most is not None and most < _MOST_PAGES:
            return most if self._used[most] == 1 else None
        free = (pages for pages in range(_MOST_PAGES - 1, least - 1, -1) if pages not in self._used)
        pages = next(free, None)
        if pages is not None:
            self._used[pages] += 1
        return pages


def _sections(content: bytes, preamble: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each section of a component or module."""
    if not content.startswith(preamble):
        raise Refusal("", "neither a component nor a module in a known version")
    cursor = Cursor(content, len(preamble), len(content))
    while cursor.position < cursor.end:
        yield cursor.byte(), cursor.take(cursor.number())


def _section(number: int, content: bytes) -> bytes:
    return b"".join((bytes((number,)), unsigned(len(content)), content))


def _maximums(content: bytes) -> Iterator[int]:
    """Yield the largest size of each of a component's memories, in pages; memories that have none are left out."""
    for number, inner in _sections(content, PREAMBLE):
        if number == _COMPONENT:
            yield from _maximums(inner)
        elif number == _MODULE:
            for section, part in _sections(inner, _CORE_PREAMBLE):
                if section == _MEMORY:
                    yield from _memory_maximums(part)


def _memory_maximums(section: bytes) -> Iterable[int]:
    cursor = Cursor(section, 0, len(section))
    for _ in range(cursor.number()):
        flags, _least = cursor.byte(), cursor.number(64)
        if flags & 1:
            yield cursor.number(64)


def _limits(section: bytes) -> tuple[int, int | None]:
    """Return minimum and maximum, in pages, of the only memory of a module, which has 32 bits and is not shared."""
    cursor = Cursor(section, 0, len(section))
    if not section or cursor.number() != 1:
        raise _UnsuitableError
    flags = cursor.byte()
    if flags not in {0, 1}:
        raise _UnsuitableError
    return cursor.number(), cursor.number() if flags else None


def _imports_memory(section: bytes) -> bool:
    """Return whether a module imports a memory, or something unknown."""
    cursor = Cursor(section, 0, len(section))
    for _ in range(cursor.number()):
        cursor.text()
        cursor.text()
        kind = cursor.byte()
        if kind == 0:
            cursor.number()
        elif kind == 1 and cursor.byte() in _PLAIN_REFERENCES:
            flags, _ = cursor.byte(), cursor.number()
            if flags & 1:
                cursor.number()
        elif kind == 3:
            cursor.take(2)
        else:
            return True
    return False


def _image(section: bytes, size: int) -> bytes:
    """Return the content that a module's segments give to a memory of a size."""
    cursor = Cursor(section, 0, len(section))
    segments = list[tuple[int, bytes]]()
    for _ in range(cursor.number()):
        if cursor.number() != 0 or cursor.byte() != _I32_CONST:
            raise _UnsuitableError
        start = cursor.signed() & 0xFFFFFFFF
        if cursor.byte() != _END:
            raise _UnsuitableError
        segments.append((start, cursor.take(cursor.number())))
    length = max((start + len(data) for start, data in segments), default=0)
    total = sum(len(data) for _, data in segments)
    if total < _LEAST or length > size or length > _MOST_SPREAD * total:
        raise _UnsuitableError
    image = bytearray(length)
    for start, data in segments:
        image[start : start + len(data)] = data
    return bytes(image)
