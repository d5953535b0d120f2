"""The part of a component's world that is wasmtime's own business.

Every guest of a language with a runtime imports what that runtime asks of WASI. wasmtime provides it, and a host has
nothing to do with it unless the component's other functions mention its types.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import ir
from ..records import replace
from .choices import Choices, is_native
from .types import parts

__all__ = ["without_provided"]


def without_provided(resolve: ir.Resolve, world: ir.WorldId, choices: Choices) -> ir.Resolve:
    """Leave out of `world` the imports that wasmtime provides and that nothing else in it mentions."""
    definition = resolve.worlds[world]
    native = {
        item.id
        for item in definition.imports.values()
        if isinstance(item, ir.InterfaceItem) and is_native(resolve, item.id, choices)
    }
    items = (*definition.imports.values(), *definition.exports.values())
    pending = [item for item in items if not (isinstance(item, ir.InterfaceItem) and item.id in native)]
    mentioned: set[ir.InterfaceId] = set()
    while pending:
        for interface in _interfaces(resolve, pending.pop()):
            if interface not in mentioned:
                mentioned.add(interface)
                pending.append(ir.InterfaceItem(interface))
    left_out = native - mentioned
    imports = {
        key: item
        for key, item in definition.imports.items()
        if not (isinstance(item, ir.InterfaceItem) and item.id in left_out)
    }
    worlds = list(resolve.worlds)
    worlds[world] = replace(definition, imports=imports)
    return replace(resolve, worlds=tuple(worlds))


def _interfaces(resolve: ir.Resolve, item: ir.WorldItem) -> Iterator[ir.InterfaceId]:
    """Yield the interfaces whose types an item of a world mentions."""
    match item:
        case ir.InterfaceItem(id):
            interface = resolve.interfaces[id]
            for type_id in interface.types.values():
                yield from _inside(resolve, type_id)
            for function in interface.functions.values():
                yield from _interfaces(resolve, function)
        case ir.TypeItem(id):
            yield from _inside(resolve, id)
        case ir.Function():
            for type in (*(param.type for param in item.params), item.result):
                yield from _mentioned(resolve, type)


def _inside(resolve: ir.Resolve, id: ir.TypeId) -> Iterator[ir.InterfaceId]:
    kind = resolve.type_def(id).kind
    handled = (ir.TypeRef(kind.resource),) if isinstance(kind, ir.Own | ir.Borrow) else ()
    for part in (*parts(kind), *handled):
        yield from _mentioned(resolve, part)


def _mentioned(resolve: ir.Resolve, type: ir.Type | None) -> Iterator[ir.InterfaceId]:
    """Yield the interface that declares a type, or those that an anonymous type mentions."""
    if isinstance(type, ir.TypeRef):
        owner = resolve.type_def(type.id).owner
        if owner is None:
            yield from _inside(resolve, type.id)
        elif owner.interface is not None:
            yield owner.interface
