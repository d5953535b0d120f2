"""Types that contain one another at any depth, through their names."""

from __future__ import annotations

from typing import Final

from ...diagnostics.errors import WitgenError
from ...diagnostics.model import Diagnostic
from ...wit.model import ir
from ...wit.model.children import children

__all__ = ["refuse_deep_types"]

_MOST: Final = 200
"""How many types may contain one another. Everything that follows takes a few frames of Python's stack for each."""


def refuse_deep_types(resolved: ir.Resolve) -> None:
    """Check that no type contains others in too many levels; anonymous types count towards those that have names.

    Raises:
        WitgenError: the first type that does, in the order of the WIT.
    """
    depths: dict[ir.TypeId, int] = {}
    for id, definition in enumerate(resolved.types):
        if _depth(resolved, ir.TypeId(id), depths) > _MOST and definition.name is not None:
            message = f"type `{definition.name}` contains others in more than {_MOST} levels"
            raise WitgenError([Diagnostic("W0005", message, definition.span, help="make the types flatter")])


def _depth(resolved: ir.Resolve, type: ir.TypeId, depths: dict[ir.TypeId, int]) -> int:
    """Return how many types contain one another in a type, without recursion; `depths` holds those that are known."""
    pending = [type]
    while pending:
        parts = [part.id for part in children(resolved.types[pending[-1]].kind) if isinstance(part, ir.TypeRef)]
        unknown = [part for part in parts if part not in depths]
        if unknown:
            pending.extend(unknown)
        else:
            depths[pending.pop()] = 1 + max((depths[part] for part in parts), default=0)
    return depths[type]
