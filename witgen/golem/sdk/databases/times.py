"""Dates and times as Golem's databases have them, which count nanoseconds and offsets in seconds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from contextlib import contextmanager

from .._bindings.types.golem_rdbms_types import Date, Time, Timestamp, Timestamptz, Timetz
from .errors import DataError

__all__ = [
    "from_date",
    "from_time",
    "from_timestamp",
    "from_timestamptz",
    "from_timetz",
    "to_date",
    "to_time",
    "to_timestamp",
    "to_timestamptz",
    "to_timetz",
]

_NANOSECONDS = 1000
"""Nanoseconds of a microsecond."""


@contextmanager
def _readable(value: object) -> Generator[None]:
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise DataError(f"Python has no date or time for {value} ({error})") from None


def _offset(value: dt.datetime | dt.time) -> int:
    offset = value.utcoffset()
    if offset is None:
        raise TypeError(f"{value!r} has no time zone with a fixed offset, which the type needs")
    return int(offset.total_seconds())


def _zone(seconds: int) -> dt.timezone:
    return dt.timezone(dt.timedelta(seconds=seconds)) if seconds else dt.UTC


def to_date(value: dt.date) -> Date:
    """Return a date."""
    return Date(value.year, value.month, value.day)


def to_time(value: dt.time | dt.datetime) -> Time:
    """Return the time of a day."""
    return Time(value.hour, value.minute, value.second, value.microsecond * _NANOSECONDS)


def to_timetz(value: dt.time) -> Timetz:
    """Return a time with its offset."""
    return Timetz(to_time(value), _offset(value))


def to_timestamp(value: dt.datetime) -> Timestamp:
    """Return a date with a time."""
    return Timestamp(to_date(value), to_time(value))


def to_timestamptz(value: dt.datetime) -> Timestamptz:
    """Return a date with a time and its offset."""
    return Timestamptz(to_timestamp(value), _offset(value))


def from_date(value: Date) -> dt.date:
    """Return Python's date."""
    with _readable(value):
        return dt.date(value.year, value.month, value.day)


def from_time(value: Time) -> dt.time:
    """Return Python's time."""
    with _readable(value):
        return dt.time(value.hour, value.minute, value.second, value.nanosecond // _NANOSECONDS)


def from_timetz(value: Timetz) -> dt.time:
    """Return Python's time with a zone."""
    return from_time(value.time).replace(tzinfo=_zone(value.offset))


def from_timestamp(value: Timestamp) -> dt.datetime:
    """Return Python's datetime without a zone."""
    return dt.datetime.combine(from_date(value.date), from_time(value.time))


def from_timestamptz(value: Timestamptz) -> dt.datetime:
    """Return Python's datetime with a zone."""
    return from_timestamp(value.timestamp).replace(tzinfo=_zone(value.offset))
