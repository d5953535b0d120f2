"""WIT names as Python names.

A WIT name is kebab-case; its words are all lower or all upper case (WIT.md, Identifiers). The Python name of an item
depends on that item and its siblings alone, never on other parts of a world.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable

__all__ = ["BUILTINS", "Namespace", "camel", "class_name", "escape", "module_name", "shouty", "snake"]

BUILTINS = frozenset(dir(builtins))


def escape(name: str) -> str:
    """Append `_` to a hard keyword; soft keywords and builtins are valid names."""
    return name + "_" if keyword.iskeyword(name) else name


def snake(name: str) -> str:
    """`TTL-ms` → `ttl_ms`, `class` → `class_`."""
    return escape(name.replace("-", "_").lower())


def camel(name: str) -> str:
    """`close-info` → `CloseInfo`; as a part of a longer name, so keywords stay."""
    return "".join(word[:1].upper() + word[1:].lower() for word in name.split("-"))


def class_name(name: str) -> str:
    """`close-info` → `CloseInfo`, `none` → `None_`."""
    return escape(camel(name))


def shouty(name: str) -> str:
    """`not-found` → `NOT_FOUND`."""
    return name.replace("-", "_").upper()


def module_name(parts: Iterable[str]) -> str:
    """Join name parts (`golem`, `websocket`, `client`, `1.5.0-rc.1`) to a module name."""
    return escape("_".join(part.lower().replace("-", "_").replace(".", "_").replace("+", "_") for part in parts))


class Namespace:
    """Hands out names that are unique in one scope, in the order they are asked for."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = set(reserved)

    def take(self, name: str) -> str:
        """Return `name`, with as many `_` appended as make it unique."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    @property
    def names(self) -> frozenset[str]:
        """All names that are taken."""
        return frozenset(self._taken)

    def __contains__(self, name: str) -> bool:
        return name in self._taken
