"""Writes strings, tuples and dictionaries of generated code on one line; the layout splits long ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["display", "literal", "mapping"]


def literal(text: str) -> str:
    """Return `text` as a string of Python code; whatever it holds stays inside."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if not escaped.isprintable():
        escaped = "".join(char if char.isprintable() else repr(char)[1:-1] for char in escaped)
    return f'"{escaped}"'


def display(items: Iterable[str]) -> str:
    """Return a tuple of expressions: `()`, `(a,)`, `(a, b)`."""
    listed = list(items)
    return f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"


def mapping(items: Mapping[str, str]) -> str:
    """Return a dictionary of strings: `{"a": "b"}`."""
    listed = (f"{literal(key)}: {literal(value)}" for key, value in items.items())
    return f"{{{', '.join(listed)}}}"
