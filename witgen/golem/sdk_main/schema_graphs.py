"""Types on Golem's main branch: `schema-graph` of `golem:core/types`.

Types with a name are definitions, which other types refer to, also in a circle. Text and bytes without a structure are
variants with a role, multimodal values are lists of variants with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from witgen.golem.sdk.definitions import Element
from witgen.golem.sdk.hints import DATETIME, DURATION
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

from ._bindings.types import golem_core_types as core

__all__ = ["NOTHING", "GraphWriter", "to_graph"]

NOTHING: Final = core.MetadataEnvelope(None, [], [], None, None)
"""What is said about a type where there is nothing to say."""

_URL: Final = core.SchemaTypeBodyUrlType(core.UrlRestrictions(None, None))

_NUMBERS: Final[Mapping[str, Callable[[None], core.SchemaTypeBody]]] = {
    "u8": core.SchemaTypeBodyU8Type,
    "u16": core.SchemaTypeBodyU16Type,
    "u32": core.SchemaTypeBodyU32Type,
    "u64": core.SchemaTypeBodyU64Type,
    "s8": core.SchemaTypeBodyS8Type,
    "s16": core.SchemaTypeBodyS16Type,
    "s32": core.SchemaTypeBodyS32Type,
    "s64": core.SchemaTypeBodyS64Type,
    "f32": core.SchemaTypeBodyF32Type,
    "f64": core.SchemaTypeBodyF64Type,
}
_OTHERS: Final[Mapping[str, Callable[[], core.SchemaTypeBody]]] = {
    "bool": core.SchemaTypeBodyBoolType,
    "char": core.SchemaTypeBodyCharType,
    "string": core.SchemaTypeBodyStringType,
}


def to_graph(schema: Element) -> core.SchemaGraph:
    """Return the type of a schema with all types that it refers to."""
    writer = GraphWriter()
    return writer.graph(writer.write(schema))


class GraphWriter:
    """Writes types that may share parts into one graph."""

    def __init__(self) -> None:
        self._nodes: list[core.SchemaTypeNode] = []
        self._defs: list[core.SchemaTypeDef] = []
        self._named: list[Schema] = []

    def graph(self, root: int = 0) -> core.SchemaGraph:
        """Return all that was written; without a root of its own, the graph of an agent has an empty record there."""
        if not self._nodes:
            self._append(core.SchemaTypeBodyTupleType([]))
        return core.SchemaGraph(self._nodes, self._defs, root)

    def write(self, schema: Element) -> int:
        """Append the nodes of a schema and return the index of the type."""
        match schema:
            case UnstructuredSchema():
                return self._unstructured(schema)
            case MultimodalSchema(cases):
                one = self._append(self._variant([(name, self.write(each)) for name, each, _ in cases]))
                return self._append(core.SchemaTypeBodyListType(one), core.RoleMultimodal())
            case RecursiveSchema(resolve=resolve):
                return self._reference(resolve())
            case _ if schema is not DATETIME and schema is not DURATION and _name_of(schema):
                return self._reference(schema)
            case _:
                return self._append(self._body(schema))

    def _append(self, body: core.SchemaTypeBody, role: core.Role | None = None) -> int:
        metadata = NOTHING if role is None else core.MetadataEnvelope(None, [], [], None, role)
        self._nodes.append(core.SchemaTypeNode(body, metadata))
        return len(self._nodes) - 1

    def _reference(self, schema: Schema) -> int:
        if schema not in self._named:
            name = str(_name_of(schema))
            taken = {each.id for each in self._defs}
            numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
            ident = name if name not in taken else next(each for each in numbered if each not in taken)
            definition = core.SchemaTypeDef(ident, name, 0)
            self._named.append(schema)
            self._defs.append(definition)
            definition.body = self._append(self._body(schema))
        return self._append(core.SchemaTypeBodyRefType(self._named.index(schema)))

    def _unstructured(self, schema: UnstructuredSchema) -> int:
        allowed = None if schema.restrictions is None else list(schema.restrictions)
        role: core.Role
        if schema.kind == "text":
            inline = self._append(core.SchemaTypeBodyTextType(core.TextRestrictions(allowed, None, None, None)))
            role = core.RoleUnstructuredText()
        else:
            inline = self._append(core.SchemaTypeBodyBinaryType(core.BinaryRestrictions(allowed, None, None)))
            role = core.RoleUnstructuredBinary()
        return self._append(self._variant([("inline", inline), ("url", self._append(_URL))]), role)

    def _variant(self, cases: Iterable[tuple[str, int | None]]) -> core.SchemaTypeBody:
        return core.SchemaTypeBodyVariantType([core.VariantCaseType(*each, NOTHING) for each in cases])

    def _body(self, schema: Schema) -> core.SchemaTypeBody:
        match schema:
            case Primitive(name):
                return _NUMBERS[name](None) if name in _NUMBERS else _OTHERS[name]()
            case ListSchema(element):
                return core.SchemaTypeBodyListType(self.write(element))
            case MapSchema(key, value):
                return core.SchemaTypeBodyMapType(core.MapSpec(self.write(key), self.write(value)))
            case TupleSchema(items):
                return core.SchemaTypeBodyTupleType([self.write(each) for each in items])
            case OptionSchema(inner):
                return core.SchemaTypeBodyOptionType(self.write(inner))
            case ResultSchema(ok, err):
                return core.SchemaTypeBodyResultType(core.ResultSpec(self._optional(ok), self._optional(err)))
            case RecordSchema(fields=fields):
                return self._record(schema, fields)
            case VariantSchema(cases=cases):
                return self._variant([(case.name, self._optional(case.payload)) for case in cases])
            case EnumSchema(cases=names):
                return core.SchemaTypeBodyEnumType(list(names))
            case FlagsSchema(flags=names):
                return core.SchemaTypeBodyFlagsType(list(names))
            case RecursiveSchema(resolve=resolve):
                return self._body(resolve())

    def _record(self, schema: Schema, fields: Mapping[str, Schema]) -> core.SchemaTypeBody:
        if schema is DATETIME:
            return core.SchemaTypeBodyDatetimeType()
        if schema is DURATION:
            return core.SchemaTypeBodyDurationType()
        return core.SchemaTypeBodyRecordType(
            [core.NamedFieldType(name, self.write(each), NOTHING) for name, each in fields.items()]
        )

    def _optional(self, schema: Schema | None) -> int | None:
        return None if schema is None else self.write(schema)


def _name_of(schema: Schema) -> str | None:
    return schema.name if isinstance(schema, (RecordSchema, VariantSchema, EnumSchema, FlagsSchema)) else None
