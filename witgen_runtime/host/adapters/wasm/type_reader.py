"""Reads type definitions of a component's binary (Binary.md, "Type Definitions")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from ..refusal import Refusal
from .cursor import Cursor
from .shapes import PRIMITIVES, Function, Interface, Kind, Resource, Shape

__all__ = ["Declaration", "InstanceType", "Meaning", "Scope", "Signature", "read_bound", "read_name", "read_type"]

_NO_SORT_YET = "the component's types are not laid out as wit-component lays them out"


@dataclass(frozen=True, eq=False)
class Signature:
    """A function's type, and its parameters and result as in the file."""

    params: tuple[tuple[str, Shape], ...]
    result: Shape | None
    is_async: bool
    encoded_params: bytes
    encoded_result: bytes

    def function(self, name: str) -> Function:
        """Return a function of this type."""
        return Function(name, self.params, self.result, self.is_async)


@dataclass(frozen=True)
class Declaration:
    """A declaration of an instance type, as in the file.

    `function` names the function that it exports, `defined` is the type that it defines.
    """

    content: bytes
    function: str = ""
    defined: Meaning | None = None


@dataclass(frozen=True, eq=False)
class InstanceType:
    """The type of an instance: its declarations, the resulting exports, and the types that they define."""

    interface: Interface
    declarations: tuple[Declaration, ...]
    signatures: dict[str, Signature]
    types: tuple[Meaning, ...]


Meaning: TypeAlias = Shape | Resource | Signature | InstanceType
"""The meaning of a type's index."""


@dataclass(eq=False)
class Scope:
    """Types by index."""

    parent: Scope | None = None
    types: list[Meaning] = field(default_factory=list[Meaning])

    def meaning(self, index: int) -> Meaning:
        """Return the meaning of an index."""
        if index >= len(self.types):
            raise Refusal("", "the component's binary names a type that it does not have")
        return self.types[index]

    def shape(self, index: int) -> Shape:
        """Return the value type of an index."""
        meaning = self.meaning(index)
        if not isinstance(meaning, Shape):
            raise Refusal("", "the component's binary has something other than a value type where one belongs")
        return meaning

    def resource(self, index: int) -> Resource:
        """Return the resource of an index."""
        meaning = self.meaning(index)
        if not isinstance(meaning, Resource):
            raise Refusal("", "the component's binary has something other than a resource where one belongs")
        return meaning

    def signature(self, index: int) -> Signature:
        """Return the function type of an index."""
        meaning = self.meaning(index)
        if not isinstance(meaning, Signature):
            raise Refusal("", "the component's binary has something other than a function type where one belongs")
        return meaning


def read_name(cursor: Cursor) -> str:
    """Read the name of an import or export; attributes of it are read over."""
    form, name = cursor.byte(), cursor.text()
    if form == 2:
        cursor.vector(lambda: (cursor.byte(), cursor.text()))
    return name


def read_bound(cursor: Cursor, scope: Scope, name: str) -> Meaning:
    """Read the bounds of an imported or exported type, and give it the next index."""
    meaning = scope.meaning(cursor.number()) if cursor.byte() == 0 else Resource(name)
    scope.types.append(meaning)
    return meaning


def read_type(cursor: Cursor, scope: Scope) -> Meaning:
    """Read a type definition."""
    opcode = cursor.byte()
    if opcode in PRIMITIVES:
        return PRIMITIVES[opcode]
    if opcode in (0x40, 0x43):
        return _signature(cursor, scope, is_async=opcode == 0x43)
    if opcode == 0x42:
        return _instance_type(cursor, scope)
    if opcode in _DEFINITIONS:
        return _DEFINITIONS[opcode](_Types(cursor, scope))
    raise Refusal("", f"{_NO_SORT_YET}: there is one of kind {opcode:#x}")


class _Types:
    """Reads value types in a scope."""

    def __init__(self, cursor: Cursor, scope: Scope) -> None:
        self.cursor = cursor
        self.scope = scope

    def value(self) -> Shape:
        primitive = PRIMITIVES.get(self.cursor.data[self.cursor.position])
        if primitive is not None:
            self.cursor.byte()
            return primitive
        return self.scope.shape(self.cursor.number())

    def optional(self) -> Shape | None:
        return self.cursor.optional(self.value)

    def labelled(self) -> tuple[str, Shape]:
        return self.cursor.text(), self.value()

    def case(self) -> tuple[str, Shape | None]:
        case = (self.cursor.text(), self.optional())
        self.cursor.byte()
        return case

    def resource(self) -> Resource:
        return self.scope.resource(self.cursor.number())

    def result(self) -> Shape | None:
        if self.cursor.byte() == 0:
            return self.value()
        self.cursor.byte()
        return None


