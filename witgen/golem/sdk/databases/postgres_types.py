"""PostgreSQL's types for Python's values, where these leave the choice."""

from __future__ import annotations

import ipaddress
import json as json_module
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from .._bindings.types import golem_rdbms_postgres as wit
from .._bindings.types.golem_rdbms_types import IpAddressIpv4, IpAddressIpv6, MacAddress

__all__ = [
    "Interval", "Range", "SparseVector", "Typed", "bit", "bpchar", "char", "cidr", "enum", "float4", "float8",
    "halfvec", "inet", "int2", "int4", "int8", "ip_address", "json", "jsonb", "jsonpath", "macaddr", "money", "numeric",
    "oid", "sparsevec", "text", "varbit", "varchar", "vector", "whole", "xml",
]  # fmt: skip

T = TypeVar("T")

Bounds: TypeAlias = Literal["[)", "[]", "()", "(]"]


@dataclass(frozen=True, slots=True)
class Typed:
    """Value with its type in PostgreSQL, as the functions of this module make it."""

    type: str
    build: Callable[[], wit.DbValue]
    """Returns Golem's value. Those inside others are handles, which one call takes away."""

    def __repr__(self) -> str:
        return f"<{self.type} of PostgreSQL>"


@dataclass(frozen=True, slots=True)
class Range(Generic[T]):
    """Range of integers, Decimals, dates or datetimes; None is no bound."""

    lower: T | None = None
    upper: T | None = None
    bounds: Bounds = "[)"
    """Whether the ends belong to it: square brackets say that they do."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Length of time with months, which a timedelta cannot have."""

    months: int = 0
    days: int = 0
    microseconds: int = 0


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Vector of pgvector by its elements that are not 0: the indices count from 1."""

    dimensions: int
    elements: Mapping[int, float]


_BITS: Final = {"S8": 7, "S16": 15, "S32": 31, "S64": 63}


def whole(value: object, low: int, high: int, name: str) -> int:
    """Return an integer within bounds, or raise with the name of its type."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} takes an int, not {type(value).__name__}")
    if not low <= value <= high:
        raise OverflowError(f"{value} is out of the range of {name}, {low} to {high}")
    return int(value)


def _signed(value: int, bits: int, name: str) -> int:
    return whole(value, -(1 << bits), (1 << bits) - 1, name)


def _checked_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} takes a str, not {type(value).__name__}")
    return str.__str__(value)


def _number(value: object, name: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name} takes a float, not {type(value).__name__}")
    return float(value)


def char(value: int) -> Typed:
    """A `"char"`, a number of one byte."""
    checked = _signed(value, _BITS["S8"], "char")
    return Typed("char", lambda: wit.DbValueCharacter(checked))


def int2(value: int) -> Typed:
    """A `smallint`."""
    checked = _signed(value, _BITS["S16"], "int2")
    return Typed("int2", lambda: wit.DbValueInt2(checked))


def int4(value: int) -> Typed:
    """An `integer`."""
    checked = _signed(value, _BITS["S32"], "int4")
    return Typed("int4", lambda: wit.DbValueInt4(checked))


def int8(value: int) -> Typed:
    """A `bigint`."""
    checked = _signed(value, _BITS["S64"], "int8")
    return Typed("int8", lambda: wit.DbValueInt8(checked))


def oid(value: int) -> Typed:
    """An `oid`."""
    checked = whole(value, 0, (1 << 32) - 1, "oid")
    return Typed("oid", lambda: wit.DbValueOid(checked))


def money(value: int) -> Typed:
    """A `money`, in its smallest unit: cents, for instance."""
    checked = _signed(value, _BITS["S64"], "money")
    return Typed("money", lambda: wit.DbValueMoney(checked))


def float4(value: float) -> Typed:
    """A `real`."""
    number = _number(value, "float4")
    try:
        struct.pack("<f", number)
    except OverflowError:
        raise OverflowError(f"{number} is out of the range of float4") from None
    return Typed("float4", lambda: wit.DbValueFloat4(number))


def float8(value: float) -> Typed:
    """A `double precision`."""
    number = _number(value, "float8")
    return Typed("float8", lambda: wit.DbValueFloat8(number))


def numeric(value: object) -> Typed:
    """A `numeric`, of a Decimal, an int, or the text of a number."""
    digits = str(value)
    if isinstance(value, (bool, float)) or not re.fullmatch(r"-?\d+(\.\d*)?([eE][+-]?\d+)?|NaN|-?Infinity", digits):
        raise TypeError(f"numeric takes a Decimal, an int or the text of a number, not {value!r:.60}")
    return Typed("numeric", lambda: wit.DbValueNumeric(digits))


