"""Connections and cursors of PEP 249 over a database of Golem's."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, cast

from witgen_runtime.values import WitError

from .errors import DataError, InterfaceError, ProgrammingError, translated
from .statements import returns_rows

__all__ = ["Connection", "Cursor", "Dialect", "Row", "TypeObject", "connect"]

Row: TypeAlias = tuple[Any, ...]
"""A row of a result."""

Description: TypeAlias = tuple[str, str, None, None, None, None, None]
"""What PEP 249 says of a column; Golem knows its name and its type."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between databases.

    Attributes:
        open: returns Golem's connection to a database.
        to_value: returns Golem's value for one of Python's.
        from_value: returns the value of Python's for one of Golem's.
    """

    open: Callable[[str], Any]
    to_value: Callable[[object], Any]
    from_value: Callable[[Any], object]


@contextmanager
def _as_declared() -> Generator[None]:
    try:
        yield
    except WitError as error:
        raise translated(error) from error


def connect(dialect: Dialect, url: str, *, autocommit: bool) -> Connection:
    """Return a connection to a database."""
    with _as_declared():
        return Connection(dialect, dialect.open(url), autocommit=autocommit)


class Connection:
    """Connection to a database, with at most one transaction at a time.

    A transaction begins with the first statement, and ends with `commit` or `rollback`. As a context manager, the
    connection commits at the end, or rolls back if there is an exception; it stays open.

        with connection, connection.cursor() as cursor:
            cursor.execute("UPDATE account SET balance = balance - $1 WHERE id = $2", [5, "ann"])

    Attributes:
        autocommit: whether each statement is a transaction of its own.
    """

    def __init__(self, dialect: Dialect, handle: Any, *, autocommit: bool) -> None:
        self._dialect = dialect
        self._handle: Any = handle
        self._transaction: Any = None
        self._autocommit = autocommit

    @property
    def autocommit(self) -> bool:
        """Whether each statement is a transaction of its own."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, autocommit: bool) -> None:
        if self._transaction is not None:
            raise InterfaceError("autocommit cannot change in a transaction: commit or roll back before")
        self._autocommit = autocommit

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun that is neither committed nor rolled back."""
        return self._transaction is not None

    def cursor(self, *, streaming: bool = False) -> Cursor:
        """Return a new cursor.

        Args:
            streaming: let the cursor read rows when they are fetched, and not all of them at once.
        """
        self._open()
        return Cursor(self, self._dialect, streaming=streaming)

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> Cursor:
        """Run a statement with a new cursor, and return that."""
        return self.cursor().execute(statement, parameters)

    def commit(self) -> None:
        """Commit the transaction, if there is one.

        Raises:
            DatabaseError: the transaction could not be committed, and is over.
        """
        self._end(lambda transaction: transaction.commit())

    def rollback(self) -> None:
        """Roll the transaction back, if there is one."""
        self._end(lambda transaction: transaction.rollback())

    def close(self) -> None:
        """Roll an open transaction back, and close the connection; twice is fine."""
        if self._handle is None:
            return
        try:
            self.rollback()
        finally:
            handle, self._handle = self._handle, None
            handle.drop()

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def _open(self) -> Any:
        if self._handle is None:
            raise InterfaceError("the connection is closed")
        return self._handle

    def _target(self) -> Any:
        """Return what runs statements: the transaction, which begins here, or the connection itself."""
        handle = self._open()
        if self._autocommit:
            return handle
        if self._transaction is None:
            self._transaction = handle.begin_transaction()
        return self._transaction

    def _end(self, end: Callable[[Any], None]) -> None:
        self._open()
        transaction, self._transaction = self._transaction, None
        if transaction is None:
            return
        try:
            with _as_declared():
                end(transaction)
        finally:
            transaction.drop()


class Cursor:
    """Cursor of a connection: runs statements, and returns their rows.

    Attributes:
        arraysize: the number of rows that `fetchmany` returns at most, unless it is called with another.
    """

    def __init__(self, connection: Connection, dialect: Dialect, *, streaming: bool) -> None:
        self.connection: Final = connection
        self.arraysize = 1
        self._dialect = dialect
        self._streaming = streaming
        self._stream: Any = None
        self._rows: Iterator[Row] | None = None
        self._description: list[Description] | None = None
        self._rowcount = -1
        self._is_closed = False

    @property
    def description(self) -> list[Description] | None:
        """The columns of the result, as PEP 249 has them: name, name of the type, and five times None."""
        return self._description

    @property
    def rowcount(self) -> int:
        """The number of rows that the last statement returned or changed; -1 if that is not known."""
        return self._rowcount

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> Self:
        """Run a statement, with a value for each of its placeholders, and return the cursor.

        Raises:
            ProgrammingError: a parameter is of a type that has no form in the database.
            DataError: a parameter is out of the range of its type.
            DatabaseError: the database refuses the statement.
        """
        self._reset()
        values = self._values(parameters)
        with _as_declared():
            target = self.connection._target()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            if not returns_rows(statement):
                self._rowcount = target.execute(statement, values)
            elif self._streaming:
                self._stream = target.query_stream(statement, values)
                self._describe(self._stream.get_columns())
                self._rows = self._streamed(self._stream)
            else:
                result = target.query(statement, values)
                self._describe(result.columns)
                self._rowcount = len(result.rows) if result.columns else -1
                self._rows = iter([self._row(row) for row in result.rows])
        return self

    def executemany(self, statement: str, sequence: Iterable[Sequence[object]]) -> Self:
        """Run a statement once for each set of parameters; `rowcount` counts the rows of all of them."""
        count = 0
        for parameters in sequence:
            self.execute(statement, parameters)
            count = -1 if self._rowcount < 0 or count < 0 else count + self._rowcount
        self._rowcount = count
        return self

    def fetchone(self) -> Row | None:
        """Return the next row, None after the last."""
        return next(self._result(), None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return the next rows: `size` of them, or `arraysize`, and fewer at the end."""
        rows = self._result()
        return [row for _, row in zip(range(self.arraysize if size is None else size), rows, strict=False)]

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        return list(self._result())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Row:
        return next(self._result())

    def setinputsizes(self, sizes: Sequence[object]) -> None:
        """Do nothing, as PEP 249 allows."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing, as PEP 249 allows."""

    def close(self) -> None:
        """Close the cursor; twice is fine."""
        if not self._is_closed:
            self._reset()
            self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reset(self) -> None:
        if self._is_closed:
            raise InterfaceError("the cursor is closed")
        stream, self._stream = self._stream, None
        self._rows, self._description, self._rowcount = None, None, -1
        if stream is not None:
            stream.drop()

    def _values(self, given: object) -> list[Any]:
        if isinstance(given, (str, bytes, bytearray)) or not isinstance(given, Sequence):
            kind = type(given).__name__
            raise InterfaceError(f"the parameters of a statement are a list or a tuple, not {kind}: {given!r:.60}")
        values: list[Any] = []
        for number, value in enumerate(cast("Sequence[object]", given), 1):
            try:
                values.append(self._dialect.to_value(value))
            except (TypeError, ValueError, OverflowError) as error:
                refused = ProgrammingError if isinstance(error, TypeError) else DataError
                raise refused(f"parameter {number}: {error}") from None
        return values

    def _describe(self, columns: Iterable[Any]) -> None:
        self._description = [(each.name, each.db_type_name, None, None, None, None, None) for each in columns]

    def _row(self, row: Any) -> Row:
        return tuple(self._dialect.from_value(value) for value in row.values)

    def _streamed(self, stream: Any) -> Generator[Row]:
        while self._stream is stream and (rows := stream.get_next()) is not None:
            for row in rows:
                yield self._row(row)

    def _result(self) -> Iterator[Row]:
        if self._is_closed:
            raise InterfaceError("the cursor is closed")
        if self._rows is None:
            raise InterfaceError("there is no result to fetch: the last statement returned no rows, or there was none")
        return self._rows


class TypeObject:
    """Kind of column types, as PEP 249 has them: equal to the names of its types in `description`."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeObject):
            return self._names == other._names
        return isinstance(other, str) and other.lower() in self._names

    def __hash__(self) -> int:
        return hash(self._names)
