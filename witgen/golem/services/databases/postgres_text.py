"""The text forms of PostgreSQL: what is inside arrays, composites and ranges, dates and intervals."""

from __future__ import annotations

import re
from typing import Final

from ...agents._bindings.types import golem_rdbms_postgres as types
from ...agents._bindings.types import golem_rdbms_types as common

__all__ = [
    "array_items", "composite_items", "date_text", "interval_text", "offset_text", "quoted", "range_items", "read_date",
    "read_interval", "read_time", "read_timestamp", "read_timestamptz", "read_timetz", "time_text",
]  # fmt: skip

_ARRAY_ITEM: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^",{}]+)', re.DOTALL)
_COMPOSITE_ITEM: Final = re.compile(r'("(?:[^"\\]|\\.|"")*"|[^",()]*)(?=[,)])', re.DOTALL)
_RANGE: Final = re.compile(r'([\[(])("(?:[^"\\]|\\.|"")*"|[^",]*),("(?:[^"\\]|\\.|"")*"|[^",\])]*)([\])])', re.DOTALL)
_DATE: Final = re.compile(r"(\d+)-(\d\d)-(\d\d)( BC)?")
_TIME: Final = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?")
_OFFSET: Final = re.compile(r"([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$")
_INTERVAL: Final = re.compile(
    r"P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?)(\d+)(?:\.(\d+))?S)?)?"
)
_MICROSECONDS: Final = 1_000_000


def quoted(text: str | None) -> str:
    """Return the text of a value for an array, a composite or the bound of a range."""
    if text is None:
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def array_items(text: str) -> list[object]:
    """Return the texts of an array's elements, None for null, and lists for arrays inside."""
    stack: list[list[object]] = [[]]
    position = text.index("{")  # bounds other than 1 stand before
    while position < len(text):
        if text[position] == "{":
            stack.append([])
            position += 1
        elif text[position] == "}":
            inner = stack.pop()
            stack[-1].append(inner)
            position += 1
        elif found := _ARRAY_ITEM.match(text, position):
            is_null = found[1] is None and found[2].upper() == "NULL"
            stack[-1].append(None if is_null else _unescaped(found[1]) if found[1] is not None else found[2])
            position = found.end()
        else:
            position += 1
    [[whole]] = stack
    return list(whole) if isinstance(whole, list) else []  # pyright: ignore[reportUnknownArgumentType]


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _unquoted(text: str) -> str | None:
    if not text:
        return None
    if not text.startswith('"'):
        return text
    return re.sub(r'\\(.)|""', lambda found: found[1] or '"', text[1:-1], flags=re.DOTALL)


def composite_items(text: str) -> list[str | None]:
    """Return the texts of a composite's values, None for null."""
    items: list[str | None] = []
    position = 1
    while position < len(text):
        found = _COMPOSITE_ITEM.match(text, position)
        if found is None:
            raise ValueError(f"{text!r:.60} is no composite")
        items.append(_unquoted(found[1]))
        position = found.end() + 1
    return items


def range_items(text: str) -> tuple[str, str | None, str | None, str]:
    """Return a range's marks and bounds: `[`, lower, upper, `)`."""
    found = _RANGE.fullmatch(text)
    if found is None:
        raise ValueError(f"the range {text!r:.60} has no form in Golem")
    return found[1], _unquoted(found[2]), _unquoted(found[3]), found[4]


def read_date(text: str) -> common.Date:
    """Return a date."""
    found = _DATE.match(text)
    if found is None:
        raise ValueError(f"the date {text!r} has no form in Golem")
    year = int(found[1])
    return common.Date(1 - year if text.endswith(" BC") else year, int(found[2]), int(found[3]))


def read_time(text: str) -> common.Time:
    """Return the time of a day."""
    found = _TIME.search(text)
    if found is None:
        raise ValueError(f"the time {text!r} has no form in Golem")
    return common.Time(int(found[1]), int(found[2]), int(found[3]), int((found[4] or "").ljust(9, "0")))


def _read_offset(text: str) -> int:
    found = _OFFSET.search(text)
    if found is None:
        return 0
    seconds = int(found[2]) * 3600 + int(found[3] or 0) * 60 + int(found[4] or 0)
    return -seconds if found[1] == "-" else seconds


def read_timestamp(text: str) -> common.Timestamp:
    """Return a date with a time."""
    return common.Timestamp(read_date(text), read_time(text))


def read_timestamptz(text: str) -> common.Timestamptz:
    """Return a date with a time and an offset."""
    return common.Timestamptz(read_timestamp(text), _read_offset(text.removesuffix(" BC")))


def read_timetz(text: str) -> common.Timetz:
    """Return a time with an offset."""
    return common.Timetz(read_time(text), _read_offset(text))


def read_interval(text: str) -> types.Interval:
    """Return an interval, of its ISO 8601 form."""
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError(f"the interval {text!r} has no form in Golem")
    years, months, days, hours, minutes = (int(found[number] or 0) for number in range(1, 6))
    parts = int(found[7] or 0) * _MICROSECONDS + int((found[8] or "").ljust(6, "0"))
    seconds = (hours * 60 + minutes) * 60 * _MICROSECONDS + (-parts if found[6] else parts)
    return types.Interval(years * 12 + months, days, seconds)


def interval_text(value: types.Interval) -> str:
    """Return the text of an interval."""
    return f"{value.months} months {value.days} days {value.microseconds} microseconds"


def date_text(value: common.Date) -> str:
    """Return the text of a date."""
    if value.year > 0:
        return f"{value.year:04}-{value.month:02}-{value.day:02}"
    return f"{1 - value.year:04}-{value.month:02}-{value.day:02} BC"


def time_text(value: common.Time) -> str:
    """Return the text of a time."""
    return f"{value.hour:02}:{value.minute:02}:{value.second:02}.{value.nanosecond:09}"


def offset_text(seconds: int) -> str:
    """Return the text of an offset."""
    minutes, rest = divmod(abs(seconds), 60)
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}:{rest:02}"