def text(value: str) -> Typed:
    """A `text`."""
    checked = _checked_text(value, "text")
    return Typed("text", lambda: wit.DbValueText(checked))


def varchar(value: str) -> Typed:
    """A `varchar`."""
    checked = _checked_text(value, "varchar")
    return Typed("varchar", lambda: wit.DbValueVarchar(checked))


def bpchar(value: str) -> Typed:
    """A `char(n)`, which spaces fill up."""
    checked = _checked_text(value, "bpchar")
    return Typed("bpchar", lambda: wit.DbValueBpchar(checked))


def xml(value: str) -> Typed:
    """An `xml`."""
    checked = _checked_text(value, "xml")
    return Typed("xml", lambda: wit.DbValueXml(checked))


def jsonpath(value: str) -> Typed:
    """A `jsonpath`."""
    checked = _checked_text(value, "jsonpath")
    return Typed("jsonpath", lambda: wit.DbValueJsonpath(checked))


def json(value: object) -> Typed:
    """A `json` of any value that JSON has; a str becomes a JSON string."""
    written = json_module.dumps(value)
    return Typed("json", lambda: wit.DbValueJson(written))


def jsonb(value: object) -> Typed:
    """A `jsonb` of any value that JSON has; a str becomes a JSON string."""
    written = json_module.dumps(value)
    return Typed("jsonb", lambda: wit.DbValueJsonb(written))


def ip_address(value: str | ipaddress.IPv4Address | ipaddress.IPv6Address) -> IpAddressIpv4 | IpAddressIpv6:
    """Return Golem's address for one of Python's, or its text."""
    address = ipaddress.ip_address(value)
    if isinstance(address, ipaddress.IPv4Address):
        first, second, third, fourth = address.packed
        return IpAddressIpv4((first, second, third, fourth))
    a, b, c, d, e, f, g, h = struct.unpack(">8H", address.packed)
    return IpAddressIpv6((a, b, c, d, e, f, g, h))


def inet(value: str | ipaddress.IPv4Address | ipaddress.IPv6Address) -> Typed:
    """An `inet`; Golem's addresses have no network mask."""
    address = ip_address(value)
    return Typed("inet", lambda: wit.DbValueInet(address))


def cidr(value: str | ipaddress.IPv4Address | ipaddress.IPv6Address) -> Typed:
    """A `cidr` of a single address; Golem's addresses have no network mask."""
    address = ip_address(value)
    return Typed("cidr", lambda: wit.DbValueCidr(address))


def macaddr(value: str) -> Typed:
    """A `macaddr`, written as `08:00:2b:01:02:03`."""
    if not re.fullmatch(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}", _checked_text(value, "macaddr")):
        raise ValueError(f"{value!r} is no address of a network card, like 08:00:2b:01:02:03")
    a, b, c, d, e, f = (int(part, 16) for part in re.split("[:-]", value))
    return Typed("macaddr", lambda: wit.DbValueMacaddr(MacAddress((a, b, c, d, e, f))))


def _bits(value: str, name: str) -> list[bool]:
    if not isinstance(value, str) or set(value) - {"0", "1"}:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"{name} takes digits 0 and 1 as a str, not {value!r:.60}")
    return [digit == "1" for digit in value]


def bit(value: str) -> Typed:
    """A `bit(n)`, written as `"0101"`."""
    bits = _bits(value, "bit")
    return Typed("bit", lambda: wit.DbValueBit(bits))


def varbit(value: str) -> Typed:
    """A `bit varying`, written as `"0101"`."""
    bits = _bits(value, "varbit")
    return Typed("varbit", lambda: wit.DbValueVarbit(bits))


def enum(name: str, value: str) -> Typed:
    """A value of an enum type with a name."""
    made = wit.Enumeration(_checked_text(name, "enum"), _checked_text(value, "enum"))
    return Typed(name, lambda: wit.DbValueEnumeration(made))


def _numbers(values: Sequence[float], name: str) -> list[float]:
    return [_number(each, name) for each in values]


def vector(values: Sequence[float]) -> Typed:
    """A `vector` of pgvector."""
    numbers = _numbers(values, "vector")
    return Typed("vector", lambda: wit.DbValueVector(numbers))


def halfvec(values: Sequence[float]) -> Typed:
    """A `halfvec` of pgvector."""
    numbers = _numbers(values, "halfvec")
    return Typed("halfvec", lambda: wit.DbValueHalfvec(numbers))


def sparsevec(value: SparseVector) -> Typed:
    """A `sparsevec` of pgvector."""
    indices = sorted(value.elements)
    made: Any = wit.SparseVec(value.dimensions, indices, [float(value.elements[each]) for each in indices])
    return Typed("sparsevec", lambda: wit.DbValueSparsevec(made))
