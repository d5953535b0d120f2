"""Python's values for PostgreSQL's, both ways."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json as json_module
import struct
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from .._bindings.guest.golem_rdbms_postgres import LazyDbValue
from .._bindings.types import golem_rdbms_postgres as wit
from .._bindings.types.golem_rdbms_types import IpAddressIpv4, MacAddress, Uuid
from ..uuids import halves, to_uuid
from . import times
from .postgres_types import Interval, Range, SparseVector, Typed, ip_address, jsonb, sparsevec, whole

__all__ = ["array", "composite", "domain", "from_value", "range_of", "to_value"]

_INT4: Final = 1 << 31
_INT8: Final = 1 << 63
_DAY: Final = 86_400 * 1_000_000


def _integer(value: int) -> wit.DbValue:
    if -_INT4 <= value < _INT4:
        return wit.DbValueInt4(int(value))
    return wit.DbValueInt8(int(value)) if -_INT8 <= value < _INT8 else wit.DbValueNumeric(str(int(value)))


def _time(value: dt.time) -> wit.DbValue:
    if value.tzinfo is None:
        return wit.DbValueTime(times.to_time(value))
    return wit.DbValueTimetz(times.to_timetz(value))


def _datetime(value: dt.datetime) -> wit.DbValue:
    if value.tzinfo is None:
        return wit.DbValueTimestamp(times.to_timestamp(value))
    return wit.DbValueTimestamptz(times.to_timestamptz(value))


def _interval(value: Interval | dt.timedelta) -> wit.DbValue:
    if isinstance(value, Interval):
        return wit.DbValueInterval(wit.Interval(value.months, value.days, value.microseconds))
    return wit.DbValueInterval(wit.Interval(0, value.days, value.seconds * 1_000_000 + value.microseconds))


def _uuid(value: UUID) -> wit.DbValue:
    return wit.DbValueUuid(Uuid(*halves(value)))


def _list(values: list[object] | tuple[object, ...]) -> wit.DbValue:
    return wit.DbValueArray([LazyDbValue(to_value(each)) for each in values])


def _bytes(value: bytes | bytearray | memoryview) -> wit.DbValue:
    return wit.DbValueBytea(bytes(value))


def _bound(name: str, limit: int) -> Callable[[int], int]:
    return lambda value: whole(value, -limit, limit - 1, name)


_RANGES: Final[dict[str, tuple[type, Callable[..., Any], Any, Any, Any, Any, Any]]] = {
    "int4range": (int, _bound("int4range", _INT4), wit.Int4boundIncluded, wit.Int4boundExcluded, wit.Int4boundUnbounded,
                  wit.Int4range, wit.DbValueInt4range),
    "int8range": (int, _bound("int8range", _INT8), wit.Int8boundIncluded, wit.Int8boundExcluded, wit.Int8boundUnbounded,
                  wit.Int8range, wit.DbValueInt8range),
    "numrange": (Decimal, str, wit.NumboundIncluded, wit.NumboundExcluded, wit.NumboundUnbounded,
                 wit.Numrange, wit.DbValueNumrange),
    "tsrange": (dt.datetime, times.to_timestamp, wit.TsboundIncluded, wit.TsboundExcluded, wit.TsboundUnbounded,
                wit.Tsrange, wit.DbValueTsrange),
    "tstzrange": (dt.datetime, times.to_timestamptz, wit.TstzboundIncluded, wit.TstzboundExcluded,
                  wit.TstzboundUnbounded, wit.Tstzrange, wit.DbValueTstzrange),
    "daterange": (dt.date, times.to_date, wit.DateboundIncluded, wit.DateboundExcluded, wit.DateboundUnbounded,
                  wit.Daterange, wit.DbValueDaterange),
}  # fmt: skip
"""By the name of a range type: the class of its bounds, their conversion, and Golem's classes."""


