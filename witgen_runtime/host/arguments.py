"""Refuses arguments of a wrong type where they are given, in words."""

from __future__ import annotations

from types import NoneType
from typing import Final

__all__ = ["HOST", "check_argument", "check_optional"]

HOST: Final = __name__.rpartition(".")[0]
"""The public package, for messages: the import name depends on where the runtime is."""


def check_argument(name: str, value: object, types: type | tuple[type, ...], expected: str, hint: str = "") -> None:
    """Raise `TypeError` unless an argument is of one of the types; `expected` describes them, `hint` is the remedy."""
    if not isinstance(value, types):
        raise TypeError(f"{name}: expected {expected}, got {type(value).__name__}{hint}")


def check_optional(name: str, value: object, type_: type, expected: str, hint: str = "") -> None:
    """Do the same for an argument that may be None."""
    check_argument(name, value, (type_, NoneType), expected, hint)
