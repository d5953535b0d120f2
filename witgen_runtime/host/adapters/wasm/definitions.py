"""Reads the definitions of a component that follow its imports: instances, aliases, canonical functions, exports.

Each is taken apart into bytes and references to other definitions, so that it can be written again where these have
other numbers. Anything that tools which make components do not write is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from ..refusal import Refusal
from .cursor import Cursor, sections
from .encoding import Section, Sort
from .reader import Import, Outer
from .shapes import Function, Interface, Kind, Resource, Shape
from .type_reader import InstanceType, Meaning, Scope, Signature, read_name, read_type

__all__ = ["CanonicalOptions", "Definition", "Definitions", "Lift", "Lower", "Reference", "Whole", "read_definitions"]

T = TypeVar("T")

Reference: TypeAlias = tuple[Sort, int]
"""The index of a definition in its index space."""

_RESOURCE = b"\x3f"
_UTF8, _MEMORY, _REALLOC, _POST_RETURN = 0, 3, 4, 5
_CORE_INSTANCE, _RESOURCE_BUILTINS = 0x12, (2, 3, 4)


@dataclass(frozen=True, eq=False, kw_only=True)
class Definition:
    """A definition: the sort of what it defines, and the bytes and references that it consists of.

    `meaning` is that of a type.
    """

    section: Section
    sort: Sort
    parts: tuple[bytes | Reference, ...] = ()
    meaning: Meaning | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Whole(Definition):
    """A definition that is a section: a core module or a component."""

    content: bytes


@dataclass(frozen=True)
class CanonicalOptions:
    """The options of a canonical function, with the indices of memory, realloc and post-return."""

    memory: int | None = None
    realloc: int | None = None
    post_return: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Lower(Definition):
    """A core function that calls a function. `interface` is its import, empty for the world itself.

    `function` is None for those of other instances than imported ones.
    """

    index: int
    interface: str
    function: Function | None
    options: CanonicalOptions


@dataclass(frozen=True, eq=False, kw_only=True)
class Lift(Definition):
    """A function that calls a core function."""

    core: int
    signature: Signature
    type: int
    options: CanonicalOptions


class _Parts:
    """Takes a definition apart while it is read."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._start = cursor.position
        self._parts: list[bytes | Reference] = []

    def reference(self, sort: Sort) -> int:
        """Read an index of a sort."""
        self._end_bytes()
        index = self._cursor.number()
        self._parts.append((sort, index))
        self._start = self._cursor.position
        return index

    def _end_bytes(self) -> None:
        if self._cursor.position > self._start:
            self._parts.append(self._cursor.data[self._start : self._cursor.position])

    def all(self) -> tuple[bytes | Reference, ...]:
        """Return the parts of what has been read."""
        self._end_bytes()
        return tuple(self._parts)


def read_sort(cursor: Cursor, *, core: bool = False) -> Sort:
    """Read a sort; `core` tells that it is one of core WebAssembly without saying so."""
    byte = cursor.byte()
    try:
        return Sort(0x100 | (byte if core else cursor.byte())) if core or byte == 0 else Sort(byte)
    except ValueError:
        raise Refusal("", f"the component has a definition of sort {byte}") from None


@dataclass
class Known:
    """The definitions so far that others are understood by."""

    types: Scope
    functions: list[tuple[Function | None, str | None]] = field(
        default_factory=list["tuple[Function | None, str | None]"]
    )
    """Those whose types are known, with the import that they are of; that of the world itself has no name."""
    instances: list[Interface | None] = field(default_factory=list[Interface | None])
    components: list[Interface] = field(default_factory=list[Interface])


@dataclass(frozen=True, eq=False)
class Definitions:
    """The definitions after a component's leading sections.

    Attributes:
        all: in order.
        types: all types of the component, each another object.
        exports: the exported instances and functions by interface; the world's own functions under no name.
    """

    all: list[Definition]
    types: list[Meaning]
    exports: dict[str, Interface]


def read_definitions(data: bytes, outer: Outer, nested: Callable[[bytes], tuple[bytes, Interface]]) -> Definitions:
    """Read the definitions of a component.

    `nested` returns a nested component as it is to be written, and what it exports.
    """
    reader = _Reader(outer, nested)
    found: list[Definition] = []
    for section, cursor in sections(data, outer.end):
        found += reader.section(section, cursor)
        if section and cursor.position != cursor.end:
            raise Refusal("", "a section of the component's binary is longer than its content")
    return Definitions(found, reader.types, reader.exports)


def _distinct(meaning: Meaning) -> Meaning:
    """Return another object for a type, so that it tells its index."""
    if isinstance(meaning, Shape):
        return meaning if meaning.kind is Kind.PRIMITIVE else replace(meaning)
    return Resource(meaning.name) if isinstance(meaning, Resource) else meaning


