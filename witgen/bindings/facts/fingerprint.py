"""A hash of an interface's WIT, by which readers of generated code can identify it.

Versions do not suffice: packages were published with different contents under one version.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, cast

from ...base.frozen import fields
from ...wit.model import ir

__all__ = ["fingerprint"]


def fingerprint(resolve: ir.Resolve, owner: ir.TypeOwner) -> str:
    """Return 16 hexadecimal digits of the SHA-256 over an interface or world: names, types, documentation, gates.

    Places in the source do not count, nor the declarations of `use`d types.
    """
    walk = _Walk(resolve)
    if owner.interface is not None:
        walk.value(resolve.interfaces[owner.interface])
    else:
        walk.value(resolve.worlds[owner.world or 0])
    return hashlib.sha256("\x00".join(walk.tokens).encode()).hexdigest()[:16]


@cache
def _fields(kind: Hashable) -> tuple[str, ...] | None:
    """Return the fields of a record that count."""
    found = fields(cast("type[object]", kind))
    return None if found is None else tuple(name for name in found if name not in {"span", "package"})


class _Walk:
    """Collects the tokens of values; numbers of the arena become names, because they depend on the whole tree."""

    def __init__(self, resolve: ir.Resolve) -> None:
        self._resolve = resolve
        self.tokens: list[str] = []

    def value(self, value: Any) -> None:
        """Add the tokens of a value."""
        kind = value.__class__
        if value is None or kind is str:
            self.tokens.append(repr(value))
        elif kind is tuple or kind is list:
            self.tokens.append(str(len(value)))
            for item in value:
                self.value(item)
        elif (names := _fields(kind)) is not None:
            self._record(value, names)
        elif isinstance(value, Mapping):
            for key, item in cast("Mapping[object, object]", value).items():
                self.tokens.append(key if isinstance(key, str) else "")
                self.value(item)
        else:
            self.tokens.append(str(value.value) if isinstance(value, enum.Enum) else repr(value))

    def _record(self, value: Any, names: tuple[str, ...]) -> None:
        match value:
            case ir.TypeRef(id):
                self._type(id)
            case ir.Own(resource) | ir.Borrow(resource):
                self.tokens.append(type(value).__name__)
                self._type(resource)
            case ir.FunctionKind(tag, _, is_async):
                self.tokens += (tag.value, str(is_async))
            case ir.InterfaceItem(id):
                self.tokens.append(self._resolve.interface_name(id) or "")
                if self._resolve.interfaces[id].name is None:
                    self.value(self._resolve.interfaces[id])
            case ir.TypeItem(id):
                self._type(id, own=True)
            case ir.Interface():
                self.tokens += (f"interface {value.name}", repr(value.docs), repr(value.stability))
                for type_id in value.types.values():
                    self._type(type_id, own=True)
                self.value(value.functions)
            case _:
                self.tokens.append(value.__class__.__name__)
                for name in names:
                    self.value(getattr(value, name))

    def _type(self, id: ir.TypeId, *, own: bool = False) -> None:
        definition = self._resolve.type_def(id)
        if definition.name is not None and not own:
            scope = definition.owner.interface if definition.owner else None
            name = self._resolve.interface_name(scope) if scope is not None else ""
            self.tokens.append(f"{name}#{definition.name}")
            return
        self.tokens += (definition.name or "", repr(definition.docs), repr(definition.stability))
        self.value(definition.kind)
