"""Golem's values as parameters of PostgreSQL: their types and their texts."""

from __future__ import annotations

import ipaddress
import struct
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from ...agents._bindings.types import golem_rdbms_postgres as types
from ...agents._bindings.types import golem_rdbms_types as common
from .postgres_text import date_text, interval_text, offset_text, quoted, time_text

__all__ = ["UNKNOWN", "Param", "text_of", "type_of"]

UNKNOWN: Final = ""
"""The type of a parameter that PostgreSQL shall find out by itself: null, and values of types that were created."""

_NAMES: Final = {"Boolean": "bool", "Character": '"char"'}
_CREATED: Final = {
    *("Null", "Enumeration", "Composite", "Domain", "Range", "Array"),
    *("Vector", "Halfvec", "Sparsevec"),
}
_WIDTHS: Final = ("int2", "int4", "int8", "numeric")


class Param:
    """Parameter of a statement: the oid of its type, 0 if the database finds it out, and its text, None for null."""

    def __init__(self, oid: int, text: bytes | None) -> None:
        self.oid = oid
        self.text = text


def _case(value: Any) -> str:
    return type(value).__name__.removeprefix("DbValue")


def type_of(value: Any) -> str:
    """Return the name of a parameter's type; that of an array ends with `[]`."""
    case = _case(value)
    if case == "Array":
        found = {type_of(each.get()) for each in value.value} - {UNKNOWN}
        if len(found) > 1 and found <= {*_WIDTHS}:
            return f"{max(found, key=_WIDTHS.index)}[]"
        [name] = found if len(found) == 1 else [UNKNOWN]
        return name if name.endswith("[]") or not name else f"{name}[]"
    return UNKNOWN if case in _CREATED else _NAMES.get(case, case.lower())


def _address(value: Any) -> str:
    if isinstance(value, common.IpAddressIpv4):
        return str(ipaddress.IPv4Address(bytes(value.value)))
    return str(ipaddress.IPv6Address(struct.pack(">8H", *value.value)))


def _timestamp(value: Any, offset: str = "") -> str:
    date = date_text(value.date)
    mark = " BC" if date.endswith(" BC") else ""
    return f"{date.removesuffix(' BC')} {time_text(value.time)}{offset}{mark}"


def _timestamptz(value: Any) -> str:
    return _timestamp(value.timestamp, offset_text(value.offset))


def _bits(value: list[bool]) -> str:
    return "".join("1" if each else "0" for each in value)


def _range(value: Any, convert: Callable[[Any], str | None]) -> str:
    ends: list[str] = []
    marks: list[bool] = []
    for end in (value.start, value.end):
        inner = getattr(end, "value", None)
        ends.append("" if inner is None else quoted(convert(inner)))
        marks.append(type(end).__name__.endswith("Included"))
    return f"{'[' if marks[0] else '('}{ends[0]},{ends[1]}{']' if marks[1] else ')'}"


def _lazy(value: Any) -> str | None:
    return text_of(value.get())


def _element(value: Any) -> str:
    inner = value.get()
    text = text_of(inner)
    return str(text) if _case(inner) == "Array" else quoted(text)


def _floats(value: list[float]) -> str:
    return f"[{','.join(map(repr, value))}]"


def _sparse(value: Any) -> str:
    items = ",".join(f"{index}:{each!r}" for index, each in zip(value.indices, value.values, strict=True))
    return f"{{{items}}}/{value.dim}"


def _composite(value: Any) -> str:
    texts = (_lazy(each) for each in value.values)
    return f"({','.join('' if text is None else quoted(text) for text in texts)})"


_TEXTS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "Boolean": lambda value: "t" if value else "f",
    "Float4": repr,
    "Float8": repr,
    "Character": lambda value: chr(value) if value > 0 else f"\\{value & 0xFF:03o}" if value else "",
    "Timestamp": _timestamp,
    "Timestamptz": _timestamptz,
    "Date": date_text,
    "Time": time_text,
    "Timetz": lambda value: time_text(value.time) + offset_text(value.offset),
    "Interval": interval_text,
    "Bytea": lambda value: f"\\x{bytes(value).hex()}",
    "Uuid": lambda value: str(uuid.UUID(int=value.high_bits << 64 | value.low_bits)),
    "Inet": _address,
    "Cidr": _address,
    "Macaddr": lambda value: ":".join(f"{each:02x}" for each in value.octets),
    "Bit": _bits,
    "Varbit": _bits,
    "Int4range": lambda value: _range(value, str),
    "Int8range": lambda value: _range(value, str),
    "Numrange": lambda value: _range(value, str),
    "Tsrange": lambda value: _range(value, _timestamp),
    "Tstzrange": lambda value: _range(value, _timestamptz),
    "Daterange": lambda value: _range(value, date_text),
    "Money": lambda value: f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}",
    "Enumeration": lambda value: str(value.value),
    "Composite": _composite,
    "Domain": lambda value: _lazy(value.value),
    "Array": lambda value: f"{{{','.join(map(_element, value))}}}",
    "Range": lambda value: _range(value.value, _lazy),
    "Vector": _floats,
    "Halfvec": _floats,
    "Sparsevec": _sparse,
}


def text_of(value: types.DbValue) -> str | None:
    """Return the text of a parameter, None for null."""
    if isinstance(value, types.DbValueNull):
        return None
    return _TEXTS.get(_case(value), str)(cast("Any", value.value))
