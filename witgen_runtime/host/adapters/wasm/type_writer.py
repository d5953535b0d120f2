"""Writes types: definitions in a component, and the instance type that an adapter imports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...direct_lists import ListForm
from .encoding import ComponentBuilder, signed, text, unsigned, vector
from .shapes import ENDS, NAMED, NUMBER, PAIR, STRING, Interface, Kind, Resource, Shape, is_bytes, is_direct

__all__ = ["InstanceTypeWriter", "Look", "TypeWriter", "define", "signature"]

_FUNC, _ASYNC_FUNC = b"\x40", b"\x43"
_NO_RESULT = b"\x01\x00"
_INSTANCE_TYPE, _TYPE_DECLARATION, _OUTER_TYPE, _EXPORT = b"\x42", b"\x01", b"\x02\x03\x02\x01", b"\x04\x00"
_EQUAL_TO, _FUNC_OF = b"\x03\x00", b"\x01"

Value = Callable[[Shape], bytes]
"""Returns the encoding of a use of a type."""


@dataclass(frozen=True)
class Look:
    """How types are written that the host cannot have, or only slowly: lists, and streams and futures as numbers."""

    lists: ListForm = "plain"
    numbers: bool = False

    def seen(self, shape: Shape) -> Shape:
        """Return the type that is written for a type."""
        if self.lists == "text" and is_bytes(shape):
            return STRING
        if self.lists == "direct" and is_direct(shape):
            return PAIR
        return NUMBER if self.numbers and shape.kind in ENDS else shape


def signature(
    params: Sequence[tuple[str, Shape]], result: Shape | None, value: Value, *, is_async: bool = False
) -> bytes:
    """Return a function's type."""
    encoded = vector([text(name) + value(shape) for name, shape in params])
    outcome = _NO_RESULT if result is None else b"\0" + value(result)
    return (_ASYNC_FUNC if is_async else _FUNC) + encoded + outcome


class TypeWriter:
    """Defines types in a component, each structure once.

    `declare` names a named type's definition, by an import or export, and returns the index to use afterwards.
    """

    def __init__(
        self,
        builder: ComponentBuilder,
        resources: Callable[[Resource], int],
        declare: Callable[[Shape, int], int],
        look: Look,
    ) -> None:
        self._builder = builder
        self._resources = resources
        self._declare = declare
        self._known: dict[Shape, int] = {}
        self.look = look

    def value(self, shape: Shape) -> bytes:
        """Return the encoding of a use of a type."""
        shape = self.look.seen(shape)
        if shape.kind is Kind.PRIMITIVE:
            return bytes((shape.primitive,))
        return signed(self.index(shape))

    def index(self, shape: Shape) -> int:
        """Return a type's index, defining it if need be."""
        if shape not in self._known:
            made = self._builder.type(self._definition(shape))
            self._known[shape] = self._declare(shape, made) if shape.kind in NAMED else made
        return self._known[shape]

    def function(self, params: Sequence[tuple[str, Shape]], result: Shape | None, *, is_async: bool = False) -> int:
        """Return the index of a function's type."""
        return self._builder.type(signature(params, result, self.value, is_async=is_async))

    def _definition(self, shape: Shape) -> bytes:
        seen = self.look.seen(shape)
        if seen.kind is Kind.PRIMITIVE:
            return self.value(seen)
        return define(seen, self.value, self._resources)


def define(shape: Shape, value: Value, resources: Callable[[Resource], int]) -> bytes:
    """Return a type's definition."""
    opcode = bytes((shape.kind,))
    match shape.kind:
        case Kind.RECORD:
            fields = zip(shape.labels, shape.parts, strict=True)
            return opcode + vector([text(label) + value(part) for label, part in fields if part is not None])
        case Kind.VARIANT:
            cases = zip(shape.labels, shape.parts, strict=True)
            return opcode + vector([text(label) + _optional(part, value) + b"\0" for label, part in cases])
        case Kind.FLAGS | Kind.ENUM:
            return opcode + vector([text(label) for label in shape.labels])
        case Kind.TUPLE:
            return opcode + vector([value(part) for part in shape.parts if part is not None])
        case Kind.RESULT | Kind.STREAM | Kind.FUTURE:
            return opcode + b"".join(_optional(part, value) for part in shape.parts)
        case Kind.OWN | Kind.BORROW if shape.resource is not None:
            return opcode + unsigned(resources(shape.resource))
        case _:
            parts = b"".join(value(part) for part in shape.parts if part is not None)
            return opcode + parts + (unsigned(shape.size) if shape.kind is Kind.FIXED_LIST else b"")


def _optional(part: Shape | None, value: Value) -> bytes:
    return b"\0" if part is None else b"\x01" + value(part)


class InstanceTypeWriter:
    """Writes the type of an instance that exports resources and functions of an interface.

    Its types are aliases of those that the component around it has; only handles of the interface's own resources are
    defined inside, because names like `[method]r.f` are checked against resources that the instance itself exports.
    """

    def __init__(self, types: TypeWriter, resources: Callable[[Resource], int], interface: Interface) -> None:
        self._outside = types
        self._declarations: list[bytes] = []
        self._types = 0
        self._known: dict[Shape, int] = {}
        self._own = {resource: self._resource(resource, resources(resource)) for resource in interface.own}

    def encoded(self) -> bytes:
        """Return the instance type."""
        return _INSTANCE_TYPE + vector(self._declarations)

    def _add_type(self, declaration: bytes) -> int:
        self._declarations.append(declaration)
        self._types += 1
        return self._types - 1

    def _resource(self, resource: Resource, outside: int) -> int:
        alias = self._add_type(_OUTER_TYPE + unsigned(outside))
        return self._add_type(_EXPORT + text(resource.name) + _EQUAL_TO + unsigned(alias))

    def function(self, name: str, params: Sequence[tuple[str, Shape]], result: Shape | None, *, is_async: bool) -> None:
        """Add a function."""
        type_ = self._add_type(_TYPE_DECLARATION + signature(params, result, self._value, is_async=is_async))
        self._declarations.append(_EXPORT + text(name) + _FUNC_OF + unsigned(type_))

    def _value(self, shape: Shape) -> bytes:
        if self._outside.look.seen(shape).kind is Kind.PRIMITIVE:
            return self._outside.value(shape)
        if shape not in self._known:
            self._known[shape] = self._define(shape)
        return signed(self._known[shape])

    def _define(self, shape: Shape) -> int:
        if shape.resource in self._own:
            definition = define(shape, self._value, self._own.__getitem__)
            return self._add_type(_TYPE_DECLARATION + definition)
        return self._add_type(_OUTER_TYPE + unsigned(self._outside.index(shape)))
