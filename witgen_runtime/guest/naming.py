"""The Python names that componentize-py gives to WIT items inside a module.

WIT words are all lower or all upper case and separated by `-`; digits never separate. A hard keyword gets a `_` after
the change of case; soft keywords and builtins are unchanged.
"""

from __future__ import annotations

import keyword

__all__ = ["camel", "case_class", "shouty", "snake"]


def _escape(name: str) -> str:
    return name + "_" if keyword.iskeyword(name) else name


def snake(name: str) -> str:
    """Name a function, method, field or module: `HTTP-get` → `http_get`, `class` → `class_`."""
    return _escape(name.replace("-", "_").lower())


def camel(name: str) -> str:
    """Name a class: `close-info` → `CloseInfo`, `none` → `None_`."""
    return _escape("".join(word.capitalize() for word in name.replace("_", "-").split("-")))


def shouty(name: str) -> str:
    """Name a member of an enum or of flags; keywords stay: `none` → `NONE`."""
    return name.replace("-", "_").upper()


def case_class(variant: str, case: str) -> str:
    """Name the class of a variant's case: `error`, `not-found` → `Error_NotFound`."""
    return f"{camel(variant)}_{camel(case)}"
