"""The part of a world without bindings: interfaces that users skip, and those that concern only wasmtime.

Guests of languages with a runtime import the WASI interfaces of that runtime. wasmtime provides them, and they do not
concern a host unless the component's other functions mention their types.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ...base.frozen import replace
from ...diagnostics.errors import OptionError
from ...diagnostics.model import Diagnostic
from ...wit.model import ir
from ...wit.model.children import children
from .choices import Choices, Problem, imported_interfaces, is_native, named_interface

__all__ = ["without_provided", "without_skipped"]


def without_provided(resolve: ir.Resolve, world: ir.WorldId, choices: Choices) -> ir.Resolve:
    """Leave out of `world` the imports that wasmtime provides and that nothing else in it mentions."""
    items = resolve.worlds[world].imports.values()
    native = {i.id for i in items if isinstance(i, ir.InterfaceItem) and is_native(resolve, i.id, choices)}
    return _without(resolve, world, native.difference(_mentioned_beside(resolve, world, native)))


def without_skipped(resolve: ir.Resolve, world: ir.WorldId, names: Sequence[str], complete: ir.Resolve) -> ir.Resolve:
    """Leave out of `world` the imported interfaces with these names.

    `complete` is the world with those that wasmtime provides: they may be named, although they are left out already.

    Raises:
        OptionError: the world does not import one, or something else that it has mentions its types.
    """
    candidates = imported_interfaces(resolve, world)
    left_out = imported_interfaces(complete, world).keys() - candidates.keys()
    problems: list[Problem] = []
    wanted = {
        id: index
        for index, name in enumerate(names)
        if name not in left_out
        and (id := named_interface(candidates, name, ("skip", str(index)), problems)) is not None
    }
    for id, user in _mentioned_beside(resolve, world, wanted.keys()).items():
        if id in wanted:
            message = f"`{resolve.interface_name(id)}` cannot be left out: `{user}` uses its types"
            problems.append((("skip", str(wanted[id])), Diagnostic("W0918", message, help=f"skip `{user}`, too")))
    if problems:
        raise OptionError(problems)
    return _without(resolve, world, wanted.keys())


def _mentioned_beside(
    resolve: ir.Resolve, world: ir.WorldId, unwanted: Collection[ir.InterfaceId]
) -> dict[ir.InterfaceId, str]:
    """Return the interfaces whose types other than `unwanted` ones mention, and the first mention of each."""
    definition = resolve.worlds[world]
    items = (*definition.imports.items(), *definition.exports.items())
    pending = [(key, item) for key, item in items if not (isinstance(item, ir.InterfaceItem) and item.id in unwanted)]
    mentioned: dict[ir.InterfaceId, str] = {}
    while pending:
        key, item = pending.pop()
        name = key if isinstance(key, str) else resolve.interface_name(key) or ""
        for interface in _interfaces(resolve, item):
            if interface not in mentioned and interface != key:
                mentioned[interface] = name
                pending.append((interface, ir.InterfaceItem(interface)))
    return mentioned


def _without(resolve: ir.Resolve, world: ir.WorldId, left_out: Collection[ir.InterfaceId]) -> ir.Resolve:
    definition = resolve.worlds[world]
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
    for part in (*children(kind), *handled):
        yield from _mentioned(resolve, part)


def _mentioned(resolve: ir.Resolve, type: ir.Type | None) -> Iterator[ir.InterfaceId]:
    """Yield the interface that declares a type, or those that an anonymous type mentions."""
    if isinstance(type, ir.TypeRef):
        owner = resolve.type_def(type.id).owner
        if owner is None:
            yield from _inside(resolve, type.id)
        elif owner.interface is not None:
            yield owner.interface
