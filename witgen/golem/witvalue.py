"""Conversion of `wit-value`: values of any type as nodes that refer to each other by position.

`golem:rpc/types` of the release with workers and `golem:core/types` of the release with agents declare the same nodes;
each function takes the module with the classes of the nodes, `nodes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from witgen_runtime import abi, check
from witgen_runtime.values import Err, Ok, Some

__all__ = ["HandleOf", "ObjectOf", "WitValueError", "from_wit_value", "to_wit_value"]

HandleOf: TypeAlias = Callable[[Any], tuple[str, int]]
"""Function that returns the URI and the number of a handle's object."""

ObjectOf: TypeAlias = Callable[[int], Any]
"""Function that returns the object with the number of a handle."""


@cache
def _primitives(nodes: Any) -> Mapping[abi.Type, Any]:
    """Return the class of the nodes of each primitive type."""
    return {
        abi.BOOL: nodes.WitNodePrimBool, abi.STRING: nodes.WitNodePrimString, abi.CHAR: nodes.WitNodePrimChar,
        abi.U8: nodes.WitNodePrimU8, abi.U16: nodes.WitNodePrimU16, abi.U32: nodes.WitNodePrimU32,
        abi.U64: nodes.WitNodePrimU64, abi.S8: nodes.WitNodePrimS8, abi.S16: nodes.WitNodePrimS16,
        abi.S32: nodes.WitNodePrimS32, abi.S64: nodes.WitNodePrimS64,
        abi.F32: nodes.WitNodePrimFloat32, abi.F64: nodes.WitNodePrimFloat64,
    }  # fmt: skip


class WitValueError(ValueError):
    """Nodes that are not a value of the type; the message gives the place."""


def _no_handles(_: Any) -> tuple[str, int]:
    raise WitValueError("a handle cannot be passed to another worker")


def _no_objects(_: int) -> Any:
    raise WitValueError("a handle cannot be passed to another worker")


def to_wit_value(nodes: Any, type_: abi.Type, value: Any, handle: HandleOf = _no_handles) -> Any:
    """Return a value as nodes; the first is the value itself."""
    writer = _Writer(nodes, handle)
    writer.add(type_, value)
    return nodes.WitValue(writer.nodes)


class _Writer:
    def __init__(self, classes: Any, handle: HandleOf) -> None:
        self.nodes: list[Any] = []
        self._classes = classes
        self._handle = handle

    def add(self, type_: abi.Type, value: Any) -> int:
        index = len(self.nodes)
        self.nodes.append(None)
        self.nodes[index] = self._node(type_, value)
        return index

    def _maybe(self, type_: abi.Type | None, value: Any) -> int | None:
        return None if type_ is None else self.add(type_, value)

    def _node(self, type_: abi.Type, value: Any) -> Any:
        wit = self._classes
        match type_:
            case abi.Prim():
                return _primitives(wit)[type_](value)
            case abi.Record():
                fields = [self.add(field.type, getattr(value, field.attribute)) for field in type_.fields]
                return wit.WitNodeRecordValue(fields)
            case abi.Variant():
                number, case = next(each for each in enumerate(type_.cases) if isinstance(value, each[1].python))
                payload = None if case.payload is None else self.add(case.payload, value.value)
                return wit.WitNodeVariantValue((number, payload))
            case abi.Enum():
                return wit.WitNodeEnumValue(list(type_.python).index(value))
            case abi.Flags():
                return wit.WitNodeFlagsValue([bool(value.value >> bit & 1) for bit in range(len(type_.flags))])
            case abi.Tuple():
                return wit.WitNodeTupleValue([self.add(*each) for each in zip(type_.types, value, strict=True)])
            case abi.Option():
                return self._option(type_, value)
            case abi.Result():
                ok = isinstance(value, Ok)
                payload = self._maybe(type_.ok if ok else type_.err, value.value)
                return wit.WitNodeResultValue(Ok(payload) if ok else Err(payload))
            case abi.Own() | abi.Borrow():
                uri, number = self._handle(value)
                return wit.WitNodeHandle((wit.Uri(uri), number))
            case abi.List() | abi.FixedList():
                return wit.WitNodeListValue([self.add(type_.element, each) for each in value])
            case abi.Map():
                pair = abi.Tuple((type_.key, type_.value))
                return wit.WitNodeListValue([self.add(pair, each) for each in value.items()])
            case _:
                raise WitValueError(f"a {type(type_).__name__.lower()} has no form as wit-value")

    def _option(self, type_: abi.Option, value: Any) -> Any:
        if value is None:
            return self._classes.WitNodeOptionValue(None)
        inner = value.value if isinstance(type_.type, abi.Option) else value
        return self._classes.WitNodeOptionValue(self.add(type_.type, inner))


