"""WAVE text to values in canonical Python form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS
from witgen_runtime.values import Err, Ok, Some

from .describing import describe, did_you_mean, rounded, shown
from .errors import WaveError
from .reading import Reader

__all__ = ["KEYWORDS", "parse", "parse_arguments", "parse_call"]

KEYWORDS = frozenset({"true", "false", "inf", "nan", "some", "none", "ok", "err"})
"""Case names that need a `%`."""

_LONGEST_INTEGER = 20
"""Digits and sign of the longest integer that fits any type."""


def parse(text: str, type_: abi.Type) -> object:
    """Return the value of `type_` for a text.

    Raises:
        WaveError: the text is not a value of the type.
    """
    reader = Reader(text)
    value = _value(reader, type_)
    reader.end()
    return value


def parse_arguments(
    texts: Sequence[str], params: Sequence[abi.Param], read: Callable[[str, abi.Type], object] = parse
) -> list[object]:
    """Return the arguments of a call from one text each; options at the end may be missing.

    Args:
        texts: the arguments.
        params: the parameters of the function.
        read: reads one argument; `parse_json` for JSON.

    Raises:
        WaveError: an argument is missing, unexpected, or not of its type; the message names it.
    """
    if len(texts) > len(params):
        raise _too_many(len(texts), params)
    values: list[object] = []
    for text, param in zip(texts, params, strict=False):
        try:
            values.append(read(text, param.type))
        except WaveError as error:
            raise error.in_argument(param.name) from None
    missing = _completed(values, params)
    if missing is not None:
        raise WaveError(f"missing: expected {describe(missing.type)}", "", f"argument `{missing.name}`")
    return values


def parse_call(text: str, find: Callable[[str], Sequence[abi.Param]]) -> tuple[str, list[object]]:
    """Return function name and arguments of a call, `name(argument, …)`; options at the end may be missing.

    Args:
        text: the call.
        find: returns the parameters of a function by name; its exceptions propagate.

    Raises:
        WaveError: the text is not a call, or an argument is not of its type.
    """
    opening = text.find("(")
    name = text[:opening].strip()
    if opening < 0 or not name:
        raise Reader(text).error("a call is written `name(argument, …)`")
    params = find(name)
    reader = Reader(text)
    reader.at = opening + 1
    values: list[object] = []

    def argument() -> None:
        if len(values) == len(params):
            raise reader.error(_too_many(len(values) + 1, params).problem)
        values.append(_value(reader, params[len(values)].type))

    reader.items(")", argument)
    missing = _completed(values, params)
    if missing is not None:
        what = f"the argument `{missing.name}` is missing: expected {describe(missing.type)}"
        raise reader.error(what, reader.at - 1)
    reader.end()
    return name, values


def _too_many(given: int, params: Sequence[abi.Param]) -> WaveError:
    names = ", ".join(param.name for param in params)
    return WaveError(f"too many arguments ({given}): the function takes ({names})", "")


def _completed(values: list[object], params: Sequence[abi.Param]) -> abi.Param | None:
    """Add None for options missing at the end; return the first missing parameter that is required."""
    for param in params[len(values) :]:
        if not isinstance(param.type, abi.Option):
            return param
        values.append(None)
    return None


def _value(reader: Reader, type_: abi.Type) -> object:
    match type_:
        case abi.Prim():
            return _primitive(reader, type_)
        case abi.List() | abi.FixedList():
            return _list(reader, type_)
        case abi.Map(key, value):
            return _map(reader, abi.Tuple((key, value)))
        case abi.Tuple(types):
            return _tuple(reader, types)
        case abi.Record():
            return _record(reader, type_)
        case abi.Variant():
            return _variant(reader, type_)
        case abi.Enum(_, python, cases):
            return list(python)[cases.index(_case(reader, type_, cases))]
        case abi.Flags():
            return _flags(reader, type_)
        case abi.Option(inner):
            return _option(reader, type_, inner)
        case abi.Result():
            return _result(reader, type_)
        case _:
            raise reader.error(f"{describe(type_)} cannot be written as text; call a function without one")


def _primitive(reader: Reader, type_: abi.Prim) -> object:
    if type_ is abi.BOOL:
        for word in ("true", "false"):
            if reader.keyword(word):
                return word == "true"
    elif type_ is abi.STRING or type_ is abi.CHAR:
        return _text(reader, type_)
    elif type_ in INTEGERS:
        return _integer(reader, type_)
    elif type_ is not abi.ERROR_CONTEXT:
        return _float(reader, type_)
    raise reader.expected(describe(type_))


def _text(reader: Reader, type_: abi.Prim) -> str:
    text = reader.string() if type_ is abi.STRING else reader.character()
    if text is None:
        remedy = "write characters in single quotes: 'x'"
        if type_ is abi.STRING:
            remedy = """write strings in double quotes: "text", in a shell '"text"'"""
        raise reader.expected(describe(type_), remedy)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise reader.error("a lone surrogate is not a Unicode scalar value") from None
    return text


def _integer(reader: Reader, type_: abi.Prim) -> int:
    reader.skip()
    start = reader.at
    text = reader.number()
    if text is None or not text.lstrip("-").isdigit():
        reader.at = start
        is_number = reader.text[start : start + 1] in set("+-.0123456789")
        raise reader.expected(describe(type_), "integers are decimal" if is_number else "")
    low, high = INTEGERS[type_]
    number = int(text) if len(text) <= _LONGEST_INTEGER else high + 1
    if not low <= number <= high:
        raise reader.error(f"expected {describe(type_)}, got {shown(text)}", start)
    return number


def _float(reader: Reader, type_: abi.Prim) -> float:
    reader.skip()
    start = reader.at
    text = "nan" if reader.keyword("nan") else reader.number()
    if text is None:
        raise reader.expected(describe(type_), "or nan, inf, -inf")
    number = rounded(type_, float(text))
    if number is None or (abs(number) == float("inf") and not text.endswith("inf")):
        raise reader.error(
            f"expected {describe(type_)}, got {shown(text)}, which is too large; infinity is `inf`", start
        )
    return number


def _list(reader: Reader, type_: abi.List | abi.FixedList) -> object:
    if not reader.take("["):
        raise reader.expected(describe(type_), "write lists in brackets: [1, 2]")
    start = reader.at - 1
    values: list[Any] = []
    reader.items("]", lambda: values.append(_value(reader, type_.element)))
    if isinstance(type_, abi.FixedList) and len(values) != type_.size:
        raise reader.error(f"expected {describe(type_)}, got {len(values)}", start)
    return bytes(values) if isinstance(type_, abi.List) and type_.element is abi.U8 else values


def _map(reader: Reader, pair: abi.Tuple) -> dict[Any, Any]:
    if not reader.take("["):
        raise reader.expected("a map", "maps are lists of pairs: [(key, value)]")
    found: dict[Any, Any] = {}

    def entry() -> None:
        reader.skip()
        start = reader.at
        key, value = _tuple(reader, pair.types)
        if key in found:
            raise reader.error("this key appears twice", start)
        found[key] = value

    reader.items("]", entry)
    return found


def _tuple(reader: Reader, types: Sequence[abi.Type]) -> tuple[Any, ...]:
    if not reader.take("("):
        raise reader.expected(f"a tuple of {len(types)}", "write tuples in parentheses: (1, 2)")
    start = reader.at - 1
    values: list[object] = []

    def part() -> None:
        if len(values) == len(types):
            raise reader.error(f"expected a tuple of {len(types)}, but there is one more")
        values.append(_value(reader, types[len(values)]))

    reader.items(")", part)
    if len(values) != len(types):
        raise reader.error(f"expected a tuple of {len(types)}, got {len(values)}", start)
    return tuple(values)


def _record(reader: Reader, type_: abi.Record) -> object:
    if not reader.take("{"):
        raise reader.expected(describe(type_), "write records in braces: {field: value}")
    start = reader.at - 1
    fields = {field.name: field for field in type_.fields}
    values: dict[str, object] = {}

    def field() -> None:
        name, place = _name(reader, "a field", list(fields))
        if name in values:
            raise reader.error(f"field `{name}` appears twice", place)
        if not reader.take(":"):
            raise reader.expected(f"`:` and the value of `{name}`")
        values[name] = _value(reader, fields[name].type)

    if reader.take(":"):
        if not reader.take("}"):
            raise reader.expected("`}`: `{:}` is the record without fields")
    else:
        reader.items("}", field)
    for name, each in fields.items():
        if name not in values and not isinstance(each.type, abi.Option):
            raise reader.error(f"field `{name}` is missing: expected {describe(each.type)}", start)
    return type_.python(*(values.get(name) for name in fields))


def _name(reader: Reader, what: str, known: Sequence[str]) -> tuple[str, int]:
    """Read one of several names; return it with its place."""
    reader.skip()
    start = reader.at
    found = reader.label()
    if found is None:
        raise reader.expected(f"{what} ({', '.join(f'`{name}`' for name in known)})")
    if found[0] not in known:
        raise reader.error(f"`{found[0]}` is not {what}; {did_you_mean(found[0], known)}", start)
    return found[0], start


def _case(reader: Reader, type_: abi.Variant | abi.Enum, known: Sequence[str]) -> str:
    reader.skip()
    start = reader.at
    found = reader.label()
    if found is None:
        raise reader.expected(describe(type_))
    name, escaped = found
    if name in KEYWORDS and not escaped:
        remedy = f"write `%{name}`" if name in known else did_you_mean(name, known)
        raise reader.error(f"`{name}` is a keyword of WAVE, not a case of `{type_.name}`; {remedy}", start)
    if name not in known:
        raise reader.error(f"`{name}` is not a case of `{type_.name}`; {did_you_mean(name, known)}", start)
    return name


def _variant(reader: Reader, type_: abi.Variant) -> object:
    cases = {case.name: case for case in type_.cases}
    case = cases[_case(reader, type_, list(cases))]
    if case.payload is None:
        if reader.comes("("):
            raise reader.error(f"case `{case.name}` has no payload; write `{case.name}` alone")
        return case.python()
    return case.python(_payload(reader, case.name, case.payload))


def _payload(reader: Reader, case: str, type_: abi.Type) -> object:
    if not reader.take("("):
        raise reader.expected(f"the payload: `{case}(…)` with {describe(type_)}")
    value = _value(reader, type_)
    if not reader.take(")"):
        raise reader.expected("`)`")
    return value


def _flags(reader: Reader, type_: abi.Flags) -> object:
    if not reader.take("{"):
        raise reader.expected(describe(type_), "write flags in braces: {a, b}")
    value = 0

    def flag() -> None:
        nonlocal value
        name, _ = _name(reader, "a flag", type_.flags)
        value |= 1 << type_.flags.index(name)

    reader.items("}", flag)
    return type_.python(value)


def _is_flat(type_: abi.Type | None) -> bool:
    """Return whether `some` or `ok` around a value may be omitted."""
    return type_ is not None and not isinstance(type_, abi.Option | abi.Result)


def _option(reader: Reader, type_: abi.Option, inner: abi.Type) -> object:
    if reader.keyword("none"):
        return None
    if reader.keyword("some"):
        value = _payload(reader, "some", inner)
    elif _is_flat(inner):
        value = _value(reader, inner)
    else:
        raise reader.expected("`some(…)` or `none`")
    return Some(value) if isinstance(type_.type, abi.Option) else value


def _result(reader: Reader, type_: abi.Result) -> object:
    if reader.keyword("ok"):
        return Ok(_side(reader, "ok", type_.ok))
    if reader.keyword("err"):
        return Err(_side(reader, "err", type_.err))
    if type_.ok is not None and _is_flat(type_.ok):
        return Ok(_value(reader, type_.ok))
    raise reader.expected("`ok` or `err`")


def _side(reader: Reader, word: str, payload: abi.Type | None) -> object:
    if payload is not None:
        return _payload(reader, word, payload)
    if reader.comes("("):
        raise reader.error(f"`{word}` has no payload here; write `{word}` alone")
    return None
