"""Types of agents' values: `wit-type` of `golem:core/types` as descriptors, with Python classes made for them.

Values are those of generated bindings: records have attributes, cases of variants a `value`, enums and flags are those
of the standard library. WAVE, JSON and agent ids are written and read by the descriptors.
"""

from __future__ import annotations

import enum
import keyword
from collections.abc import Sequence
from dataclasses import fields, make_dataclass
from typing import Any, Final
from unicodedata import normalize

from witgen_runtime import abi

from ._bindings.types import golem_core_types as core
from .errors import AgentTypeError
from .main.graphs import RecursiveType

__all__ = ["to_type", "to_wit_type"]

_PRIMITIVES: Final[dict[type[Any], abi.Prim]] = {
    core.WitTypeNodePrimU8Type: abi.U8,
    core.WitTypeNodePrimU16Type: abi.U16,
    core.WitTypeNodePrimU32Type: abi.U32,
    core.WitTypeNodePrimU64Type: abi.U64,
    core.WitTypeNodePrimS8Type: abi.S8,
    core.WitTypeNodePrimS16Type: abi.S16,
    core.WitTypeNodePrimS32Type: abi.S32,
    core.WitTypeNodePrimS64Type: abi.S64,
    core.WitTypeNodePrimF32Type: abi.F32,
    core.WitTypeNodePrimF64Type: abi.F64,
    core.WitTypeNodePrimCharType: abi.CHAR,
    core.WitTypeNodePrimBoolType: abi.BOOL,
    core.WitTypeNodePrimStringType: abi.STRING,
}
_ENUM: Final[Any] = enum.Enum
_FLAG: Final[Any] = enum.Flag
"""For classes whose names are known when they are made."""

_NODES: Final[dict[abi.Prim, type[Any]]] = {type_: node for node, type_ in _PRIMITIVES.items()}


def to_type(given: core.WitType) -> abi.Type:
    """Return the type that a list of nodes describes.

    Raises:
        AgentTypeError: the nodes refer to each other in a circle, to no node, or to handles.
    """
    return _Reader(given.nodes, allows_circles=isinstance(given, RecursiveType)).read(0)


class _Reader:
    def __init__(self, nodes: Sequence[core.NamedWitTypeNode], *, allows_circles: bool) -> None:
        self._nodes = nodes
        self._allows_circles = allows_circles
        self._begun: dict[int, abi.Record | abi.Variant] = {}
        """Types of the main branch whose parts are being read: these may refer to them."""
        self._open: set[int] = set()
        self._read: dict[int, abi.Type] = {}

    def read(self, index: int) -> abi.Type:
        if index in self._read:
            return self._read[index]
        if not 0 <= index < len(self._nodes):
            raise AgentTypeError(f"a type refers to node {index}, of {len(self._nodes)}")
        if index in self._begun:
            return self._begun[index]
        if index in self._open:
            raise AgentTypeError(f"node {index} of a type contains itself: Golem 1.5 has no recursive types")
        self._open.add(index)
        named = self._nodes[index]
        if self._allows_circles:
            self._begin(index, named)
        made = self._read[index] = self._finished(index, self._type(named.type, named.name or ""))
        self._open.remove(index)
        return made

    def _begin(self, index: int, named: core.NamedWitTypeNode) -> None:
        """Make a type whose parts are not known yet."""
        if isinstance(named.type, core.WitTypeNodeRecordType):
            self._begun[index] = abi.Record(named.name or "record", object, ())
        elif isinstance(named.type, core.WitTypeNodeVariantType):
            self._begun[index] = abi.Variant(named.name or "variant", ())

    def _finished(self, index: int, made: abi.Type) -> abi.Type:
        """Return a type; one that its parts may refer to gets its parts."""
        begun = self._begun.pop(index, None)
        if begun is None:
            return made
        for each in fields(begun):
            object.__setattr__(begun, each.name, getattr(made, each.name))
        return begun

    def _maybe(self, index: int | None) -> abi.Type | None:
        return None if index is None else self.read(index)

    def _type(self, node: Any, name: str) -> abi.Type:
        match node:
            case core.WitTypeNodeRecordType(fields):
                return _record(name, [(each, self.read(index)) for each, index in fields])
            case core.WitTypeNodeVariantType(cases):
                return _variant(name, [(each, self._maybe(index)) for each, index in cases])
            case core.WitTypeNodeEnumType(cases):
                _refuse_repeated(cases)
                members = [(f"c{at}", each) for at, each in enumerate(cases)]
                return abi.Enum(name or "enum", _ENUM(_identifier(name or "Enum"), members), tuple(cases))
            case core.WitTypeNodeFlagsType(flags):
                _refuse_repeated(flags)
                bits = [(f"f{at}", 1 << at) for at in range(len(flags))]
                return abi.Flags(name or "flags", _FLAG(_identifier(name or "Flags"), bits), tuple(flags))
            case core.WitTypeNodeTupleType(indices):
                return abi.Tuple(tuple(map(self.read, indices)))
            case core.WitTypeNodeListType(index):
                return abi.List(self.read(index))
            case core.WitTypeNodeOptionType(index):
                return abi.Option(self.read(index))
            case core.WitTypeNodeResultType((ok, err)):
                return abi.Result(self._maybe(ok), self._maybe(err))
            case core.WitTypeNodeHandleType():
                raise AgentTypeError("a type has a handle, which agents cannot pass on")
            case _:
                return _PRIMITIVES[type(node)]


