"""Types of Golem's main branch, `schema-graph`, as those of Golem 1.5.

What only the main branch has becomes what stands for it in 1.5: a map is a list of pairs, a datetime a record with a
text, a text with restrictions a string, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from .._bindings.types import golem_core_types as core
from ..errors import AgentTypeError
from ._bindings.types import golem_core_types as main

__all__ = ["Graph", "RecursiveType", "is_datetime", "is_multimodal", "unstructured_kind"]

_PRIMITIVES: Final[dict[type[Any], type[Any]]] = {
    main.SchemaTypeBodyBoolType: core.WitTypeNodePrimBoolType,
    main.SchemaTypeBodyS8Type: core.WitTypeNodePrimS8Type,
    main.SchemaTypeBodyS16Type: core.WitTypeNodePrimS16Type,
    main.SchemaTypeBodyS32Type: core.WitTypeNodePrimS32Type,
    main.SchemaTypeBodyS64Type: core.WitTypeNodePrimS64Type,
    main.SchemaTypeBodyU8Type: core.WitTypeNodePrimU8Type,
    main.SchemaTypeBodyU16Type: core.WitTypeNodePrimU16Type,
    main.SchemaTypeBodyU32Type: core.WitTypeNodePrimU32Type,
    main.SchemaTypeBodyU64Type: core.WitTypeNodePrimU64Type,
    main.SchemaTypeBodyF32Type: core.WitTypeNodePrimF32Type,
    main.SchemaTypeBodyF64Type: core.WitTypeNodePrimF64Type,
    main.SchemaTypeBodyCharType: core.WitTypeNodePrimCharType,
    main.SchemaTypeBodyStringType: core.WitTypeNodePrimStringType,
    main.SchemaTypeBodyTextType: core.WitTypeNodePrimStringType,
    main.SchemaTypeBodyUrlType: core.WitTypeNodePrimStringType,
    main.SchemaTypeBodyPathType: core.WitTypeNodePrimStringType,
}
"""The nodes of types without parts."""

_STRING: Final = core.WitTypeNodePrimStringType
_DURATION: Final = (("secs", core.WitTypeNodePrimU64Type), ("nanos", core.WitTypeNodePrimU32Type))
_QUANTITY: Final = (
    ("mantissa", core.WitTypeNodePrimS64Type), ("scale", core.WitTypeNodePrimS32Type), ("unit", _STRING),
)  # fmt: skip


class RecursiveType(core.WitType):
    """A type whose parts may refer to it, or to each other in a circle."""


class Graph:
    """Types that may refer to each other."""

    def __init__(self, given: main.SchemaGraph) -> None:
        self._given = given

    def find(self, index: int) -> main.SchemaTypeNode:
        """Return a type, which is no reference.

        Raises:
            AgentTypeError: there is none.
        """
        return self._named(index)[0]

    def wit_type(self, index: int) -> core.WitType:
        """Return a type of Golem 1.5, but for types that contain themselves, which that does not have.

        Raises:
            AgentTypeError: the type has handles.
        """
        writer = _Writer(self)
        writer.write(index)
        return RecursiveType(writer.nodes)

    def element(self, index: int) -> core.ElementSchema:
        """Return the schema of a whole parameter or result."""
        node = self.find(index)
        kind = unstructured_kind(node)
        inline = self._inline(node) if kind is not None else None
        if kind == "text" and isinstance(inline, main.SchemaTypeBodyTextType):
            codes = inline.value.languages
            languages = None if codes is None else [core.TextType(each) for each in codes]
            return core.ElementSchemaUnstructuredText(core.TextDescriptor(languages))
        if kind == "binary" and isinstance(inline, main.SchemaTypeBodyBinaryType):
            names = inline.value.mime_types
            types = None if names is None else [core.BinaryType(each) for each in names]
            return core.ElementSchemaUnstructuredBinary(core.BinaryDescriptor(types))
        return core.ElementSchemaComponentModel(self.wit_type(index))

    def elements(self, fields: Sequence[tuple[str, int]]) -> core.DataSchema:
        """Return the schema of parameters, or of a result."""
        if len(fields) == 1 and is_multimodal(self.find(fields[0][1])):
            cases = self.modalities(fields[0][1])
            return core.DataSchemaMultimodal([(name, self.element(payload)) for name, payload in cases])
        return core.DataSchemaTuple([(name, self.element(each)) for name, each in fields])

    def modalities(self, index: int) -> list[tuple[str, int]]:
        """Return the kinds of a multimodal type, by name."""
        body = self.find(index).body
        inner = self.find(body.value).body if isinstance(body, main.SchemaTypeBodyListType) else None
        cases = inner.value if isinstance(inner, main.SchemaTypeBodyVariantType) else []
        return [(each.name, each.payload) for each in cases if each.payload is not None]

    def named(self, index: int) -> tuple[main.SchemaTypeNode, str | None, int]:
        """Return a type, its name, and its index."""
        return self._named(index)

    def _named(self, index: int) -> tuple[main.SchemaTypeNode, str | None, int]:
        nodes, defs, name = self._given.type_nodes, self._given.defs, None
        for _ in range(len(defs) + 1):
            if not 0 <= index < len(nodes):
                raise AgentTypeError(f"a type refers to node {index}, of {len(nodes)}")
            node = nodes[index]
            if not isinstance(node.body, main.SchemaTypeBodyRefType):
                return node, name, index
            if not 0 <= node.body.value < len(defs):
                raise AgentTypeError(f"a type refers to definition {node.body.value}, of {len(defs)}")
            definition = defs[node.body.value]
            index, name = definition.body, definition.name or definition.id
        raise AgentTypeError("definitions of types refer to each other, and to nothing else")

    def _inline(self, node: main.SchemaTypeNode) -> main.SchemaTypeBody | None:
        """Return the type of text or bytes that are given, and not found at an address."""
        cases = node.body.value if isinstance(node.body, main.SchemaTypeBodyVariantType) else []
        payload = cases[0].payload if len(cases) == 2 else None
        return None if payload is None else self.find(payload).body


def unstructured_kind(node: main.SchemaTypeNode) -> str | None:
    """Return whether a type is that of unstructured `text` or `binary`; None for all others."""
    match node.metadata.role:
        case main.RoleUnstructuredText():
            return "text"
        case main.RoleUnstructuredBinary():
            return "binary"
        case _:
            return None


def is_multimodal(node: main.SchemaTypeNode) -> bool:
    """Return whether a type is that of several values of different kinds."""
    return isinstance(node.metadata.role, main.RoleMultimodal)


def is_datetime(body: main.SchemaTypeBody) -> bool:
    """Return whether a type is a point in time."""
    return isinstance(body, main.SchemaTypeBodyDatetimeType)


class _Writer:
    """Writes one type as a list of nodes."""

    def __init__(self, graph: Graph) -> None:
        self.nodes: list[core.NamedWitTypeNode] = []
        self._graph = graph
        self._open: dict[int, int] = {}
        """The position of each type that is being written."""

    def write(self, index: int) -> int:
        node, name, at = self._graph.named(index)
        if at in self._open:
            return self._open[at]
        position = self._open[at] = len(self.nodes)
        placed = core.NamedWitTypeNode(name, None, core.WitTypeNodePrimBoolType())
        self.nodes.append(placed)
        placed.type = self._node(node.body, placed)
        del self._open[at]
        return position

    def _maybe(self, index: int | None) -> int | None:
        return None if index is None else self.write(index)

    def _add(self, node: core.WitTypeNode) -> int:
        self.nodes.append(core.NamedWitTypeNode(None, None, node))
        return len(self.nodes) - 1

    def _pair(self, *indices: int) -> int:
        """Append the tuple of types."""
        node = core.WitTypeNodeTupleType([])
        at = self._add(node)
        node.value = [self.write(each) for each in indices]
        return at

    def _node(self, body: main.SchemaTypeBody, placed: core.NamedWitTypeNode) -> core.WitTypeNode:
        match body:
            case main.SchemaTypeBodyRecordType(fields):
                return core.WitTypeNodeRecordType([(each.name, self.write(each.body)) for each in fields])
            case main.SchemaTypeBodyVariantType(cases):
                return core.WitTypeNodeVariantType([(each.name, self._maybe(each.payload)) for each in cases])
            case main.SchemaTypeBodyUnionType(union):
                return core.WitTypeNodeVariantType([(each.tag, self.write(each.body)) for each in union.branches])
            case main.SchemaTypeBodyEnumType(cases):
                return core.WitTypeNodeEnumType(list(cases))
            case main.SchemaTypeBodyFlagsType(flags):
                return core.WitTypeNodeFlagsType(list(flags))
            case main.SchemaTypeBodyTupleType(indices):
                return core.WitTypeNodeTupleType([self.write(each) for each in indices])
            case main.SchemaTypeBodyListType(index):
                return core.WitTypeNodeListType(self.write(index))
            case main.SchemaTypeBodyFixedListType(fixed):
                return core.WitTypeNodeListType(self.write(fixed.element))
            case main.SchemaTypeBodyMapType(spec):
                return core.WitTypeNodeListType(self._pair(spec.key, spec.value))
            case main.SchemaTypeBodyOptionType(index):
                return core.WitTypeNodeOptionType(self.write(index))
            case main.SchemaTypeBodyResultType(spec):
                return core.WitTypeNodeResultType((self._maybe(spec.ok), self._maybe(spec.err)))
            case _:
                return self._special(body, placed)

    def _special(self, body: main.SchemaTypeBody, placed: core.NamedWitTypeNode) -> core.WitTypeNode:
        if type(body) in _PRIMITIVES:
            node: core.WitTypeNode = _PRIMITIVES[type(body)]()
            return node
        match body:
            case main.SchemaTypeBodyBinaryType():
                return core.WitTypeNodeListType(self._add(core.WitTypeNodePrimU8Type()))
            case main.SchemaTypeBodyDatetimeType():
                placed.name, placed.owner = "DateTime", "chrono"
                return core.WitTypeNodeRecordType([("timestamp", self._add(_STRING()))])
            case main.SchemaTypeBodyDurationType():
                placed.name = "Duration"
                return core.WitTypeNodeRecordType([(name, self._add(node())) for name, node in _DURATION])
            case main.SchemaTypeBodyQuantityType():
                placed.name = "Quantity"
                return core.WitTypeNodeRecordType([(name, self._add(node())) for name, node in _QUANTITY])
            case _:
                kind = type(body).__name__.removeprefix("SchemaTypeBody").removesuffix("Type")
                raise AgentTypeError(f"a type is a {kind}, which cannot be passed from here")
