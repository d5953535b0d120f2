"""Values on Golem's main branch: `schema-value-tree` of `golem:core/types`, a tree in a flat list of nodes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from witgen.golem.sdk.definitions import Element
from witgen.golem.sdk.hints import DATETIME, DURATION
from witgen.golem.sdk.modalities import UnstructuredBinary, UnstructuredText, check_element, inner_value, made_value
from witgen.golem.sdk.schema import (
    EnumSchema,
    FlagsSchema,
    ListSchema,
    MapSchema,
    MultimodalSchema,
    OptionSchema,
    Primitive,
    RecordSchema,
    RecursiveSchema,
    ResultSchema,
    Schema,
    TupleSchema,
    UnstructuredSchema,
    VariantSchema,
)
from witgen_runtime.values import Err, Ok, Some

from ._bindings.types import golem_core_types as core

__all__ = ["TreeReader", "TreeWriter", "from_tree", "to_tree"]

_INLINE: Final = 0
"""The case of text or bytes that are given; the other case is their address."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_SECOND: Final = dt.timedelta(seconds=1)

_PRIMITIVES: Final[Mapping[str, type[Any]]] = {
    "u8": core.SchemaValueNodeU8Value,
    "u16": core.SchemaValueNodeU16Value,
    "u32": core.SchemaValueNodeU32Value,
    "u64": core.SchemaValueNodeU64Value,
    "s8": core.SchemaValueNodeS8Value,
    "s16": core.SchemaValueNodeS16Value,
    "s32": core.SchemaValueNodeS32Value,
    "s64": core.SchemaValueNodeS64Value,
    "f32": core.SchemaValueNodeF32Value,
    "f64": core.SchemaValueNodeF64Value,
    "bool": core.SchemaValueNodeBoolValue,
    "char": core.SchemaValueNodeCharValue,
    "string": core.SchemaValueNodeStringValue,
}


def to_tree(schema: Element, value: Any) -> core.SchemaValueTree:
    """Return a value that belongs to a schema, as `check_element` returns it."""
    writer = TreeWriter()
    return writer.tree(writer.write(schema, value))


def from_tree(schema: Element, tree: core.SchemaValueTree) -> Any:
    """Return the Python value of nodes.

    Raises:
        ValueError: the nodes are not those of a value of the schema.
    """
    return TreeReader(tree.value_nodes).read(schema, tree.root)