def _range(value: Range[Any]) -> wit.DbValue:
    """Return a range whose type follows from its bounds."""
    bound: object = value.lower if value.lower is not None else value.upper
    match bound:
        case bool():
            raise TypeError("a range has no bounds of type bool")
        case int():
            large = any(each is not None and not -_INT4 <= each < _INT4 for each in (value.lower, value.upper))
            return _range_as("int8range" if large else "int4range", value)
        case Decimal():
            return _range_as("numrange", value)
        case dt.datetime():
            return _range_as("tsrange" if bound.tzinfo is None else "tstzrange", value)
        case dt.date():
            return _range_as("daterange", value)
        case None:
            raise TypeError('a range without bounds needs its type: range_of("int8range", Range())')
        case _:
            raise TypeError(f"no range of PostgreSQL has bounds of type {type(bound).__name__}")


def _range_as(name: str, value: Range[Any]) -> wit.DbValue:
    kind, convert, included, excluded, unbounded, made, case = _RANGES[name]

    def bound(end: object, mark: str) -> Any:
        if end is None:
            return unbounded()
        if not isinstance(end, kind):
            raise TypeError(f"{name} has bounds of type {kind.__name__}, not {type(end).__name__}")
        return (included if mark in "[]" else excluded)(convert(end))

    found: wit.DbValue = case(made(bound(value.lower, value.bounds[0]), bound(value.upper, value.bounds[1])))
    return found


def _custom_range(name: str, value: Range[Any]) -> wit.DbValue:
    def bound(end: object, mark: str) -> Any:
        if end is None:
            return wit.ValueBoundUnbounded()
        lazy = LazyDbValue(to_value(end))
        return wit.ValueBoundIncluded(lazy) if mark in "[]" else wit.ValueBoundExcluded(lazy)

    ends = wit.ValuesRange(bound(value.lower, value.bounds[0]), bound(value.upper, value.bounds[1]))
    return wit.DbValueRange(wit.Range(name, ends))


def range_of(name: str, value: Range[Any]) -> Typed:
    """A range of a type with a name: one of PostgreSQL's, or one that was created."""
    if name in _RANGES:
        return Typed(name, lambda: _range_as(name, value))
    return Typed(name, lambda: _custom_range(name, value))


def array(values: list[Any] | tuple[Any, ...]) -> Typed:
    """An array, as a list alone is one; its elements are all of one type."""
    return Typed("array", lambda: _list(values))


def composite(name: str, *values: object) -> Typed:
    """A value of a composite type with a name, by its attributes in order."""
    return Typed(
        name, lambda: wit.DbValueComposite(wit.Composite(name, [LazyDbValue(to_value(each)) for each in values]))
    )


def domain(name: str, value: object) -> Typed:
    """A value of a domain with a name."""
    return Typed(name, lambda: wit.DbValueDomain(wit.Domain(name, LazyDbValue(to_value(value)))))


_TO: Final[dict[type, Callable[[Any], wit.DbValue]]] = {
    type(None): lambda _: wit.DbValueNull(),
    Typed: lambda value: value.build(),
    bool: wit.DbValueBoolean,
    int: _integer,
    float: wit.DbValueFloat8,
    Decimal: lambda value: wit.DbValueNumeric(str(value)),
    str: lambda value: wit.DbValueText(str.__str__(value)),
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    dt.datetime: _datetime,
    dt.date: lambda value: wit.DbValueDate(times.to_date(value)),
    dt.time: _time,
    dt.timedelta: _interval,
    Interval: _interval,
    UUID: _uuid,
    ipaddress.IPv4Address: lambda value: wit.DbValueInet(ip_address(value)),
    ipaddress.IPv6Address: lambda value: wit.DbValueInet(ip_address(value)),
    SparseVector: lambda value: sparsevec(value).build(),
    Range: _range,
    dict: lambda value: jsonb(value).build(),
    list: _list,
    tuple: _list,
}  # fmt: skip
"""Golem's values by the class of Python's; subclasses come after their bases."""


