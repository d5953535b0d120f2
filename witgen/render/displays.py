"""Tuples and dictionaries of generated code, on one line: the layout splits what is too long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["display", "mapping"]


def display(items: Iterable[str]) -> str:
    """Return a tuple of expressions: `()`, `(a,)`, `(a, b)`."""
    listed = list(items)
    return f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"


def mapping(items: Mapping[str, str]) -> str:
    """Return a dictionary of WIT names, which need no escapes: `{"a": "b"}`."""
    listed = (f'"{key}": "{value}"' for key, value in items.items())
    return f"{{{', '.join(listed)}}}"
