"""Values of Golem's main branch, `schema-value-tree`, as those of Golem 1.5 and back; their types tell how."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from witgen_runtime.values import Err, Ok

from ....base.counted import counted
from .._bindings.types import golem_core_types as core
from ..errors import AgentError
from ._bindings.types import golem_core_types as main
from .graphs import Graph, is_multimodal, unstructured_kind

__all__ = ["TreeReader", "TreeWriter"]

_PRIMITIVES: Final[dict[type[Any], tuple[type[Any], type[Any]]]] = {
    main.SchemaTypeBodyBoolType: (core.WitNodePrimBool, main.SchemaValueNodeBoolValue),
    main.SchemaTypeBodyS8Type: (core.WitNodePrimS8, main.SchemaValueNodeS8Value),
    main.SchemaTypeBodyS16Type: (core.WitNodePrimS16, main.SchemaValueNodeS16Value),
    main.SchemaTypeBodyS32Type: (core.WitNodePrimS32, main.SchemaValueNodeS32Value),
    main.SchemaTypeBodyS64Type: (core.WitNodePrimS64, main.SchemaValueNodeS64Value),
    main.SchemaTypeBodyU8Type: (core.WitNodePrimU8, main.SchemaValueNodeU8Value),
    main.SchemaTypeBodyU16Type: (core.WitNodePrimU16, main.SchemaValueNodeU16Value),
    main.SchemaTypeBodyU32Type: (core.WitNodePrimU32, main.SchemaValueNodeU32Value),
    main.SchemaTypeBodyU64Type: (core.WitNodePrimU64, main.SchemaValueNodeU64Value),
    main.SchemaTypeBodyF32Type: (core.WitNodePrimFloat32, main.SchemaValueNodeF32Value),
    main.SchemaTypeBodyF64Type: (core.WitNodePrimFloat64, main.SchemaValueNodeF64Value),
    main.SchemaTypeBodyCharType: (core.WitNodePrimChar, main.SchemaValueNodeCharValue),
    main.SchemaTypeBodyStringType: (core.WitNodePrimString, main.SchemaValueNodeStringValue),
    main.SchemaTypeBodyUrlType: (core.WitNodePrimString, main.SchemaValueNodeUrlValue),
    main.SchemaTypeBodyPathType: (core.WitNodePrimString, main.SchemaValueNodePathValue),
}
"""The nodes of values without parts, by their type: in Golem 1.5, and on the main branch."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECOND: Final = 1_000_000_000


def _mismatch(index: int) -> AgentError:
    return AgentError(f"node {index} of a value does not fit its type")


