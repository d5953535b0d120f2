"""What a statement returns, by its words: Golem has one function for rows and another for the number of rows."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["returns_rows"]

_LEFT_OUT: Final = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$(\w*)\$.*?\$\1\$",
    re.DOTALL,
)
"""Comments and quoted texts, where words mean nothing."""

_QUERIES: Final = {
    *("CALL", "DESC", "DESCRIBE", "EXPLAIN", "FETCH", "PRAGMA"),
    *("SELECT", "SHOW", "TABLE", "VALUES", "WITH"),
}
_RETURNING: Final = re.compile(r"\bRETURNING\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z]+")


def returns_rows(statement: str) -> bool:
    """Return whether a statement may return rows: a query, or a change with a RETURNING clause."""
    plain = _LEFT_OUT.sub(" ", statement)
    first = _WORD.search(plain)
    return (first is not None and first[0].upper() in _QUERIES) or _RETURNING.search(plain) is not None