class _Reader:
    def __init__(self, outer: Outer, nested: Callable[[bytes], tuple[bytes, Interface]]) -> None:
        self._nested = nested
        self._imported: set[Interface] = set()
        self.exports = {"": Interface("")}
        self._known = Known(Scope(types=list(map(_distinct, outer.types))))
        for item in outer.imports:
            self._import(item)
        self._core_functions = 0

    @property
    def types(self) -> list[Meaning]:
        return self._known.types.types

    def _import(self, item: Import) -> None:
        if isinstance(item.meaning, InstanceType):
            self._imported.add(item.meaning.interface)
            self._known.instances.append(item.meaning.interface)
        elif isinstance(item.meaning, Signature):
            self._known.functions.append((item.meaning.function(item.name), ""))

    def section(self, number: int, cursor: Cursor) -> Iterator[Definition]:
        """Yield the definitions of a section."""
        read: dict[int, Callable[[Cursor], Definition]] = {
            Section.CORE_INSTANCE: self._core_instance, Section.INSTANCE: self._instance, Section.ALIAS: self._alias,
            Section.TYPE: self._type, Section.CANON: self._canonical, Section.EXPORT: self._export,
        }  # fmt: skip
        if number in read:
            for _ in range(cursor.number()):
                yield read[number](cursor)
        elif number in (Section.CORE_MODULE, Section.COMPONENT):
            yield self._whole(Section(number), cursor.take(cursor.end - cursor.position))
        elif number != Section.CUSTOM:
            raise Refusal("", f"the component has a section of kind {number} after its imports")

    def _whole(self, section: Section, content: bytes) -> Definition:
        if section is Section.CORE_MODULE:
            return Whole(section=section, sort=Sort.CORE_MODULE, content=content)
        written, exports = self._nested(content)
        self._known.components.append(exports)
        return Whole(section=section, sort=Sort.COMPONENT, content=written)

    def _core_instance(self, cursor: Cursor) -> Definition:
        parts = _Parts(cursor)
        if cursor.byte() == 0:
            parts.reference(Sort.CORE_MODULE)
            for _ in range(cursor.number()):
                cursor.text()
                if cursor.byte() != _CORE_INSTANCE:
                    raise Refusal("", "a core module is instantiated with something other than instances")
                parts.reference(Sort.CORE_INSTANCE)
        else:
            for _ in range(cursor.number()):
                cursor.text()
                parts.reference(read_sort(cursor, core=True))
        return Definition(section=Section.CORE_INSTANCE, sort=Sort.CORE_INSTANCE, parts=parts.all())

    def _instance(self, cursor: Cursor) -> Definition:
        parts, made = _Parts(cursor), Interface("")
        if cursor.byte() == 0:
            exports = _at(self._known.components, parts.reference(Sort.COMPONENT))
            made.types.update(exports.types)
            made.functions += exports.functions
            for _ in range(cursor.number()):
                cursor.text()
                parts.reference(read_sort(cursor))
        else:
            for _ in range(cursor.number()):
                name = read_name(cursor)
                sort = read_sort(cursor)
                self._add_to(made, name, sort, parts.reference(sort))
        self._known.instances.append(made)
        return Definition(section=Section.INSTANCE, sort=Sort.INSTANCE, parts=parts.all())

    def _export_to(self, name: str, sort: Sort, index: int) -> None:
        """Note an export of the component."""
        if sort is not Sort.INSTANCE:
            self._add_to(self.exports[""], name, sort, index)
            return
        instance = _at(self._known.instances, index)
        if instance is None:
            raise Refusal(name, "the component exports an instance whose functions are not known")
        self.exports[name] = instance

    def _add_to(self, interface: Interface, name: str, sort: Sort, index: int) -> None:
        """Note what an instance, or the component itself, exports."""
        if sort is Sort.TYPE:
            meaning = self._known.types.meaning(index)
            if isinstance(meaning, (Shape, Resource)):
                interface.types[name] = meaning
        elif sort is Sort.FUNC:
            function, _ = _at(self._known.functions, index)
            if function is None:
                raise Refusal(name, "the component exports a function whose type is not known")
            interface.functions.append(replace(function, name=name))

    def _alias(self, cursor: Cursor) -> Definition:
        parts, sort, meaning = _Parts(cursor), read_sort(cursor), None
        match cursor.byte():
            case 0:
                index = parts.reference(Sort.INSTANCE)
                interface = _at(self._known.instances, index)
                name = cursor.text()
                meaning = self._aliased(sort, interface, name)
            case 1:
                parts.reference(Sort.CORE_INSTANCE)
                cursor.text()
            case _:
                raise Refusal("", "the component aliases something of a component around it")
        return Definition(section=Section.ALIAS, sort=sort, parts=parts.all(), meaning=meaning)

    def _aliased(self, sort: Sort, interface: Interface | None, name: str) -> Meaning | None:
        """Note what is aliased; return the meaning of a type."""
        if sort is Sort.FUNC:
            functions = interface.functions if interface is not None else ()
            found = next((each for each in functions if each.name == name), None)
            imported = interface.name if interface in self._imported else None
            self._known.functions.append((found, imported))
        elif sort is Sort.TYPE:
            if interface is None or name not in interface.types:
                raise Refusal("", f"the component aliases the type `{name}`, whose meaning is not known")
            meaning = _distinct(interface.types[name])
            self.types.append(meaning)
            return interface.types[name]
        elif sort is Sort.INSTANCE:
            self._known.instances.append(None)
        elif sort is Sort.COMPONENT:
            raise Refusal("", "the component aliases a component")
        return None

    def _type(self, cursor: Cursor) -> Definition:
        if cursor.data[cursor.position : cursor.position + 1] == _RESOURCE:
            parts = _Parts(cursor)
            cursor.take(2)
            if cursor.byte():
                parts.reference(Sort.CORE_FUNC)
            self.types.append(Resource(""))
            return Definition(section=Section.TYPE, sort=Sort.TYPE, parts=parts.all())
        meaning = read_type(cursor, self._known.types)
        if isinstance(meaning, InstanceType):
            raise Refusal("", "the component has the type of an instance after its imports")
        self.types.append(meaning)
        return Definition(section=Section.TYPE, sort=Sort.TYPE, meaning=meaning)

    def _canonical(self, cursor: Cursor) -> Definition:
        parts, kind = _Parts(cursor), cursor.byte()
        if kind in _RESOURCE_BUILTINS:
            parts.reference(Sort.TYPE)
            return Definition(section=Section.CANON, sort=Sort.CORE_FUNC, parts=parts.all())
        if kind > 1 or cursor.byte() != 0:
            raise Refusal("", f"the component has a canonical function of kind {kind}")
        if kind == 0:
            core = parts.reference(Sort.CORE_FUNC)
            options, type_ = _options(cursor, parts), parts.reference(Sort.TYPE)
            signature = self._known.types.signature(type_)
            self._known.functions.append((signature.function(""), None))
            return Lift(
                section=Section.CANON, sort=Sort.FUNC, parts=parts.all(), core=core, signature=signature, type=type_,
                options=options,
            )  # fmt: skip
        index = parts.reference(Sort.FUNC)
        options = _options(cursor, parts)
        function, imported = _at(self._known.functions, index)
        return Lower(
            section=Section.CANON, sort=Sort.CORE_FUNC, parts=parts.all(), index=index, interface=imported or "",
            function=function if imported is not None else None, options=options,
        )  # fmt: skip

    def _export(self, cursor: Cursor) -> Definition:
        parts, name = _Parts(cursor), read_name(cursor)
        sort = read_sort(cursor)
        index = parts.reference(sort)
        self._export_to(name, sort, index)
        if cursor.byte() and (cursor.byte() != Sort.TYPE or cursor.byte() == 0):
            parts.reference(Sort.TYPE)
        if sort is Sort.FUNC:
            self._known.functions.append(_at(self._known.functions, index))
        elif sort is Sort.TYPE:
            self.types.append(_distinct(self._known.types.meaning(index)))
        elif sort is Sort.INSTANCE:
            self._known.instances.append(_at(self._known.instances, index))
        else:
            raise Refusal("", f"the component exports something of sort {sort}")
        return Definition(section=Section.EXPORT, sort=sort, parts=parts.all())


def _at(known: Sequence[T], index: int) -> T:
    """Return the definition of an index."""
    if index >= len(known):
        raise Refusal("", "the component's binary names something that it does not have yet")
    return known[index]


def _options(cursor: Cursor, parts: _Parts) -> CanonicalOptions:
    found: dict[int, int] = {}
    for _ in range(cursor.number()):
        option = cursor.byte()
        if option == _MEMORY:
            found[option] = parts.reference(Sort.CORE_MEMORY)
        elif option in (_REALLOC, _POST_RETURN):
            found[option] = parts.reference(Sort.CORE_FUNC)
        elif option != _UTF8:
            raise Refusal("", f"a function of the component has the canonical option {option}")
    return CanonicalOptions(found.get(_MEMORY), found.get(_REALLOC), found.get(_POST_RETURN))