class TreeWriter:
    """Writes values of Golem 1.5 as a tree of the main branch."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes: list[main.SchemaValueNode] = []

    def tree(self, root: int) -> main.SchemaValueTree:
        """Return the tree with a root."""
        return main.SchemaValueTree(self._nodes, root)

    def record(self, types: Sequence[int], data: core.DataValue) -> int:
        """Append the values of a call as a record; `types` are those of its parameters."""
        return self.append(main.SchemaValueNodeRecordValue(self.elements(types, data)))

    def elements(self, types: Sequence[int], data: core.DataValue) -> list[int]:
        """Append the values of parameters, or of a result, and return their indices."""
        if isinstance(data, core.DataValueMultimodal):
            [index] = types
            kinds = self._graph.modalities(index)
            names = [name for name, _ in kinds]
            found = [self._modality(names.index(name), kinds[names.index(name)][1], each) for name, each in data.value]
            return [self.append(main.SchemaValueNodeListValue(found))]
        return [self._element(index, each) for index, each in zip(types, data.value, strict=True)]

    def append(self, node: main.SchemaValueNode) -> int:
        """Append a node and return its index."""
        self._nodes.append(node)
        return len(self._nodes) - 1

    def write(self, index: int, value: core.WitValue) -> int:
        """Append a value of a type and return the index of its node."""
        return self._value(index, value.nodes, 0)

    def _modality(self, number: int, index: int, given: core.ElementValue) -> int:
        return self._case(number, self._element(index, given))

    def _case(self, number: int, payload: int | None) -> int:
        return self.append(main.SchemaValueNodeVariantValue(main.VariantValuePayload(number, payload)))

    def _element(self, index: int, given: core.ElementValue) -> int:
        match given:
            case core.ElementValueComponentModel(value):
                return self.write(index, value)
            case core.ElementValueUnstructuredText(core.TextReferenceInline(source)):
                language = None if source.text_type is None else source.text_type.language_code
                text = main.TextValuePayload(source.data, language)
                return self._case(0, self.append(main.SchemaValueNodeTextValue(text)))
            case core.ElementValueUnstructuredBinary(core.BinaryReferenceInline(source)):
                binary = main.BinaryValuePayload(source.data, source.binary_type.mime_type)
                return self._case(0, self.append(main.SchemaValueNodeBinaryValue(binary)))
            case _:
                address: Any = given.value
                return self._case(1, self.append(main.SchemaValueNodeUrlValue(address.value)))

    def _value(self, index: int, nodes: Sequence[core.WitNode], at: int) -> int:
        body, node = self._graph.find(index).body, nodes[at]
        if type(body) in _PRIMITIVES:
            made: main.SchemaValueNode = _PRIMITIVES[type(body)][1](cast("Any", node).value)
            return self.append(made)

        def each(types: Sequence[int], places: Sequence[int]) -> list[int]:
            return [self._value(type_, nodes, place) for type_, place in zip(types, places, strict=True)]

        def maybe(type_: int | None, place: int | None) -> int | None:
            return None if type_ is None or place is None else self._value(type_, nodes, place)

        return self.append(self._compound(body, node, each, maybe) or self._special(body, node, nodes))

    def _compound(
        self,
        body: main.SchemaTypeBody,
        node: core.WitNode,
        each: Callable[[Sequence[int], Sequence[int]], list[int]],
        maybe: Callable[[int | None, int | None], int | None],
    ) -> main.SchemaValueNode | None:
        match body, node:
            case main.SchemaTypeBodyRecordType(fields), core.WitNodeRecordValue(places):
                return main.SchemaValueNodeRecordValue(each([field.body for field in fields], places))
            case main.SchemaTypeBodyTupleType(types), core.WitNodeTupleValue(places):
                return main.SchemaValueNodeTupleValue(each(types, places))
            case main.SchemaTypeBodyListType(type_), core.WitNodeListValue(places):
                return main.SchemaValueNodeListValue(each([type_] * len(places), places))
            case main.SchemaTypeBodyFixedListType(fixed), core.WitNodeListValue(places):
                return main.SchemaValueNodeFixedListValue(each([fixed.element] * len(places), places))
            case main.SchemaTypeBodyOptionType(type_), core.WitNodeOptionValue(place):
                return main.SchemaValueNodeOptionValue(maybe(type_, place))
            case main.SchemaTypeBodyVariantType(cases), core.WitNodeVariantValue((number, place)):
                payload = maybe(cases[number].payload, place)
                return main.SchemaValueNodeVariantValue(main.VariantValuePayload(number, payload))
            case main.SchemaTypeBodyUnionType(union), core.WitNodeVariantValue((number, place)) if place is not None:
                branch = union.branches[number]
                [inner] = each([branch.body], [place])
                return main.SchemaValueNodeUnionValue(main.UnionValuePayload(branch.tag, inner))
            case main.SchemaTypeBodyResultType(spec), core.WitNodeResultValue(side):
                if isinstance(side, Ok):
                    ok = main.ResultValuePayloadOkValue(maybe(spec.ok, side.value))
                    return main.SchemaValueNodeResultValue(ok)
                return main.SchemaValueNodeResultValue(main.ResultValuePayloadErrValue(maybe(spec.err, side.value)))
            case main.SchemaTypeBodyEnumType(), core.WitNodeEnumValue(number):
                return main.SchemaValueNodeEnumValue(number)
            case main.SchemaTypeBodyFlagsType(), core.WitNodeFlagsValue(bits):
                return main.SchemaValueNodeFlagsValue(list(bits))
            case _:
                return None

    def _special(
        self, body: main.SchemaTypeBody, node: core.WitNode, nodes: Sequence[core.WitNode]
    ) -> main.SchemaValueNode:
        def parts() -> list[Any]:
            return [cast("Any", nodes[place]).value for place in cast("Any", node).value]

        match body:
            case main.SchemaTypeBodyMapType(spec):
                pairs = [cast("core.WitNodeTupleValue", nodes[place]).value for place in cast("Any", node).value]
                entries = [(self._value(spec.key, nodes, key), self._value(spec.value, nodes, v)) for key, v in pairs]
                return main.SchemaValueNodeMapValue([main.MapEntry(*entry) for entry in entries])
            case main.SchemaTypeBodyTextType():
                return main.SchemaValueNodeTextValue(main.TextValuePayload(cast("Any", node).value, None))
            case main.SchemaTypeBodyBinaryType():
                return main.SchemaValueNodeBinaryValue(main.BinaryValuePayload(bytes(parts()), None))
            case main.SchemaTypeBodyDatetimeType():
                return main.SchemaValueNodeDatetimeValue(_datetime(*parts()))
            case main.SchemaTypeBodyDurationType():
                seconds, nanoseconds = parts()
                return main.SchemaValueNodeDurationValue(main.DurationValuePayload(seconds * _SECOND + nanoseconds))
            case main.SchemaTypeBodyQuantityType():
                return main.SchemaValueNodeQuantityValueNode(main.QuantityValue(*parts()))
            case _:
                raise AgentError("a value does not fit its type")


def _datetime(text: str) -> main.Datetime:
    try:
        given = dt.datetime.fromisoformat(text)
    except ValueError:
        raise AgentError(f"`{text:.60}` is not a time as RFC 3339 writes it") from None
    if given.tzinfo is None:
        raise AgentError(f"`{text:.60}` has no time zone")
    seconds, rest = divmod(given - _EPOCH, dt.timedelta(seconds=1))
    return main.Datetime(seconds, rest.microseconds * 1000)


class TreeReader:
    """Reads a tree of the main branch as values of Golem 1.5."""

    def __init__(self, graph: Graph, tree: main.SchemaValueTree) -> None:
        self._graph = graph
        self._tree = tree
        self._open: list[int] = []

    def record(self, fields: Sequence[tuple[str, int]]) -> core.DataValue:
        """Return the values of a call; `fields` are its parameters.

        Raises:
            AgentError: the tree does not fit them.
        """
        root = self._node(self._tree.root)
        if not isinstance(root, main.SchemaValueNodeRecordValue) or len(root.value) != len(fields):
            raise AgentError(f"expected {counted(len(fields), 'value')} ({', '.join(name for name, _ in fields)})")
        return self.elements([index for _, index in fields], root.value)

    def elements(self, types: Sequence[int], places: Sequence[int]) -> core.DataValue:
        """Return the values of parameters, or of a result."""
        if len(types) == 1 and is_multimodal(self._graph.find(types[0])):
            kinds, node = self._graph.modalities(types[0]), self._node(places[0])
            found = node.value if isinstance(node, main.SchemaValueNodeListValue) else []
            return core.DataValueMultimodal([self._modality(kinds, each) for each in found])
        return core.DataValueTuple([self._element(*pair) for pair in zip(types, places, strict=True)])

    def value(self, index: int, place: int | None = None) -> core.WitValue:
        """Return the value of a type, that of the whole tree if no place is given."""
        nodes: list[core.WitNode] = []
        self._write(nodes, index, self._tree.root if place is None else place)
        return core.WitValue(nodes)

    def _node(self, place: int) -> main.SchemaValueNode:
        if not 0 <= place < len(self._tree.value_nodes) or place in self._open:
            raise _mismatch(place)
        return self._tree.value_nodes[place]

    def _modality(self, kinds: Sequence[tuple[str, int]], place: int) -> tuple[str, core.ElementValue]:
        node = self._node(place)
        if not isinstance(node, main.SchemaValueNodeVariantValue) or node.value.case >= len(kinds):
            raise _mismatch(place)
        name, index = kinds[node.value.case]
        return name, self._element(index, -1 if node.value.payload is None else node.value.payload)

    def _element(self, index: int, place: int) -> core.ElementValue:
        kind, node = unstructured_kind(self._graph.find(index)), self._node(place)
        if kind is None:
            return core.ElementValueComponentModel(self.value(index, place))
        payload = node.value.payload if isinstance(node, main.SchemaValueNodeVariantValue) else None
        match kind, self._node(-1 if payload is None else payload):
            case "text", main.SchemaValueNodeTextValue(text):
                language = None if text.language is None else core.TextType(text.language)
                source = core.TextSource(text.text, language)
                return core.ElementValueUnstructuredText(core.TextReferenceInline(source))
            case "text", main.SchemaValueNodeUrlValue(url):
                return core.ElementValueUnstructuredText(core.TextReferenceUrl(url))
            case "binary", main.SchemaValueNodeBinaryValue(found):
                media = core.BinaryType(found.mime_type or "application/octet-stream")
                return core.ElementValueUnstructuredBinary(
                    core.BinaryReferenceInline(core.BinarySource(found.bytes, media))
                )
            case "binary", main.SchemaValueNodeUrlValue(url):
                return core.ElementValueUnstructuredBinary(core.BinaryReferenceUrl(url))
            case _:
                raise _mismatch(place)

    def _write(self, nodes: list[core.WitNode], index: int, place: int) -> int:
        """Append a value in Golem 1.5's form and return the index of its first node."""
        node = self._node(place)
        at = len(nodes)
        nodes.append(core.WitNodePrimBool(value=False))
        self._open.append(place)
        nodes[at] = self._converted(nodes, self._graph.find(index).body, node, place)
        self._open.pop()
        return at

    def _converted(
        self, nodes: list[core.WitNode], body: main.SchemaTypeBody, node: main.SchemaValueNode, place: int
    ) -> core.WitNode:
        def each(types: Sequence[int], places: Sequence[int]) -> list[int]:
            if len(types) != len(places):
                raise _mismatch(place)
            return [self._write(nodes, *pair) for pair in zip(types, places, strict=True)]

        def maybe(type_: int | None, inner: int | None) -> int | None:
            if (type_ is None) is not (inner is None):
                raise _mismatch(place)
            return None if type_ is None or inner is None else self._write(nodes, type_, inner)

        match body, node:
            case _ if type(body) in _PRIMITIVES and isinstance(node, _PRIMITIVES[type(body)][1]):
                made: core.WitNode = _PRIMITIVES[type(body)][0](cast("Any", node).value)
                return made
            case main.SchemaTypeBodyRecordType(fields), main.SchemaValueNodeRecordValue(places):
                return core.WitNodeRecordValue(each([field.body for field in fields], places))
            case main.SchemaTypeBodyTupleType(types), main.SchemaValueNodeTupleValue(places):
                return core.WitNodeTupleValue(each(types, places))
            case main.SchemaTypeBodyListType(type_), main.SchemaValueNodeListValue(places):
                return core.WitNodeListValue(each([type_] * len(places), places))
            case main.SchemaTypeBodyFixedListType(fixed), main.SchemaValueNodeFixedListValue(places):
                return core.WitNodeListValue(each([fixed.element] * len(places), places))
            case main.SchemaTypeBodyOptionType(type_), main.SchemaValueNodeOptionValue(inner):
                return core.WitNodeOptionValue(None if inner is None else maybe(type_, inner))
            case main.SchemaTypeBodyVariantType(cases), main.SchemaValueNodeVariantValue(found) if found.case < len(
                cases
            ):
                return core.WitNodeVariantValue((found.case, maybe(cases[found.case].payload, found.payload)))
            case main.SchemaTypeBodyResultType(spec), main.SchemaValueNodeResultValue(outcome):
                if isinstance(outcome, main.ResultValuePayloadOkValue):
                    return core.WitNodeResultValue(Ok(maybe(spec.ok, outcome.value)))
                return core.WitNodeResultValue(Err(maybe(spec.err, outcome.value)))
            case main.SchemaTypeBodyEnumType(names), main.SchemaValueNodeEnumValue(number) if number < len(names):
                return core.WitNodeEnumValue(number)
            case main.SchemaTypeBodyFlagsType(names), main.SchemaValueNodeFlagsValue(bits) if len(names) == len(bits):
                return core.WitNodeFlagsValue(list(bits))
            case main.SchemaTypeBodyUnionType(union), main.SchemaValueNodeUnionValue(chosen):
                tags = [branch.tag for branch in union.branches]
                if chosen.tag not in tags:
                    raise _mismatch(place)
                number = tags.index(chosen.tag)
                return core.WitNodeVariantValue((number, maybe(union.branches[number].body, chosen.body)))
            case main.SchemaTypeBodyMapType(spec), main.SchemaValueNodeMapValue(entries):
                return core.WitNodeListValue([self._pair(nodes, spec, entry) for entry in entries])
            case _:
                return self._special(nodes, body, node, place)

    def _pair(self, nodes: list[core.WitNode], spec: main.MapSpec, entry: main.MapEntry) -> int:
        at = len(nodes)
        pair = core.WitNodeTupleValue([])
        nodes.append(pair)
        pair.value = [self._write(nodes, spec.key, entry.key), self._write(nodes, spec.value, entry.value)]
        return at

    def _special(
        self, nodes: list[core.WitNode], body: main.SchemaTypeBody, node: main.SchemaValueNode, place: int
    ) -> core.WitNode:
        def parts(*made: core.WitNode) -> list[int]:
            nodes.extend(made)
            return list(range(len(nodes) - len(made), len(nodes)))

        match body, node:
            case main.SchemaTypeBodyTextType(), main.SchemaValueNodeTextValue(text):
                return core.WitNodePrimString(text.text)
            case main.SchemaTypeBodyBinaryType(), main.SchemaValueNodeBinaryValue(found):
                return core.WitNodeListValue(parts(*map(core.WitNodePrimU8, found.bytes)))
            case main.SchemaTypeBodyDatetimeType(), main.SchemaValueNodeDatetimeValue(at):
                when = _EPOCH + dt.timedelta(seconds=at.seconds, microseconds=at.nanoseconds // 1000)
                return core.WitNodeRecordValue(parts(core.WitNodePrimString(when.isoformat())))
            case main.SchemaTypeBodyDurationType(), main.SchemaValueNodeDurationValue(long) if long.nanoseconds >= 0:
                seconds, rest = divmod(long.nanoseconds, _SECOND)
                return core.WitNodeRecordValue(parts(core.WitNodePrimU64(seconds), core.WitNodePrimU32(rest)))
            case main.SchemaTypeBodyQuantityType(), main.SchemaValueNodeQuantityValueNode(amount):
                scale, unit = core.WitNodePrimS32(amount.scale), core.WitNodePrimString(amount.unit)
                return core.WitNodeRecordValue(parts(core.WitNodePrimS64(amount.mantissa), scale, unit))
            case _:
                raise _mismatch(place)
