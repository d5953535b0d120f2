"""Values to JSON and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias, cast

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS, Mismatch, normalise
from witgen_runtime.values import Err, Ok, Some

from .describing import describe, did_you_mean, rounded, shortest, side
from .errors import WaveError

__all__ = ["Json", "from_json", "parse_json", "to_json"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What `json.loads` returns."""

_EXACT = 1 << 53
"""The largest number up to which each integer is a float."""

_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_NAMES = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array", dict: "an object"}


def to_json(value: object, type_: abi.Type) -> Json:
    """Return a value in its JSON form.

    Handles, streams and futures have no JSON form. They become the string `<name>`, which `from_json` refuses.

    Raises:
        TypeError, ValueError: the value is not of the type.
    """
    try:
        return _json(type_, normalise(type_, value, lambda _, given: given))
    except Mismatch as mismatch:
        raise mismatch.located("value") from None


def from_json(value: Json, type_: abi.Type) -> object:
    """Return the value of `type_` for a JSON value.

    Raises:
        WaveError: it is not a value of the type; the place is a path from the root, `$`.
    """
    return _value(type_, value, "$")


def parse_json(text: str, type_: abi.Type) -> object:
    """Return the value of `type_` for a JSON text.

    Raises:
        WaveError: the text is not JSON, or not a value of the type.
    """
    try:
        value: Json = json.loads(text)
    except json.JSONDecodeError as error:
        raise WaveError(f"this is not JSON: {error.msg}", f"line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise WaveError(f"this cannot be read: {error}", "$") from None
    return from_json(value, type_)


def _json(type_: abi.Type, value: Any) -> Json:
    match type_:
        case abi.F32 | abi.F64:
            number = shortest(type_, value)
            return number if math.isfinite(number) else str(number)
        case abi.Prim() if type_ is not abi.ERROR_CONTEXT:
            return cast("Json", value)
        case abi.List(element) | abi.FixedList(element):
            return [_json(element, each) for each in value]
        case abi.Map(abi.STRING, element):
            return {key: _json(element, each) for key, each in value.items()}
        case abi.Map(key, element):
            return [[_json(key, k), _json(element, v)] for k, v in value.items()]
        case abi.Tuple(types):
            return [_json(part, each) for part, each in zip(types, value, strict=True)]
        case abi.Record(_, _, fields):
            return {field.name: _json(field.type, getattr(value, field.attribute)) for field in fields}
        case abi.Variant(_, cases):
            case = next(case for case in cases if isinstance(value, case.python))
            return case.name if case.payload is None else {case.name: _json(case.payload, value.value)}
        case abi.Enum(_, python, names):
            return names[list(python).index(value)]
        case abi.Flags(_, _, flags):
            return [flag for bit, flag in enumerate(flags) if value.value >> bit & 1]
        case abi.Option(inner):
            if isinstance(inner, abi.Option):
                return None if value is None else {"some": _json(inner, value.value)}
            return None if value is None else _json(inner, value)
        case abi.Result():
            name, payload, carried = side(type_, value)
            return {name: None if payload is None else _json(payload, carried)}
        case abi.Own(resource) | abi.Borrow(resource):
            return f"<{resource.name}>"
        case _:
            return "<error-context>" if isinstance(type_, abi.Prim) else f"<{type(type_).__name__.lower()}>"


def _refuse(type_: abi.Type, value: Json, path: str, form: str = "") -> NoReturn:
    got = "null" if value is None else _NAMES[type(value)]
    raise WaveError(f"expected {describe(type_)}{f', as {form}' if form else ''}, got {got}", path)


def _value(type_: abi.Type, value: Json, path: str) -> object:
    match type_:
        case abi.Prim():
            return _primitive(type_, value, path)
        case abi.List() | abi.FixedList():
            return _list(type_, value, path)
        case abi.Tuple(types):
            return tuple(_array(type_, value, path, types))
        case abi.Map():
            return _map(type_, value, path)
        case abi.Record():
            return _record(type_, value, path)
        case abi.Variant():
            return _variant(type_, value, path)
        case abi.Enum(_, python, cases):
            if not isinstance(value, str):
                _refuse(type_, value, path, "a string")
            _known(value, cases, f"a case of `{type_.name}`", path)
            return list(python)[cases.index(value)]
        case abi.Flags():
            return _flags(type_, value, path)
        case abi.Option(inner):
            return _option(inner, value, path)
        case abi.Result():
            return _result(type_, value, path)
        case _:
            raise WaveError(f"{describe(type_)} cannot be written as JSON; call a function without one", path)


def _primitive(type_: abi.Prim, value: Json, path: str) -> object:
    if type_ is abi.F32 or type_ is abi.F64:
        return _float(type_, value, path)
    if type_ is abi.ERROR_CONTEXT:
        raise WaveError("an error-context cannot be written as JSON", path)
    if type_ in INTEGERS and isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        value = int(value)  # JSON does not tell 1 from 1.0
    wanted = int if type_ in INTEGERS else bool if type_ is abi.BOOL else str
    if type(value) is not wanted:
        _refuse(type_, value, path, "" if type_ is not abi.CHAR else "a string of one character")
    try:
        return normalise(type_, value, lambda _, given: given)
    except Mismatch as mismatch:
        problem = mismatch.message if type_ not in INTEGERS else f"expected {describe(type_)}, got {value!s:.40}"
        raise WaveError(problem, path) from None


def _float(type_: abi.Prim, value: Json, path: str) -> float:
    if isinstance(value, str) and value in _SPECIAL:
        return _SPECIAL[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(type_, value, path, 'a number or "nan", "inf", "-inf"')
    try:
        number = rounded(type_, float(value))
    except OverflowError:
        number = None
    if number is None:
        raise WaveError(f"expected {describe(type_)}, got one that is too large; infinity is " + '"inf"', path)
    return number


def _list(type_: abi.List | abi.FixedList, value: Json, path: str) -> object:
    if not isinstance(value, list):
        _refuse(type_, value, path, "an array")
    if isinstance(type_, abi.FixedList) and len(value) != type_.size:
        raise WaveError(f"expected {describe(type_)}, got {len(value)}", path)
    found: list[Any] = [_value(type_.element, each, f"{path}[{index}]") for index, each in enumerate(value)]
    return bytes(found) if isinstance(type_, abi.List) and type_.element is abi.U8 else found


def _array(type_: abi.Type, value: Json, path: str, types: tuple[abi.Type, ...]) -> list[object]:
    if not isinstance(value, list):
        _refuse(type_, value, path, "an array")
    if len(value) != len(types):
        raise WaveError(f"expected a tuple of {len(types)}, got {len(value)}", path)
    return [_value(part, value[index], f"{path}[{index}]") for index, part in enumerate(types)]


def _map(type_: abi.Map, value: Json, path: str) -> dict[Any, object]:
    if type_.key is abi.STRING:
        if not isinstance(value, dict):
            _refuse(type_, value, path, "an object")
        return {
            _value(abi.STRING, key, path): _value(type_.value, each, f"{path}.{key}") for key, each in value.items()
        }
    if not isinstance(value, list):
        _refuse(type_, value, path, "an array of pairs")
    pair = abi.Tuple((type_.key, type_.value))
    found: dict[Any, object] = {}
    for index, each in enumerate(value):
        key, element = _array(pair, each, f"{path}[{index}]", pair.types)
        if key in found:
            raise WaveError("this key appears twice", f"{path}[{index}]")
        found[key] = element
    return found


def _known(name: str, known: tuple[str, ...], what: str, path: str) -> None:
    if name not in known:
        raise WaveError(f"`{name}` is not {what}; {did_you_mean(name, known)}", path)


def _record(type_: abi.Record, value: Json, path: str) -> object:
    if not isinstance(value, dict):
        _refuse(type_, value, path, "an object")
    names = tuple(field.name for field in type_.fields)
    for name in value:
        _known(name, names, f"a field of `{type_.name}`", path)
    for field in type_.fields:
        if field.name not in value and not isinstance(field.type, abi.Option):
            raise WaveError(f"field `{field.name}` is missing: expected {describe(field.type)}", path)
    return type_.python(*(_value(field.type, value.get(field.name), f"{path}.{field.name}") for field in type_.fields))


def _variant(type_: abi.Variant, value: Json, path: str) -> object:
    name = (
        value if isinstance(value, str) else next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
    )
    if name is None:
        _refuse(type_, value, path, 'an object with one entry, {"case": payload}, or "case"')
    _known(name, tuple(case.name for case in type_.cases), f"a case of `{type_.name}`", path)
    case = next(case for case in type_.cases if case.name == name)
    if case.payload is None:
        if isinstance(value, dict) and value[name] is not None:
            raise WaveError(f'case `{name}` has no payload; write "{name}" alone', path)
        return case.python()
    if not isinstance(value, dict):
        raise WaveError(f'case `{name}` has a payload: {{"{name}": …}} with {describe(case.payload)}', path)
    return case.python(_value(case.payload, value[name], f"{path}.{name}"))


def _flags(type_: abi.Flags, value: Json, path: str) -> object:
    if not isinstance(value, list):
        _refuse(type_, value, path, "an array of names")
    bits = 0
    for index, name in enumerate(value):
        if not isinstance(name, str):
            _refuse(type_, name, f"{path}[{index}]", "a name")
        _known(name, type_.flags, f"a flag of `{type_.name}`", f"{path}[{index}]")
        bits |= 1 << type_.flags.index(name)
    return type_.python(bits)


def _option(inner: abi.Type, value: Json, path: str) -> object:
    if value is None:
        return None
    if not isinstance(inner, abi.Option):
        return _value(inner, value, path)
    if not isinstance(value, dict) or list(value) != ["some"]:
        _refuse(inner, value, path, 'null or {"some": …}')
    return Some(_value(inner, value["some"], f"{path}.some"))


def _result(type_: abi.Result, value: Json, path: str) -> object:
    sides: dict[str, tuple[Callable[[object], object], abi.Type | None]] = {
        "ok": (Ok, type_.ok),
        "err": (Err, type_.err),
    }
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in sides:
        _refuse(type_, value, path, '{"ok": …} or {"err": …}')
    ((name, payload),) = value.items()
    make, expected = sides[name]
    if expected is not None:
        return make(_value(expected, payload, f"{path}.{name}"))
    if payload is not None:
        raise WaveError(f"`{name}` has no payload here; write null", f"{path}.{name}")
    return make(None)