def from_wit_value(nodes: Any, type_: abi.Type, given: Any, object_: ObjectOf = _no_objects) -> Any:
    """Return the value of a type from its nodes.

    Raises:
        WitValueError: the nodes are not a value of the type.
    """
    value = _Reader(nodes, given.nodes, object_).read(type_, 0, ())
    try:
        return check.normalise(type_, value, lambda _, each: each)
    except check.Mismatch as mismatch:
        raise WitValueError(str(mismatch.located("value"))) from None


class _Reader:
    def __init__(self, classes: Any, nodes: Sequence[Any], object_: ObjectOf) -> None:
        self._classes = classes
        self._nodes = nodes
        self._object = object_

    def read(self, type_: abi.Type, index: int, above: tuple[int, ...]) -> Any:
        if not 0 <= index < len(self._nodes):
            raise WitValueError(f"there is no node {index}")
        if index in above:
            raise WitValueError(f"node {index} contains itself")
        node, above = self._nodes[index], (*above, index)
        # Both releases call the classes alike.
        kind: str = type(node).__name__.removeprefix("WitNode")
        value: Any = getattr(node, "value", None)
        match type_, kind:
            case abi.Prim(), _ if isinstance(node, _primitives(self._classes)[type_]):
                return value
            case abi.Record(), "RecordValue" if len(value) == len(type_.fields):
                types = [field.type for field in type_.fields]
                return type_.python(*[self.read(*each, above) for each in zip(types, value, strict=True)])
            case abi.Variant(), "VariantValue" if value[0] < len(type_.cases):
                return self._variant(type_.cases[int(value[0])], value[1], above)
            case abi.Enum(), "EnumValue" if value < len(type_.cases):
                return list(type_.python)[int(value)]
            case abi.Flags(), "FlagsValue" if len(value) == len(type_.flags):
                return type_.python(sum(1 << bit for bit, is_set in enumerate(value) if is_set))
            case abi.Tuple(), "TupleValue" if len(value) == len(type_.types):
                return tuple(self.read(*each, above) for each in zip(type_.types, value, strict=True))
            case abi.Option(), "OptionValue":
                return self._option(type_, value, above)
            case abi.Result(), "ResultValue":
                return self._outcome(type_, value, above)
            case ((abi.Own() | abi.Borrow()), "Handle"):
                return self._object(value[1])
            case ((abi.List() | abi.FixedList()), "ListValue"):
                values = [self.read(type_.element, part, above) for part in value]
                return bytes(values) if type_.element is abi.U8 else values
            case abi.Map(), "ListValue":
                pair = abi.Tuple((type_.key, type_.value))
                return dict(self.read(pair, part, above) for part in value)
            case _:
                raise WitValueError(f"node {index}: {type(node).__name__} does not fit `{_name(type_)}`")

    def _variant(self, case: abi.Case, payload: int | None, above: tuple[int, ...]) -> Any:
        value = self._payload(case.payload, payload, above)
        return case.python() if case.payload is None else case.python(value)

    def _outcome(self, type_: abi.Result, value: Ok[int | None] | Err[int | None], above: tuple[int, ...]) -> Any:
        if isinstance(value, Ok):
            return Ok(self._payload(type_.ok, value.value, above))
        return Err(self._payload(type_.err, value.value, above))

    def _option(self, type_: abi.Option, payload: int | None, above: tuple[int, ...]) -> Any:
        if payload is None:
            return None
        inner = self.read(type_.type, payload, above)
        return Some(inner) if isinstance(type_.type, abi.Option) else inner

    def _payload(self, type_: abi.Type | None, index: int | None, above: tuple[int, ...]) -> Any:
        if (type_ is None) != (index is None):
            raise WitValueError("a payload is missing" if index is None else f"node {index} is an unexpected payload")
        return None if type_ is None or index is None else self.read(type_, index, above)


def _name(type_: abi.Type) -> str:
    return type_.value if isinstance(type_, abi.Prim) else getattr(type_, "name", type(type_).__name__.lower())
