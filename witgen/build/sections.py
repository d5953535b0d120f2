"""The sections of WebAssembly components and core modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..wit.binary.problem import Input
from ..wit.binary.reader import Reader

__all__ = ["CODE", "COMPONENT", "CORE_MODULE", "CUSTOM", "DATA", "EXPORTS", "HEADER", "Section", "functions_exported"]
__all__ += ["is_component", "section", "sections", "unsigned"]

# Numbers of the binary formats: Component Model, Binary.md; WebAssembly core specification, Modules.
HEADER = 8
CUSTOM = 0
CORE_MODULE, COMPONENT = 1, 4
EXPORTS, CODE, DATA = 7, 10, 11

_FUNCTION = 0
_COMPONENT_LAYER = 1


class Section(NamedTuple):
    """A section of a component or a module: its number, and where it, its content and its end are."""

    number: int
    start: int
    content: int
    end: int

    def reader(self, data: bytes) -> Reader:
        """Return a reader of its content in `data`."""
        return Reader(Input(data, "component"), self.content, self.end)


def is_component(data: bytes) -> bool:
    """Return whether data is a component; else it is a core module."""
    return data[6] == _COMPONENT_LAYER


def sections(data: bytes) -> Iterator[Section]:
    """Yield the sections of a component or a module.

    Raises:
        WitgenError: the data is damaged.
    """
    reader = Reader(Input(data, "component"), HEADER, len(data))
    while not reader.at_end:
        begin, number = reader.pos, reader.byte()
        content = reader.sized()
        yield Section(number, begin, content.pos, content.end)


def section(number: int, content: bytes) -> bytes:
    """Return a section."""
    return bytes((number,)) + unsigned(len(content)) + content


def functions_exported(reader: Reader) -> dict[str, int]:
    """Return the indices of exported functions by name; the reader is that of the section of exports."""
    found: dict[str, int] = {}
    for _ in range(reader.u32()):
        name, kind, index = reader.name(), reader.byte(), reader.u32()
        if kind == _FUNCTION:
            found[name] = index
    return found


def unsigned(number: int) -> bytes:
    """Return a number as unsigned LEB128."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*encoded, number))
