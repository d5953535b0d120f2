"""Writes the binary formats of WebAssembly and of the component model: numbers, names, vectors, whole components.

The source of every number here is the component model's Binary.md, sections as named at each constant.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

__all__ = ["ComponentBuilder", "Section", "Sort", "named", "signed", "text", "unsigned", "vector"]

_PREAMBLE = b"\0asm\x0d\x00\x01\x00"
_TYPE_BOUND, _FRESH_RESOURCE = b"\x03\x00", b"\x03\x01"


class Sort(enum.IntEnum):
    """The index spaces; also the kinds of imports and exports."""

    FUNC = 1
    TYPE = 3
    COMPONENT = 4
    INSTANCE = 5
    CORE_FUNC = 0x100
    CORE_TABLE = 0x101
    CORE_MEMORY = 0x102
    CORE_GLOBAL = 0x103
    CORE_TAG = 0x104
    CORE_MODULE = 0x111
    CORE_INSTANCE = 0x112

    @property
    def encoded(self) -> bytes:
        """The sort as aliases and inline exports write it."""
        return bytes((0, self & 0xFF)) if self & 0x100 else bytes((self,))


class Section(enum.IntEnum):
    """The sections of a component."""

    CUSTOM = 0
    CORE_MODULE = 1
    CORE_INSTANCE = 2
    COMPONENT = 4
    INSTANCE = 5
    ALIAS = 6
    TYPE = 7
    CANON = 8
    IMPORT = 10
    EXPORT = 11


def unsigned(number: int) -> bytes:
    """Return a number as unsigned LEB128."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def signed(number: int) -> bytes:
    """Return a number as signed LEB128."""
    encoded = bytearray()
    while not -0x40 <= number < 0x40:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number & 0x7F)
    return bytes(encoded)


def text(value: str) -> bytes:
    """Return a string as its size and its UTF-8."""
    encoded = value.encode()
    return unsigned(len(encoded)) + encoded


def vector(items: Sequence[bytes]) -> bytes:
    """Return encoded items, after their number."""
    return unsigned(len(items)) + b"".join(items)


def named(items: Iterable[tuple[str, Sort, int]]) -> bytes:
    """Encode the named arguments of an instantiation."""
    return vector([text(name) + sort.encoded + unsigned(index) for name, sort, index in items])


class ComponentBuilder:
    """A component while it is written. Every method that adds something returns its index."""

    def __init__(self) -> None:
        self._written = [_PREAMBLE]
        self._section: Section | None = None
        self._items: list[bytes] = []
        self._counts: dict[Sort, int] = dict.fromkeys(Sort, 0)

    def encoded(self) -> bytes:
        """Return the component."""
        self._flush()
        return b"".join(self._written)

    def _flush(self) -> None:
        if self._section is not None:
            self._write(self._section, vector(self._items))
            self._section, self._items = None, []

    def _write(self, section: int, content: bytes) -> None:
        self._written.extend((bytes((section,)), unsigned(len(content)), content))

    def add(self, section: Section, item: bytes, sort: Sort) -> int:
        """Add a definition as the section has it."""
        if section is not self._section:
            self._flush()
            self._section = section
        self._items.append(item)
        return self.count(sort)

    def copy(self, section: int, content: bytes) -> None:
        """Add a section unchanged; `count` records its definitions."""
        self._flush()
        self._write(section, content)

    def count(self, sort: Sort, number: int = 1) -> int:
        """Reserve indices for added definitions; return the first."""
        first = self._counts[sort]
        self._counts[sort] = first + number
        return first

    def _add_whole(self, section: Section, content: bytes, sort: Sort) -> int:
        self.copy(section, content)
        return self.count(sort)

    def component(self, content: bytes) -> int:
        """Add a nested component."""
        return self._add_whole(Section.COMPONENT, content, Sort.COMPONENT)

    def core_module(self, content: bytes) -> int:
        """Add a core module."""
        return self._add_whole(Section.CORE_MODULE, content, Sort.CORE_MODULE)

    def type(self, definition: bytes) -> int:
        """Add a type."""
        return self.add(Section.TYPE, definition, Sort.TYPE)

    def import_(self, name: str, sort: Sort, type_: int) -> int:
        """Add an import of a function or instance of a type, or of a type equal to it."""
        bound = _TYPE_BOUND if sort is Sort.TYPE else bytes((sort,))
        return self.add(Section.IMPORT, b"\0" + text(name) + bound + unsigned(type_), sort)

    def import_resource(self, name: str) -> int:
        """Add an import of a type that is some resource."""
        return self.add(Section.IMPORT, b"\0" + text(name) + _FRESH_RESOURCE, Sort.TYPE)

    def export(self, name: str, sort: Sort, index: int, type_: int | None = None) -> int:
        """Add an export; `type_` is the type of a function where that is not its own. Return the export's index."""
        ascribed = b"\0" if type_ is None else b"\x01" + bytes((sort,)) + unsigned(type_)
        item = b"\0" + text(name) + sort.encoded + unsigned(index) + ascribed
        return self.add(Section.EXPORT, item, sort)

    def alias(self, sort: Sort, instance: int, name: str) -> int:
        """Add an alias of an instance's export; of a core instance if the sort is one of core WebAssembly."""
        target = b"\x01" if sort & 0x100 else b"\x00"
        return self.add(Section.ALIAS, sort.encoded + target + unsigned(instance) + text(name), sort)

    def instantiate(self, component: int, arguments: Iterable[tuple[str, Sort, int]]) -> int:
        """Add an instance of a component."""
        return self.add(Section.INSTANCE, b"\0" + unsigned(component) + named(arguments), Sort.INSTANCE)

    def instance(self, exports: Sequence[tuple[str, Sort, int]]) -> int:
        """Add an instance of existing items."""
        items = [b"\0" + text(name) + sort.encoded + unsigned(index) for name, sort, index in exports]
        return self.add(Section.INSTANCE, b"\x01" + vector(items), Sort.INSTANCE)

    def instantiate_core(self, module: int, arguments: Sequence[tuple[str, int]]) -> int:
        """Add an instance of a core module; its arguments are core instances."""
        items = [text(name) + b"\x12" + unsigned(instance) for name, instance in arguments]
        return self.add(Section.CORE_INSTANCE, b"\0" + unsigned(module) + vector(items), Sort.CORE_INSTANCE)

    def core_instance(self, exports: Sequence[tuple[str, Sort, int]]) -> int:
        """Add a core instance of existing items."""
        items = [text(name) + bytes((sort & 0xFF,)) + unsigned(index) for name, sort, index in exports]
        return self.add(Section.CORE_INSTANCE, b"\x01" + vector(items), Sort.CORE_INSTANCE)

    def lift(self, function: int, options: Sequence[bytes], type_: int) -> int:
        """Add a function of the component, made from a core function."""
        item = b"\x00\x00" + unsigned(function) + vector(options) + unsigned(type_)
        return self.add(Section.CANON, item, Sort.FUNC)

    def lower(self, function: int, options: Sequence[bytes]) -> int:
        """Add a core function, made from a function."""
        return self.builtin(b"\x01\x00" + unsigned(function) + vector(options))

    def builtin(self, definition: bytes) -> int:
        """Add a core function that the runtime has."""
        return self.add(Section.CANON, definition, Sort.CORE_FUNC)
