"""Python's values for those of MySQL, both ways, and types where Python's leave the choice."""

from __future__ import annotations

import datetime as dt
import json as json_module
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast

from .._bindings.types import golem_rdbms_mysql as wit
from . import times
from .postgres_types import whole

__all__ = ["KINDS", "Typed", "from_value", "json", "to_value", "typed"]

_INT8: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Typed:
    """Value with its type in MySQL."""

    value: wit.DbValue


def json(value: object) -> Typed:
    """A `json` of any value that JSON has; a str becomes a JSON string."""
    return Typed(wit.DbValueJson(json_module.dumps(value)))


def _whole(case: Callable[[int], Any], low: int, high: int, name: str) -> Callable[[Any], Any]:
    return lambda value: case(whole(value, low, high, name))


def _of(case: Callable[[Any], Any], cls: type, name: str, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def make(value: Any) -> Any:
        if not isinstance(value, cls) or (isinstance(value, bool) and cls is not bool):
            raise TypeError(f"{name} takes a {cls.__name__}, not {type(value).__name__}")
        return case(convert(value))

    return make


def _bits(value: str) -> list[bool]:
    if set(value) - {"0", "1"}:
        raise ValueError(f"bit takes digits 0 and 1, not {value!r:.60}")
    return [digit == "1" for digit in value]


def _utc(value: dt.datetime) -> Any:
    if value.tzinfo is None:
        raise TypeError("timestamp takes a datetime with a time zone; `datetime` is the type of those without")
    return times.to_timestamp(value.astimezone(dt.UTC))


_TEXTS: Final = {
    "char": wit.DbValueFixchar, "varchar": wit.DbValueVarchar, "tinytext": wit.DbValueTinytext,
    "text": wit.DbValueText, "mediumtext": wit.DbValueMediumtext, "longtext": wit.DbValueLongtext,
    "enum": wit.DbValueEnumeration, "set": wit.DbValueSet,
}  # fmt: skip
_BYTES: Final = {
    "binary": wit.DbValueBinary, "varbinary": wit.DbValueVarbinary, "tinyblob": wit.DbValueTinyblob,
    "blob": wit.DbValueBlob, "mediumblob": wit.DbValueMediumblob, "longblob": wit.DbValueLongblob,
}  # fmt: skip
_INTEGERS: Final[dict[str, tuple[Callable[[int], Any], Callable[[int], Any], int]]] = {
    "tinyint": (wit.DbValueTinyint, wit.DbValueTinyintUnsigned, 8),
    "smallint": (wit.DbValueSmallint, wit.DbValueSmallintUnsigned, 16),
    "mediumint": (wit.DbValueMediumint, wit.DbValueMediumintUnsigned, 24),
    "int": (wit.DbValueInt, wit.DbValueIntUnsigned, 32),
    "bigint": (wit.DbValueBigint, wit.DbValueBigintUnsigned, 64),
}

KINDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **{name: _of(case, str, name, str.__str__) for name, case in _TEXTS.items()},
    **{name: _of(case, bytes, name, bytes) for name, case in _BYTES.items()},
    **{
        name: _whole(signed, -(1 << bits - 1), (1 << bits - 1) - 1, name)
        for name, (signed, _, bits) in _INTEGERS.items()
    },
    **{
        f"{name} unsigned": _whole(unsigned, 0, (1 << bits) - 1, f"{name} unsigned")
        for name, (_, unsigned, bits) in _INTEGERS.items()
    },
    "year": _whole(wit.DbValueYear, 0, 2155, "year"),
    "float": _of(wit.DbValueFloat, float, "float", float),
    "double": _of(wit.DbValueDouble, float, "double", float),
    "decimal": _of(wit.DbValueDecimal, Decimal, "decimal", str),
    "datetime": _of(wit.DbValueDatetime, dt.datetime, "datetime", times.to_timestamp),
    "timestamp": _of(wit.DbValueTimestamp, dt.datetime, "timestamp", _utc),
    "bit": _of(wit.DbValueBit, str, "bit", _bits),
}
"""The types that `typed` knows, and what makes Golem's values of Python's."""


