"""PostgreSQL for agents, close to PEP 249.

    from witgen.golem.sdk import postgres

    with postgres.connect("postgres://app:secret@db/shop") as connection:
        for name, price in connection.execute("SELECT name, price FROM item WHERE price < $1", [5]):
            print(name, price)

Placeholders are those of PostgreSQL: `$1`, `$2`.
"""

from __future__ import annotations

from typing import Final

from ._bindings.guest.golem_rdbms_postgres import DbConnection
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
from .databases.postgres_types import (
    Interval,
    Range,
    SparseVector,
    Typed,
    bit,
    bpchar,
    char,
    cidr,
    enum,
    float4,
    float8,
    halfvec,
    inet,
    int2,
    int4,
    int8,
    json,
    jsonb,
    jsonpath,
    macaddr,
    money,
    numeric,
    oid,
    sparsevec,
    text,
    varbit,
    varchar,
    vector,
    xml,
)
from .databases.postgres_values import array, composite, domain, from_value, range_of, to_value

__all__ = [
    "BINARY", "DATETIME", "NUMBER", "ROWID", "STRING",
    "Connection", "Cursor", "DataError", "DatabaseError", "Error", "IntegrityError", "InterfaceError", "InternalError",
    "Interval", "NotSupportedError", "OperationalError", "ProgrammingError", "Range", "Row", "SparseVector", "Typed",
    "Warning", "apilevel", "array", "bit", "bpchar", "char", "cidr", "composite", "connect", "domain", "enum", "float4",
    "float8", "halfvec", "inet", "int2", "int4", "int8", "json", "jsonb", "jsonpath", "macaddr", "money", "numeric",
    "oid", "paramstyle", "range_of", "sparsevec", "text", "threadsafety", "varbit", "varchar", "vector", "xml",
]  # fmt: skip

apilevel: Final = "2.0"
"""The version of PEP 249."""

threadsafety: Final = 1
"""Threads may share the module, but not connections."""

paramstyle: Final = "numeric_dollar"
"""`$1`: PEP 249 has no name for it, and others use this one."""

STRING: Final = TypeObject("text", "varchar", "bpchar", "name", "xml", "json", "jsonb", "jsonpath")
"""Types of texts, to compare with those of `description`."""

BINARY: Final = TypeObject("bytea")
"""Types of bytes, to compare with those of `description`."""

NUMBER: Final = TypeObject("int2", "int4", "int8", "float4", "float8", "numeric", "money", "bool")
"""Types of numbers, to compare with those of `description`."""

DATETIME: Final = TypeObject("timestamp", "timestamptz", "date", "time", "timetz", "interval")
"""Types of dates and times, to compare with those of `description`."""

ROWID: Final = TypeObject("oid")
"""Types of ids of rows, to compare with those of `description`."""


_POSTGRES: Final = Dialect(DbConnection.open, to_value, from_value)


def connect(url: str, *, autocommit: bool = False) -> Connection:
    """Connect to a database.

    Args:
        url: `postgres://user:password@host:port/database`.
        autocommit: whether each statement is a transaction of its own.

    Raises:
        OperationalError: there is no connection.
    """
    return _connect(_POSTGRES, url, autocommit=autocommit)
