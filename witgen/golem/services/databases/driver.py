"""What a driver of a kind of databases does for the services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Driver", "MissingDriverError", "Result"]


class MissingDriverError(NotImplementedError):
    """Driver that is not installed; the message has the command that installs it."""


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a statement: Golem's columns, and an iterator over Golem's rows."""

    columns: list[Any]
    rows: Iterator[Any]


class Driver(Protocol):
    """Connections to databases of one kind. Each connection is used by one thread at a time."""

    @property
    def name(self) -> str:
        """`postgres` or `mysql`."""
        ...

    @property
    def types(self) -> Any:
        """Golem's types for them."""
        ...

    def connect(self, address: str) -> Any:
        """Connect, with each statement as a transaction of its own until `begin`."""
        ...

    def query(self, connection: Any, address: str, statement: str, params: list[Any]) -> Result:
        """Run a statement and read its result."""
        ...

    def stream(self, connection: Any, address: str, statement: str, params: list[Any]) -> Result:
        """Run a statement; its rows are read while they are asked for, where the database can do that."""
        ...

    def execute(self, connection: Any, statement: str, params: list[Any]) -> int:
        """Run a statement and return the number of rows that it changed."""
        ...

    def begin(self, connection: Any) -> None:
        """Begin a transaction."""
        ...

    def token(self, connection: Any) -> str | None:
        """Return the name by which the database knows this transaction afterwards.

        None if the transaction has changed nothing, and the empty text if the database does not know.
        """
        ...

    def commit(self, connection: Any) -> None:
        """Commit the transaction."""
        ...

    def rollback(self, connection: Any) -> None:
        """Roll the transaction back."""
        ...

    def is_committed(self, connection: Any, token: str) -> bool | None:
        """Return whether a transaction was committed; None if the database does not know yet, or any more."""
        ...

    def is_usable(self, connection: Any) -> bool:
        """Return whether another statement can use a connection."""
        ...

    def cancel(self, connection: Any) -> None:
        """End the statement that another thread runs."""
        ...

    def error(self, error: Exception) -> Exception | None:
        """Return Golem's error for one of the driver's; None if it is none of them."""
        ...
