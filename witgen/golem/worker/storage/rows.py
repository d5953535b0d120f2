"""Rows of the table of entries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ..errors import as_text, as_time, undamaged
from ..oplog.codec import Encoded
from ..oplog.entries import Entry

__all__ = ["ENTRY", "SELECTED", "encoded_of", "entries_of"]

ENTRY: Final = "position, kind, at, name, key, request, request_data, response, response_data, dead"
"""The columns of an entry, without its worker."""

SELECTED: Final = (
    f"{ENTRY}, typeof(kind) = 'text' AND typeof(name) = 'text' AND typeof(key) = 'text' AND typeof(at) = 'integer' "
    "AND at >= 0 AND typeof(dead) = 'integer' "
    "AND typeof(request) = 'text' AND typeof(request_data) = 'blob' AND typeof(response) IN ('text', 'null') "
    "AND typeof(response_data) IN ('blob', 'null') AND (response IS NULL) = (response_data IS NULL)"
)
"""What `entries_of` reads: the columns, and whether all are of the right type, which SQLite finds out faster."""


def entries_of(rows: Iterable[Any]) -> list[Entry]:
    """Return the entries of rows.

    Raises:
        DamagedError: a value is not of the right type.
    """
    return [
        Entry(
            kind, name, Encoded(request, request_data),
            None if response is None else Encoded(response, response_data), key, at, position, dead != 0,
        )
        if is_sound
        else _checked((position, kind, at, name, key, request, request_data, response, response_data, dead))
        for position, kind, at, name, key, request, request_data, response, response_data, dead, is_sound in rows
    ]  # fmt: skip


def _checked(values: tuple[Any, ...]) -> Entry:
    """Return an entry of values that may not be of the right type."""
    position, kind, at, name, key, request, request_data, response, response_data, dead = values
    with undamaged(f"entry {position!r} of the oplog"):
        return Entry(
            as_text(kind), as_text(name), encoded_of(request, request_data),
            None if response is None else encoded_of(response, response_data),
            as_text(key), as_time(at, 10**9), int(position), bool(dead),
        )  # fmt: skip


def encoded_of(text: Any, data: Any) -> Encoded:
    """Return the encoded value of two columns."""
    if not isinstance(data, bytes):
        raise TypeError(f"{data!r:.40} is not bytes")
    return Encoded(as_text(text), data)
