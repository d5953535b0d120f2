"""The names of one interface or world, and their meanings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ...base.frozen import frozen
from ...base.source import Span
from ...diagnostics.model import Label
from ..model.ir import InterfaceId, PackageName, TypeId, WorldId
from .context import Context, Off

__all__ = ["Broken", "Entry", "Item", "Names", "PackageScope", "Scope"]


@frozen
class Broken:
    """Stands for an item that is wrong, which has been said."""


# A type, or why there is none.
Entry: TypeAlias = TypeId | Off | Broken


class Names:
    """Names that must differ in more than case (WIT.md, "Identifiers": kebab names are case-insensitive)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, tuple[str, Span]] = {}

    def add(self, name: str, span: Span, what: str) -> bool:
        """Register a name; return whether it is new. Otherwise report an error on it."""
        first_name, first = self._known.setdefault(name.lower(), (name, span))
        if first is span:
            return True
        if first_name == name:
            message, note = f"{what} `{name}` is defined more than once", None
        else:
            message = f"{what} `{name}` differs from `{first_name}` only in case"
            note = "names in WIT are case-insensitive"
        self._context.error("W0201", message, span, labels=[Label(first, "first defined here")], note=note)
        return False

    def find(self, name: str) -> Span | None:
        """Return where a name is defined already."""
        known = self._known.get(name.lower())
        return known[1] if known is not None else None

    def put(self, name: str, span: Span) -> None:
        """Register a name that is known to be new."""
        self._known[name.lower()] = (name, span)


@dataclass(slots=True)
class Scope:
    """The definitions of an interface or world. Others `use` its types."""

    types: dict[str, Entry] = field(default_factory=dict[str, Entry])
    # All names of types, also of later ones: for suggestions.
    declared: list[str] = field(default_factory=list[str])
    functions: dict[str, Span | None] = field(default_factory=dict[str, "Span | None"])


@dataclass(slots=True)
class Item:
    """An interface or world of a package: its number in the arena, and its definitions."""

    name: str
    span: Span | None
    is_world: bool = False
    interface: InterfaceId | None = None
    world: WorldId | None = None
    off: Off | None = None
    is_broken: bool = False
    scope: Scope = field(default_factory=Scope)


@dataclass(slots=True)
class PackageScope:
    """The items of a package that is done: other packages look them up here.

    A partial package is known only from binary packages that use some of it.
    """

    name: PackageName
    items: dict[str, Item] = field(default_factory=dict[str, Item])
    is_partial: bool = False
