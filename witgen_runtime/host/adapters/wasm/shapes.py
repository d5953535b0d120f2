"""Types as the composer sees them: nodes of a graph, compared by identity, without indices and names of types."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from ...direct_lists import ListForm

__all__ = [
    "BYTE", "ENDS", "HANDLE_NUMBER", "NAMED", "NUMBER", "OPCODES", "PAIR", "PRIMITIVES", "STRING", "TOKEN", "Function",
    "Interface", "Kind", "Resource", "Shape", "carries_bytes", "carries_ends", "carries_lists", "ends_in", "has_ends",
    "is_bytes", "is_direct", "named_parts", "reaches", "resources_of",
]  # fmt: skip


class Kind(enum.IntEnum):
    """The constructor of a type; the value is its opcode (Binary.md, "Type Definitions")."""

    RECORD = 0x72
    VARIANT = 0x71
    LIST = 0x70
    TUPLE = 0x6F
    FLAGS = 0x6E
    ENUM = 0x6D
    OPTION = 0x6B
    RESULT = 0x6A
    OWN = 0x69
    BORROW = 0x68
    FIXED_LIST = 0x67
    STREAM = 0x66
    FUTURE = 0x65
    MAP = 0x63
    PRIMITIVE = 0


NAMED = frozenset((Kind.RECORD, Kind.VARIANT, Kind.ENUM, Kind.FLAGS))
"""Types that an exported or imported function can only use under a name."""


ENDS = frozenset((Kind.STREAM, Kind.FUTURE))
"""Types whose values are ends of something: a function passes the readable one."""


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource; `name` is its name in its interface."""

    name: str


@dataclass(frozen=True, eq=False)
class Shape:
    """A value type. `parts` are its fields', cases' or elements' types, None for a case without payload."""

    kind: Kind
    parts: tuple[Shape | None, ...] = ()
    labels: tuple[str, ...] = ()
    primitive: int = 0
    size: int = 0
    resource: Resource | None = None


@dataclass(frozen=True, eq=False)
class Function:
    """A function: component-level name, parameters (`self` first), result."""

    name: str
    params: tuple[tuple[str, Shape], ...]
    result: Shape | None
    is_async: bool = False

    @property
    def types(self) -> Iterator[Shape]:
        """The types of parameters and result."""
        yield from (shape for _, shape in self.params)
        if self.result is not None:
            yield self.result


@dataclass(eq=False)
class Interface:
    """An instance's exports: types by name, in order, and functions. The root has no name."""

    name: str
    types: dict[str, Shape | Resource] = field(default_factory=dict[str, Shape | Resource])
    functions: list[Function] = field(default_factory=list[Function])
    own: list[Resource] = field(default_factory=list[Resource])
    """The resources that it defines itself."""

    def carries_lists(self, lists: ListForm) -> bool:
        """Return whether any type or function has a list that has another form."""
        return any(carries_lists(shape, lists) for shape in self._shapes)

    @property
    def carries_ends(self) -> bool:
        """Whether any type or function has a stream or a future."""
        return any(carries_ends(shape) for shape in self._shapes)

    @property
    def _shapes(self) -> Iterator[Shape]:
        yield from (shape for shape in self.types.values() if isinstance(shape, Shape))
        yield from (shape for function in self.functions for shape in function.types)

    @property
    def is_async(self) -> bool:
        """Whether any function is async."""
        return any(function.is_async for function in self.functions)


OPCODES = {
    "bool": 0x7F, "s8": 0x7E, "u8": 0x7D, "s16": 0x7C, "u16": 0x7B, "s32": 0x7A, "u32": 0x79, "s64": 0x78, "u64": 0x77,
    "f32": 0x76, "f64": 0x75, "char": 0x74, "string": 0x73, "error-context": 0x64,
}  # fmt: skip
"""Opcodes of the primitive types, by WIT keyword."""

PRIMITIVES = {opcode: Shape(Kind.PRIMITIVE, primitive=opcode) for opcode in OPCODES.values()}
"""The primitive types by opcode; one object each."""

BYTE, NUMBER, TOKEN, STRING = (PRIMITIVES[OPCODES[name]] for name in ("u8", "u32", "u64", "string"))

