"""The databases of agents in tests: SQLite, behind the functions of `golem:rdbms`."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from .._bindings.guest.testing import Fakes
from .database_values import Values

__all__ = ["Databases"]

_PAGE: Final = 50
"""Rows of one piece of a result that is streamed."""


class Databases:
    """The databases of one test by their addresses, each empty at first."""

    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes
        self._folder: TemporaryDirectory[str] | None = None
        self._paths: dict[str, Path] = {}
        self._connections: list[sqlite3.Connection] = []

    def install(self) -> None:
        """Let the fakes answer."""
        _Answers(self, self._fakes.golem_rdbms_postgres, Values("postgres")).install()
        _Answers(self, self._fakes.golem_rdbms_mysql, Values("mysql")).install()
        lazy = self._fakes.golem_rdbms_postgres.LazyDbValue

        def keep(value: Any) -> Any:
            made: Any = lazy()
            made.kept = value
            return made

        lazy.constructor.answers(keep)
        lazy.get.answers(_kept)

    def connect(self, address: str) -> sqlite3.Connection:
        """Return a new connection to the database with an address, in which each statement is a transaction."""
        if self._folder is None:
            # Not in memory, where readers would wait for writers.
            self._folder = TemporaryDirectory(prefix="witgen-databases-")
        path = self._paths.setdefault(address, Path(self._folder.name, f"{len(self._paths)}.sqlite"))
        made = sqlite3.connect(
            path, timeout=0, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES, check_same_thread=False
        )
        made.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON")
        self._connections.append(made)
        return made

    def close(self) -> None:
        """Remove the databases; twice is fine."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._paths.clear()


class _Answers:
    """What one interface answers."""

    def __init__(self, databases: Databases, fake: Any, values: Values) -> None:
        self._databases = databases
        self._fake = fake
        self._values = values

    def install(self) -> None:
        """Let the fakes answer."""
        fake = self._fake
        fake.DbConnection.open.answers(self._open)
        fake.DbConnection.begin_transaction.answers(self._begin)
        for handle in (fake.DbConnection, fake.DbTransaction):
            handle.query.answers(self._query)
            handle.execute.answers(self._execute)
            handle.query_stream.answers(self._stream)
        fake.DbTransaction.commit.answers(self._commit)
        fake.DbTransaction.rollback.answers(self._roll_back)
        fake.DbResultStream.get_columns.answers(_columns)
        fake.DbResultStream.get_next.answers(_next_page)

    def _open(self, address: str) -> Any:
        made = self._fake.DbConnection()
        made.address = address
        made.connection = self._databases.connect(address)
        return made

    def _begin(self, handle: Any) -> Any:
        made = self._fake.DbTransaction()
        made.connection = self._databases.connect(handle.address)
        made.connection.execute("BEGIN")
        return made

    def _commit(self, handle: Any) -> None:
        self._end(handle, "COMMIT")

    def _roll_back(self, handle: Any) -> None:
        self._end(handle, "ROLLBACK")

    def _end(self, handle: Any, word: str) -> None:
        with self._declared():
            handle.connection.execute(word)

    def _query(self, handle: Any, statement: str, params: Sequence[Any]) -> Any:
        with self._run(handle, statement, params) as cursor:
            rows = [[self._values.loaded(value) for value in row] for row in cursor.fetchall()]
            names = [each[0] for each in cursor.description or ()]
        columns = [
            self._values.column(number, name, [row[number] for row in rows]) for number, name in enumerate(names)
        ]
        types: Any = self._values.types
        return types.DbResult(columns, [types.DbRow(row) for row in rows])

    def _execute(self, handle: Any, statement: str, params: Sequence[Any]) -> int:
        with self._run(handle, statement, params) as cursor:
            return max(0, cursor.rowcount)

    def _stream(self, handle: Any, statement: str, params: Sequence[Any]) -> Any:
        result = self._query(handle, statement, params)
        made = self._fake.DbResultStream()
        made.columns = result.columns
        made.pages = _pages(result.rows)
        return made

    @contextmanager
    def _run(self, handle: Any, statement: str, params: Sequence[Any]) -> Generator[sqlite3.Cursor]:
        try:
            values = [self._values.stored(each) for each in params]
        except TypeError as error:
            raise self._values.types.ErrorQueryParameterFailure(str(error)) from None
        # SQLite has `$1` as a parameter with the name 1.
        given: Any = {str(number): each for number, each in enumerate(values, 1)} if "$1" in statement else values
        with self._declared(), closing(handle.connection.cursor()) as cursor:
            with _converters(self._values):
                cursor.execute(statement, given)
            yield cursor

    @contextmanager
    def _declared(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._values.types.ErrorQueryExecutionFailure(str(error)) from None


@contextmanager
def _converters(values: Values) -> Generator[None]:
    """Let `sqlite3` read columns as Golem does, and as before for all others: it has one table for everything."""
    table: dict[str, Any] = vars(sqlite3)["converters"]
    before = dict(table)
    table.clear()
    table.update(values.converters())
    try:
        yield
    finally:
        table.clear()
        table.update(before)


def _kept(value: Any) -> Any:
    return value.kept


def _columns(stream: Any) -> Any:
    return stream.columns


def _next_page(stream: Any) -> Any:
    return next(stream.pages, None)


def _pages(rows: list[Any]) -> Iterator[list[Any]]:
    return iter([rows[start : start + _PAGE] for start in range(0, len(rows), _PAGE)])
