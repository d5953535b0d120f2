"""Schemas and values in Golem 1.5: `wit-type` and `wit-value` of `golem:core/types`, which are flat lists of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, cast

from witgen_runtime.values import Err, Ok, Some

from ._bindings.types import golem_core_types as core
from .schema import (
    EnumSchema,
    FlagsSchema,
    ListSchema,
    MapSchema,
    OptionSchema,
    Primitive,
    RecordSchema,
    RecursiveSchema,
    ResultSchema,
    Schema,
    TupleSchema,
    VariantSchema,
)

__all__ = ["from_wit_value", "to_wit_type", "to_wit_value"]

_PRIMITIVES: Final[Mapping[str, tuple[Callable[[], core.WitTypeNode], type[Any]]]] = {
    "u8": (core.WitTypeNodePrimU8Type, core.WitNodePrimU8),
    "u16": (core.WitTypeNodePrimU16Type, core.WitNodePrimU16),
    "u32": (core.WitTypeNodePrimU32Type, core.WitNodePrimU32),
    "u64": (core.WitTypeNodePrimU64Type, core.WitNodePrimU64),
    "s8": (core.WitTypeNodePrimS8Type, core.WitNodePrimS8),
    "s16": (core.WitTypeNodePrimS16Type, core.WitNodePrimS16),
    "s32": (core.WitTypeNodePrimS32Type, core.WitNodePrimS32),
    "s64": (core.WitTypeNodePrimS64Type, core.WitNodePrimS64),
    "f32": (core.WitTypeNodePrimF32Type, core.WitNodePrimFloat32),
    "f64": (core.WitTypeNodePrimF64Type, core.WitNodePrimFloat64),
    "char": (core.WitTypeNodePrimCharType, core.WitNodePrimChar),
    "bool": (core.WitTypeNodePrimBoolType, core.WitNodePrimBool),
    "string": (core.WitTypeNodePrimStringType, core.WitNodePrimString),
}
"""The class of a type's node and that of a value's node, by WIT's keyword."""


def to_wit_type(schema: Schema) -> core.WitType:
    """Return the type of a schema."""
    nodes: list[core.NamedWitTypeNode] = []
    _TypeWriter(nodes).write(schema)
    return core.WitType(nodes)


def to_wit_value(schema: Schema, value: Any) -> core.WitValue:
    """Return a value that belongs to a schema, as `check` returns it."""
    nodes: list[core.WitNode] = []
    _ValueWriter(nodes).write(schema, value)
    return core.WitValue(nodes)


def from_wit_value(schema: Schema, value: core.WitValue) -> Any:
    """Return the Python value of nodes.

    Raises:
        ValueError: the nodes are not those of a value of the schema.
    """
    return _Reader(value.nodes).read(schema, 0)


def _recursive(schema: RecursiveSchema) -> TypeError:
    return TypeError(f"{schema.python.__name__} contains itself, which Golem 1.5 has no schema for")


class _TypeWriter:
    def __init__(self, nodes: list[core.NamedWitTypeNode]) -> None:
        self._nodes = nodes

    def write(self, schema: Schema) -> int:
        """Append the nodes of a schema and return the index of the first."""
        at = len(self._nodes)
        name = schema.name if isinstance(schema, (RecordSchema, VariantSchema, EnumSchema, FlagsSchema)) else None
        owner = schema.owner if isinstance(schema, RecordSchema) else None
        # In its place until the nodes that it refers to are known.
        placed = core.NamedWitTypeNode(name, owner, core.WitTypeNodePrimBoolType())
        self._nodes.append(placed)
        placed.type = self._node(schema)
        return at

    def _node(self, schema: Schema) -> core.WitTypeNode:
        match schema:
            case Primitive(name):
                return _PRIMITIVES[name][0]()
            case ListSchema(element):
                return core.WitTypeNodeListType(self.write(element))
            case MapSchema(key, value):
                return core.WitTypeNodeListType(self.write(TupleSchema((key, value))))
            case TupleSchema(items):
                return core.WitTypeNodeTupleType([self.write(each) for each in items])
            case OptionSchema(inner):
                return core.WitTypeNodeOptionType(self.write(inner))
            case ResultSchema(ok, err):
                return core.WitTypeNodeResultType((self._optional(ok), self._optional(err)))
            case RecordSchema(fields=fields):
                return core.WitTypeNodeRecordType([(name, self.write(each)) for name, each in fields.items()])
            case VariantSchema(cases=cases):
                return core.WitTypeNodeVariantType([(case.name, self._optional(case.payload)) for case in cases])
            case EnumSchema(cases=names):
                return core.WitTypeNodeEnumType(list(names))
            case FlagsSchema(flags=names):
                return core.WitTypeNodeFlagsType(list(names))
            case RecursiveSchema():
                raise _recursive(schema)

    def _optional(self, schema: Schema | None) -> int | None:
        return None if schema is None else self.write(schema)