class TreeWriter:
    """Writes values into one tree."""

    def __init__(self) -> None:
        self._nodes: list[core.SchemaValueNode] = []

    def tree(self, root: int) -> core.SchemaValueTree:
        """Return the tree with a root."""
        return core.SchemaValueTree(self._nodes, root)

    def append(self, node: core.SchemaValueNode) -> int:
        """Append a node and return its index."""
        self._nodes.append(node)
        return len(self._nodes) - 1

    def write(self, schema: Element, value: Any) -> int:
        """Append the nodes of a value and return the index of the last, which is the value's."""
        match schema:
            case UnstructuredSchema(kind=kind):
                return self._case(*self._unstructured(kind, value))
            case MultimodalSchema(cases):
                # As Golem 1.5 pairs them, there is one value of each kind.
                parts = enumerate(zip(cases, value, strict=True))
                written = [
                    self._case(at, self.write(each, inner_value(cls, own))) for at, ((_, each, cls), own) in parts
                ]
                return self.append(core.SchemaValueNodeListValue(written))
            case _:
                return self.append(self._node(schema, value))

    def _case(self, number: int, payload: int | None) -> int:
        return self.append(core.SchemaValueNodeVariantValue(core.VariantValuePayload(number, payload)))

    def _unstructured(self, kind: str, value: Any) -> tuple[int, int]:
        if value.url is not None:
            return 1 - _INLINE, self.append(core.SchemaValueNodeUrlValue(value.url))
        if kind == "text":
            text = core.TextValuePayload(value.data, value.language)
            return _INLINE, self.append(core.SchemaValueNodeTextValue(text))
        return _INLINE, self.append(
            core.SchemaValueNodeBinaryValue(core.BinaryValuePayload(value.data, value.mime_type))
        )

    def _node(self, schema: Schema, value: Any) -> core.SchemaValueNode:
        match schema:
            case Primitive(name):
                return cast("core.SchemaValueNode", _PRIMITIVES[name](value))
            case ListSchema(element):
                return core.SchemaValueNodeListValue([self.write(element, each) for each in value])
            case MapSchema(key, inner):
                pairs = [(self.write(key, own), self.write(inner, each)) for own, each in value.items()]
                return core.SchemaValueNodeMapValue([core.MapEntry(*pair) for pair in pairs])
            case TupleSchema(items):
                return core.SchemaValueNodeTupleValue(
                    [self.write(item, each) for item, each in zip(items, value, strict=True)]
                )
            case OptionSchema(inner):
                if value is None:
                    return core.SchemaValueNodeOptionValue(None)
                return core.SchemaValueNodeOptionValue(self.write(inner, value.value if _is_nested(inner) else value))
            case ResultSchema(ok, err):
                if isinstance(value, Ok):
                    return core.SchemaValueNodeResultValue(core.ResultValuePayloadOkValue(self._optional(ok, value)))
                return core.SchemaValueNodeResultValue(core.ResultValuePayloadErrValue(self._optional(err, value)))
            case RecordSchema():
                return self._record(schema, value)
            case _:
                return self._choice(schema, value)

    def _optional(self, schema: Schema | None, side: Any) -> int | None:
        return None if schema is None else self.write(schema, side.value)

    def _record(self, schema: RecordSchema, value: Any) -> core.SchemaValueNode:
        if schema is DATETIME:
            seconds, rest = divmod(value - _EPOCH, _SECOND)
            return core.SchemaValueNodeDatetimeValue(core.Datetime(seconds, rest.microseconds * 1000))
        if schema is DURATION:
            return core.SchemaValueNodeDurationValue(core.DurationValuePayload(value // _MICROSECOND * 1000))
        parts = schema.read(value)
        return core.SchemaValueNodeRecordValue([self.write(each, parts[name]) for name, each in schema.fields.items()])

    def _choice(self, schema: Schema, value: Any) -> core.SchemaValueNode:
        match schema:
            case VariantSchema(cases=cases):
                number = schema.index(value)
                payload = cases[number].payload
                at = None if payload is None else self.write(payload, cases[number].inner(value))
                return core.SchemaValueNodeVariantValue(core.VariantValuePayload(number, at))
            case EnumSchema(values=values):
                return core.SchemaValueNodeEnumValue(values.index(value))
            case FlagsSchema():
                return core.SchemaValueNodeFlagsValue(schema.bits(value))
            case RecursiveSchema(resolve=resolve):
                return self._node(resolve(), value)
            case _:
                return self._node(schema, value)


def _is_nested(schema: Schema) -> bool:
    return isinstance(schema, OptionSchema)


class TreeReader:
    """Reads values of one tree."""

    def __init__(self, nodes: Sequence[core.SchemaValueNode]) -> None:
        self._nodes = nodes
        self._open: set[int] = set()

    def read(self, schema: Element, at: int) -> Any:
        """Return the value whose node is at an index."""
        if not 0 <= at < len(self._nodes) or at in self._open:
            raise ValueError(f"a value refers to node {at} of {len(self._nodes)}, which is not a part of it")
        self._open.add(at)
        try:
            return self._element(schema, self._nodes[at])
        finally:
            self._open.remove(at)

    def _element(self, schema: Element, node: core.SchemaValueNode) -> Any:
        match schema, node:
            case UnstructuredSchema(), core.SchemaValueNodeVariantValue(found) if found.payload is not None:
                return self._unstructured(schema, self._nodes[found.payload])
            case MultimodalSchema(cases, python), core.SchemaValueNodeListValue(indices):
                return python([self._modality(cases, self._nodes[each]) for each in indices])
            case ((UnstructuredSchema() | MultimodalSchema()), _):
                raise ValueError("expected a value of another kind")
            case _:
                return self._value(schema, node)

    def _unstructured(self, schema: UnstructuredSchema, node: core.SchemaValueNode) -> Any:
        match schema.kind, node:
            case "text", core.SchemaValueNodeTextValue(text):
                return check_element(schema, UnstructuredText(text.text, text.language), "language")
            case "text", core.SchemaValueNodeUrlValue(url):
                return UnstructuredText(url=url)
            case "binary", core.SchemaValueNodeBinaryValue(found):
                binary = UnstructuredBinary(found.bytes, found.mime_type or "application/octet-stream")
                return check_element(schema, binary, "media type")
            case "binary", core.SchemaValueNodeUrlValue(url):
                return UnstructuredBinary(url=url)
            case kind, _:
                raise ValueError(f"expected unstructured {kind}")

    def _modality(self, cases: Sequence[tuple[str, Any, type[Any]]], node: core.SchemaValueNode) -> Any:
        if not isinstance(node, core.SchemaValueNodeVariantValue) or node.value.case >= len(cases):
            raise ValueError(f"expected one of {', '.join(name for name, *_ in cases)}")
        _, schema, cls = cases[node.value.case]
        return made_value(cls, self.read(schema, -1 if node.value.payload is None else node.value.payload))

    def _value(self, schema: Schema, node: core.SchemaValueNode) -> Any:
        match schema, node:
            case Primitive(name), _ if isinstance(node, _PRIMITIVES[name]):
                return cast("Any", node).value
            case ListSchema(element, python), core.SchemaValueNodeListValue(indices):
                return python([self.read(element, each) for each in indices])
            case MapSchema(key, value), core.SchemaValueNodeMapValue(entries):
                return {self.read(key, each.key): self.read(value, each.value) for each in entries}
            case TupleSchema(items), core.SchemaValueNodeTupleValue(indices) if len(items) == len(indices):
                return tuple(self.read(item, each) for item, each in zip(items, indices, strict=True))
            case OptionSchema(inner), core.SchemaValueNodeOptionValue(index):
                if index is None:
                    return None
                found = self.read(inner, index)
                return Some(found) if _is_nested(inner) else found
            case ResultSchema(ok, err), core.SchemaValueNodeResultValue(outcome):
                is_ok = isinstance(outcome, core.ResultValuePayloadOkValue)
                return (Ok if is_ok else Err)(self._optional(ok if is_ok else err, outcome.value))
            case RecordSchema(), _:
                return self._record(schema, node)
            case _:
                return self._choice(schema, node)

    def _optional(self, schema: Schema | None, index: int | None) -> Any:
        if (schema is None) is not (index is None):
            raise ValueError("a value is where none belongs, or missing")
        return None if schema is None or index is None else self.read(schema, index)

    def _record(self, schema: RecordSchema, node: core.SchemaValueNode) -> Any:
        match node:
            case core.SchemaValueNodeDatetimeValue(at) if schema is DATETIME:
                return _EPOCH + dt.timedelta(seconds=at.seconds, microseconds=at.nanoseconds // 1000)
            case core.SchemaValueNodeDurationValue(long) if schema is DURATION:
                return dt.timedelta(microseconds=long.nanoseconds // 1000)
            case core.SchemaValueNodeRecordValue(indices) if len(indices) == len(schema.fields):
                pairs = zip(schema.fields.items(), indices, strict=True)
                return schema.make({name: self.read(each, index) for (name, each), index in pairs})
            case _:
                raise ValueError(f"expected {schema.name}")

    def _choice(self, schema: Schema, node: core.SchemaValueNode) -> Any:
        match schema, node:
            case VariantSchema(cases=cases), core.SchemaValueNodeVariantValue(found) if found.case < len(cases):
                case_ = cases[found.case]
                return case_.made(self._optional(case_.payload, found.payload))
            case EnumSchema(values=values), core.SchemaValueNodeEnumValue(number) if number < len(values):
                return values[number]
            case FlagsSchema(), core.SchemaValueNodeFlagsValue(bits) if len(bits) == len(schema.flags):
                return schema.of(bits)
            case RecursiveSchema(resolve=resolve), _:
                return self._value(resolve(), node)
            case _:
                raise ValueError(f"expected {type(schema).__name__.removesuffix('Schema').lower()}")
