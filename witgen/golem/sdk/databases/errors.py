"""The exceptions of PEP 249, and which of them an error of Golem's is."""

from __future__ import annotations

import re
from typing import Final

from witgen_runtime.values import WitError

__all__ = [
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Warning",
    "translated",
]


class Warning(Exception):  # noqa: N818 - PEP 249 has this name
    """Important warning; nothing here raises it, PEP 249 wants it."""


class Error(Exception):
    """Base of all errors of databases."""


class InterfaceError(Error):
    """Misuse of a connection or cursor, or an answer that cannot be read."""


class DatabaseError(Error):
    """Error of the database: the base of those that say more, and the error where nothing more is known."""


class DataError(DatabaseError):
    """Value that does not fit its type."""


class OperationalError(DatabaseError):
    """No connection to the database."""


class IntegrityError(DatabaseError):
    """Violated constraint, such as a key that exists already."""


class InternalError(DatabaseError):
    """Failure inside the database; nothing here raises it, PEP 249 wants it."""


class ProgrammingError(DatabaseError):
    """Parameter that no statement can have, or that does not suit this one."""


class NotSupportedError(DatabaseError):
    """Something that Golem's databases do not have."""


_KINDS: Final[dict[str, type[Error]]] = {
    "ErrorConnectionFailure": OperationalError,
    "ErrorQueryParameterFailure": ProgrammingError,
    "ErrorQueryExecutionFailure": DatabaseError,
    "ErrorQueryResponseFailure": InterfaceError,
    "ErrorOther": DatabaseError,
}

_VIOLATED: Final = re.compile(
    r"violates (?:unique|foreign key|check|not-null|exclusion) constraint"
    r"|violates .*constraint"
    r"|\(23\d{3}\)|Duplicate entry|foreign key constraint fails|cannot be null"
    r"|(?:UNIQUE|FOREIGN KEY|CHECK|NOT NULL) constraint failed"
)
"""Messages about constraints, of PostgreSQL, MySQL and SQLite: Golem's error has nothing but the message."""


def translated(error: WitError) -> Error:
    """Return the exception of PEP 249 for an error that Golem declares."""
    message = str(getattr(error, "value", error))
    kind = _KINDS.get(type(error).__name__, DatabaseError)
    if kind is DatabaseError and _VIOLATED.search(message):
        kind = IntegrityError
    return kind(message)
