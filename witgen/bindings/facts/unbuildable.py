"""Features with which componentize-py 0.25 cannot build a world, reported before a build.

Each of these was tried with componentize-py 0.25.1, which ends in a panic or in a syntax error in its own code.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from ...base.frozen import frozen
from ...base.source import Span
from ...wit.model import ir
from .types import ends, identity

__all__ = ["Unbuildable", "c_names", "exports_resources", "unbuildable", "unquotable"]


@frozen
class Unbuildable:
    """An obstacle for componentize-py: its description, its place, and the remedy."""

    message: str
    span: Span | None
    remedy: str


def unbuildable(resolve: ir.Resolve, world: ir.World) -> Iterator[Unbuildable]:
    """Yield everything in a world that componentize-py cannot build."""
    for items, exported in ((world.imports, False), (world.exports, True)):
        yield from _labelled(resolve, world, items, "exports" if exported else "imports")
        own = [item for item in items.values() if isinstance(item, ir.Function)]
        yield from _world_functions(own, exported=exported)
        interfaces = [resolve.interfaces[item.id] for item in items.values() if isinstance(item, ir.InterfaceItem)]
        # The classes for exported interfaces stand in one module, which is read where any of these needs it.
        is_read = exported and any(map(_needs_classes, interfaces))
        for interface in interfaces:
            yield from _interface(resolve, interface, is_read=is_read)
            yield from (*_alike(interface), *_without_body(resolve, interface)) if exported else ()
    declared = [item.id for item in world.imports.values() if isinstance(item, ir.TypeItem)]
    for definition in map(resolve.type_def, declared):
        if isinstance(definition.kind, ir.Resource):
            what = f"the world declares the resource `{definition.name}` itself"
            yield Unbuildable(what, definition.span, "declare it in an interface, and `use` it")
    yield from _types(resolve, declared)
    yield from _unused_ends(resolve, world)


def exports_resources(resolve: ir.Resolve, world: ir.World) -> bool:
    """Return whether a world exports an interface with a resource."""
    exported = [item.id for item in world.exports.values() if isinstance(item, ir.InterfaceItem)]
    declared = (type_ for id in exported for type_ in resolve.interfaces[id].types.values())
    return any(isinstance(resolve.type_def(type_).kind, ir.Resource) for type_ in declared)


_OWN_EXPORTS = "exports"
"""The name of componentize-py's interface in the world that it builds."""


def _labelled(
    resolve: ir.Resolve, world: ir.World, items: Mapping[ir.WorldKey, ir.WorldItem], verb: str
) -> Iterator[Unbuildable]:
    for label, item in items.items():
        name = resolve.interface_name(item.id) if isinstance(item, ir.InterfaceItem) else None
        if label == _OWN_EXPORTS and verb == "exports" and name is None:
            if isinstance(item, ir.InterfaceItem):
                what = f"the world exports an interface `{label}` that is declared inside it"
                yield Unbuildable(what, world.span, "rename it, or declare it outside the world")
            elif isinstance(item, ir.Function):
                what = f"the world exports a function `{label}`, as componentize-py's own world calls an interface"
                yield Unbuildable(what, item.span, "rename it, or export it from an interface")
        if isinstance(label, str) and name is not None:
            what = f"the world {verb} `{name}` with the label `{label}`"
            yield Unbuildable(what, world.span, f"write `{verb[:-1]} {name};`")


def unquotable(resolve: ir.Resolve, world: ir.World) -> Iterator[Unbuildable]:
    """Yield the documentation in a world that cannot be put into a docstring unchanged.

    componentize-py puts it there; `witgen build` escapes it first.
    """
    yield from _quoted("the world", world)
    for item in (*world.imports.values(), *world.exports.values()):
        match item:
            case ir.Function():
                yield from _quoted(f"`{item.name}`", item)
            case ir.TypeItem():
                yield from _quoted_type(resolve.type_def(item.id))
            case ir.InterfaceItem():
                interface = resolve.interfaces[item.id]
                yield from _quoted(f"interface `{interface.name}`", interface)
                for function in interface.functions.values():
                    yield from _quoted(f"`{function.name}`", function)
                for id in interface.types.values():
                    yield from _quoted_type(resolve.type_def(id))


def _quoted_type(definition: ir.TypeDef) -> Iterator[Unbuildable]:
    if isinstance(definition.kind, ir.Record | ir.Variant | ir.Enum | ir.Flags | ir.Resource):
        yield from _quoted(f"`{definition.name}`", definition)


def _quoted(what: str, item: ir.World | ir.Interface | ir.Function | ir.TypeDef) -> Iterator[Unbuildable]:
    if item.docs is None or not re.search(r'"""|\\', item.docs.contents):
        return
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(f'"""\n{item.docs.contents}\n"""', "", "exec")
    except (SyntaxError, ValueError):
        message = f"the documentation of {what} ends the Python string that componentize-py puts it into"
        yield Unbuildable(message, item.span, 'build with `witgen build`, or write it without `"""` and backslashes')