def typed(name: str, value: object) -> Typed:
    """A value of a type by MySQL's name for it, such as `typed("tinyint unsigned", 200)`.

    Raises:
        TypeError: there is no such type, or the value is not one of it.
        ValueError: the value is not one of its type.
        OverflowError: the value is out of its range.
    """
    if name not in KINDS:
        raise TypeError(f"{name!r} is no type for a parameter; there are {', '.join(sorted(KINDS))}")
    return Typed(KINDS[name](value))


def _integer(value: int) -> wit.DbValue:
    if -_INT8 <= value < _INT8:
        return wit.DbValueBigint(int(value))
    return wit.DbValueBigintUnsigned(int(value)) if 0 <= value < 2 * _INT8 else wit.DbValueDecimal(str(int(value)))


def _time(value: dt.time) -> wit.DbValue:
    if value.tzinfo is not None:
        raise TypeError(f"MySQL has no times with a zone: {value!r}")
    return wit.DbValueTime(times.to_time(value))


def _datetime(value: dt.datetime) -> wit.DbValue:
    if value.tzinfo is None:
        return wit.DbValueDatetime(times.to_timestamp(value))
    return wit.DbValueTimestamp(_utc(value))


def _json(value: object) -> wit.DbValue:
    return wit.DbValueJson(json_module.dumps(value))


def _bytes(value: bytes | bytearray | memoryview) -> wit.DbValue:
    return wit.DbValueLongblob(bytes(value))


_TO: Final[dict[type, Callable[[Any], wit.DbValue]]] = {
    type(None): lambda _: wit.DbValueNull(),
    Typed: lambda value: value.value,
    bool: wit.DbValueBoolean,
    int: _integer,
    float: wit.DbValueDouble,
    Decimal: lambda value: wit.DbValueDecimal(str(value)),
    str: lambda value: wit.DbValueLongtext(str.__str__(value)),
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    dt.datetime: _datetime,
    dt.date: lambda value: wit.DbValueDate(times.to_date(value)),
    dt.time: _time,
    dict: _json,
    list: _json,
}
"""Golem's values by the class of Python's; subclasses come after their bases."""


def to_value(value: object) -> wit.DbValue:
    """Return the parameter for a value.

    Raises:
        TypeError: the value has no form in MySQL.
        ValueError: the value is not one of its type.
        OverflowError: likewise.
    """
    for cls in type(value).__mro__:
        if (convert := _TO.get(cls)) is not None:
            return convert(value)
    raise TypeError(f"MySQL has no type for {type(value).__name__}: {value!r:.60}")


def _from_utc(value: Any) -> dt.datetime:
    return times.from_timestamp(value).replace(tzinfo=dt.UTC)


def _from_time(value: Any) -> dt.time | dt.timedelta:
    if value.hour < 24:
        return times.from_time(value)
    microseconds = value.nanosecond // 1000
    return dt.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=microseconds)


_FROM: Final[Mapping[type, Callable[[Any], object]]] = {
    wit.DbValueDecimal: Decimal,
    wit.DbValueDate: times.from_date,
    wit.DbValueDatetime: times.from_timestamp,
    wit.DbValueTimestamp: _from_utc,
    wit.DbValueTime: _from_time,
    wit.DbValueBit: lambda value: "".join("1" if each else "0" for each in value),
    wit.DbValueJson: json_module.loads,
}
"""How values are read; those that are not here are what Golem has."""


def from_value(value: object) -> object:
    """Return the value of a column.

    Raises:
        DataError: Python has no value for it.
    """
    if isinstance(value, wit.DbValueNull):
        return None
    convert = _FROM.get(type(value))
    inner = cast("Any", value).value
    return inner if convert is None else convert(inner)
