"""Golem's values for MySQL: literals of parameters, and columns of results."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from ....base.counted import counted
from ...agents._bindings.types import golem_rdbms_mysql as types
from ...agents._bindings.types import golem_rdbms_types as common
from .postgres_text import date_text, time_text

__all__ = ["column_of", "literal", "value_of", "with_literals"]

_UNSIGNED: Final = 32
_ENUM: Final = 256
_SET: Final = 2048
_BINARY: Final = 63
"""The character set of bytes."""

_WIDEST: Final = 4
"""Bytes of a character, by which lengths of texts are counted."""

_PLACES: Final = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`[^`]*`|--[ \t][^\n]*|#[^\n]*|/\*.*?\*/|\?", re.DOTALL
)
"""Quoted texts, comments, and placeholders."""

_NUMBERS: Final = {
    *("Tinyint", "Smallint", "Mediumint", "Int", "Bigint", "Decimal", "Year"),
    *(f"{each}Unsigned" for each in ("Tinyint", "Smallint", "Mediumint", "Int", "Bigint")),
}


def _moment(value: common.Timestamp) -> str:
    return f"{date_text(value.date)} {time_text(value.time)[:-3]}"


def literal(value: types.DbValue, escape: Callable[[str], str]) -> str:
    """Return the literal of a parameter; `escape` quotes texts for the connection."""
    case = type(value).__name__.removeprefix("DbValue")
    if isinstance(value, types.DbValueNull):
        return "NULL"
    inner: Any = value.value
    if isinstance(inner, bool):
        return "TRUE" if inner else "FALSE"
    if case in _NUMBERS:
        if not re.fullmatch(r"-?[0-9.]+(?:[eE][+-]?[0-9]+)?", str(inner)):
            raise types.ErrorQueryParameterFailure(f"{inner!r} is no number")
        return str(inner)
    match inner:
        case float():
            return repr(inner)
        case bytes():
            return f"x'{inner.hex()}'"
        case list():
            return f"b'{''.join('1' if each else '0' for each in cast('list[bool]', inner))}'"
        case common.Date():
            return f"'{date_text(inner)}'"
        case common.Time():
            return f"'{time_text(inner)[:-3]}'"
        case common.Timestamp():
            return f"'{_moment(inner)}'"
        case _:
            return escape(str(inner))


def with_literals(statement: str, values: list[Any], escape: Callable[[str], str]) -> str:
    """Return a statement with its parameters in place of `?`.

    Raises:
        ErrorQueryParameterFailure: there are more or fewer parameters than placeholders.
    """
    rest = iter(values)
    count = sum(found[0] == "?" for found in _PLACES.finditer(statement))
    if count != len(values):
        raise types.ErrorQueryParameterFailure(
            f"the statement has {counted(count, 'placeholder')}, and {counted(len(values), 'parameter')}"
        )
    return _PLACES.sub(lambda found: literal(next(rest), escape) if found[0] == "?" else found[0], statement)


# From MySQL

_INTEGERS: Final[Mapping[int, str]] = {1: "Tinyint", 2: "Smallint", 3: "Int", 8: "Bigint", 9: "Mediumint"}
_OTHERS: Final[Mapping[int, str]] = {
    0: "Decimal", 246: "Decimal", 4: "Float", 5: "Double", 10: "Date", 14: "Date", 11: "Time", 12: "Datetime",
    7: "Timestamp", 13: "Year", 16: "Bit", 245: "Json", 247: "Enumeration", 248: "Set", 15: "Varchar", 253: "Varchar",
}  # fmt: skip
_SIZES: Final = ((255, "Tiny"), (65_535, ""), (16_777_215, "Medium"))
_DISPLAYED: Final = {
    "Fixchar": "char", "Enumeration": "enum",
    **{f"{each}Unsigned": f"{each.lower()} unsigned" for each in _INTEGERS.values()},
}  # fmt: skip


def _case(field: Any) -> str:
    """Return Golem's case for a column, as the protocol describes it."""
    code, flags, is_binary = field.type_code, field.flags, field.charsetnr == _BINARY
    if flags & _ENUM:
        return "Enumeration"
    if flags & _SET:
        return "Set"
    if code in _INTEGERS:
        if code == 1 and field.length == 1:
            return "Boolean"
        return _INTEGERS[code] + ("Unsigned" if flags & _UNSIGNED else "")
    if code in {249, 250, 251, 252}:
        length = field.length if is_binary else field.length // _WIDEST
        size = next((name for most, name in _SIZES if length <= most), "Long")
        return f"{size}{'blob' if is_binary else 'text'}".capitalize()
    if is_binary and code in {15, 253, 254}:
        return "Binary" if code == 254 else "Varbinary"
    return _OTHERS.get(code, "Fixchar")


def column_of(number: int, field: Any) -> Any:
    """Return Golem's description of a column."""
    case = _case(field)
    kind = getattr(types, f"DbColumnType{case}")()
    return types.DbColumn(number, field.name, kind, _DISPLAYED.get(case, case.lower()))


def _date(text: str) -> common.Date:
    year, month, day = map(int, text.split("-"))
    return common.Date(year, month, day)


def _time(text: str) -> common.Time:
    clock, _, fraction = text.partition(".")
    hour, minute, second = map(int, clock.split(":"))
    if text.startswith("-") or hour > 255:
        raise ValueError(f"the time {text!r} has no form in Golem")
    return common.Time(hour, minute, second, int(fraction.ljust(9, "0")))


def _timestamp(text: str) -> common.Timestamp:
    date, _, clock = text.partition(" ")
    return common.Timestamp(_date(date), _time(clock))


def _bits(data: bytes) -> list[bool]:
    number = int.from_bytes(data, "big")
    return [digit == "1" for digit in f"{number:0{8 * len(data)}b}"]


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "Boolean": lambda value: value != "0", "Float": float, "Double": float, "Decimal": str,
    "Date": _date, "Time": _time, "Datetime": _timestamp, "Timestamp": _timestamp, "Year": int,
}  # fmt: skip


def value_of(field: Any, found: Any) -> Any:
    """Return Golem's value of a column, as a text or bytes."""
    if found is None:
        return types.DbValueNull()
    case = _case(field)
    made = getattr(types, f"DbValue{case}")
    if case == "Bit":
        return made(_bits(found)[-field.length :])
    if case.lower().endswith("blob") or case in {"Binary", "Varbinary"}:
        return made(found if isinstance(found, bytes) else found.encode())
    text = found.decode() if isinstance(found, bytes) else found
    return made(int(text) if case in _NUMBERS - {"Decimal"} else _READERS.get(case, str)(text))
