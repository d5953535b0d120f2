"""PostgreSQL by psycopg."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from ...agents._bindings.types import golem_rdbms_postgres as types
from .driver import MissingDriverError, Result
from .postgres_read import Reader, Type
from .postgres_write import Param, text_of, type_of

if TYPE_CHECKING:
    import psycopg

__all__ = ["Postgres"]

_SETTINGS: Final = (
    "SELECT set_config(name, value, false) FROM (VALUES ('datestyle', 'ISO, YMD'), ('intervalstyle', 'iso_8601'), "
    "('timezone', 'UTC'), ('bytea_output', 'hex'), ('lc_monetary', 'C')) AS t (name, value)"
)
"""The forms of the texts that are read."""

_TYPE: Final = (
    "SELECT t.typname, t.typtype, t.typcategory, t.typelem, t.typbasetype, r.rngsubtype, t.typrelid "
    "FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid WHERE t.oid = $1::text::oid"
)
_ATTRIBUTES: Final = (
    "SELECT attname, atttypid FROM pg_attribute "
    "WHERE attrelid = $1::text::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
)
_CURSOR: Final = "witgen_stream_{}"
_STREAMED: Final = re.compile(r"\s*(?:SELECT|VALUES|TABLE)\b(?!.*\bINTO\b)", re.IGNORECASE | re.DOTALL)
"""Statements that a cursor of the database can have."""

_PAGE: Final = 100
_LOST: Final = ("08", "57P")
"""Classes of SQLSTATE that say that the connection is lost."""


class Postgres:
    """Driver for PostgreSQL.

    Args:
        lazy: the classes of values and types inside others.
    """

    name = "postgres"
    types = types

    def __init__(self, lazy: SimpleNamespace) -> None:
        self._reader = Reader(lazy)
        self._known: dict[tuple[str, int], Type] = {}
        self._streams = 0

    def connect(self, address: str) -> psycopg.Connection[Any]:
        """Connect, with each statement as a transaction of its own until `begin`."""
        try:
            import psycopg  # noqa: PLC0415 - an extra

            from .postgres_adapters import adapters  # noqa: PLC0415
        except ImportError as error:
            raise MissingDriverError(
                f"components that use PostgreSQL need psycopg ({error}): run `pip install 'witgen[postgres]'`"
            ) from None
        made = psycopg.connect(
            address, autocommit=True, context=adapters(), cursor_factory=psycopg.RawCursor, connect_timeout=10
        )
        made.execute(_SETTINGS)
        return made

    def query(self, connection: Any, address: str, statement: str, params: list[Any]) -> Result:
        """Run a statement and read its result."""
        with connection.cursor() as cursor:
            cursor.execute(statement, _params(params))
            if cursor.description is None:
                return Result([], iter(()))
            return self._result(connection, address, cursor.description, cursor.fetchall())

    def stream(self, connection: Any, address: str, statement: str, params: list[Any]) -> Result:
        """Run a query with a cursor of the database; other statements are read at once."""
        if not _STREAMED.match(statement):
            return self.query(connection, address, statement, params)
        self._streams += 1
        name = _CURSOR.format(self._streams)
        with connection.cursor() as cursor:
            cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {statement}", _params(params))
            cursor.execute(f"FETCH FORWARD {_PAGE} FROM {name}")
            found = self._result(connection, address, cursor.description, cursor.fetchall())
            types_ = self._types(connection, address, cursor.description)
        return Result(found.columns, self._rest(connection, name, types_, found.rows))

    def _rest(self, connection: Any, name: str, types_: Sequence[Type], rows: Iterator[Any]) -> Iterator[Any]:
        page = list(rows)
        while page:
            yield from page
            found = connection.execute(f"FETCH FORWARD {_PAGE} FROM {name}").fetchall()
            page = [self._row(types_, row) for row in found]

    def execute(self, connection: Any, statement: str, params: list[Any]) -> int:
        """Run a statement and return the number of rows that it changed."""
        with connection.cursor() as cursor:
            cursor.execute(statement, _params(params))
            return max(0, int(cursor.rowcount))

    def begin(self, connection: Any) -> None:
        """Begin a transaction."""
        connection.execute("BEGIN")

    def token(self, connection: Any) -> str | None:
        """Return the transaction's number, None if it has changed nothing."""
        [found] = connection.execute("SELECT txid_current_if_assigned()::text").fetchone()
        return None if found is None else str(found)

    def commit(self, connection: Any) -> None:
        """Commit the transaction; one with a failed statement cannot be."""
        if connection.info.transaction_status.name == "INERROR":
            connection.execute("ROLLBACK")
            raise types.ErrorQueryExecutionFailure(
                "the transaction was rolled back, because one of its statements had failed"
            )
        connection.execute("COMMIT")

    def rollback(self, connection: Any) -> None:
        """Roll the transaction back."""
        connection.execute("ROLLBACK")

    def is_committed(self, connection: Any, token: str) -> bool | None:
        """Return whether a transaction was committed; None if it is not over, or too old."""
        [found] = connection.execute("SELECT txid_status($1::text::bigint)", [Param(25, token.encode())]).fetchone()
        return {"committed": True, "aborted": False}.get(found)

    def is_usable(self, connection: Any) -> bool:
        """Return whether another statement can use a connection."""
        return not connection.closed and connection.info.transaction_status.name == "IDLE"

    def cancel(self, connection: Any) -> None:
        """End the statement that another thread runs."""
        connection.cancel()

    def error(self, error: Exception) -> Exception | None:
        """Return Golem's error for one of psycopg's, or for a value that cannot be read."""
        if isinstance(error, ValueError):
            return types.ErrorQueryResponseFailure(str(error))
        if type(error).__module__.partition(".")[0] != "psycopg":
            return None
        state = getattr(error, "sqlstate", None)
        is_lost = state is None and type(error).__name__ == "OperationalError"
        if is_lost or (state or "").startswith(_LOST):
            return types.ErrorConnectionFailure(str(error))
        return types.ErrorQueryExecutionFailure(str(error) if state is None else f"{error} ({state})")

    # Types

    def _result(self, connection: Any, address: str, description: Any, rows: Sequence[Any]) -> Result:
        found = self._types(connection, address, description)
        columns = [
            types.DbColumn(number, column.name, self._reader.column_type(each), each.name)
            for number, (column, each) in enumerate(zip(description, found, strict=True))
        ]
        return Result(columns, iter([self._row(found, row) for row in rows]))

    def _row(self, types_: Sequence[Type], row: Sequence[Any]) -> Any:
        return types.DbRow([self._reader.value(each, text) for each, text in zip(types_, row, strict=True)])

    def _types(self, connection: Any, address: str, description: Any) -> list[Type]:
        return [self._type(connection, address, column.type_code) for column in description]

    def _type(self, connection: Any, address: str, oid: int) -> Type:
        key = (address, oid)
        if key not in self._known:
            self._known[key] = self._look_up(connection, address, oid)
        return self._known[key]

    def _look_up(self, connection: Any, address: str, oid: int) -> Type:
        row = connection.execute(_TYPE, [Param(25, str(oid).encode())]).fetchone()
        if row is None:
            raise ValueError(f"the database has no type {oid}")
        name, kind, category, element, base, subtype, relation = row
        if category == "A" and element != "0":
            return Type(name, "a", self._type(connection, address, int(element)))
        inner = {"d": base, "r": subtype}.get(kind)
        attributes: list[tuple[str, Type]] = []
        if kind == "c":
            for attribute, each in connection.execute(_ATTRIBUTES, [Param(25, relation.encode())]).fetchall():
                attributes.append((attribute, self._type(connection, address, int(each))))
        return Type(name, kind, None if inner is None else self._type(connection, address, int(inner)), (*attributes,))


def _params(values: list[Any]) -> list[Param]:
    from psycopg.postgres import types as known  # noqa: PLC0415 - an extra

    params: list[Param] = []
    for value in values:
        text, name = text_of(value), type_of(value)
        info = known.get(name.removesuffix("[]")) if name else None
        oid = 0 if info is None else info.array_oid if name.endswith("[]") else info.oid
        params.append(Param(oid, None if text is None else text.encode()))
    return params
