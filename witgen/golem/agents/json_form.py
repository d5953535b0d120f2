"""The JSON form of agents' values in Golem's REST API and behind its HTTP gateway.

It differs from that of `witgen.wave`: a character is the number of its code point, a variant is always an object,
options in options collapse, and unknown fields of records are ignored.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS
from witgen_runtime.values import Err, Ok, Some

from ...base.counted import counted
from ...wave.describing import describe, rounded, shortest
from .errors import AgentError

__all__ = ["Json", "from_json", "to_json"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What `json.loads` returns."""


def to_json(type_: abi.Type, value: Any) -> Json:
    """Return a value as JSON.

    Raises:
        AgentError: it has no form there: a number that is not finite.
    """
    match type_:
        case abi.F32 | abi.F64:
            if not math.isfinite(value):
                raise AgentError(f"{value} has no form in JSON")
            return shortest(type_, value)
        case abi.CHAR:
            return ord(value)
        case abi.Prim():
            return cast("Json", value)
        case abi.List(element):
            return [to_json(element, each) for each in value]
        case abi.Tuple(types):
            return [to_json(*each) for each in zip(types, value, strict=True)]
        case abi.Record(_, _, fields):
            return {field.name: to_json(field.type, getattr(value, field.attribute)) for field in fields}
        case abi.Variant(_, cases):
            case = next(case for case in cases if isinstance(value, case.python))
            return {case.name: None if case.payload is None else to_json(case.payload, value.value)}
        case abi.Enum(_, python, names):
            return names[list(python).index(value)]
        case abi.Flags(_, _, flags):
            return [flag for bit, flag in enumerate(flags) if value.value >> bit & 1]
        case abi.Option(inner):
            if value is None:
                return None
            return to_json(inner, value.value if isinstance(inner, abi.Option) else value)
        case abi.Result():
            name, side = ("ok", type_.ok) if isinstance(value, Ok) else ("err", type_.err)
            return {name: None if side is None else to_json(side, cast("Any", value).value)}
        case _:
            raise AgentError(f"{describe(type_)} has no form in JSON")


def from_json(type_: abi.Type, value: Json, path: str = "$") -> Any:
    """Return the value of a type for JSON.

    Raises:
        AgentError: it is not a value of the type; the message begins with the path of the bad part.
    """
    match type_:
        case abi.Prim():
            return _primitive(type_, value, path)
        case abi.List(element):
            values = [from_json(element, each, f"{path}[{at}]") for at, each in enumerate(_array(type_, value, path))]
            return bytes(values) if element is abi.U8 else values
        case abi.Tuple(types):
            given = _array(type_, value, path)
            if len(given) != len(types):
                raise _mismatch(type_, path, counted(len(given), "value"))
            return tuple(from_json(each, given[at], f"{path}[{at}]") for at, each in enumerate(types))
        case abi.Record():
            return _record(type_, value, path)
        case abi.Variant():
            return _variant(type_, value, path)
        case abi.Enum(_, python, names):
            if value not in names:
                raise _mismatch(type_, path, value)
            return list(python)[names.index(value)]
        case abi.Flags(_, python, names):
            given = _array(type_, value, path)
            if any(each not in names for each in given):
                raise _mismatch(type_, path, value)
            return python(sum(1 << at for at, name in enumerate(names) if name in given))
        case abi.Option(inner):
            if value is None:
                return None
            found = from_json(inner, value, path)
            return Some(found) if isinstance(inner, abi.Option) else found
        case abi.Result():
            return _result(type_, value, path)
        case _:
            raise AgentError(f"{path}: {describe(type_)} has no form in JSON")


def _mismatch(type_: abi.Type, path: str, value: object) -> AgentError:
    return AgentError(f"{path}: expected {describe(type_)}, got {'null' if value is None else f'{value!r:.60}'}")


def _array(type_: abi.Type, value: Json, path: str) -> list[Json]:
    if not isinstance(value, list):
        raise _mismatch(type_, path, value)
    return value


def _primitive(type_: abi.Prim, value: Json, path: str) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and _is_finite(value)
    if type_ in INTEGERS:
        low, high = INTEGERS[type_]
        if is_number and cast("float", value) == int(cast("float", value)) and low <= cast("float", value) <= high:
            return int(cast("float", value))
    elif type_ is abi.F32 or type_ is abi.F64:
        number = rounded(type_, float(cast("float", value))) if is_number else None
        if number is not None and math.isfinite(number):
            return number
    elif type_ is abi.CHAR:
        if is_number and isinstance(value, int) and 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF:
            return chr(value)
        if isinstance(value, str) and len(value) == 1:
            return value
    elif type(value) is (bool if type_ is abi.BOOL else str):
        return value
    raise _mismatch(type_, path, value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _record(type_: abi.Record, value: Json, path: str) -> Any:
    if not isinstance(value, dict):
        raise _mismatch(type_, path, value)
    for field in type_.fields:
        if field.name not in value and not isinstance(field.type, abi.Option):
            raise AgentError(
                f"{path}: `{field.name}` is missing: expected {describe(field.type)}; a component does not tell the "
                "defaults of fields"
            )
    return type_.python(
        *[from_json(field.type, value.get(field.name), f"{path}.{field.name}") for field in type_.fields]
    )


def _variant(type_: abi.Variant, value: Json, path: str) -> Any:
    given = {value: None} if isinstance(value, str) else value
    if not isinstance(given, dict) or len(given) != 1:
        raise _mismatch(type_, path, value)
    [(name, payload)] = given.items()
    case = next((case for case in type_.cases if case.name == name), None)
    if case is None:
        raise _mismatch(type_, path, name)
    if case.payload is not None:
        return case.python(from_json(case.payload, payload, f"{path}.{name}"))
    if payload is not None:
        raise AgentError(f"{path}.{name}: this case has no payload")
    return case.python()


def _result(type_: abi.Result, value: Json, path: str) -> Any:
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in {"ok", "err"}:
        raise _mismatch(type_, path, value)
    [(name, payload)] = value.items()
    make = cast("Callable[[Any], Any]", Ok if name == "ok" else Err)
    side = type_.ok if name == "ok" else type_.err
    if side is not None:
        return make(from_json(side, payload, f"{path}.{name}"))
    if payload is not None:
        raise AgentError(f"{path}.{name}: there is no value here")
    return make(None)