class _ValueWriter:
    def __init__(self, nodes: list[core.WitNode]) -> None:
        self._nodes = nodes

    def write(self, schema: Schema, value: Any) -> int:
        """Append the nodes of a value and return the index of the first."""
        at = len(self._nodes)
        self._nodes.append(core.WitNodePrimBool(value=False))
        self._nodes[at] = self._node(schema, value)
        return at

    def _all(self, schema: Schema, values: Iterable[Any]) -> list[int]:
        return [self.write(schema, each) for each in values]

    def _node(self, schema: Schema, value: Any) -> core.WitNode:
        match schema:
            case Primitive(name):
                return cast("core.WitNode", _PRIMITIVES[name][1](value))
            case ListSchema(element):
                return core.WitNodeListValue(self._all(element, value))
            case MapSchema(key, inner):
                return core.WitNodeListValue(self._all(TupleSchema((key, inner)), value.items()))
            case TupleSchema(items):
                pairs = zip(items, value, strict=True)
                return core.WitNodeTupleValue([self.write(item, each) for item, each in pairs])
            case OptionSchema(inner):
                if value is None:
                    return core.WitNodeOptionValue(None)
                return core.WitNodeOptionValue(self.write(inner, value.value if _is_nested(inner) else value))
            case ResultSchema(ok, err):
                is_ok = isinstance(value, Ok)
                side = ok if is_ok else err
                at = None if side is None else self.write(side, value.value)
                return core.WitNodeResultValue(Ok(at) if is_ok else Err(at))
            case RecordSchema(fields=fields, read=read):
                parts = read(value)
                return core.WitNodeRecordValue([self.write(each, parts[name]) for name, each in fields.items()])
            case VariantSchema(cases=cases):
                number = schema.index(value)
                payload = cases[number].payload
                at = None if payload is None else self.write(payload, cases[number].inner(value))
                return core.WitNodeVariantValue((number, at))
            case EnumSchema(values=values):
                return core.WitNodeEnumValue(values.index(value))
            case FlagsSchema():
                return core.WitNodeFlagsValue(schema.bits(value))
            case RecursiveSchema():
                raise _recursive(schema)


def _is_nested(schema: Schema) -> bool:
    return isinstance(schema, OptionSchema)


class _Reader:
    def __init__(self, nodes: Sequence[core.WitNode]) -> None:
        self._nodes = nodes
        self._open: set[int] = set()

    def read(self, schema: Schema, at: int) -> Any:
        """Return the value whose first node is at an index."""
        if not 0 <= at < len(self._nodes) or at in self._open:
            raise ValueError(f"a value refers to node {at} of {len(self._nodes)}, which is not a part of it")
        self._open.add(at)
        try:
            return self._value(schema, self._nodes[at])
        finally:
            self._open.remove(at)

    def _value(self, schema: Schema, node: core.WitNode) -> Any:
        match schema, node:
            case Primitive(name), _ if isinstance(node, _PRIMITIVES[name][1]):
                return cast("Any", node).value
            case ListSchema(element, python), core.WitNodeListValue(indices):
                return python([self.read(element, each) for each in indices])
            case MapSchema(key, value), core.WitNodeListValue(indices):
                return dict(self.read(TupleSchema((key, value)), each) for each in indices)
            case TupleSchema(items), core.WitNodeTupleValue(indices) if len(items) == len(indices):
                return tuple(self.read(item, each) for item, each in zip(items, indices, strict=True))
            case OptionSchema(inner), core.WitNodeOptionValue(index):
                if index is None:
                    return None
                value = self.read(inner, index)
                return Some(value) if _is_nested(inner) else value
            case _:
                return self._named(schema, node)

    def _named(self, schema: Schema, node: core.WitNode) -> Any:
        match schema, node:
            case RecordSchema(fields=fields, make=make), core.WitNodeRecordValue(indices) if len(fields) == len(
                indices
            ):
                pairs = zip(fields.items(), indices, strict=True)
                return make({name: self.read(each, index) for (name, each), index in pairs})
            case VariantSchema(cases=cases), core.WitNodeVariantValue((number, index)) if number < len(cases):
                case_ = cases[number]
                if (case_.payload is None) is (index is None):
                    return case_.made(
                        None if case_.payload is None or index is None else self.read(case_.payload, index)
                    )
            case EnumSchema(values=values), core.WitNodeEnumValue(number) if number < len(values):
                return values[number]
            case FlagsSchema(flags=names), core.WitNodeFlagsValue(bits) if len(names) == len(bits):
                return schema.of(bits)
            case ResultSchema(ok, err), core.WitNodeResultValue(side):
                inner = ok if isinstance(side, Ok) else err
                if (inner is None) is (side.value is None):
                    return type(side)(None if inner is None or side.value is None else self.read(inner, side.value))
            case _:
                pass
        raise ValueError(f"expected {_described(schema)}, got {type(node).__name__.removeprefix('WitNode')}")


def _described(schema: Schema) -> str:
    return schema.name if isinstance(schema, Primitive) else type(schema).__name__.removesuffix("Schema").lower()