def _refuse_repeated(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise AgentTypeError(f"a type has two parts that are called `{name}`")


def _identifier(name: str) -> str:
    name = normalize("NFKC", name)  # as Python reads identifiers
    return name if name.isidentifier() and not keyword.iskeyword(name) else "".join(
        each if each.isalnum() and each.isascii() else "_" for each in f"_{name}"
    )  # fmt: skip


def _record(name: str, fields: Sequence[tuple[str, abi.Type]]) -> abi.Record:
    _refuse_repeated([each for each, _ in fields])
    attributes = [_identifier(each) for each, _ in fields]
    # What every class has is no field of a dataclass.
    is_hidden = any(each.startswith("__") or hasattr(type, each) for each in attributes)
    if is_hidden or len({*attributes}) < len(attributes):
        attributes = [f"f{at}" for at in range(len(fields))]
    python = make_dataclass(_identifier(name or "Record"), attributes, slots=True)
    described = zip(fields, attributes, strict=True)
    return abi.Record(
        name or "record", python, tuple(abi.Field(each, attribute, type_) for (each, type_), attribute in described)
    )


def _variant(name: str, cases: Sequence[tuple[str, abi.Type | None]]) -> abi.Variant:
    _refuse_repeated([each for each, _ in cases])
    made = [
        abi.Case(each, make_dataclass(_identifier(each), [] if payload is None else ["value"], slots=True), payload)
        for each, payload in cases
    ]
    return abi.Variant(name or "variant", tuple(made))


def to_wit_type(type_: abi.Type) -> core.WitType:
    """Return the nodes of a type; the names of records and the like are not kept apart from those that were absent."""
    nodes: list[core.NamedWitTypeNode] = []
    _write(type_, nodes)
    return core.WitType(nodes)


def _write(type_: abi.Type, nodes: list[core.NamedWitTypeNode]) -> int:
    at = len(nodes)
    placed = core.NamedWitTypeNode(getattr(type_, "name", None), None, core.WitTypeNodePrimBoolType())
    nodes.append(placed)
    if isinstance(type_, abi.Prim):
        placed.name = None
    placed.type = _node(type_, nodes)
    return at


def _node(type_: abi.Type, nodes: list[core.NamedWitTypeNode]) -> core.WitTypeNode:
    def maybe(inner: abi.Type | None) -> int | None:
        return None if inner is None else _write(inner, nodes)

    match type_:
        case abi.Prim():
            node: core.WitTypeNode = _NODES[type_]()
            return node
        case abi.Record():
            return core.WitTypeNodeRecordType([(field.name, _write(field.type, nodes)) for field in type_.fields])
        case abi.Variant():
            return core.WitTypeNodeVariantType([(case.name, maybe(case.payload)) for case in type_.cases])
        case abi.Enum():
            return core.WitTypeNodeEnumType(list(type_.cases))
        case abi.Flags():
            return core.WitTypeNodeFlagsType(list(type_.flags))
        case abi.Tuple():
            return core.WitTypeNodeTupleType([_write(each, nodes) for each in type_.types])
        case abi.List():
            return core.WitTypeNodeListType(_write(type_.element, nodes))
        case abi.Option():
            return core.WitTypeNodeOptionType(_write(type_.type, nodes))
        case abi.Result():
            return core.WitTypeNodeResultType((maybe(type_.ok), maybe(type_.err)))
        case _:
            raise AgentTypeError(f"a {type(type_).__name__.lower()} has no form as wit-type")