def to_value(value: object) -> wit.DbValue:
    """Return the parameter for a value.

    Raises:
        TypeError: the value has no form in PostgreSQL.
        ValueError: the value is not one of its type.
        OverflowError: likewise.
    """
    for cls in type(value).__mro__:
        if (convert := _TO.get(cls)) is not None:
            return convert(value)
    raise TypeError(f"PostgreSQL has no type for {type(value).__name__}: {value!r:.60}")


# From PostgreSQL


def _read_interval(value: wit.Interval) -> dt.timedelta | Interval:
    if value.months:
        return Interval(value.months, value.days, value.microseconds)
    return dt.timedelta(days=value.days, microseconds=value.microseconds)


def _read_address(value: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if isinstance(value, IpAddressIpv4):
        return ipaddress.IPv4Address(bytes(value.value))
    return ipaddress.IPv6Address(struct.pack(">8H", *value.value))


def _read_bits(value: list[bool]) -> str:
    return "".join("1" if each else "0" for each in value)


def _read_range(value: Any, convert: Callable[[Any], Any]) -> Range[Any]:
    ends: list[Any] = []
    marks: list[bool] = []
    for end in (value.start, value.end):
        inner = getattr(end, "value", None)
        ends.append(None if inner is None else convert(inner))
        marks.append(type(end).__name__.endswith("Included"))
    bounds = ("[" if marks[0] else "(") + ("]" if marks[1] else ")")
    return Range(ends[0], ends[1], cast("Any", bounds))


def _lazy(value: Any) -> object:
    """Return the value behind a handle, which is dropped."""
    inner = from_value(value.get())
    value.drop()
    return inner


def _read_mac(value: MacAddress) -> str:
    return ":".join(f"{each:02x}" for each in value.octets)


def _same(value: Any) -> Any:
    return value


_FROM: Final[Mapping[type, Callable[[Any], object]]] = {
    wit.DbValueNumeric: Decimal,
    wit.DbValueTimestamp: times.from_timestamp,
    wit.DbValueTimestamptz: times.from_timestamptz,
    wit.DbValueDate: times.from_date,
    wit.DbValueTime: times.from_time,
    wit.DbValueTimetz: times.from_timetz,
    wit.DbValueInterval: _read_interval,
    wit.DbValueJson: json_module.loads,
    wit.DbValueJsonb: json_module.loads,
    wit.DbValueUuid: to_uuid,
    wit.DbValueInet: _read_address,
    wit.DbValueCidr: _read_address,
    wit.DbValueMacaddr: _read_mac,
    wit.DbValueBit: _read_bits,
    wit.DbValueVarbit: _read_bits,
    wit.DbValueInt4range: lambda value: _read_range(value, _same),
    wit.DbValueInt8range: lambda value: _read_range(value, _same),
    wit.DbValueNumrange: lambda value: _read_range(value, Decimal),
    wit.DbValueTsrange: lambda value: _read_range(value, times.from_timestamp),
    wit.DbValueTstzrange: lambda value: _read_range(value, times.from_timestamptz),
    wit.DbValueDaterange: lambda value: _read_range(value, times.from_date),
    wit.DbValueEnumeration: lambda value: value.value,
    wit.DbValueComposite: lambda value: tuple(_lazy(each) for each in value.values),
    wit.DbValueDomain: lambda value: _lazy(value.value),
    wit.DbValueArray: lambda value: [_lazy(each) for each in value],
    wit.DbValueRange: lambda value: _read_range(value.value, _lazy),
    wit.DbValueSparsevec: lambda value: SparseVector(value.dim, dict(zip(value.indices, value.values, strict=True))),
}
"""How values are read; those that are not here are what Golem has."""


def from_value(value: object) -> object:
    """Return the value of a column.

    Raises:
        DataError: Python has no value for it, like a date before the year 1.
    """
    if isinstance(value, wit.DbValueNull):
        return None
    convert = _FROM.get(type(value))
    inner = cast("Any", value).value
    return inner if convert is None else convert(inner)