def _world_functions(functions: list[ir.Function], *, exported: bool) -> Iterator[Unbuildable]:
    for function in functions:
        if exported and function.name in c_names():
            what = f"the world exports a function `{function.name}`, as the C library inside every component does"
            yield Unbuildable(what, function.span, "rename it, or export it from an interface")
        if exported and _takes(function, "self"):
            yield _parameter("a function that the world exports", function, "self")


def _needs_classes(interface: ir.Interface) -> bool:
    return bool(interface.types) or any(function.kind.is_async for function in interface.functions.values())


def _interface(resolve: ir.Resolve, interface: ir.Interface, *, is_read: bool) -> Iterator[Unbuildable]:
    functions = list(interface.functions.values())
    for function in functions:
        match function.kind.tag:
            case ir.FunctionKindTag.CONSTRUCTOR if _takes(function, "self"):
                yield _parameter("a constructor", function, "self")
            case ir.FunctionKindTag.STATIC if _takes(function, "cls"):
                yield _parameter("a static function", function, "cls")
            case ir.FunctionKindTag.FREESTANDING if is_read and _takes(function, "self"):
                yield _parameter("a function of an exported interface", function, "self")
            case _:
                pass
    yield from _types(resolve, list(interface.types.values()))


def _alike(interface: ir.Interface) -> Iterator[Unbuildable]:
    """Find members of resources that componentize-py imports into the component under one name."""
    known: dict[tuple[ir.FunctionKindTag, str], str] = {}
    for function in interface.functions.values():
        member = function.plain_name
        if "." in member:
            first = known.setdefault((function.kind.tag, member.replace(".", "-")), member)
            if first != member:
                what = f"it gives `{first}` and `{member}` of an exported interface the same name"
                yield Unbuildable(what, function.span, "rename one of them")


def _without_body(resolve: ir.Resolve, interface: ir.Interface) -> Iterator[Unbuildable]:
    """Find exported resources whose classes componentize-py writes without a body."""
    with_members = {function.kind.resource for function in interface.functions.values()}
    for id in interface.types.values():
        definition = resolve.type_def(id)
        if isinstance(definition.kind, ir.Resource) and id not in with_members and definition.docs is None:
            what = f"the exported resource `{definition.name}` has neither members nor documentation"
            yield Unbuildable(what, definition.span, "write a comment with `///` above it, or give it a member")


def _takes(function: ir.Function, name: str) -> bool:
    method = function.kind.tag is ir.FunctionKindTag.METHOD
    return any(param.name == name for param in function.params[method:])


def _parameter(owner: str, function: ir.Function, name: str) -> Unbuildable:
    what = f"`{function.name}` has a parameter `{name}`, and {owner} already has one of this name in Python"
    return Unbuildable(what, function.span, "rename the parameter")


# Names that componentize-py's modules use after they may have been defined anew: by which types they are used.
_USED: dict[str, type[object]] = {"flag": ir.Flags, "enum": ir.Enum, "union": ir.Variant}


def _types(resolve: ir.Resolve, ids: list[ir.TypeId]) -> Iterator[Unbuildable]:
    definitions = [resolve.type_def(id) for id in ids]
    own = [each for each in definitions if each.name and not isinstance(each.kind, ir.Alias)]
    for index, definition in enumerate(own):
        user = _USED.get((definition.name or "").lower())
        later = next((each for each in own[index + 1 :] if user is not None and isinstance(each.kind, user)), None)
        if later is not None:
            what = f"type `{definition.name}` hides the Python class that `{later.name}` is made from"
            yield Unbuildable(what, definition.span, f"declare it after `{later.name}`, or rename it")


def _unused_ends(resolve: ir.Resolve, world: ir.World) -> Iterator[Unbuildable]:
    """Find types with a stream or future that no function of the world passes."""
    types: dict[ir.TypeId, None] = {}
    functions: list[ir.Function] = []
    for item in (*world.imports.values(), *world.exports.values()):
        match item:
            case ir.Function():
                functions.append(item)
            case ir.TypeItem(id):
                types[id] = None
            case ir.InterfaceItem(id):
                types |= dict.fromkeys(resolve.interfaces[id].types.values())
                functions += resolve.interfaces[id].functions.values()
    passed = [type for each in functions for type in (*(param.type for param in each.params), each.result)]
    used = {identity(resolve, end) for type in passed if type is not None for end in ends(resolve, type)}
    for id in types:
        definition = resolve.type_def(id)
        own = {identity(resolve, end) for end in ends(resolve, ir.TypeRef(id))}
        if not isinstance(definition.kind, ir.Alias) and not own <= used:
            what = f"no function of the world passes the stream or future of type `{definition.name}`"
            yield Unbuildable(what, definition.span, "pass it in a function, or leave the type out")


@cache
def c_names() -> frozenset[str]:
    """Return the functions of the C library that componentize-py links into every component.

    Only those whose names a WIT function could have.
    """
    return frozenset(Path(__file__).with_name("c_names.txt").read_text(encoding="ascii").split())
