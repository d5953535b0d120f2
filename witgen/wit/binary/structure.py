"""The content of a component's sections, before indices are followed (Binary.md); `at` is a byte offset.

Only descriptions of types are kept: core modules, core types, values and canonical built-ins leave nothing but their
place in an index space.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable
from typing import TypeAlias, assert_never

from ...base.frozen import frozen
from ..model.ir import Prim

__all__ = [
    "AliasExport",
    "AliasOuter",
    "BorrowShape",
    "ComponentShape",
    "Declaration",
    "DefShape",
    "EnumShape",
    "Export",
    "ExportType",
    "ExternName",
    "ExternType",
    "FixedListShape",
    "FlagsShape",
    "FuncShape",
    "FutureShape",
    "Import",
    "InlineInstance",
    "InstanceShape",
    "Instantiate",
    "Lift",
    "ListShape",
    "MapShape",
    "Nested",
    "OptionShape",
    "OwnShape",
    "PrimShape",
    "RecordShape",
    "Ref",
    "ResourceShape",
    "ResultShape",
    "Shape",
    "Sort",
    "StreamShape",
    "TupleShape",
    "TypeDeclaration",
    "VariantShape",
    "form_of",
]

# A primitive, or the number of a type in the index space of the declaration's scope.
Ref: TypeAlias = Prim | int


class Sort(enum.Enum):
    """The index spaces; the core ones are one, since nothing that describes types refers to them."""

    CORE = 0x00
    FUNC = 0x01
    VALUE = 0x02
    TYPE = 0x03
    COMPONENT = 0x04
    INSTANCE = 0x05


@frozen
class PrimShape:
    """A primitive with a type index."""

    prim: Prim


@frozen
class RecordShape:
    """`record`: fields in order."""

    fields: tuple[tuple[str, Ref], ...]


@frozen
class VariantShape:
    """`variant`: cases in order, each perhaps with a payload."""

    cases: tuple[tuple[str, Ref | None], ...]


@frozen
class FlagsShape:
    """`flags`."""

    names: tuple[str, ...]


@frozen
class EnumShape:
    """`enum`."""

    names: tuple[str, ...]


@frozen
class ListShape:
    """`list<T>`."""

    element: Ref


@frozen
class FixedListShape:
    """`list<T, N>`."""

    element: Ref
    size: int


@frozen
class MapShape:
    """`map<K, V>`."""

    key: Ref
    value: Ref


@frozen
class TupleShape:
    """`tuple<…>`."""

    types: tuple[Ref, ...]


@frozen
class OptionShape:
    """`option<T>`."""

    type: Ref


@frozen
class ResultShape:
    """`result<T, E>`."""

    ok: Ref | None
    err: Ref | None


@frozen
class OwnShape:
    """`own<R>`."""

    resource: int


@frozen
class BorrowShape:
    """`borrow<R>`."""

    resource: int


@frozen
class StreamShape:
    """`stream<T>`."""

    type: Ref | None


@frozen
class FutureShape:
    """`future<T>`."""

    type: Ref | None


DefShape: TypeAlias = (
    PrimShape | RecordShape | VariantShape | FlagsShape | EnumShape | ListShape | FixedListShape | MapShape | TupleShape
    | OptionShape | ResultShape | OwnShape | BorrowShape | StreamShape | FutureShape
)  # fmt: skip


@frozen
class FuncShape:
    """A function's type."""

    params: tuple[tuple[str, Ref], ...]
    result: Ref | None
    is_async: bool


@frozen
class ResourceShape:
    """A resource that a component implements."""


@frozen
class InstanceShape:
    """The type of an instance: declarations that are evaluated anew for each instance."""

    declarations: tuple[Declaration, ...]


@frozen
class ComponentShape:
    """The type of a component: the same with imports."""

    declarations: tuple[Declaration, ...]


Shape: TypeAlias = DefShape | FuncShape | ResourceShape | InstanceShape | ComponentShape


@frozen
class ExternName:
    """The name of an import or export with its attributes."""

    name: str
    implements: str | None = None
    version_suffix: str | None = None
    external_id: str | None = None


@frozen
class ExternType:
    """The kind of an import or export: `index` is its type, None for fresh resources and uninspected kinds."""

    sort: Sort
    index: int | None


@frozen
class TypeDeclaration:
    """Adds a type."""

    shape: Shape
    at: int


@frozen
class AliasExport:
    """Adds an instance's exports."""

    sort: Sort
    instance: int
    name: str
    at: int


@frozen
class AliasOuter:
    """Adds an item of an enclosing scope, `count` scopes outwards."""

    sort: Sort
    count: int
    index: int
    at: int


@frozen
class Import:
    """Adds an import."""

    name: ExternName
    type: ExternType
    at: int


@frozen
class ExportType:
    """In the type of an instance or component: adds an export."""

    name: ExternName
    type: ExternType
    at: int


@frozen
class Export:
    """In a component: exports an item, possibly as a supertype, and adds it again."""

    name: ExternName
    sort: Sort
    index: int
    type: ExternType | None
    at: int


@frozen
class Instantiate:
    """Adds an instance of a component."""

    component: int
    arguments: tuple[tuple[str, Sort, int], ...]
    at: int


@frozen
class InlineInstance:
    """Adds an instance of existing items."""

    exports: tuple[tuple[ExternName, Sort, int], ...]
    at: int


@frozen
class Nested:
    """Adds a component whose sections stand in a range of the file."""

    start: int
    end: int


@frozen
class Lift:
    """Adds a function of a type."""

    type: int
    at: int


Declaration: TypeAlias = (
    TypeDeclaration | AliasExport | AliasOuter | Import | Export | ExportType | Instantiate | InlineInstance | Nested
    | Lift
)  # fmt: skip


def form_of(shape: DefShape | FuncShape) -> tuple[Hashable, tuple[Ref | None, ...]]:
    """Split a definition into the part that equal definitions share and the types it refers to."""
    match shape:
        case PrimShape(prim):
            return prim, ()
        case RecordShape(parts) | VariantShape(parts):
            return tuple(name for name, _ in parts), tuple(ref for _, ref in parts)
        case FlagsShape(names) | EnumShape(names):
            return names, ()
        case OwnShape(index) | BorrowShape(index):
            return None, (index,)
        case FixedListShape(element, size):
            return size, (element,)
        case MapShape(one, other) | ResultShape(one, other):
            return None, (one, other)
        case TupleShape(types):
            return None, types
        case ListShape(part) | OptionShape(part) | StreamShape(part) | FutureShape(part):
            return None, (part,)
        case FuncShape(params, result, is_async):
            return (is_async, *(name for name, _ in params)), (*(ref for _, ref in params), result)
        case _:
            assert_never(shape)
