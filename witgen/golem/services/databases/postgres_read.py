"""Columns of PostgreSQL as Golem's types and values."""

from __future__ import annotations

import ipaddress
import re
import struct
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, cast

from ...agents._bindings.types import golem_rdbms_postgres as types
from ...agents._bindings.types import golem_rdbms_types as common
from . import postgres_text as text

__all__ = ["Reader", "Type"]

_HALF: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Type:
    """Type of PostgreSQL, as its catalogue describes it."""

    name: str
    kind: str
    """`typtype` of the catalogue, or `a` for arrays."""
    inner: Type | None = None
    """The type of an array's elements, of a range's bounds, or below a domain."""
    attributes: tuple[tuple[str, Type], ...] = ()
    """Those of a composite."""


def _uuid(value: str) -> common.Uuid:
    number = uuid.UUID(value).int
    return common.Uuid(number >> 64, number & _HALF)


def _address(value: str) -> Any:
    address = ipaddress.ip_interface(value).ip
    if isinstance(address, ipaddress.IPv4Address):
        return common.IpAddressIpv4(cast("Any", tuple(address.packed)))
    return common.IpAddressIpv6(cast("Any", struct.unpack(">8H", address.packed)))


def _mac(value: str) -> common.MacAddress:
    return common.MacAddress(cast("Any", tuple(int(each, 16) for each in value.split(":"))))


def _money(value: str) -> int:
    cents = int(re.sub(r"\D", "", value))
    return -cents if value.startswith(("-", "(")) else cents


def _char(value: str) -> int:
    if value.startswith("\\"):
        number = int(value[1:], 8)
        return number - 256 if number > 127 else number
    return ord(value) if value else 0


def _bits(value: str) -> list[bool]:
    return [each == "1" for each in value]


def _floats(value: str) -> list[float]:
    return [float(each) for each in value.strip("[]").split(",") if each]


def _sparse(value: str) -> types.SparseVec:
    items, _, size = value.partition("/")
    pairs = [each.split(":") for each in items.strip("{}").split(",") if each]
    return types.SparseVec(int(size), [int(index) for index, _ in pairs], [float(number) for _, number in pairs])


def _range(value: str, convert: Callable[[str], Any], made: Any, bound: str) -> Any:
    left, lower, upper, right = text.range_items(value)

    def end(found: str | None, mark: str) -> Any:
        if found is None:
            return getattr(types, f"{bound}Unbounded")()
        return getattr(types, f"{bound}{'Included' if mark in '[]' else 'Excluded'}")(convert(found))

    return made(end(lower, left), end(upper, right))


_SCALARS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "char": ("Character", _char), "int2": ("Int2", int), "int4": ("Int4", int), "int8": ("Int8", int),
    "float4": ("Float4", float), "float8": ("Float8", float), "numeric": ("Numeric", str),
    "bool": ("Boolean", lambda value: value == "t"),
    "text": ("Text", str), "name": ("Text", str), "varchar": ("Varchar", str), "bpchar": ("Bpchar", str),
    "timestamp": ("Timestamp", text.read_timestamp), "timestamptz": ("Timestamptz", text.read_timestamptz),
    "date": ("Date", text.read_date), "time": ("Time", text.read_time), "timetz": ("Timetz", text.read_timetz),
    "interval": ("Interval", text.read_interval), "bytea": ("Bytea", lambda value: bytes.fromhex(value[2:])),
    "uuid": ("Uuid", _uuid), "xml": ("Xml", str), "json": ("Json", str), "jsonb": ("Jsonb", str),
    "jsonpath": ("Jsonpath", str), "inet": ("Inet", _address), "cidr": ("Cidr", _address),
    "macaddr": ("Macaddr", _mac),
    "bit": ("Bit", _bits), "varbit": ("Varbit", _bits), "money": ("Money", _money), "oid": ("Oid", int),
    "int4range": ("Int4range", lambda value: _range(value, int, types.Int4range, "Int4bound")),
    "int8range": ("Int8range", lambda value: _range(value, int, types.Int8range, "Int8bound")),
    "numrange": ("Numrange", lambda value: _range(value, str, types.Numrange, "Numbound")),
    "tsrange": ("Tsrange", lambda value: _range(value, text.read_timestamp, types.Tsrange, "Tsbound")),
    "tstzrange": ("Tstzrange", lambda value: _range(value, text.read_timestamptz, types.Tstzrange, "Tstzbound")),
    "daterange": ("Daterange", lambda value: _range(value, text.read_date, types.Daterange, "Datebound")),
    "vector": ("Vector", _floats), "halfvec": ("Halfvec", _floats), "sparsevec": ("Sparsevec", _sparse),
}  # fmt: skip
"""By the name of a type: Golem's case, and how its text is read."""


class Reader:
    """Reader of columns.

    Args:
        lazy: the classes of values and types inside others.
    """

    def __init__(self, lazy: SimpleNamespace) -> None:
        self._lazy = lazy

    def column_type(self, type_: Type) -> Any:
        """Return Golem's type of a column."""
        match type_.kind:
            case "a":
                return types.DbColumnTypeArray(self._inner_type(type_.inner))
            case "e":
                return types.DbColumnTypeEnumeration(types.EnumerationType(type_.name))
            case "c":
                attributes = [(name, self._inner_type(each)) for name, each in type_.attributes]
                return types.DbColumnTypeComposite(types.CompositeType(type_.name, attributes))
            case "d":
                return types.DbColumnTypeDomain(types.DomainType(type_.name, self._inner_type(type_.inner)))
            case "r" if type_.name not in _SCALARS:
                return types.DbColumnTypeRange(types.RangeType(type_.name, self._inner_type(type_.inner)))
            case _:
                return getattr(types, f"DbColumnType{self._scalar(type_)[0]}")()

    def _inner_type(self, type_: Type | None) -> Any:
        return self._lazy.LazyDbColumnType(self.column_type(type_ or Type("text", "b")))

    def _scalar(self, type_: Type) -> tuple[str, Callable[[str], Any]]:
        if type_.name not in _SCALARS:
            raise ValueError(f"the type {type_.name} has no form in Golem; cast the column to text")
        return _SCALARS[type_.name]

    def value(self, type_: Type, found: object) -> Any:
        """Return Golem's value of a text; None is null, and a list an array inside an array."""
        if found is None:
            return types.DbValueNull()
        written = str(found)
        match type_.kind:
            case "a":
                items = cast("list[object]", found) if isinstance(found, list) else text.array_items(written)
                return types.DbValueArray([self._element(type_, each) for each in items])
            case "e":
                return types.DbValueEnumeration(types.Enumeration(type_.name, written))
            case "c":
                pairs = zip(type_.attributes, text.composite_items(written), strict=True)
                inner = [self._inner(each, item) for (_, each), item in pairs]
                return types.DbValueComposite(types.Composite(type_.name, inner))
            case "d":
                return types.DbValueDomain(types.Domain(type_.name, self._inner(type_.inner, found)))
            case "r" if type_.name not in _SCALARS:
                ends = _range(written, lambda end: self._inner(type_.inner, end), types.ValuesRange, "ValueBound")
                return types.DbValueRange(types.Range(type_.name, ends))
            case _:
                case, read = self._scalar(type_)
                return getattr(types, f"DbValue{case}")(read(written))

    def _element(self, type_: Type, item: object) -> Any:
        is_array = isinstance(item, list)
        return self._inner(type_ if is_array else type_.inner, item)

    def _inner(self, type_: Type | None, item: object) -> Any:
        return self._lazy.LazyDbValue(self.value(type_ or Type("text", "b"), item))
