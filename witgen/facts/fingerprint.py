"""A hash of what WIT says, so that a reader of generated code can tell which interface it was made from.

Versions do not suffice: published packages have had different contents under one version.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from typing import cast

from ..model import ir
from ..records import fields

__all__ = ["fingerprint"]


def fingerprint(resolve: ir.Resolve, owner: ir.TypeOwner) -> str:
    """Return 16 hexadecimal digits of the SHA-256 over an interface or world: names, types, documentation, gates.

    Places in the source do not count, nor what a `use`d type looks like where it is declared.
    """
    if owner.interface is not None:
        root: object = resolve.interfaces[owner.interface]
    else:
        root = resolve.worlds[owner.world or 0]
    return hashlib.sha256("\x00".join(_walk(resolve, root)).encode()).hexdigest()[:16]


def _walk(resolve: ir.Resolve, value: object) -> Iterator[str]:
    """Yield the tokens of a value; numbers of the arena become names, because they depend on the whole tree."""
    if value is None or value.__class__ is str:
        yield repr(value)
        return
    match value:
        case ir.TypeRef(id):
            yield from _type(resolve, id)
        case ir.Own(resource) | ir.Borrow(resource):
            yield type(value).__name__
            yield from _type(resolve, resource)
        case ir.FunctionKind(tag, _, is_async):
            yield from (tag.value, str(is_async))
        case ir.InterfaceItem(id):
            yield resolve.interface_name(id) or ""
            if resolve.interfaces[id].name is None:
                yield from _walk(resolve, resolve.interfaces[id])
        case ir.TypeItem(id):
            yield from _type(resolve, id, own=True)
        case ir.Interface():
            yield from (f"interface {value.name}", repr(value.docs), repr(value.stability))
            for type_id in value.types.values():
                yield from _type(resolve, type_id, own=True)
            yield from _walk(resolve, value.functions)
        case _:
            yield from _plain(resolve, value)


@cache
def _fields(kind: Hashable) -> tuple[str, ...] | None:
    """Return the fields of a record that count."""
    found = fields(cast("type[object]", kind))
    return None if found is None else tuple(name for name in found if name not in {"span", "package"})


def _plain(resolve: ir.Resolve, value: object) -> Iterator[str]:
    if isinstance(value, enum.Enum):
        yield str(value.value)
    elif isinstance(value, tuple | list):
        items = cast("Sequence[object]", value)
        yield str(len(items))
        for item in items:
            yield from _walk(resolve, item)
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            yield key if isinstance(key, str) else ""
            yield from _walk(resolve, item)
    elif (names := _fields(cast("Hashable", type(value)))) is not None:
        yield type(value).__name__
        for name in names:
            yield from _walk(resolve, getattr(value, name))
    else:
        yield repr(value)


def _type(resolve: ir.Resolve, id: ir.TypeId, *, own: bool = False) -> Iterator[str]:
    definition = resolve.type_def(id)
    if definition.name is not None and not own:
        scope = definition.owner.interface if definition.owner else None
        yield f"{resolve.interface_name(scope) if scope is not None else ''}#{definition.name}"
        return
    yield from (definition.name or "", repr(definition.docs), repr(definition.stability))
    yield from _walk(resolve, definition.kind)
