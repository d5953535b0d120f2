"""MySQL and MariaDB by PyMySQL."""

# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
# PyMySQL tells nowhere else whether a number is unsigned, and a column of bytes.

from __future__ import annotations

import ssl
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from ...agents._bindings.types import golem_rdbms_mysql as types
from .driver import MissingDriverError, Result
from .mysql_values import column_of, value_of, with_literals

__all__ = ["MySql"]

_FOUND_ROWS: Final = 2
"""The flag by which the number of rows is that of those found, as Golem's driver has it."""

_LOST: Final = {2002, 2003, 2006, 2013, 2055, 1045, 1049, 1040}
"""Errors that say that there is no connection."""


class MySql:
    """Driver for MySQL and MariaDB."""

    name = "mysql"
    types = types

    def connect(self, address: str) -> Any:
        """Connect, with each statement as a transaction of its own until `begin`."""
        try:
            import pymysql  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingDriverError(
                f"components that use MySQL need PyMySQL ({error}): run `pip install 'witgen[mysql]'`"
            ) from None
        url = urlsplit(address)
        if url.scheme not in {"mysql", "mariadb"} or not url.hostname:
            raise types.ErrorConnectionFailure("the address of a database is mysql://user:password@host:port/database")
        options: dict[str, Any] = {}
        if parse_qs(url.query.lower()).get("ssl-mode", ["preferred"])[0] in {
            "required",
            "verify_ca",
            "verify_identity",
        }:
            options["ssl"] = ssl.create_default_context()
        return pymysql.connect(
            host=url.hostname, port=url.port or 3306, user=unquote(url.username or ""),
            password=unquote(url.password or ""), database=unquote(url.path.lstrip("/")) or None, charset="utf8mb4",
            autocommit=True, conv={}, client_flag=_FOUND_ROWS, connect_timeout=10,
            init_command="SET time_zone = '+00:00'", **options,
        )  # fmt: skip

    def query(self, connection: Any, address: str, statement: str, params: list[Any]) -> Result:
        """Run a statement and read its result."""
        del address
        with connection.cursor() as cursor:
            cursor.execute(self._whole(connection, statement, params))
            fields = cursor._result.fields if cursor.description else ()
            rows = [
                types.DbRow([value_of(field, each) for field, each in zip(fields, row, strict=True)])
                for row in cursor.fetchall()
            ]
        return Result([column_of(number, field) for number, field in enumerate(fields)], iter(rows))

    def stream(self, connection: Any, address: str, statement: str, params: list[Any]) -> Result:
        """Run a statement and read its result: while it is read, a connection could do nothing else."""
        return self.query(connection, address, statement, params)

    def execute(self, connection: Any, statement: str, params: list[Any]) -> int:
        """Run a statement and return the number of rows that it changed."""
        with connection.cursor() as cursor:
            cursor.execute(self._whole(connection, statement, params))
            return max(0, int(cursor.rowcount))

    def _whole(self, connection: Any, statement: str, params: list[Any]) -> str:
        return with_literals(statement, params, connection.escape)

    def begin(self, connection: Any) -> None:
        """Begin a transaction."""
        connection.begin()

    def token(self, connection: Any) -> str | None:
        """Return the empty text: MySQL does not know later what became of a transaction."""
        del connection
        return ""

    def commit(self, connection: Any) -> None:
        """Commit the transaction."""
        connection.commit()

    def rollback(self, connection: Any) -> None:
        """Roll the transaction back."""
        connection.rollback()

    def is_committed(self, connection: Any, token: str) -> bool | None:
        """Return nothing: MySQL does not know."""
        del connection, token
        return None

    def is_usable(self, connection: Any) -> bool:
        """Return whether another statement can use a connection, which may have been closed in the meantime."""
        try:
            connection.ping(reconnect=False)
        except Exception:  # noqa: BLE001 - whatever it is, there is no connection
            return False
        return True

    def cancel(self, connection: Any) -> None:
        """Do nothing: the connection is closed once the database answers."""

    def error(self, error: Exception) -> Exception | None:
        """Return Golem's error for one of PyMySQL's, or for a value that cannot be read."""
        if isinstance(error, ValueError):
            return types.ErrorQueryResponseFailure(str(error))
        if type(error).__module__.partition(".")[0] != "pymysql":
            return None
        number, *rest = [*error.args, 0, ""][:2]
        if number in _LOST:
            return types.ErrorConnectionFailure(f"{number}: {rest[0]}")
        return types.ErrorQueryExecutionFailure(f"{number}: {rest[0]}")
