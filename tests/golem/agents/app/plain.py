"""Types and values of agents in a few lines: a type is a primitive's name, or a tuple that begins with its kind."""

from __future__ import annotations

from typing import Any

from agent.types import golem_core_types as core

from witgen_runtime.values import Err, Ok

PRIMITIVES = {
    "u8": ("PrimU8Type", "PrimU8"),
    "u32": ("PrimU32Type", "PrimU32"),
    "s64": ("PrimS64Type", "PrimS64"),
    "f64": ("PrimF64Type", "PrimFloat64"),
    "bool": ("PrimBoolType", "PrimBool"),
    "char": ("PrimCharType", "PrimChar"),
    "string": ("PrimStringType", "PrimString"),
}


def wit_type(given: Any) -> core.WitType:
    nodes: list[core.NamedWitTypeNode] = []

    def add(each: Any) -> int:
        at = len(nodes)
        nodes.append(core.NamedWitTypeNode(None, None, core.WitTypeNodePrimBoolType()))
        match each:
            case str():
                made = getattr(core, f"WitTypeNode{PRIMITIVES[each][0]}")()
            case ("list", inner):
                made = core.WitTypeNodeListType(add(inner))
            case ("option", inner):
                made = core.WitTypeNodeOptionType(add(inner))
            case ("result", ok, err):
                made = core.WitTypeNodeResultType((ok and add(ok), err and add(err)))
            case ("record", name, fields):
                nodes[at].name = name
                made = core.WitTypeNodeRecordType([(field, add(inner)) for field, inner in fields])
            case ("enum", name, cases):
                nodes[at].name = name
                made = core.WitTypeNodeEnumType(list(cases))
        nodes[at].type = made
        return at

    add(given)
    return core.WitType(nodes)


def wit_value(given: Any, value: Any) -> core.WitValue:
    nodes: list[Any] = []

    def add(each: Any, value: Any) -> int:
        at = len(nodes)
        nodes.append(None)
        match each:
            case str():
                made = getattr(core, f"WitNode{PRIMITIVES[each][1]}")(value)
            case ("list", inner):
                made = core.WitNodeListValue([add(inner, part) for part in value])
            case ("option", inner):
                made = core.WitNodeOptionValue(None if value is None else add(inner, value))
            case ("result", ok, err):
                side = ok if isinstance(value, Ok) else err
                made = core.WitNodeResultValue(type(value)(None if side is None else add(side, value.value)))
            case ("record", _, fields):
                made = core.WitNodeRecordValue([add(inner, value[field]) for field, inner in fields])
            case ("enum", _, cases):
                made = core.WitNodeEnumValue(list(cases).index(value))
        nodes[at] = made
        return at

    add(given, value)
    return core.WitValue(nodes)


def plain(given: Any, value: core.WitValue) -> Any:
    def read(each: Any, at: int) -> Any:
        found: Any = value.nodes[at].value
        match each:
            case str():
                return found
            case ("list", inner):
                return [read(inner, part) for part in found]
            case ("option", inner):
                return None if found is None else read(inner, found)
            case ("result", ok, err):
                side = ok if isinstance(found, Ok) else err
                return type(found)(None if side is None else read(side, found.value))
            case ("record", _, fields):
                return {field: read(inner, part) for (field, inner), part in zip(fields, found, strict=True)}
            case ("enum", _, cases):
                return cases[found]

    return read(given, 0)


def schema(*elements: tuple[str, Any]) -> core.DataSchema:
    return core.DataSchemaTuple([(name, element(each)) for name, each in elements])


def element(each: Any) -> core.ElementSchema:
    if isinstance(each, (core.ElementSchemaUnstructuredText, core.ElementSchemaUnstructuredBinary)):
        return each
    return core.ElementSchemaComponentModel(wit_type(each))


def data(*pairs: tuple[Any, Any]) -> core.DataValue:
    return core.DataValueTuple([core.ElementValueComponentModel(wit_value(*pair)) for pair in pairs])


def values(data: core.DataValue, types: list[Any]) -> list[Any]:
    return [
        plain(each, found.value) if isinstance(found, core.ElementValueComponentModel) else found.value
        for each, found in zip(types, data.value, strict=True)
    ]


def answer(value: Any, type_: Any) -> core.DataValue:
    if type_ is None:
        return core.DataValueTuple([])
    if isinstance(type_, core.ElementSchemaUnstructuredText):
        return core.DataValueTuple([core.ElementValueUnstructuredText(value)])
    if isinstance(type_, core.ElementSchemaUnstructuredBinary):
        return core.DataValueTuple([core.ElementValueUnstructuredBinary(value)])
    return data((type_, value))


__all__ = ["Err", "Ok", "answer", "data", "plain", "schema", "values", "wit_type", "wit_value"]
