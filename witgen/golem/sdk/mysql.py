"""MySQL and MariaDB for agents, close to PEP 249.

    from witgen.golem.sdk import mysql

    with mysql.connect("mysql://app:secret@db/shop") as connection:
        for name, price in connection.execute("SELECT name, price FROM item WHERE price < ?", [5]):
            print(name, price)

Placeholders are those of MySQL's prepared statements: `?`.
"""

from __future__ import annotations

from typing import Final

from ._bindings.guest.golem_rdbms_mysql import DbConnection
from .databases.connections import Connection, Cursor, Dialect, Row, TypeObject
from .databases.connections import connect as _connect
from .databases.errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from .databases.mysql_values import Typed, from_value, json, to_value, typed

__all__ = [
    "BINARY", "DATETIME", "NUMBER", "ROWID", "STRING",
    "Connection", "Cursor", "DataError", "DatabaseError", "Error", "IntegrityError", "InterfaceError", "InternalError",
    "NotSupportedError", "OperationalError", "ProgrammingError", "Row", "Typed", "Warning", "apilevel", "connect",
    "json", "paramstyle", "threadsafety", "typed",
]  # fmt: skip

apilevel: Final = "2.0"
"""The version of PEP 249."""

threadsafety: Final = 1
"""Threads may share the module, but not connections."""

paramstyle: Final = "qmark"
"""`?`."""

STRING: Final = TypeObject("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json")
"""Types of texts, to compare with those of `description`."""

BINARY: Final = TypeObject("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit")
"""Types of bytes, to compare with those of `description`."""

NUMBER: Final = TypeObject(
    "boolean", "float", "double", "decimal", "year",
    *(f"{name}{unsigned}" for name in ("tinyint", "smallint", "mediumint", "int", "bigint")
      for unsigned in ("", " unsigned")),
)  # fmt: skip
"""Types of numbers, to compare with those of `description`."""

DATETIME: Final = TypeObject("date", "datetime", "timestamp", "time")
"""Types of dates and times, to compare with those of `description`."""

ROWID: Final = TypeObject()
"""Types of ids of rows, to compare with those of `description`."""


_MYSQL: Final = Dialect(DbConnection.open, to_value, from_value)


def connect(url: str, *, autocommit: bool = False) -> Connection:
    """Connect to a database.

    Args:
        url: `mysql://user:password@host:port/database`.
        autocommit: whether each statement is a transaction of its own.

    Raises:
        OperationalError: there is no connection.
    """
    return _connect(_MYSQL, url, autocommit=autocommit)