def _record(types: _Types) -> Shape:
    fields = types.cursor.vector(types.labelled)
    return Shape(Kind.RECORD, tuple(shape for _, shape in fields), tuple(name for name, _ in fields))


def _variant(types: _Types) -> Shape:
    cases = types.cursor.vector(types.case)
    return Shape(Kind.VARIANT, tuple(shape for _, shape in cases), tuple(name for name, _ in cases))


_DEFINITIONS: dict[int, Callable[[_Types], Shape]] = {
    Kind.RECORD: _record,
    Kind.VARIANT: _variant,
    Kind.LIST: lambda types: Shape(Kind.LIST, (types.value(),)),
    Kind.FIXED_LIST: lambda types: Shape(Kind.FIXED_LIST, (types.value(),), size=types.cursor.number()),
    Kind.TUPLE: lambda types: Shape(Kind.TUPLE, tuple(types.cursor.vector(types.value))),
    Kind.FLAGS: lambda types: Shape(Kind.FLAGS, labels=tuple(types.cursor.vector(types.cursor.text))),
    Kind.ENUM: lambda types: Shape(Kind.ENUM, labels=tuple(types.cursor.vector(types.cursor.text))),
    Kind.OPTION: lambda types: Shape(Kind.OPTION, (types.value(),)),
    Kind.RESULT: lambda types: Shape(Kind.RESULT, (types.optional(), types.optional())),
    Kind.OWN: lambda types: Shape(Kind.OWN, resource=types.resource()),
    Kind.BORROW: lambda types: Shape(Kind.BORROW, resource=types.resource()),
    Kind.STREAM: lambda types: Shape(Kind.STREAM, (types.optional(),)),
    Kind.FUTURE: lambda types: Shape(Kind.FUTURE, (types.optional(),)),
    Kind.MAP: lambda types: Shape(Kind.MAP, (types.value(), types.value())),
}


def _signature(cursor: Cursor, scope: Scope, *, is_async: bool) -> Signature:
    types, start = _Types(cursor, scope), cursor.position
    params = tuple(cursor.vector(types.labelled))
    middle = cursor.position
    result = types.result()
    data = cursor.data
    return Signature(params, result, is_async, data[start:middle], data[middle : cursor.position])


class _InstanceReader:
    """Reads the declarations of an instance type."""

    def __init__(self, cursor: Cursor, parent: Scope) -> None:
        self._cursor = cursor
        self._scope = Scope(parent)
        self._interface = Interface("")
        self._signatures: dict[str, Signature] = {}

    def read(self) -> InstanceType:
        declarations = tuple(self._cursor.vector(self._declaration))
        return InstanceType(self._interface, declarations, self._signatures, tuple(self._scope.types))

    def _declaration(self) -> Declaration:
        start, function, defined = self._cursor.position, "", None
        match self._cursor.byte():
            case 1:
                defined = read_type(self._cursor, self._scope)
                self._scope.types.append(defined)
            case 2:
                self._alias()
            case 4:
                function = self._export()
            case other:
                raise Refusal("", f"{_NO_SORT_YET}: an instance type has a declaration of kind {other}")
        return Declaration(self._cursor.data[start : self._cursor.position], function, defined)

    def _alias(self) -> None:
        if self._cursor.take(2) != b"\x03\x02":
            raise Refusal("", f"{_NO_SORT_YET}: an instance type has an alias that is not of an outer type")
        scope: Scope | None = self._scope
        for _ in range(self._cursor.number()):
            scope = scope.parent if scope is not None else None
        if scope is None:
            raise Refusal("", "the component's binary names a scope that it does not have")
        self._scope.types.append(scope.meaning(self._cursor.number()))

    def _export(self) -> str:
        """Read an export; return its name if it is a function."""
        name = read_name(self._cursor)
        match self._cursor.byte():
            case 1:
                signature = self._scope.signature(self._cursor.number())
                self._signatures[name] = signature
                self._interface.functions.append(signature.function(name))
                return name
            case 3:
                meaning = read_bound(self._cursor, self._scope, name)
                if not isinstance(meaning, (Shape, Resource)):
                    raise Refusal("", f"an instance type exports the type `{name}`, which is not a value type")
                if isinstance(meaning, Resource) and meaning not in self._scope.types[:-1]:
                    self._interface.own.append(meaning)
                self._interface.types[name] = meaning
                return ""
            case other:
                raise Refusal("", f"{_NO_SORT_YET}: an instance type exports `{name}`, which is of sort {other}")


def _instance_type(cursor: Cursor, scope: Scope) -> InstanceType:
    return _InstanceReader(cursor, scope).read()
