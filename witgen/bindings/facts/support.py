"""Features that today's runtimes lack; generation reports them, so that no call crashes."""

from __future__ import annotations

import enum

from ...wit.model import ir
from ...wit.model.children import children
from .memo import Memo
from .types import aliased, contains_handle, contains_stream

__all__ = ["Side", "has_stream", "obstacle"]


class Side(enum.Enum):
    """The sides that call and implement a function."""

    HOST_IMPORT = "host import"
    HOST_EXPORT = "host export"
    GUEST_IMPORT = "guest import"
    GUEST_EXPORT = "guest export"


_GUEST = frozenset((Side.GUEST_IMPORT, Side.GUEST_EXPORT))

_HOST_TYPES: dict[type[object], str] = {
    ir.FixedList: "a fixed-length list: the C API of wasmtime has no setting that allows it",
}
_GUEST_TYPES: dict[type[object], str] = {
    ir.Map: "a map: componentize-py cannot build a component that has one",
    ir.FixedList: "a fixed-length list: componentize-py cannot build a component that has one",
}
_ERROR_CONTEXT = {
    True: "an error-context: the C API of wasmtime has no setting that allows it",
    False: "an error-context: componentize-py cannot build a component that has one",
}

_KNOWN: Memo[tuple[ir.TypeId, Side], str | None] = Memo()
_OWNERS: Memo[int, ir.Interface] = Memo()


def obstacle(resolve: ir.Resolve, function: ir.Function, side: Side) -> str | None:
    """Return why `function` cannot be generated for `side`, or None where it can."""
    if side in _GUEST and (reason := _guest_obstacle(resolve, function)):
        return reason
    for type in (*(param.type for param in function.params), function.result):
        if type is not None and (reason := _type_obstacle(resolve, type, side)):
            return f"it uses {reason}"
    return None


def has_stream(resolve: ir.Resolve, function: ir.Function) -> bool:
    """Return whether a function has streams or futures, at any depth."""
    types = (*(param.type for param in function.params), function.result)
    return any(type is not None and contains_stream(resolve, type) for type in types)


def _guest_obstacle(resolve: ir.Resolve, function: ir.Function) -> str | None:
    """Return componentize-py's error for a function because of its names or its place."""
    owner = _owner(resolve, function)
    kind = function.kind
    if owner is not None and owner.name is None and kind.resource is None:
        return "componentize-py drops the free functions of interfaces that a world declares inline"
    names = {param.name for param in function.params}
    if kind.tag is ir.FunctionKindTag.CONSTRUCTOR and "self" in names:
        return "componentize-py cannot build a constructor with a parameter called `self`"
    if kind.tag is ir.FunctionKindTag.STATIC and "cls" in names:
        return "componentize-py cannot build a static function with a parameter called `cls`"
    return None


def _owner(resolve: ir.Resolve, function: ir.Function) -> ir.Interface | None:
    """Return the interface that declares a function, None for one of a world."""
    known = _OWNERS.of(resolve)
    if not known:
        known |= {id(each): interface for interface in resolve.interfaces for each in interface.functions.values()}
    return known.get(id(function))


def _stream_obstacle(resolve: ir.Resolve, kind: ir.Stream | ir.Future, side: Side) -> str | None:
    carried = kind.type
    if carried is None:
        return None
    if side in _GUEST and isinstance(kind, ir.Stream) and aliased(resolve, carried) is ir.Prim.S8:
        return "a stream of s8: componentize-py treats it as one of u8"
    ends, handles = contains_stream(resolve, carried), contains_handle(resolve, carried)
    if side in _GUEST:  # whose wrappers cannot convert these
        return "a stream or future that carries resources, streams or futures" if ends or handles else None
    if ends:
        return "a stream or future that carries streams or futures"
    # The resources of exports may be the component's own, which adapters cannot name.
    return "a stream or future of an export that carries resources" if handles and side is Side.HOST_EXPORT else None


def _type_obstacle(resolve: ir.Resolve, type: ir.Type, side: Side) -> str | None:
    host = side not in _GUEST
    if isinstance(type, ir.Prim):
        return _ERROR_CONTEXT[host] if type is ir.Prim.ERROR_CONTEXT else None
    known = _KNOWN.of(resolve)
    key = (type.id, side)
    if key not in known:
        kind = resolve.type_def(type).kind
        inside = (_type_obstacle(resolve, part, side) for part in children(kind))
        own = (_HOST_TYPES if host else _GUEST_TYPES).get(kind.__class__)
        if isinstance(kind, ir.Stream | ir.Future):
            own = _stream_obstacle(resolve, kind, side)
        known[key] = own or next((reason for reason in inside if reason), None)
    return known[key]
