"""Reads the parts of a component that composing adapters requires.

These are its imports with their types, and the names of its exports.
Tools that make components (wit-component, and all that use it) put types, aliases and imports first, before the first
core module. Those sections are read in full and kept unchanged, because indices refer to them; of the rest only exports
are read.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from ..refusal import Refusal, naming
from .cursor import PREAMBLE, Cursor, sections
from .encoding import Sort
from .shapes import Interface, Resource, Shape
from .type_reader import InstanceType, Meaning, Scope, Signature, read_bound, read_name, read_type

__all__ = ["Entry", "Export", "Import", "Leading", "Outer", "read"]

_EXPORTABLE = (Sort.FUNC, Sort.TYPE, Sort.COMPONENT, Sort.INSTANCE)
_CUSTOM, _ALIAS, _TYPE, _IMPORT, _EXPORT = 0, 6, 7, 10, 11


@dataclass(frozen=True, eq=False)
class Import:
    """An import: an instance's or function's type, or the type itself; and its index in its index space."""

    name: str
    sort: Sort
    meaning: Meaning
    index: int


@dataclass(frozen=True)
class Export:
    """An export's name and sort."""

    name: str
    sort: Sort


_EntryMeaning: TypeAlias = Import | Meaning | None


@dataclass(frozen=True, eq=False)
class Entry:
    """An entry of a section as in the file, and its meaning if that matters."""

    content: bytes
    meaning: _EntryMeaning = None


@dataclass(frozen=True, eq=False)
class Leading:
    """One of the sections that lead to the imports."""

    section: int
    entries: list[Entry]


@dataclass(eq=False)
class Outer:
    """A component from outside."""

    leading: list[Leading] = field(default_factory=list[Leading])
    imports: list[Import] = field(default_factory=list[Import])
    exports: list[Export] = field(default_factory=list[Export])
    types: list[Meaning] = field(default_factory=list[Meaning])
    """The types that the leading sections define, by index."""
    end: int = len(PREAMBLE)
    """Where the leading sections end: after the header, if there are none."""

    @property
    def interfaces(self) -> list[Interface]:
        """The imported instances' interfaces, in order; last the root with its own functions and types."""
        found: list[Interface] = []
        root = Interface("")
        for item in self.imports:
            match item.meaning:
                case InstanceType():
                    found.append(item.meaning.interface)
                case Signature():
                    root.functions.append(item.meaning.function(item.name))
                case Shape() | Resource():
                    root.types[item.name] = item.meaning
        return [*found, root]


def read(data: bytes) -> Outer:
    """Read a component; raise `Refusal` where it is not laid out as adapters need it."""
    reader = _Reader()
    leads = True
    for section, cursor in sections(data):
        leads = leads and section in (_CUSTOM, _ALIAS, _TYPE, _IMPORT)
        if leads:
            reader.lead_to(cursor.end)
        if leads and section != _CUSTOM:
            with naming(_next_import(data, cursor.end) if section == _TYPE else ""):
                reader.leading(section, cursor)
        elif section == _EXPORT:
            cursor.vector(lambda cursor=cursor: reader.export(cursor))  # type: ignore[misc]
        elif section == _IMPORT:
            rule = "an import of the component follows core types or code"
            raise Refusal(read_name(cursor) if cursor.number() else "", rule)
    return reader.finish()


def _next_import(data: bytes, position: int) -> str:
    """Return the import that follows a position, for which the types before it are; None if it cannot be determined."""
    with suppress(Refusal):
        for section, cursor in sections(data, position):
            if section == _IMPORT and cursor.number():
                return read_name(cursor)
    return ""


class _Reader:
    def __init__(self) -> None:
        self._outer = Outer()
        self._scope = Scope()
        self._instances: list[InstanceType] = []

    def finish(self) -> Outer:
        self._outer.types = self._scope.types
        return self._outer

    def lead_to(self, end: int) -> None:
        """Note where a leading section ends."""
        self._outer.end = end

    def leading(self, section: int, cursor: Cursor) -> None:
        read_entry: Callable[[Cursor], _EntryMeaning] = {_ALIAS: self._alias, _TYPE: self._type, _IMPORT: self._import}[
            section
        ]

        def entry() -> Entry:
            start = cursor.position
            meaning = read_entry(cursor)
            return Entry(cursor.data[start : cursor.position], meaning)

        self._outer.leading.append(Leading(section, cursor.vector(entry)))
        if cursor.position != cursor.end:
            raise Refusal("", "a section of the component's binary is longer than its content")

    def _type(self, cursor: Cursor) -> Meaning:
        meaning = read_type(cursor, self._scope)
        self._scope.types.append(meaning)
        return meaning

    def _alias(self, cursor: Cursor) -> None:
        if cursor.take(2) != b"\x03\x00":
            raise Refusal("", "the component aliases something other than types of its imports before its code")
        instance, name = cursor.number(), cursor.text()
        interface = self._instances[instance].interface if instance < len(self._instances) else Interface("")
        if name not in interface.types:
            raise Refusal(interface.name, f"the component aliases `{name}`, which no import of it exports")
        self._scope.types.append(interface.types[name])

    def _import(self, cursor: Cursor) -> Import:
        name = read_name(cursor)
        with naming(name):
            made = self._imported(cursor, name)
        self._outer.imports.append(made)
        return made

    def _imported(self, cursor: Cursor, name: str) -> Import:
        match cursor.byte():
            case Sort.FUNC:
                functions = sum(item.sort is Sort.FUNC for item in self._outer.imports)
                return Import(name, Sort.FUNC, self._scope.signature(cursor.number()), functions)
            case Sort.TYPE:
                return Import(name, Sort.TYPE, read_bound(cursor, self._scope, name), len(self._scope.types) - 1)
            case Sort.INSTANCE:
                type_ = self._instance(name, self._scope.meaning(cursor.number()))
                return Import(name, Sort.INSTANCE, type_, len(self._instances) - 1)
            case _:
                raise Refusal(name, "adapters can wrap only imports of functions, types and instances")

    def _instance(self, name: str, meaning: Meaning) -> InstanceType:
        if not isinstance(meaning, InstanceType):
            raise Refusal(name, "the type of an imported instance is not an instance type")
        if meaning in self._instances:
            raise Refusal(name, "two imports have the same type")
        meaning.interface.name = name
        self._instances.append(meaning)
        return meaning

    def export(self, cursor: Cursor) -> None:
        """Read an export."""
        name, sort = read_name(cursor), cursor.byte()
        cursor.number()
        if cursor.byte():
            _skip_description(cursor)
        if sort not in _EXPORTABLE:
            raise Refusal(name, f"the component exports something of sort {sort}")
        self._outer.exports.append(Export(name, Sort(sort)))


def _skip_description(cursor: Cursor) -> None:
    """Read over the type that an export is given."""
    sort = cursor.byte()
    if sort != Sort.TYPE or cursor.byte() == 0:
        cursor.number()
