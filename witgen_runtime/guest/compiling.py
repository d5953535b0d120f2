"""Compiles generated functions with the names that their sources may use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..codegen import Source

__all__ = ["compiled"]

_NAMES: dict[str, object] = {
    "_abs": abs, "_bytes": bytes, "_float": float, "_int": int, "_isinstance": isinstance, "_len": len, "_list": list,
    "_str": str, "_SystemExit": SystemExit, "_tuple": tuple, "_type": type, "_TypeError": TypeError,
    "_ValueError": ValueError,
}  # fmt: skip
"""Builtins under names that no parameter has."""


def compiled(source: Source, title: str, name: str) -> Callable[..., Any]:
    """Compile a source and return the function called `name` in it."""
    namespace: dict[str, Any] = {**_NAMES, **source.constants}
    # The source holds this package's own text, numbers, and names that WIT's rules make: nothing else.
    exec(source.compile(title), namespace)  # noqa: S102
    function: Callable[..., Any] = namespace[name]
    return function