HANDLE_NUMBER = Shape(Kind.PRIMITIVE, primitive=NUMBER.primitive)
"""The number that stands for a borrowed handle."""

PAIR = Shape(Kind.TUPLE, (NUMBER, NUMBER))
"""What the host gets of a list that is passed directly: address and count."""

_carry: WeakKeyDictionary[Shape, bool] = WeakKeyDictionary()
_direct: WeakKeyDictionary[Shape, bool] = WeakKeyDictionary()
_ends: WeakKeyDictionary[Shape, bool] = WeakKeyDictionary()
_values: WeakKeyDictionary[Shape, bool] = WeakKeyDictionary()

_OF_VALUES = frozenset(
    (Kind.RECORD, Kind.VARIANT, Kind.LIST, Kind.TUPLE, Kind.FLAGS, Kind.ENUM, Kind.OPTION, Kind.RESULT)
)
"""Types whose values lie in memory with nothing but what they point to there, if those of their parts do."""


def is_bytes(shape: Shape) -> bool:
    """Return whether a type is `list<u8>`."""
    return shape.kind is Kind.LIST and shape.parts[0] is BYTE


def is_direct(shape: Shape) -> bool:
    """Return whether a type is a list that can be passed directly (`host.direct_lists.is_direct`)."""
    return shape.kind is Kind.LIST and _is_value(shape)


def _is_value(shape: Shape) -> bool:
    known = _values.get(shape)
    if known is None:
        if shape.kind is Kind.PRIMITIVE:
            known = shape is not HANDLE_NUMBER and shape.primitive != OPCODES["error-context"]
        else:
            known = shape.kind in _OF_VALUES and all(part is None or _is_value(part) for part in shape.parts)
        _values[shape] = known
    return known


def carries_lists(shape: Shape, lists: ListForm) -> bool:
    """Return whether a type has a list in it that has another form. Elements of streams do not count."""
    if lists == "text":
        return carries_bytes(shape)
    return lists == "direct" and _carries_direct(shape)


def _carries_direct(shape: Shape) -> bool:
    known = _direct.get(shape)
    if known is None:
        inside = shape.kind not in ENDS and any(part is not None and _carries_direct(part) for part in shape.parts)
        known = _direct[shape] = inside or is_direct(shape)
    return known


def carries_bytes(shape: Shape) -> bool:
    """Return whether a type has a `list<u8>` in it. Elements of streams do not count."""
    known = _carry.get(shape)
    if known is None:
        inside = any(part is not None and carries_bytes(part) for part in shape.parts)
        known = _carry[shape] = is_bytes(shape) or (inside and shape.kind not in ENDS)
    return known


def has_ends(shape: Shape) -> bool:
    """Return whether a type has streams or futures in it."""
    return shape.kind in ENDS or any(part is not None and has_ends(part) for part in shape.parts)


def carries_ends(shape: Shape) -> bool:
    """Return whether a type has a stream or future in it that adapters can pass: those of streams cannot be."""
    known = _ends.get(shape)
    if known is None:
        parts = [part for part in shape.parts if part is not None]
        known = not any(map(has_ends, parts)) if shape.kind in ENDS else any(map(carries_ends, parts))
        _ends[shape] = known
    return known


def ends_in(shape: Shape) -> Iterator[Shape]:
    """Yield the streams and futures in a type, in order; not those in their elements."""
    if shape.kind in ENDS:
        yield shape
        return
    for part in shape.parts:
        if part is not None:
            yield from ends_in(part)


def reaches(shape: Shape, test: Callable[[Shape], bool]) -> bool:
    """Return whether a test holds for a type or for any part of it."""
    return test(shape) or any(part is not None and reaches(part, test) for part in shape.parts)


def named_parts(shape: Shape) -> Iterator[Shape]:
    """Yield the named types in a type, itself included."""
    if shape.kind in NAMED:
        yield shape
    for part in shape.parts:
        if part is not None:
            yield from named_parts(part)


def resources_of(shape: Shape) -> Iterator[Resource]:
    """Yield the resources whose handles a type has in it."""
    if shape.resource is not None:
        yield shape.resource
    for part in shape.parts:
        if part is not None:
            yield from resources_of(part)
