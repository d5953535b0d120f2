"""Values of databases in tests, between Golem's and those of SQLite."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import ModuleType
from typing import Any, Final
from uuid import UUID

from .._bindings.types import golem_rdbms_mysql as mysql
from .._bindings.types import golem_rdbms_postgres as postgres
from ..databases import mysql_values, postgres_values

__all__ = ["Values"]

_PLAIN = (int, float, str, bytes)


def _stored(value: object) -> object:
    """Return what SQLite stores for a value of Python's.

    Raises:
        TypeError: SQLite has nothing like it.
    """
    match value:
        case None | int() | float() | str() | bytes():
            return int(value) if isinstance(value, bool) else value
        case Decimal() | UUID():
            return str(value)
        case dt.datetime():
            return value.isoformat(" ")
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            raise TypeError(f"databases in tests are SQLite, which stores no {type(value).__name__}: {value!r:.60}")


def _timestamp(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    return found.replace(tzinfo=found.tzinfo or dt.UTC)


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    **dict.fromkeys(("BOOL", "BOOLEAN"), lambda text: text not in {"0", "f", "false"}),
    **dict.fromkeys(("NUMERIC", "DECIMAL"), Decimal),
    "DATE": dt.date.fromisoformat,
    "TIME": dt.time.fromisoformat,
    "TIMESTAMPTZ": _timestamp,
    "UUID": UUID,
    **dict.fromkeys(("FLOAT4", "FLOAT8", "REAL", "DOUBLE", "FLOAT"), float),
}
"""How the text of a column is read, by the first word of its declared type."""


_NESTED: Final[Mapping[str, str]] = {
    "DbValueArray": "list", "DbValueComposite": "composite", "DbValueDomain": "domain", "DbValueRange": "range"
}  # fmt: skip
"""What has values inside, by Golem's class."""

_NAMES: Final[Mapping[str, str]] = {"Boolean": "bool"}
"""Names of types that are others in the database."""


class Values:
    """Values of one kind of database.

    Args:
        name: `postgres` or `mysql`.
    """

    def __init__(self, name: str) -> None:
        self._is_postgres = name == "postgres"
        self.types: ModuleType = postgres if self._is_postgres else mysql
        self._to = postgres_values.to_value if self._is_postgres else mysql_values.to_value
        self._from = postgres_values.from_value if self._is_postgres else mysql_values.from_value

    def stored(self, value: Any) -> object:
        """Return what SQLite stores for a parameter.

        Raises:
            TypeError: SQLite has nothing like it.
        """
        name = type(value).__name__
        if name in {"DbValueJson", "DbValueJsonb"}:
            return str(value.value)
        if name in _NESTED:
            raise TypeError(f"databases in tests are SQLite, which stores no {_NESTED[name]}")
        return _stored(self._from(value))

    def loaded(self, value: object) -> Any:
        """Return the value of a column: those of declared types are Golem's already."""
        return self._to(value) if value is None or isinstance(value, _PLAIN) else value

    def column(self, number: int, name: str, values: list[Any]) -> Any:
        """Return the description of a column. SQLite does not tell its type, so that is the type of its values."""
        null: type = self.types.DbValueNull
        kind = next((type(each).__name__ for each in values if not isinstance(each, null)), "DbValueText")
        word = kind.removeprefix("DbValue")
        made = getattr(self.types, f"DbColumnType{word}")()
        return self.types.DbColumn(number, name, made, _NAMES.get(word, word.lower()))

    def converters(self) -> dict[str, Callable[[bytes], Any]]:
        """Return what reads columns for `sqlite3`, by their declared types."""
        readers = dict(_READERS)
        readers["TIMESTAMP"] = readers["DATETIME"] = dt.datetime.fromisoformat
        if not self._is_postgres:
            readers["TIMESTAMP"] = _timestamp
        made: dict[str, Callable[[bytes], Any]] = {name: self._reader(read) for name, read in readers.items()}
        json: Callable[[str], Any] = self.types.DbValueJson
        made["JSON"] = lambda data: json(data.decode())
        if self._is_postgres:
            made["JSONB"] = lambda data: postgres.DbValueJsonb(data.decode())
        return made

    def _reader(self, read: Callable[[str], object]) -> Callable[[bytes], Any]:
        return lambda data: self._to(read(data.decode()))
