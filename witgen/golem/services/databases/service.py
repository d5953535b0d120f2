"""`golem:rdbms` for components: connections, transactions and streams of results."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Objects keep their state under names with an underscore, because WIT may use any other name for a method.

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import islice
from types import ModuleType, SimpleNamespace
from typing import Any, Final, TypeVar

from ...agents._bindings.host import golem_rdbms_mysql as mysql_host
from ...agents._bindings.host import golem_rdbms_postgres as postgres_host
from .driver import Driver
from .lazy import lazy_classes
from .mysql import MySql
from .pool import Pool
from .postgres import Postgres

__all__ = ["Databases"]

T = TypeVar("T")

_PAGE: Final = 100
"""Rows of one piece of a result that is streamed."""

_PATIENCE: Final = 10.0
"""Seconds in which a database finds out what became of a transaction."""


class Databases:
    """Databases of any number of components.

    Args:
        allowed: whether components may connect at all; if not, `open` fails with `other("permission denied")`.
    """

    def __init__(self, *, allowed: bool = True) -> None:
        lazy = lazy_classes()
        drivers: tuple[Driver, ...] = (Postgres(lazy), MySql())
        self._kinds: Mapping[str, _Kind] = {each.name: _Kind(each, Pool(each), allowed) for each in drivers}
        self._lazy = lazy

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field of the bindings of agents' services."""
        return {
            "golem_rdbms_postgres_1_5": SimpleNamespace(
                **vars(self._lazy), **self._kinds["postgres"].classes(postgres_host)
            ),
            "golem_rdbms_mysql_1_5": SimpleNamespace(**self._kinds["mysql"].classes(mysql_host)),
        }

    def is_committed(self, kind: str, address: str, token: str) -> bool | None:
        """Return whether a transaction was committed, by its kind of database; None if that cannot be known.

        Raises:
            Error: as WIT declares: there is no connection.
        """
        found = self._kinds[kind]
        deadline = time.monotonic() + _PATIENCE
        while True:
            known = found.pool.use(address, lambda connection: found.driver.is_committed(connection, token))
            if known is not None or time.monotonic() > deadline:
                return known
            time.sleep(0.1)

    def close(self) -> None:
        """Close all connections; twice is fine."""
        for each in self._kinds.values():
            each.pool.close()


class _Kind:
    """A kind of databases: its driver, its connections, and the classes that components use."""

    def __init__(self, driver: Driver, pool: Pool, allowed: bool) -> None:  # noqa: FBT001 - passed on
        self.driver = driver
        self.pool = pool
        self.allowed = allowed
        self.stream: type[Any]
        self.transaction: type[Any]

    def classes(self, host: ModuleType) -> dict[str, type[Any]]:
        """Return the classes that implement the interface, by their names in the bindings."""
        self.stream = type("DbResultStream", (_Stream, host.DbResultStream), {"_kind": self})
        self.transaction = type("DbTransaction", (_Transaction, host.DbTransaction), {"_kind": self})
        connection = type("DbConnection", (_Connection, host.DbConnection), {"_kind": self})
        return {"DbResultStream": self.stream, "DbTransaction": self.transaction, "DbConnection": connection}

    def read(self, address: str, connection: Any, statement: str, params: list[Any]) -> Any:
        """Run a statement and return Golem's result."""
        result = self.driver.query(connection, address, statement, params)
        return self.driver.types.DbResult(result.columns, list(result.rows))


class _Connection:
    _kind: _Kind

    def __init__(self, address: str) -> None:
        self._address = address

    @classmethod
    def open(cls, address: str) -> Any:
        kind = cls._kind
        if not kind.allowed:
            raise kind.driver.types.ErrorOther("permission denied")
        kind.pool.give_back(address, kind.pool.take(address))
        return cls(address)

    def query(self, statement: str, params: list[Any]) -> Any:
        kind, address = self._kind, self._address
        return kind.pool.use(address, lambda connection: kind.read(address, connection, statement, params))

    def execute(self, statement: str, params: list[Any]) -> int:
        driver = self._kind.driver
        return self._kind.pool.use(self._address, lambda connection: driver.execute(connection, statement, params))

    def query_stream(self, statement: str, params: list[Any]) -> Any:
        # A transaction keeps the database's cursor open.
        transaction = self.begin_transaction()
        try:
            return transaction._stream(statement, params, owns=True)
        except BaseException:
            transaction.dropped()
            raise

    def begin_transaction(self) -> Any:
        pool, driver = self._kind.pool, self._kind.driver
        connection = pool.take(self._address)
        try:
            pool.wait(connection, lambda: driver.begin(connection))
        except BaseException:
            pool.discard(connection)
            raise
        return self._kind.transaction(self._address, connection)


class _Transaction:
    _kind: _Kind

    def __init__(self, address: str, connection: Any) -> None:
        self._address = address
        self._connection = connection
        self._is_over = False

    def query(self, statement: str, params: list[Any]) -> Any:
        kind, address = self._kind, self._address
        return self._wait(lambda connection: kind.read(address, connection, statement, params))

    def execute(self, statement: str, params: list[Any]) -> int:
        driver = self._kind.driver
        return self._wait(lambda connection: driver.execute(connection, statement, params))

    def query_stream(self, statement: str, params: list[Any]) -> Any:
        return self._stream(statement, params, owns=False)

    def commit(self) -> None:
        self._wait(self._kind.driver.commit)
        self._leave()

    def rollback(self) -> None:
        self._wait(self._kind.driver.rollback)
        self._leave()

    def dropped(self) -> None:
        if not self._is_over:
            self._is_over = True
            # The database rolls back what a connection leaves open.
            self._kind.pool.discard(self._connection)

    def _stream(self, statement: str, params: list[Any], *, owns: bool) -> Any:
        driver, address = self._kind.driver, self._address
        found = self._wait(lambda connection: driver.stream(connection, address, statement, params))
        return self._kind.stream(found, self, owns)

    def _token(self) -> tuple[str, str, str | None]:
        """Return what tells later whether the transaction was committed: kind, address, and the database's name."""
        return self._kind.driver.name, self._address, self._wait(self._kind.driver.token)

    def _wait(self, job: Callable[[Any], T]) -> T:
        if self._is_over:
            raise self._kind.driver.types.ErrorOther("the transaction is over: it was committed or rolled back")
        return self._kind.pool.wait(self._connection, lambda: job(self._connection))

    def _leave(self) -> None:
        self._is_over = True
        self._kind.pool.give_back(self._address, self._connection)


class _Stream:
    _kind: _Kind

    def __init__(self, result: Any, transaction: Any, owns: bool) -> None:  # noqa: FBT001 - passed on
        self._result = result
        self._transaction = transaction
        self._owns = owns

    def get_columns(self) -> list[Any]:
        return list(self._result.columns)

    def get_next(self) -> list[Any] | None:
        if self._transaction._is_over:
            return None
        rows: list[Any] = self._transaction._wait(self._page)
        if not rows and self._owns:
            self._transaction.commit()
        return rows or None

    def _page(self, connection: Any) -> list[Any]:
        del connection
        return list(islice(self._result.rows, _PAGE))

    def dropped(self) -> None:
        if self._owns and not self._transaction._is_over:
            self._transaction.commit()
